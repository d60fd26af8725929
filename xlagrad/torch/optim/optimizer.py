"""`torch.optim.optimizer`: where some programs import the base class of optimizers from."""

from xlagrad.train.optim import (
    Optimizer,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

__all__ = ["Optimizer", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook"]
