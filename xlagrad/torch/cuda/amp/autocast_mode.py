"""``torch.cuda.amp.autocast_mode``: the mode and the decorators for GPUs, under their old names."""

from xlagrad.torch.amp.legacy import CudaAutocast as autocast
from xlagrad.torch.amp.legacy import custom_bwd, custom_fwd

__all__ = ["autocast", "custom_bwd", "custom_fwd"]
