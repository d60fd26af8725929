"""``torch.amp.grad_scaler``: gradient scaling."""

from xlagrad.train.scaling import GradScaler

__all__ = ["GradScaler"]
