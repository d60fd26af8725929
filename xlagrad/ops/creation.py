"""Tensors from nothing, from numbers, and in the likeness of other tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core.devices import as_device, place
from xlagrad.core.dtypes import DType, as_dtype, as_jax, bool_, default_complex, get_default_dtype, int64
from xlagrad.core.errors import ArgumentError, DtypeError, ShapeError, describe, message
from xlagrad.core.handle import Handle, is_tracer, read, wrap
from xlagrad.core.modes import local
from xlagrad.core.tensor import as_array
from xlagrad.ops.composed import composed

# Accepted for PyTorch's sake: XLA chooses layouts, and transfers need no pinned memory.
_IGNORED = ("layout", "pin_memory", "memory_format", "names")


def _finish(who: str, array: Any, device: Any, requires_grad: bool, out: Any, rest: dict[str, Any]) -> Any:
    """Return the tensor of a new array, on its device, or ``out`` holding it."""
    unknown = [name for name in rest if name not in _IGNORED]
    if unknown:
        raise ArgumentError(message(who, "known keyword arguments", ", ".join(unknown), "leave them out"))
    if out is not None:
        out.data = array.astype(read(out).dtype)
        return out
    result = wrap(place(array, None if device is None else as_device(device)))
    if requires_grad:
        result.requires_grad_()
    return result


def sizes(who: str, shape: Sequence[Any]) -> tuple[int, ...]:
    """Return the shape given as separate sizes or as one sequence of them.

    Raises:
        ShapeError: a size is negative.
        DtypeError: a size is no integer.
    """
    if len(shape) == 1 and not isinstance(shape[0], (int, np.integer)):
        shape = shape[0].tolist() if isinstance(shape[0], Handle) and shape[0].ndim else shape[0]  # type: ignore[attr-defined]
        shape = shape if isinstance(shape, (list, tuple)) else (shape,)
    try:
        found = tuple(n.__index__() for n in shape)
    except (AttributeError, TypeError):
        raise DtypeError(message(who, "sizes that are integers", describe(shape), "pass ints")) from None
    if min(found, default=0) < 0:
        raise ShapeError(message(who, "sizes of 0 or more", str(found), "pass sizes that are not negative"))
    return found


def _filled(shape: tuple[int, ...], value: Any, dtype: np.dtype[Any]) -> Any:
    # NumPy makes constants without compiling a program for each shape; inside a trace they are XLA's.
    if local.trace is not None or is_tracer(value):
        return jnp.full(shape, value, dtype)
    return jnp.asarray(np.full(shape, value, dtype))


def _kind_of(value: Any) -> DType:
    if isinstance(value, Handle):
        return value.dtype  # type: ignore[attr-defined,no-any-return]
    if isinstance(value, (bool, np.bool_)):
        return bool_
    if isinstance(value, (int, np.integer)):
        return int64
    return default_complex() if isinstance(value, complex) else get_default_dtype()


@composed()
def full(
    *size: Any,
    fill_value: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    out: Any = None,
    **rest: Any,
) -> Any:
    """Return a tensor of a shape with every element ``fill_value``.

    Args:
        size: the shape as a sequence, then the value unless it is given by name.
        fill_value: a number or a 0-d tensor.
        dtype: by default that of the value: bool, int64 or the default float type.
        device: where to make it.
        requires_grad: whether gradients are wanted.
        out: a tensor to write to.
        rest: ``layout`` and ``pin_memory`` are accepted and have no effect.

    Example:
        >>> full((2,), 7).tolist()
        [7, 7]
    """
    if fill_value is None:
        *size, fill_value = size  # type: ignore[assignment]
    size = (rest.pop("size"),) if "size" in rest else size
    kind = as_jax(_kind_of(fill_value) if dtype is None else dtype)
    value = read(fill_value) if isinstance(fill_value, Handle) else fill_value
    array = _filled(sizes("full", size), value, kind)
    return _finish("full", array, device, requires_grad, out, rest)


def _constant(name: str, value: int, doc: str) -> Callable[..., Any]:
    def make(
        *size: Any,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        out: Any = None,
        **rest: Any,
    ) -> Any:
        if not size and "size" in rest:
            size = (rest.pop("size"),)
        kind = as_jax(get_default_dtype() if dtype is None else dtype)
        return _finish(name, _filled(sizes(name, size), value, kind), device, requires_grad, out, rest)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"""Return {doc}.

    Args:
        size: the sizes, separately or as one sequence.
        dtype: the default float type if not given.
        device: where to make it.
        requires_grad: whether gradients are wanted.
        out: a tensor to write to.
        rest: ``layout`` and ``pin_memory`` are accepted and have no effect.

    Raises:
        ShapeError: a size is negative.

    Example:
        >>> {name}(2, 3).shape
        torch.Size([2, 3])
    """
    return composed(name=name)(make)


zeros = _constant("zeros", 0, "a tensor of zeros")
ones = _constant("ones", 1, "a tensor of ones")
# Memory that nobody has written shows through no other array of XLA's: it is zero.
empty = _constant("empty", 0, "a tensor whose elements mean nothing yet (zeros)")


def _like(name: str, value: int) -> Callable[..., Any]:
    def make(
        input: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, **rest: Any
    ) -> Any:
        array = read(input) if isinstance(input, Handle) else as_array(input)
        kind = array.dtype if dtype is None else as_jax(dtype)
        result = _filled(tuple(array.shape), value, kind)
        if device is None and not is_tracer(array):
            device = as_device(next(iter(array.devices())))
        return _finish(name, result, device, requires_grad, None, rest)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"Return `{name.removesuffix('_like')}` of another tensor's shape, dtype and device."
    return composed(name=name)(make)


zeros_like = _like("zeros_like", 0)
ones_like = _like("ones_like", 1)
empty_like = _like("empty_like", 0)


@composed()
def full_like(input: Any, fill_value: Any, **options: Any) -> Any:
    """Return a tensor of another one's shape, dtype and device with every element ``fill_value``."""
    result = zeros_like(input, **options)
    result.data = full(tuple(result.shape), fill_value, dtype=result.dtype)
    return result


def _new(name: str) -> Callable[..., Any]:
    make = {"full": full, "zeros": zeros, "ones": ones, "empty": empty}[name]

    def method(self: Any, *args: Any, dtype: Any = None, device: Any = None, **rest: Any) -> Any:
        device = self.device if device is None else device
        return make(*args, dtype=self.dtype if dtype is None else dtype, device=device, **rest)

    method.__name__ = method.__qualname__ = f"new_{name}"
    method.__doc__ = f"Return `{name}` of a shape with this tensor's dtype and device."
    return composed(name=f"new_{name}", method=True)(method)


new_zeros, new_ones, new_empty, new_full = _new("zeros"), _new("ones"), _new("empty"), _new("full")


@composed()
def tensor(
    data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False, **rest: Any
) -> Any:
    """Return a new leaf with a copy of the data.

    Args:
        data: a number, nested lists, a NumPy array, an array or a tensor.
        dtype: by default the data's; Python floats become the default float type, ints int64.
        device: where to put it.
        requires_grad: whether gradients are wanted.
        rest: ``pin_memory`` is accepted and has no effect.

    Raises:
        DtypeError: the data are not numbers.

    Example:
        >>> tensor([[1, 2], [3, 4]]).shape
        torch.Size([2, 2])
    """
    return _finish("tensor", _array(data, dtype, copy=True), device, requires_grad, None, rest)


def _array(data: Any, dtype: Any, copy: bool) -> jax.Array:
    plain = isinstance(data, (int, float, complex, list, tuple)) and not _holds_arrays(data)
    if dtype is None and plain:
        # Python's floats take the default type, whatever width NumPy gives them.
        kind = np.asarray(data).dtype.kind
        dtype = {"f": get_default_dtype(), "c": default_complex()}.get(kind)
    array = as_array(data, dtype)
    shared = copy and isinstance(data, np.ndarray) and not is_tracer(array)
    return jnp.array(array, copy=True) if shared else array


def _holds_arrays(data: Any) -> bool:
    return isinstance(data, (list, tuple)) and any(
        isinstance(v, (Handle, jax.Array, np.ndarray, np.generic)) or _holds_arrays(v) for v in data
    )


@composed(method=True)
def new_tensor(self: Any, data: Any, *, dtype: Any = None, device: Any = None, **rest: Any) -> Any:
    """Return `tensor` of the data with this tensor's dtype and device."""
    device = self.device if device is None else device
    return tensor(data, dtype=self.dtype if dtype is None else dtype, device=device, **rest)


@composed()
def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Any:
    """Return the data as a tensor: a tensor that fits already is returned itself."""
    if isinstance(data, Handle):
        return data.to(dtype=dtype, device=device)  # type: ignore[attr-defined]
    return _finish("as_tensor", _array(data, dtype, copy=False), device, False, None, {})


@composed()
def asarray(
    obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None, requires_grad: bool = False
) -> Any:
    """Return an object as a tensor, by DLPack or the array protocol where it has them.

    Raises:
        ArgumentError: ``copy=False`` and a copy is needed.
    """
    result = as_tensor(obj, dtype, device)
    if copy and result is obj:
        result = result.clone()
    if copy is False and not isinstance(obj, (Handle, jax.Array, np.ndarray)):
        raise ArgumentError(message("asarray", "an array for copy=False", describe(obj), "use copy=None"))
    if requires_grad:
        result = result.detach().requires_grad_()
    return result


@composed()
def from_numpy(ndarray: Any) -> Any:
    """Return a NumPy array as a tensor.

    Deviation from PyTorch: the memory may be shared, but a write to either is not seen by the other.

    Raises:
        DtypeError: not a NumPy array.
    """
    if not isinstance(ndarray, np.ndarray):
        raise DtypeError(message("from_numpy", "a NumPy array", describe(ndarray), "use torch.tensor(...)"))
    # The caller may go on writing to its array; XLA would see that in memory that it took over.
    return wrap(_array(ndarray, None, copy=True))


@composed()
def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Any:
    """Return a tensor of anything with ``__dlpack__``, without a copy where the device allows it."""
    array = jnp.from_dlpack(ext_tensor, device=None if device is None else as_device(device).jax, copy=copy)
    return wrap(array)


@composed()
def arange(
    start: Any,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    out: Any = None,
    **rest: Any,
) -> Any:
    """Return start, start + step, … below ``end``; ``arange(end)`` starts at 0.

    Args:
        start: the first number, or the end if it is the only one.
        end: where to stop, exclusive.
        step: the difference, not 0.
        dtype: by default int64 if all three are integers, else the default float type.
        device: where to make it.
        requires_grad: whether gradients are wanted.
        out: a tensor to write to.
        rest: ``layout`` and ``pin_memory`` are accepted and have no effect.

    Raises:
        ArgumentError: the step is 0 or leads away from the end.

    Example:
        >>> arange(1, 4).tolist()
        [1, 2, 3]
    """
    start, end = (0, start) if end is None else (start, end)
    start, end, step = (x.item() if isinstance(x, (Handle, np.generic)) else x for x in (start, end, step))  # type: ignore[attr-defined]
    if step == 0 or (end - start) * step < 0:
        fix = "use a step that leads from start to end"
        raise ArgumentError(message("arange", "a step towards the end", f"{start}, {end}, {step}", fix))
    integers = all(isinstance(x, int) for x in (start, end, step))
    kind = as_jax((int64 if integers else get_default_dtype()) if dtype is None else dtype)
    count = -((start - end) // step) if integers else math.ceil((end - start) / step)
    if local.trace is not None:
        wide = kind if jnp.issubdtype(kind, jnp.integer) else np.dtype(np.float32)
        array = (start + step * jax.lax.iota(wide, count)).astype(kind)
    else:
        array = jnp.asarray((start + step * np.arange(count)).astype(kind))
    return _finish("arange", array, device, requires_grad, out, rest)


def _spaced(who: str, numbers: np.ndarray[Any, Any], dtype: Any, options: dict[str, Any]) -> Any:
    complex_numbers = np.iscomplexobj(numbers)
    default = default_complex() if complex_numbers else get_default_dtype()
    kind = as_jax(default if dtype is None else dtype)
    device, requires_grad = options.pop("device", None), options.pop("requires_grad", False)
    return _finish(
        who, jnp.asarray(numbers.astype(kind)), device, requires_grad, options.pop("out", None), options
    )


def _number(x: Any) -> Any:
    return x.item() if isinstance(x, (Handle, np.generic)) else x  # type: ignore[attr-defined]


@composed()
def linspace(start: Any, end: Any, steps: int, *, dtype: Any = None, **options: Any) -> Any:
    """Return ``steps`` evenly spaced numbers from ``start`` to ``end``, both included.

    Raises:
        ArgumentError: ``steps`` is negative.

    Example:
        >>> linspace(0, 1, 3).tolist()
        [0.0, 0.5, 1.0]
    """
    if steps < 0:
        raise ArgumentError(
            message("linspace", "0 steps or more", str(steps), "pass how many numbers to make")
        )
    return _spaced("linspace", np.linspace(_number(start), _number(end), steps), dtype, options)


@composed()
def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, dtype: Any = None, **options: Any
) -> Any:
    """Return baseᵉ for ``steps`` evenly spaced exponents e from ``start`` to ``end``."""
    if steps < 0:
        raise ArgumentError(
            message("logspace", "0 steps or more", str(steps), "pass how many numbers to make")
        )
    return _spaced("logspace", base ** np.linspace(_number(start), _number(end), steps), dtype, options)


@composed()
def eye(n: int, m: int | None = None, *, dtype: Any = None, **options: Any) -> Any:
    """Return the n × m matrix (n × n) with ones on the diagonal and zeros elsewhere.

    Raises:
        ShapeError: n or m is negative.
    """
    rows, columns = sizes("eye", (n, n if m is None else m))
    kind = as_jax(get_default_dtype() if dtype is None else dtype)
    array = (
        jnp.eye(rows, columns, dtype=kind) if local.trace is not None else np.eye(rows, columns, dtype=kind)
    )
    device, requires_grad = options.pop("device", None), options.pop("requires_grad", False)
    return _finish("eye", jnp.asarray(array), device, requires_grad, options.pop("out", None), options)


@composed()
def scalar_tensor(s: Any, *, dtype: Any = None, **options: Any) -> Any:
    """Return a 0-d tensor of a number, of the default float type unless ``dtype`` says otherwise."""
    return tensor(s, dtype=get_default_dtype() if dtype is None else dtype, **options)


def _triangle(name: str, indices: Callable[..., Any]) -> Callable[..., Any]:
    def make(row: int, col: int, offset: int = 0, *, dtype: Any = int64, **options: Any) -> Any:
        found = np.stack(indices(row, offset, col))
        return tensor(found, dtype=as_dtype(dtype), **options)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"Return the row and column indices, (2, n), of the {name[:3]} part of a row × col matrix."
    return composed(name=name)(make)


tril_indices = _triangle("tril_indices", np.tril_indices)
triu_indices = _triangle("triu_indices", np.triu_indices)
