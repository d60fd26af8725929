"""`torch.utils.tensorboard`: the writer of tensorboardX, which writes the same files."""

from __future__ import annotations

from xlagrad.core.errors import need

SummaryWriter = need("tensorboardX", "tensorboard").SummaryWriter

__all__ = ["SummaryWriter"]
