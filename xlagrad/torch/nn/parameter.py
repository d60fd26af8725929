"""`torch.nn.parameter`: the tensors that modules register."""

from __future__ import annotations

from xlagrad.core.tensor import Parameter
from xlagrad.layers.attributes import Buffer

__all__ = ["Buffer", "Parameter"]
