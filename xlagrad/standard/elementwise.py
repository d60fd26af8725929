"""Elementwise functions: where the standard and PyTorch agree, the record itself."""

from __future__ import annotations

from typing import Any

from xlagrad.ops import (
    arithmetic,
    choose,
    compare,
    convert,
    exponential,
    logical,
    numbers,
    trigonometric,
    unary,
)

abs = unary.abs
acos = trigonometric.acos
acosh = trigonometric.acosh
add = arithmetic.add
asin = trigonometric.asin
asinh = trigonometric.asinh
atan = trigonometric.atan
atan2 = trigonometric.atan2
atanh = trigonometric.atanh
bitwise_and = logical.bitwise_and
bitwise_invert = logical.bitwise_not
bitwise_left_shift = logical.bitwise_left_shift
bitwise_or = logical.bitwise_or
bitwise_right_shift = logical.bitwise_right_shift
bitwise_xor = logical.bitwise_xor
ceil = unary.ceil
conj = unary.conj
copysign = numbers.copysign
cos = trigonometric.cos
cosh = trigonometric.cosh
divide = arithmetic.div
equal = compare.eq
exp = exponential.exp
expm1 = exponential.expm1
floor = unary.floor
floor_divide = arithmetic.floor_divide
greater = compare.gt
greater_equal = compare.ge
hypot = trigonometric.hypot
imag = unary.imag
isfinite = compare.isfinite
isinf = compare.isinf
isnan = compare.isnan
less = compare.lt
less_equal = compare.le
log = exponential.log
log10 = exponential.log10
log1p = exponential.log1p
log2 = exponential.log2
logaddexp = exponential.logaddexp
logical_and = logical.logical_and
logical_not = logical.logical_not
logical_or = logical.logical_or
logical_xor = logical.logical_xor
maximum = choose.maximum
minimum = choose.minimum
multiply = arithmetic.mul
negative = unary.neg
nextafter = numbers.nextafter
not_equal = compare.ne
positive = unary.positive
pow = exponential.pow
real = unary.real
reciprocal = exponential.reciprocal
remainder = arithmetic.remainder
round = unary.round
signbit = unary.signbit
sin = trigonometric.sin
sinh = trigonometric.sinh
sqrt = exponential.sqrt
square = exponential.square
subtract = arithmetic.sub
tan = trigonometric.tan
tanh = trigonometric.tanh
trunc = unary.trunc


def sign(x: Any, /) -> Any:
    """x / |x|, and 0 at 0; NaN stays NaN, where PyTorch has 0.

    Example:
        >>> import xlagrad as xg
        >>> xg.sign(xg.asarray([-2.0, 0.0])).tolist()
        [-1.0, 0.0]
    """
    found = unary.sgn(x)
    return choose.choose(compare.isnan(x), x, found) if x.dtype.is_floating_point else found


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """min(max(x, lower), upper), elementwise; without bounds the elements themselves.

    Example:
        >>> import xlagrad as xg
        >>> xg.clip(xg.asarray([-1.0, 0.5, 2.0]), 0, 1).tolist()
        [0.0, 0.5, 1.0]
    """
    return x.clone() if min is None and max is None else convert.cast(choose.clamp(x, min, max), x.dtype)


def where(condition: Any, x1: Any, x2: Any, /) -> Any:
    """x1 where the condition holds, else x2, elementwise with broadcasting.

    Example:
        >>> import xlagrad as xg
        >>> xg.where(xg.asarray([True, False]), 1, 0).tolist()
        [1, 0]
    """
    return choose.choose(condition, x1, x2)
