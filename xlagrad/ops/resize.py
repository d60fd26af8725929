"""Methods that give a tensor another shape or other memory: resize_, as_strided_, set_, fill_diagonal_."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp

from xlagrad.core import state
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import AutogradError, DtypeError, ShapeError, StateError, describe, message
from xlagrad.core.handle import Handle, read, wrap
from xlagrad.core.modes import local
from xlagrad.core.view import assign, check_writable, contiguous, layout, write_array
from xlagrad.ops.making import constant, size_of
from xlagrad.ops.strided import as_strided, storage_size
from xlagrad.ops.view import reshape


def as_strided_(self: Any, size: Any, stride: Any, storage_offset: Any = None) -> Any:
    """Make the tensor the view of its own storage that `as_strided` gives; return it.

    Views that were taken of it before cannot be read any more.

    Raises:
        StateError: under ``compile``, for a tensor from outside of the function.
    """
    check_writable("as_strided_", self)
    trace = local.trace
    if trace is not None and not trace.is_born(self):
        fix = "use .as_strided(...)"
        raise StateError(
            message("as_strided_", "a tensor of the traced function", "one from outside it", fix)
        )
    source = self
    if self._view is None:
        # The elements that the new layout leaves out stay in a tensor that only the view knows.
        source = wrap(read(self), self._requires_grad)
        source._node, source._slot = self._node, self._slot
    result = as_strided(source, size, stride, storage_offset)
    self._data, self._view, self._version = read(result), result._view, self._version + 1
    self._node, self._slot = result._node, result._slot
    return self


@op(name="_resized")
def _resized(input: Array, shape: tuple[int, ...]) -> Array:
    """The first elements in another shape, zeros where there are too few."""
    flat, count = input.reshape(-1), math.prod(shape)
    return jnp.pad(flat[:count], (0, max(count - flat.size, 0))).reshape(shape)


def _refuse_gradient(who: str, self: Any) -> None:
    if self.requires_grad:
        want = "a tensor that does not require grad (cannot resize variables that require grad)"
        raise AutogradError(message(who, want, describe(self), "use .detach() or .reshape(...)"))


def resize_(self: Any, *size: Any, memory_format: Any = None) -> Any:
    """Give the tensor another shape, and keep its first elements in row-major order; return it.

    Elements beyond those that it had are zeros. A view may grow as far as its storage goes.

    Args:
        self: a tensor that does not require grad.
        size: the sizes, as integers or as one sequence.
        memory_format: accepted for torch's sake; XLA chooses layouts.

    Raises:
        AutogradError: the tensor requires grad.
        StateError: a view, for which the storage is too small.
    """
    _refuse_gradient("resize_", self)
    shape = size_of("resize_", size or ((),))
    if shape == tuple(self.shape):
        return self
    if self._view is not None:
        if layout(self)[2] + math.prod(shape) > storage_size(self):
            want = f"a view whose storage has {math.prod(shape)} elements"
            raise StateError(message("resize_", want, describe(self), "resize the tensor it is a view of"))
        return as_strided_(self, shape, contiguous(shape))
    write_array(self, read(_resized(self, shape=shape)))
    state.bump()
    return self


def resize_as_(self: Any, the_template: Any, *, memory_format: Any = None) -> Any:
    """Give the tensor the shape of another one, as `resize_` does; return it."""
    return resize_(self, tuple(the_template.shape))


def resize(self: Any, *sizes: Any) -> Any:
    """Return the elements in another shape of as many elements.

    Raises:
        ShapeError: the number of elements differs.
    """
    shape = size_of("resize", sizes or ((),))
    if math.prod(shape) != self.numel():
        raise ShapeError(message("resize", f"sizes of {self.numel()} elements", str(shape), "use resize_"))
    return reshape(self, shape)


def resize_as(self: Any, tensor: Any) -> Any:
    """Return the elements in the shape of another tensor of as many elements."""
    return resize(self, tuple(tensor.shape))


def set_(self: Any, source: Any = None, storage_offset: int = 0, size: Any = None, stride: Any = None) -> Any:
    """Replace the value of the tensor by that of ``source``, whose shape it takes; return it.

    Args:
        self: the tensor.
        source: a tensor of the same type; without one the tensor becomes empty.
        storage_offset: with ``size``, where in the storage of ``source`` to begin.
        size: the shape, if not that of ``source``.
        stride: the strides, row-major if left out.

    Raises:
        DtypeError: ``source`` is no tensor, or of another type.

    Source: ``torch.Tensor.set_``. Deviation: later writes to one of the two do not reach the other.
    """
    if source is None:
        source = wrap(jnp.zeros(0, read(self).dtype))
    if not isinstance(source, Handle):
        fix = "pass a tensor; storages do not exist here"
        raise DtypeError(message("set_", "a tensor", f"{type(source).__name__}", fix))
    if read(source).dtype != read(self).dtype:
        want = f"a source of dtype {read(self).dtype}"
        raise DtypeError(message("set_", want, describe(source), "convert it with .to"))
    if size is not None:
        shape = size_of("set_", (size,))
        source = as_strided(source, shape, contiguous(shape) if stride is None else stride, storage_offset)
    self.data = source
    return self


@op(name="_with_diagonal")
def _with_diagonal(input: Array, value: Array, wrap: bool) -> Array:
    """The value where all coordinates are equal; in a tall matrix again from its left edge on, if asked."""
    grid = jnp.indices(input.shape, sparse=True)
    if wrap and input.ndim == 2:
        width = input.shape[1]
        hit = (grid[0] * width + grid[1]) % (width + 1) == 0
    else:
        hit = grid[0] == grid[1]
        for line in grid[2:]:
            hit = hit & (line == grid[0])
    return jnp.where(hit, value.astype(input.dtype), input)


def fill_diagonal_(self: Any, fill_value: Any, wrap: bool = False) -> Any:
    """Set the elements whose coordinates are all equal to a number; return the tensor.

    Args:
        self: a tensor with at least two dimensions, all of one length if more than two.
        fill_value: the number.
        wrap: in a matrix with more rows than columns, begin a diagonal again below where one ended.

    Raises:
        ShapeError: fewer than two dimensions, or more of different lengths.
        ArgumentError: the type cannot hold the number.
    """
    shape = tuple(self.shape)
    if len(shape) < 2 or (len(shape) > 2 and len(set(shape)) > 1):
        want = "a matrix, or more dimensions of one length"
        raise ShapeError(message("fill_diagonal_", want, describe(self), "write to .diagonal(...)"))
    value = constant("fill_diagonal_", (), fill_value, read(self).dtype)
    assign("fill_diagonal_", self, _with_diagonal(self, value, wrap=bool(wrap)))
    return self


METHODS = {
    fn.__name__: fn for fn in (as_strided_, fill_diagonal_, resize, resize_, resize_as, resize_as_, set_)
}
