"""``torch.amp``: automatic mixed precision, and gradient scaling."""

from xlagrad.torch.amp import autocast_mode, grad_scaler
from xlagrad.torch.amp.autocast_mode import autocast, custom_bwd, custom_fwd, is_autocast_available
from xlagrad.torch.amp.grad_scaler import GradScaler

__all__ = [
    "GradScaler",
    "autocast",
    "autocast_mode",
    "custom_bwd",
    "custom_fwd",
    "grad_scaler",
    "is_autocast_available",
]
