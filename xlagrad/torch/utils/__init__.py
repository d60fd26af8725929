"""`torch.utils`: data loading and checkpointing of activations."""

import xlagrad.torch.utils.checkpoint as checkpoint
import xlagrad.torch.utils.data as data

__all__ = ["checkpoint", "data"]
