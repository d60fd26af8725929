"""``torch.cuda.amp.grad_scaler``: gradient scaling for GPUs, under its old name."""

from xlagrad.torch.amp.legacy import CudaGradScaler as GradScaler

__all__ = ["GradScaler"]
