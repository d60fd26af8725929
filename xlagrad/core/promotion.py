"""Type promotion: which type results when tensors of several types meet, by PyTorch's rules."""

from __future__ import annotations

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from xlagrad.core import dtypes, errors
from xlagrad.core.dtypes import DType

# How strongly an operand speaks: tensors with dimensions, then 0-d tensors, then Python numbers.
_DIMS, _ZERO, _WEAK = 0, 1, 2


@functools.cache
def promote_types(first: Any, second: Any) -> DType:
    """Return the smallest type that both types convert to, as PyTorch's lattice has it.

    Raises:
        DtypeError: there is none (an 8-bit float with another type, uint64 with a signed integer).

    Example:
        >>> (
        ...     promote_types("uint8", "int8"),
        ...     promote_types("float16", "bfloat16"),
        ...     promote_types("int64", "float16"),
        ... )
        (torch.int16, torch.float32, torch.float16)

    Source: ``torch.promote_types``. Deviation: uint16, uint32 and uint64 promote with other integers as the
    array API standard says (PyTorch refuses).
    """
    one, two = dtypes.as_dtype(first), dtypes.as_dtype(second)
    if one is two:
        return one
    low, high = sorted((one, two), key=_rank)
    if any(d.is_floating_point and d.itemsize == 1 for d in (one, two)):
        raise _no_common(one, two)
    if high.is_complex:
        wide = "float64" in (low.name, high.to_real().name) or low is dtypes.complex128
        return dtypes.complex128 if wide else dtypes.complex64
    if high.is_floating_point:
        same_size = low.is_floating_point and low.itemsize == high.itemsize
        return dtypes.float32 if same_size else high
    if low.is_signed == high.is_signed or low is dtypes.bool_:
        return high
    return _mixed_signs(one, two)


def _rank(dtype: DType) -> tuple[int, int]:
    kind = 3 if dtype.is_complex else 2 if dtype.is_floating_point else 0 if dtype is dtypes.bool_ else 1
    return kind, dtype.itemsize


def _mixed_signs(one: DType, two: DType) -> DType:
    signed, unsigned = (one, two) if one.is_signed else (two, one)
    if signed.itemsize > unsigned.itemsize:
        return signed
    if unsigned is dtypes.uint64:
        raise _no_common(one, two)
    return dtypes.as_dtype(f"int{16 * unsigned.itemsize}")


def _no_common(one: DType, two: DType) -> errors.DtypeError:
    text = errors.message(
        "promotion", "types with a common type", f"{one.name} and {two.name}", "convert one with .to"
    )
    return errors.DtypeError(text)


@functools.cache
def _resolve(operands: frozenset[tuple[DType, int]], default: DType) -> DType:
    """Combine the classes from the weakest up; a stronger class yields only to a higher kind of number."""
    result: DType | None = None
    for strength in (_WEAK, _ZERO, _DIMS):
        group: DType | None = None
        for dtype in sorted((d for d, s in operands if s == strength), key=_rank):
            group = dtype if group is None else promote_types(group, dtype)
        result = _combine(group, result)
    assert result is not None
    return result


def _combine(strong: DType | None, weak: DType | None) -> DType | None:
    if strong is None or weak is None:
        return strong if weak is None else weak
    if strong.is_complex:
        return strong
    if strong.is_floating_point:
        if not weak.is_complex:
            return strong
        # XLA has no complex32, which is what PyTorch makes of a float16 here.
        return dtypes.complex64 if strong is dtypes.float16 else strong.to_complex()
    if strong is dtypes.bool_ or weak.is_floating_point or weak.is_complex:
        return promote_types(strong, weak)
    return strong


def _classify(x: Any) -> tuple[DType, int]:
    # NumPy scalars count as Python numbers, as they do for PyTorch.
    if isinstance(x, (bool, np.bool_)):
        return dtypes.bool_, _WEAK
    if isinstance(x, (int, np.integer)):
        return dtypes.int64, _WEAK
    if isinstance(x, (complex, np.complexfloating)) and not isinstance(x, float):
        return dtypes.default_complex(), _WEAK
    if isinstance(x, (float, np.floating)):
        return dtypes.get_default_dtype(), _WEAK
    if isinstance(x, (DType, np.dtype, type)):
        return dtypes.as_dtype(x), _DIMS
    dtype = getattr(x, "dtype", None)
    if dtype is None:
        raise errors.DtypeError(
            errors.message("promotion", "tensors and numbers", errors.describe(x), "convert it with asarray")
        )
    found = dtypes.as_dtype(dtype)
    if x.ndim:
        return found, _DIMS
    if not getattr(x, "weak_type", False):
        return found, _ZERO
    if found.is_complex:
        return dtypes.default_complex(), _WEAK
    return (dtypes.get_default_dtype() if found.is_floating_point else found), _WEAK


def result_type(*xs: Any) -> DType:
    """Return the type of an operation on these tensors, numbers and types.

    Tensors with dimensions decide; 0-d tensors, and below them Python numbers, only matter if they are
    of a higher kind (bool < integer < floating point < complex). A Python float means the default type.
    The answer is a type that JAX computes in: 64-bit integers read int32 unless x64 is enabled.

    Raises:
        DtypeError: an operand has no type, or the types have no common one; no operands at all.

    Example:
        >>> (
        ...     result_type(np.zeros(3, np.int8), 2.5),
        ...     result_type(np.zeros(3, np.float16), np.zeros((), np.float32)),
        ... )
        (torch.float32, torch.float16)

    Source: ``torch.result_type`` and the array API's ``result_type``.
    """
    if not xs:
        raise errors.DtypeError(errors.message("result_type", "at least one operand", "none"))
    found = _resolve(frozenset(map(_classify, xs)), dtypes.get_default_dtype())
    return dtypes.canonical(found)


def promote(*xs: Any) -> tuple[jax.Array, ...]:
    """Convert arrays and numbers to their common type, as PyTorch does before an elementwise operation.

    Args:
        *xs: arrays, tracers, or numbers; a weakly typed 0-d array counts as a Python number.

    Returns:
        The arrays, all strongly typed, in the type of `result_type`.

    Raises:
        DtypeError: as `result_type`.

    Example:
        >>> x, y = promote(jnp.zeros(3, jnp.int32), 0.5)
        >>> x.dtype, y.dtype
        (dtype('float32'), dtype('float32'))
    """
    dtype = result_type(*xs).dtype
    return tuple(_convert(x, dtype) for x in xs)


def promote_float(*xs: Any) -> tuple[jax.Array, ...]:
    """Convert as `promote`, and integers and bools further to the default floating-point type.

    For operations such as ``sin`` and true division, whose results are never integers.

    Example:
        >>> promote_float(jnp.arange(3))[0].dtype
        dtype('float32')
    """
    found = result_type(*xs)
    if not (found.is_floating_point or found.is_complex):
        found = dtypes.get_default_dtype()
    return tuple(_convert(x, found.dtype) for x in xs)


def _convert(x: Any, dtype: np.dtype[Any]) -> jax.Array:
    if isinstance(x, jax.Array):
        if x.dtype == np.bool_ and jnp.issubdtype(dtype, jnp.inexact):
            # XLA makes a choice of a product with a converted boolean, and loses inf · 0 with it.
            return jnp.where(x, jnp.ones((), dtype), jnp.zeros((), dtype))
        return lax.convert_element_type(x, dtype)
    return jnp.asarray(x, dtype=dtype)


def can_cast(source: Any, target: Any) -> bool:
    """Return whether a result of one type may be written into a tensor of another.

    Never to a lower kind of number (complex > floating point > integer > bool); within a kind, always.

    Example:
        >>> can_cast("float32", "float16"), can_cast("float32", "int64")
        (True, False)

    Source: ``torch.can_cast``.
    """
    return _rank(dtypes.as_dtype(source))[0] <= _rank(dtypes.as_dtype(target))[0]
