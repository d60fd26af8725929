"""The same small models in ours and in PyTorch, and the exchange of their weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import xlagrad  # noqa: F401  operations become methods of Tensor
import xlagrad.layers as nn
from xlagrad.core.tensor import Tensor


def ours(value: Any, requires_grad: bool = False) -> Any:
    """Return what of ours corresponds to a tensor of torch's, in nested tuples and lists too."""
    if isinstance(value, torch.Tensor):
        t = Tensor(value.detach().numpy())
        return t.requires_grad_() if requires_grad and value.requires_grad else t
    if isinstance(value, (tuple, list)):
        return type(value)(ours(v, requires_grad) for v in value)
    return value


def theirs(value: Any) -> Any:
    """Return a tensor of ours as one of torch's."""
    return torch.from_numpy(np.array(value.detach().numpy()))


def twin(make: Any) -> tuple[Any, Any]:
    """Return ``make(nn)`` of ours and ``make(torch.nn)`` with the same weights."""
    reference = make(torch.nn)
    module = make(nn)
    module.load_state_dict(reference.state_dict())
    return module, reference


def net(package: Any) -> Any:
    """A model with every kind of member: shared ones, buffers, a list and a missing bias."""
    base = package.Module

    class Block(base):  # type: ignore[misc]
        def __init__(self, width: int) -> None:
            super().__init__()
            self.inner = package.Linear(width, width, bias=False)
            self.norm = package.BatchNorm1d(width)
            self.act = package.ReLU()

        def forward(self, x: Any) -> Any:
            return self.act(self.norm(self.inner(x)))

    class Net(base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.first = package.Linear(3, 4)
            self.blocks = package.ModuleList([Block(4), Block(4)])
            self.shared = self.blocks[0]
            self.head = package.Sequential(package.Linear(4, 2), package.Tanh())

        def forward(self, x: Any) -> Any:
            x = self.first(x)
            for block in self.blocks:
                x = block(x)
            return self.head(self.shared(x))

    return Net()
