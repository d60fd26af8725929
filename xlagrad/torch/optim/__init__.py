"""``torch.optim``: optimizers and learning-rate schedules."""

from xlagrad.torch.optim import lr_scheduler
from xlagrad.train.optim import (
    SGD,
    Adam,
    AdamW,
    Optimizer,
    RMSprop,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

__all__ = [
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
    "SGD",
    "lr_scheduler",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
]
