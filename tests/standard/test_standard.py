"""The array API's functions against NumPy, which has the same names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import xlagrad as xg
from xlagrad.core.errors import ArgumentError, ShapeError

X = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
Y = np.abs(X[:, ::-1]) + 0.5
N = np.random.default_rng(1).integers(0, 5, (3, 4)).astype(np.int32)
B = N > 2

UNARY = """abs acos acosh asin asinh atan atanh ceil conj cos cosh exp expm1 floor isfinite isinf isnan log
    log1p log2 log10 logical_not negative positive reciprocal round sign signbit sin sinh sqrt square tan tanh
    trunc""".split()  # noqa: SIM905
BINARY = """add atan2 copysign divide equal floor_divide greater greater_equal hypot less less_equal logaddexp
    logical_and logical_or logical_xor maximum minimum multiply nextafter not_equal pow remainder
    subtract""".split()  # noqa: SIM905
OF_INTEGERS = ["bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift"]

Case = tuple[Callable[[Any], Any], ...]


def same(ours: Any, theirs: Any) -> None:
    """Compare nested results."""
    if isinstance(theirs, (tuple, list)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            same(a, b)
        return
    assert tuple(ours.shape) == np.shape(theirs)
    assert (ours.dtype == xg.bool) == (np.asarray(theirs).dtype == np.bool_)
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning", "ignore:divide by zero:RuntimeWarning")
def test_elementwise_functions() -> None:
    x, y, n = xg.asarray(X), xg.asarray(Y), xg.asarray(N)
    for name in UNARY:
        same(getattr(xg, name)(x), getattr(np, name)(X))
    for name in BINARY:
        same(getattr(xg, name)(y, y + 1), getattr(np, name)(Y, Y + 1))
    for name in OF_INTEGERS:
        same(getattr(xg, name)(n, n), getattr(np, name)(N, N))
    same(xg.bitwise_invert(n), ~N)
    same(xg.sign(xg.asarray([float("nan"), -0.0])), [float("nan"), 0.0])


@pytest.mark.parametrize(
    "name", ["sum", "prod", "mean", "std", "var", "max", "min", "any", "all", "count_nonzero"]
)
def test_reductions(name: str) -> None:
    for axis in (None, 1, -1, (0, 2), ()):
        if axis == () and name in ("std", "var", "count_nonzero"):
            continue
        options = {"axis": axis, "keepdims": axis == 1}
        same(getattr(xg, name)(xg.asarray(X), **options), getattr(np, name)(X, **options))


CASES: dict[str, Callable[[Any, Callable[[Any], Any]], Any]] = {
    "argmax": lambda m, a: m.argmax(a(X), axis=1, keepdims=True),
    "argmin": lambda m, a: m.argmin(a(X)),
    "argsort": lambda m, a: m.argsort(a(X), axis=1),
    "sort": lambda m, a: m.sort(a(X), axis=0),
    "cumulative_sum": lambda m, a: m.cumulative_sum(a(X), axis=1, include_initial=True),
    "cumulative_prod": lambda m, a: m.cumulative_prod(a(X), axis=-1),
    "diff": lambda m, a: m.diff(a(X), axis=1, n=2),
    "clip": lambda m, a: m.clip(a(X), -0.5, 0.5),
    "where": lambda m, a: m.where(a(B), a(N), a(N) + 10),
    "matmul": lambda m, a: m.matmul(a(X), m.matrix_transpose(a(Y))),
    "tensordot": lambda m, a: m.tensordot(a(X), a(Y), axes=((1, 2), (1, 2))),
    "vecdot": lambda m, a: m.vecdot(a(X), a(Y), axis=-2),
    "concat": lambda m, a: m.concat([a(X), a(Y)], axis=-1),
    "concat flat": lambda m, a: m.concat([a(X), a(Y)], axis=None),
    "stack": lambda m, a: m.stack([a(X), a(Y)], axis=1),
    "unstack": lambda m, a: m.unstack(a(X), axis=1),
    "flip": lambda m, a: m.flip(a(X), axis=(0, 1)),
    "flip all": lambda m, a: m.flip(a(X)),
    "roll": lambda m, a: m.roll(a(X), 2),
    "roll axes": lambda m, a: m.roll(a(X), (1, -1), axis=(0, 2)),
    "repeat": lambda m, a: m.repeat(a(X), 2, axis=1),
    "tile": lambda m, a: m.tile(a(N), (2, 1, 2)),
    "expand_dims": lambda m, a: m.expand_dims(a(X), axis=-1),
    "squeeze": lambda m, a: m.squeeze(a(X[:, :1]), 1),
    "permute_dims": lambda m, a: m.permute_dims(a(X), (2, 0, 1)),
    "moveaxis": lambda m, a: m.moveaxis(a(X), 0, -1),
    "reshape": lambda m, a: m.reshape(a(X), (6, -1)),
    "broadcast_to": lambda m, a: m.broadcast_to(a(N), (2, 3, 4)),
    "broadcast_arrays": lambda m, a: m.broadcast_arrays(a(X), a(N)),
    "meshgrid": lambda m, a: m.meshgrid(a(N[0]), a(N[:, 0])),
    "tril": lambda m, a: m.tril(a(X), k=1),
    "triu": lambda m, a: m.triu(a(X), k=-1),
    "nonzero": lambda m, a: m.nonzero(a(N)),
    "take": lambda m, a: m.take(a(N), a(np.array([2, 0])), axis=0),
    "take_along_axis": lambda m, a: m.take_along_axis(a(N), a(np.array([[0], [1], [2]])), axis=1),
    "searchsorted": lambda m, a: m.searchsorted(a(np.array([1, 3])), a(N), side="right"),
    "unique_all": lambda m, a: m.unique_all(a(N)),
    "unique_counts": lambda m, a: m.unique_counts(a(N)),
    "unique_inverse": lambda m, a: m.unique_inverse(a(N)),
    "unique_values": lambda m, a: m.sort(m.unique_values(a(N))),
}


@pytest.mark.parametrize("name", CASES)
def test_functions_with_arguments(name: str) -> None:
    same(CASES[name](xg, xg.asarray), CASES[name](np, np.asarray))


def test_types() -> None:
    x = xg.asarray([1.5])
    assert xg.astype(x, xg.int32).tolist() == [1]
    assert xg.astype(x, xg.float32, copy=False) is x
    assert xg.astype(x, xg.float32) is not x
    assert xg.can_cast(xg.int8, xg.int16)
    assert not xg.can_cast(xg.int16, xg.int8)
    assert xg.isdtype(xg.uint8, ("unsigned integer", xg.float32))
    assert not xg.isdtype(xg.bool, "numeric")
    assert xg.result_type(xg.asarray([1]), xg.float32) == xg.float32
    with pytest.raises(ArgumentError, match="isdtype: expected a type or one of bool, signed integer"):
        xg.isdtype(xg.bool, "floating")


def test_the_namespace_of_a_tensor() -> None:
    x = xg.asarray([1.0])
    assert x.__array_namespace__() is xg
    assert x.__array_namespace__(api_version="2023.12") is xg
    with pytest.raises(ArgumentError, match=r"__array_namespace__: .* 2021.12, .*, got '2019.01'"):
        x.__array_namespace__(api_version="2019.01")


def test_errors() -> None:
    with pytest.raises(ShapeError, match="squeeze: expected axis 0 to have length 1"):
        xg.squeeze(xg.asarray([1, 2]), 0)
    with pytest.raises(ShapeError, match=r"broadcast_shapes: .* got \(2,\) and \(3,\)"):
        xg.broadcast_shapes((2,), (3,))
    with pytest.raises(ShapeError, match="cumulative_sum: expected an axis for other than 1-d arrays"):
        xg.cumulative_sum(xg.asarray(X))
