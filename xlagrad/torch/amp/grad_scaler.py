"""``torch.amp.grad_scaler``: gradient scaling."""

from xlagrad.train.scaling import GradScaler, OptState

__all__ = ["GradScaler", "OptState"]
