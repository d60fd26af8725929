"""The tensors of this library in einops: ``rearrange``, ``reduce``, ``repeat``, ``einsum``, ``pack``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from einops._backends import AbstractBackend

from xlagrad.core.dispatch import registry
from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.tensor import Tensor
from xlagrad.ops import ranges, view

# Reductions of einops and the operations they are; gradients of extrema are shared among ties.
_REDUCTIONS = {"min": "amin", "max": "amax", "sum": "sum", "mean": "mean", "any": "any", "all": "all"}


class Backend(AbstractBackend):
    """What einops needs of a library. It finds the backend by itself: by its base class and its name."""

    framework_name = "xlagrad"

    def is_appropriate_type(self, tensor: Any) -> bool:
        """Return whether the tensor is one of ours."""
        return isinstance(tensor, Tensor)

    def from_numpy(self, x: np.ndarray[Any, Any]) -> Tensor:
        """Return a tensor, which requires grad if it holds floats."""
        t = Tensor(x)
        return t.requires_grad_(bool(t.is_floating_point()))

    def to_numpy(self, x: Tensor) -> np.ndarray[Any, Any]:
        """Return an array, without gradients."""
        return x.numpy(force=True)

    def arange(self, start: int, stop: int) -> Tensor:
        """Return the integers from ``start`` to before ``stop``."""
        made: Tensor = ranges.arange(start, stop)
        return made

    def shape(self, x: Tensor) -> tuple[int, ...]:
        """Return the lengths of the axes."""
        return tuple(x.shape)

    def reshape(self, x: Tensor, shape: Sequence[int]) -> Any:
        """Return the elements in row-major order in another shape."""
        return view.reshape(x, tuple(shape))

    def transpose(self, x: Tensor, axes: Sequence[int]) -> Any:
        """Return the axes in another order."""
        return view.permute(x, tuple(axes))

    def reduce(self, x: Tensor, operation: str, axes: Sequence[int]) -> Any:
        """Return the tensor with some axes reduced.

        Raises:
            ArgumentError: einops asks for a reduction that is unknown.
        """
        if operation == "prod":
            for axis in sorted(axes, reverse=True):
                x = registry["prod"](x, axis)
            return x
        if operation not in _REDUCTIONS:
            known = f"a reduction among {', '.join(_REDUCTIONS)}, prod"
            raise ArgumentError(message("einops.reduce", known, repr(operation)))
        return registry[_REDUCTIONS[operation]](x, tuple(axes))

    def stack_on_zeroth_dimension(self, tensors: list[Tensor]) -> Any:
        """Return the tensors along a new first axis."""
        return registry["stack"](tensors)

    def add_axis(self, x: Tensor, new_position: int) -> Any:
        """Return the tensor with an axis of length 1 more."""
        return view.unsqueeze(x, new_position)

    def add_axes(self, x: Tensor, n_axes: int, pos2len: dict[int, int]) -> Any:
        """Return the tensor repeated along new axes."""
        lengths = [-1] * n_axes
        for position, length in pos2len.items():
            x = self.add_axis(x, position)
            lengths[position] = length
        return view.expand(x, lengths)

    def tile(self, x: Tensor, repeats: Sequence[int]) -> Any:
        """Return the tensor repeated along its axes."""
        return registry["tile"](x, tuple(repeats))

    def concat(self, tensors: list[Tensor], axis: int) -> Any:
        """Return the tensors one after another along an axis."""
        return registry["cat"](tensors, axis)

    def is_float_type(self, x: Tensor) -> bool:
        """Return whether the elements are real floats."""
        return x.is_floating_point()

    def einsum(self, pattern: str, *x: Tensor) -> Any:
        """Return the sum of products that a pattern of letters names."""
        return registry["einsum"](pattern, *x)
