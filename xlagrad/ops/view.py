"""Operations whose result is a view: reshape, permute, expand, diagonal, detach, split and their kin."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core.dispatch import Array, op
from xlagrad.core.dtypes import DType
from xlagrad.core.errors import ArgumentError, DtypeError, IndexingError, ShapeError, describe, message
from xlagrad.core.handle import Handle, read, wrap
from xlagrad.core.signature import freeze
from xlagrad.core.view import Step, Strides, attach, is_contiguous, layout, restride, taken
from xlagrad.ops.bits import view_bits


def axis(who: str, dim: Any, ndim: int, extra: int = 0) -> int:
    """Return a dimension counted from the front.

    Args:
        who: the function to name in errors.
        dim: the dimension, negative from the end.
        ndim: how many there are.
        extra: 1 where the position after the last one counts too.

    Raises:
        IndexingError: it is out of range.
    """
    dim = freeze(who, dim)
    n = max(ndim + extra, 1)
    if isinstance(dim, bool) or not isinstance(dim, int):
        raise ArgumentError(message(who, "an integer dim", describe(dim)))
    if not -n <= dim < n:
        raise IndexingError(
            message(who, f"a dimension in range of [{-n}, {n - 1}]", f"Dimension out of range: {dim}")
        )
    return dim % n


def whole(who: str, what: str, value: Any) -> int:
    """Return an integer argument, which may be a 0-d integer tensor.

    Raises:
        DtypeError: it is none.
    """
    value = freeze(who, value)
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise DtypeError(message(who, f"integers for {what}", f"{type(value).__name__} {describe(value)}"))
    return operator.index(value)


@op(name="_reshape")
def _reshape(input: Array, shape: Any) -> Array:
    """The elements in another shape."""
    return jnp.reshape(input, shape)


@op(name="_reshape_put")
def _reshape_put(input: Array, value: Array, shape: Any) -> Array:
    """Write the whole of a reshaped view."""
    return jnp.reshape(value, input.shape)


def resolve(who: str, shape: Sequence[Any], count: int) -> tuple[int, ...]:
    """Return a shape with its -1 filled in, so that it has ``count`` elements.

    Raises:
        ShapeError: there is no such shape.
    """
    sizes = tuple(whole(who, "sizes", n) for n in shape)
    rest = math.prod(n for n in sizes if n != -1)
    fits = sizes.count(-1) <= 1 and min(sizes, default=0) >= -1
    if fits and -1 in sizes:
        fits = rest > 0 and count % rest == 0
        sizes = tuple(count // max(rest, 1) if n == -1 else n for n in sizes)
    if not fits or math.prod(sizes) != count:
        raise ShapeError(
            message(who, f"a shape of {count} elements",
                    f"shape '{list(shape)}' is invalid for input of size {count}",
                    "use sizes whose product is that, at most one of them -1")
        )  # fmt: skip
    return sizes


def _sizes(args: tuple[Any, ...], keyword: Any = None) -> Sequence[Any]:
    if keyword is not None:
        args = tuple(keyword)
    elif len(args) == 1 and isinstance(args[0], (tuple, list)):
        args = tuple(args[0])
    return args


def _given(who: str, name: str, args: tuple[Any, ...], keyword: dict[str, Any]) -> Sequence[Any]:
    """Return sizes or dimensions that were given one by one, as a sequence, or by name."""
    if len(keyword) + bool(args) != 1 or set(keyword) - {name}:
        got = ", ".join(keyword) if keyword else "none"
        raise DtypeError(message(who, f"'{name}'", got, "pass one number for each dimension, or a tuple"))
    return _sizes(args, keyword.get(name))


def _as_shape(who: str, input: Any, sizes: tuple[int, ...], need: bool) -> Any:
    def move(at: Strides) -> Strides:
        strides = restride(at[0], at[1], sizes)
        assert strides is not None
        return sizes, strides, at[2]

    if isinstance(input, Handle) and input._view is not None:
        old, strides, _ = layout(input)
        if restride(old, strides, sizes) is None:
            if need:
                fix = "use .reshape(...) or .contiguous().view(...)"
                got = f"strides {strides} (view size is not compatible with input tensor's size and stride)"
                raise ShapeError(message(who, f"a layout that {sizes} is a view of", got, fix))
            return _reshape(input, shape=sizes)
    return taken(input, _reshape, _reshape_put, move, shape=sizes)


def reshape(input: Any, *shape: Any, **keyword: Any) -> Any:
    """Return the elements of ``input`` in another shape, a view where torch gives one.

    Args:
        input: any tensor.
        shape: the sizes, one of which may be -1.

    Raises:
        ShapeError: the number of elements differs.

    Example:
        >>> from xlagrad.core.tensor import Tensor
        >>> reshape(Tensor([1.0, 2.0, 3.0, 4.0]), (2, -1)).shape
        torch.Size([2, 2])
    """
    count = math.prod(input.shape)
    sizes = _given("reshape", "shape", shape, keyword)
    return _as_shape("reshape", input, resolve("reshape", sizes, count), False)


def view(input: Any, *shape: Any, **keyword: Any) -> Any:
    """Return a view of ``input`` in another shape; of its bits as another type, if a dtype is given.

    As another type the last dimension grows or shrinks as the elements do, and no gradient passes.

    Raises:
        ShapeError: the number of elements differs, elements would have to move in torch's layout, or they
            do not make whole numbers of the type.
    """
    if "dtype" in keyword and not shape:
        return view_bits(input, keyword["dtype"])
    sizes = _given("view", "size", shape, keyword)
    if len(sizes) == 1 and isinstance(sizes[0], (DType, np.dtype, type)):
        return view_bits(input, sizes[0])
    return _as_shape("view", input, resolve("view", sizes, math.prod(input.shape)), True)


def view_as(input: Any, other: Any) -> Any:
    """Return ``input`` viewed in the shape of ``other``."""
    return view(input, _shape_of("view_as", other))


def reshape_as(input: Any, other: Any) -> Any:
    """Return ``input`` reshaped to the shape of ``other``."""
    return reshape(input, _shape_of("reshape_as", other))


def _shape_of(who: str, other: Any) -> tuple[int, ...]:
    if not hasattr(other, "shape"):
        raise DtypeError(
            message(who, "a tensor", f"{type(other).__name__} {describe(other)}", "pass its shape")
        )
    return tuple(other.shape)


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """Return ``input`` with the dimensions from ``start_dim`` to ``end_dim`` merged into one.

    Raises:
        ArgumentError: ``start_dim`` comes after ``end_dim``.
    """
    shape = tuple(input.shape)
    start, end = axis("flatten", start_dim, len(shape)), axis("flatten", end_dim, len(shape))
    if start > end:
        raise ArgumentError(message("flatten", "start_dim before end_dim", f"{start_dim} and {end_dim}"))
    if not shape:
        return _as_shape("flatten", input, (1,), False)
    if start == end:
        return input
    merged = math.prod(shape[start : end + 1])
    return _as_shape("flatten", input, (*shape[:start], merged, *shape[end + 1 :]), False)


def ravel(input: Any) -> Any:
    """Return all elements in one dimension."""
    return reshape(input, -1)


def unflatten(input: Any, dim: int, sizes: Sequence[int]) -> Any:
    """Return ``input`` with dimension ``dim`` split into ``sizes``."""
    shape = tuple(input.shape)
    at = axis("unflatten", dim, len(shape))
    split = resolve("unflatten", sizes, shape[at])
    return _as_shape("unflatten", input, (*shape[:at], *split, *shape[at + 1 :]), False)


def squeeze(input: Any, dim: int | Sequence[int] | None = None) -> Any:
    """Return ``input`` without dimensions of length 1: all of them, or those in ``dim``."""
    shape = tuple(input.shape)
    dims = range(len(shape)) if dim is None else ((dim,) if not isinstance(dim, (tuple, list)) else dim)
    drop = {axis("squeeze", d, len(shape)) for d in dims}
    new = tuple(n for i, n in enumerate(shape) if not (i in drop and n == 1))
    return _as_shape("squeeze", input, new, True)


def unsqueeze(input: Any, dim: int) -> Any:
    """Return ``input`` with a dimension of length 1 inserted at ``dim``."""
    shape = tuple(input.shape)
    at = axis("unsqueeze", dim, len(shape), 1)
    return _as_shape("unsqueeze", input, (*shape[:at], 1, *shape[at:]), True)


@op(name="_permute")
def _permute(input: Array, dims: Any) -> Array:
    """The dimensions in another order."""
    return jnp.transpose(input, dims)


@op(name="_permute_put")
def _permute_put(input: Array, value: Array, dims: Any) -> Array:
    """Write the whole of a permuted view."""
    return jnp.transpose(value, _inverse(dims))


def _inverse(dims: Sequence[int]) -> tuple[int, ...]:
    return tuple(sorted(range(len(dims)), key=lambda i: dims[i]))


def permute(input: Any, *dims: Any, **keyword: Any) -> Any:
    """Return a view of ``input`` with its dimensions in the order ``dims``.

    Raises:
        ShapeError: ``dims`` does not name each dimension once.
    """
    ndim = len(input.shape)
    given = _given("permute", "dims", dims, keyword)
    order = tuple(axis("permute", d, ndim) for d in given)
    if sorted(order) != list(range(ndim)):
        raise ShapeError(message("permute", f"each of {ndim} dimensions once", f"{tuple(given)}"))

    def move(at: Strides) -> Strides:
        return tuple(at[0][d] for d in order), tuple(at[1][d] for d in order), at[2]

    return taken(input, _permute, _permute_put, move, dims=order)


def transpose(input: Any, dim0: int, dim1: int) -> Any:
    """Return a view of ``input`` with two dimensions exchanged."""
    ndim = len(input.shape)
    if ndim == 0:
        axis("transpose", dim0, 0)
        axis("transpose", dim1, 0)
        return permute(input, ())
    order = list(range(ndim))
    a, b = axis("transpose", dim0, ndim), axis("transpose", dim1, ndim)
    order[a], order[b] = order[b], order[a]
    return permute(input, order)


def t(input: Any) -> Any:
    """Return the transpose of a tensor of at most two dimensions."""
    if len(input.shape) > 2:
        raise ShapeError(message("t", "a tensor with <= 2 dimensions", describe(input), "use .mT"))
    return permute(input, tuple(reversed(range(len(input.shape)))))


def movedim(input: Any, source: int | Sequence[int], destination: int | Sequence[int]) -> Any:
    """Return a view with the dimensions ``source`` moved to the positions ``destination``."""
    ndim = len(input.shape)
    sources = tuple(source) if isinstance(source, (tuple, list)) else (source,)
    targets = tuple(destination) if isinstance(destination, (tuple, list)) else (destination,)
    if len(sources) != len(targets):
        raise ArgumentError(message("movedim", "as many sources as destinations", f"{source}, {destination}"))
    src = [axis("movedim", d, ndim) for d in sources]
    dst = [axis("movedim", d, ndim) for d in targets]
    if len(set(src)) != len(src) or len(set(dst)) != len(dst):
        raise ArgumentError(message("movedim", "each dimension once", f"{source} to {destination}"))
    rest = iter(d for d in range(ndim) if d not in src)
    at = dict(zip(dst, src, strict=True))
    return permute(input, [at[i] if i in at else next(rest) for i in range(ndim)])


@op(name="_expand")
def _expand(input: Array, shape: Any) -> Array:
    """Repeat dimensions of length 1."""
    return jnp.broadcast_to(input, shape)


def expand(input: Any, *sizes: Any, **keyword: Any) -> Any:
    """Return a view of ``input`` with dimensions of length 1 repeated; -1 keeps a length.

    The view cannot be written: several of its elements are one element of ``input``.

    Raises:
        ShapeError: the sizes do not broadcast from the input's.
    """
    given = _given("expand", "size", sizes, keyword)
    old = tuple(input.shape)
    lead = len(given) - len(old)
    if lead < 0:
        raise ShapeError(message("expand", f"at least {len(old)} sizes", f"{tuple(given)}"))
    new = []
    for i, n in enumerate(whole("expand", "sizes", n) for n in given):
        have = old[i - lead] if i >= lead else 1
        size = have if n == -1 and i >= lead else n
        if size < 0 or (have != 1 and have != size):
            raise ShapeError(
                message(
                    "expand", f"sizes that {old} broadcasts to", f"{tuple(given)}", "only length 1 expands"
                )
            )
        new.append(size)
    shape = tuple(new)

    def move(at: Strides) -> Strides:
        strides = tuple(0 if a != b else s for a, b, s in zip(at[0], shape[lead:], at[1], strict=True))
        return shape, (0,) * lead + strides, at[2]

    return taken(input, _expand, None, move, shape=shape)


def expand_as(input: Any, other: Any) -> Any:
    """Return ``input`` expanded to the shape of ``other``."""
    return expand(input, _shape_of("expand_as", other))


def broadcast_to(input: Any, shape: Sequence[int]) -> Any:
    """Return ``input`` expanded to ``shape``."""
    return expand(input, shape)


@op(name="_diagonal")
def _diagonal(input: Array, offset: int, dim1: int, dim2: int) -> Array:
    """The elements at (i, i + offset) of two dimensions."""
    return jnp.diagonal(input, offset, dim1, dim2)


@op(name="_diagonal_put")
def diagonal_put(input: Array, value: Array, offset: int, dim1: int, dim2: int) -> Array:
    """Write a diagonal."""
    moved = jnp.moveaxis(input, (dim1, dim2), (-2, -1))
    i = jnp.arange(value.shape[-1])
    moved = moved.at[..., i + max(-offset, 0), i + max(offset, 0)].set(value)
    return jnp.moveaxis(moved, (-2, -1), (dim1, dim2))


def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """Return a view of a diagonal of ``input``, as the last dimension.

    Args:
        input: at least two dimensions.
        offset: which diagonal: above the main one if positive, below if negative.
        dim1: rows.
        dim2: columns.
    """
    ndim, offset = len(input.shape), whole("diagonal", "offset", offset)
    a, b = axis("diagonal", dim1, ndim), axis("diagonal", dim2, ndim)
    if a == b:
        raise ArgumentError(message("diagonal", "two different dims", f"{dim1} and {dim2}"))

    def move(at: Strides) -> Strides:
        shape, strides, start = at
        n = max(0, min(shape[a] + min(offset, 0), shape[b] - max(offset, 0)))
        keep = [i for i in range(len(shape)) if i not in (a, b)]
        start += (offset * strides[b] if offset >= 0 else -offset * strides[a]) if n else 0
        return (*[shape[i] for i in keep], n), (*[strides[i] for i in keep], strides[a] + strides[b]), start

    return taken(input, _diagonal, diagonal_put, move, offset=offset, dim1=a, dim2=b)


def _same(at: Strides) -> Strides:
    return at


def _bare(input: Any) -> Any:
    """Return a tensor of the value of ``input``, without its history."""
    array = read(input)
    # The very same array, not a copy of it as a jitted identity would return.
    return wrap(jax.lax.stop_gradient(array) if isinstance(array, jax.core.Tracer) else array)


@op(name="_detach_put")
def _detach_put(input: Array, value: Array) -> Array:
    """Write the whole of a detached view."""
    return value


def detach(input: Any) -> Any:
    """Return a view of ``input`` through which no gradient passes. Writes to it reach ``input``."""
    if not isinstance(input, Handle):
        return jax.lax.stop_gradient(input)
    result = _bare(input)
    attach(result, input, Step(_bare, _detach_put, (), {}, _same, severs=True))
    return result


@op(name="_real")
def _real(input: Array) -> Array:
    """The real parts."""
    return jnp.real(input)


@op(name="_real_put")
def _real_put(input: Array, value: Array) -> Array:
    """Write the real parts."""
    return jax.lax.complex(value, jnp.imag(input))


@op(name="_imag")
def _imag(input: Array) -> Array:
    """The imaginary parts."""
    return jnp.imag(input)


@op(name="_imag_put")
def _imag_put(input: Array, value: Array) -> Array:
    """Write the imaginary parts."""
    return jax.lax.complex(jnp.real(input), value)


def _part(offset: int) -> Callable[[Strides], Strides]:
    def move(at: Strides) -> Strides:
        return at[0], tuple(2 * s for s in at[1]), 2 * at[2] + offset

    return move


def real_part(input: Any) -> Any:
    """Return a view of the real parts of a complex tensor; a real one itself."""
    if not jnp.issubdtype(read(input).dtype, jnp.complexfloating):
        return input
    return taken(input, _real, _real_put, _part(0))


def imag_part(input: Any) -> Any:
    """Return a view of the imaginary parts of a complex tensor.

    Raises:
        DtypeError: it is real.
    """
    if not jnp.issubdtype(read(input).dtype, jnp.complexfloating):
        want = "a complex tensor (imag is not implemented for tensors with real dtypes)"
        raise DtypeError(message("imag", want, describe(input)))
    return taken(input, _imag, _imag_put, _part(1))


@op(name="_clone")
def _clone(input: Array) -> Array:
    """A copy with a value of its own; gradients pass."""
    return jnp.copy(input)


def clone(input: Any, *, memory_format: Any = None) -> Any:
    """Return a copy of ``input`` with a value of its own; gradients pass.

    Args:
        input: any tensor.
        memory_format: accepted for torch's sake; XLA chooses layouts.
    """
    return _clone(input)


def contiguous_(input: Any, memory_format: Any = None) -> Any:
    """Return ``input`` itself if torch's layout of it is row-major, else a copy."""
    if isinstance(input, Handle) and input._view is not None:
        if not is_contiguous(*layout(input)[:2]):
            return _clone(input)
    return input
