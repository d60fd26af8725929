"""``torch.cuda.amp``: automatic mixed precision on GPUs, under its old names."""

from xlagrad.torch.amp.legacy import CudaAutocast as autocast
from xlagrad.torch.amp.legacy import CudaGradScaler as GradScaler
from xlagrad.torch.amp.legacy import custom_bwd, custom_fwd
from xlagrad.torch.cuda.amp import autocast_mode, common, grad_scaler
from xlagrad.torch.cuda.amp.common import amp_definitely_not_available

__all__ = [
    "GradScaler",
    "amp_definitely_not_available",
    "autocast",
    "autocast_mode",
    "common",
    "custom_bwd",
    "custom_fwd",
    "grad_scaler",
]
