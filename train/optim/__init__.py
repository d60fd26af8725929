"""Optimizers: each an optax transformation, and the class that steps parameters in place with it."""

from xlagrad.train.optim.adadelta import Adadelta, adadelta
from xlagrad.train.optim.adafactor import Adafactor, adafactor
from xlagrad.train.optim.adagrad import Adagrad, adagrad
from xlagrad.train.optim.adam import Adam, adam
from xlagrad.train.optim.adamax import Adamax, adamax
from xlagrad.train.optim.adamw import AdamW, adamw
from xlagrad.train.optim.asgd import ASGD, asgd
from xlagrad.train.optim.lbfgs import LBFGS
from xlagrad.train.optim.muon import Muon, muon
from xlagrad.train.optim.nadam import NAdam, nadam
from xlagrad.train.optim.optimizer import (
    Optimizer,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from xlagrad.train.optim.radam import RAdam, radam
from xlagrad.train.optim.rmsprop import RMSprop, rmsprop
from xlagrad.train.optim.rprop import Rprop, rprop
from xlagrad.train.optim.sgd import SGD, sgd
from xlagrad.train.optim.sparse_adam import SparseAdam

OPTIMIZERS: dict[str, type[Optimizer]] = {
    "adadelta": Adadelta,
    "adafactor": Adafactor,
    "adagrad": Adagrad,
    "adam": Adam,
    "adamax": Adamax,
    "adamw": AdamW,
    "asgd": ASGD,
    "lbfgs": LBFGS,
    "muon": Muon,
    "nadam": NAdam,
    "radam": RAdam,
    "rmsprop": RMSprop,
    "rprop": Rprop,
    "sgd": SGD,
}

__all__ = [
    "ASGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "LBFGS",
    "Muon",
    "NAdam",
    "OPTIMIZERS",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "SGD",
    "SparseAdam",
    "adadelta",
    "adafactor",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "asgd",
    "muon",
    "nadam",
    "radam",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
    "rmsprop",
    "rprop",
    "sgd",
]
