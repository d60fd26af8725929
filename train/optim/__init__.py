"""Optimizers: each an optax transformation, and the class that steps parameters in place with it."""

from xlagrad.train.optim.adam import Adam, adam
from xlagrad.train.optim.adamw import AdamW, adamw
from xlagrad.train.optim.optimizer import (
    Optimizer,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from xlagrad.train.optim.rmsprop import RMSprop, rmsprop
from xlagrad.train.optim.sgd import SGD, sgd

OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW, "rmsprop": RMSprop}

__all__ = [
    "Adam",
    "AdamW",
    "OPTIMIZERS",
    "Optimizer",
    "RMSprop",
    "SGD",
    "adam",
    "adamw",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
    "rmsprop",
    "sgd",
]
