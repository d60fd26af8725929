"""`torch.utils`: data loading and checkpointing of activations."""

from xlagrad.torch.utils import checkpoint, data

__all__ = ["checkpoint", "data"]
