"""``torch.cpu.amp``: automatic mixed precision on the CPU, under its old names."""

from xlagrad.torch.amp.legacy import CpuAutocast as autocast
from xlagrad.torch.amp.legacy import CpuGradScaler as GradScaler

__all__ = ["GradScaler", "autocast"]
