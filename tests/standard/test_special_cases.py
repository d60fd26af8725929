"""The standard's tables of special cases: zeros with signs, infinities and NaN, real and complex."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import xlagrad as xg

INF, NAN, PI = math.inf, math.nan, math.pi

#: (argument, value); a NaN is any NaN, a zero has its sign.
UNARY: dict[str, list[tuple[float, float]]] = {
    "abs": [(-0.0, 0.0), (-INF, INF), (NAN, NAN)],
    "acos": [(1.0, 0.0), (1.5, NAN), (-1.5, NAN)],
    "acosh": [(1.0, 0.0), (0.5, NAN), (INF, INF)],
    "asin": [(-0.0, -0.0), (1.5, NAN)],
    "asinh": [(-0.0, -0.0), (-INF, -INF)],
    "atan": [(-0.0, -0.0), (INF, PI / 2), (-INF, -PI / 2)],
    "atanh": [(-0.0, -0.0), (1.0, INF), (-1.0, -INF), (2.0, NAN)],
    "ceil": [(-0.0, -0.0), (-0.5, -0.0), (INF, INF), (2.0, 2.0)],
    "cos": [(-0.0, 1.0), (INF, NAN)],
    "cosh": [(-0.0, 1.0), (-INF, INF)],
    "exp": [(-0.0, 1.0), (INF, INF), (-INF, 0.0)],
    "expm1": [(-0.0, -0.0), (INF, INF), (-INF, -1.0)],
    "floor": [(-0.0, -0.0), (INF, INF), (-2.0, -2.0)],
    "log": [(0.0, -INF), (-0.0, -INF), (1.0, 0.0), (-1.0, NAN), (INF, INF)],
    "log10": [(0.0, -INF), (1.0, 0.0), (-1.0, NAN)],
    "log1p": [(-1.0, -INF), (-0.0, -0.0), (-2.0, NAN), (INF, INF)],
    "log2": [(0.0, -INF), (1.0, 0.0), (-1.0, NAN)],
    "reciprocal": [(0.0, INF), (-0.0, -INF), (INF, 0.0), (-INF, -0.0)],
    "round": [(-0.0, -0.0), (-0.5, -0.0), (2.5, 2.0), (3.5, 4.0), (INF, INF)],
    "sign": [(-0.0, 0.0), (-2.0, -1.0), (INF, 1.0), (NAN, NAN)],
    "sin": [(-0.0, -0.0), (INF, NAN)],
    "sinh": [(-0.0, -0.0), (-INF, -INF)],
    "sqrt": [(-0.0, -0.0), (-1.0, NAN), (INF, INF)],
    "tan": [(-0.0, -0.0), (INF, NAN)],
    "tanh": [(-0.0, -0.0), (INF, 1.0), (-INF, -1.0)],
    "trunc": [(-0.5, -0.0), (-INF, -INF), (0.5, 0.0)],
}

BINARY: dict[str, list[tuple[float, float, float]]] = {
    "add": [(INF, -INF, NAN), (-0.0, -0.0, -0.0), (-0.0, 0.0, 0.0), (INF, 1.0, INF)],
    "atan2": [(0.0, -0.0, PI), (-0.0, 0.0, -0.0), (-0.0, -1.0, -PI), (1.0, INF, 0.0), (INF, INF, PI / 4)],
    "copysign": [(1.0, -0.0, -1.0), (-1.0, 0.0, 1.0), (NAN, -1.0, NAN)],
    "divide": [(0.0, 0.0, NAN), (INF, INF, NAN), (1.0, -0.0, -INF), (-0.0, 1.0, -0.0)],
    "floor_divide": [
        (1.0, 0.0, INF), (-1.0, 0.0, -INF), (0.0, 0.0, NAN), (INF, 2.0, INF), (INF, -2.0, -INF),
        (-INF, 2.0, -INF), (1.0, INF, 0.0), (-1.0, INF, -0.0), (1.0, -INF, -0.0), (INF, INF, NAN),
        (-7.0, 2.0, -4.0),
    ],
    "hypot": [(INF, NAN, INF), (NAN, -INF, INF), (0.0, -0.0, 0.0)],
    "logaddexp": [(NAN, 1.0, NAN), (INF, 1.0, INF), (-INF, -INF, -INF)],
    "maximum": [(NAN, 1.0, NAN), (1.0, NAN, NAN), (-INF, 1.0, 1.0)],
    "minimum": [(NAN, 1.0, NAN), (1.0, NAN, NAN), (INF, 1.0, 1.0)],
    "multiply": [(INF, 0.0, NAN), (-0.0, 2.0, -0.0), (-INF, -2.0, INF)],
    "nextafter": [(1.0, 1.0, 1.0), (NAN, 1.0, NAN), (-0.0, 0.0, 0.0)],
    "pow": [
        (1.0, NAN, 1.0), (NAN, 0.0, 1.0), (2.0, INF, INF), (0.5, INF, 0.0), (0.5, -INF, INF),
        (-0.0, 3.0, -0.0), (-0.0, -3.0, -INF), (-INF, 3.0, -INF), (-8.0, 0.5, NAN), (1.0, -INF, 1.0),
    ],
    "remainder": [
        (1.0, 0.0, NAN), (INF, 1.0, NAN), (0.0, -1.0, -0.0), (-0.0, 1.0, 0.0), (-1.0, INF, INF),
        (1.0, INF, 1.0), (-5.0, 3.0, 1.0), (5.0, -3.0, -1.0), (4.0, -2.0, -0.0),
    ],
    "subtract": [(INF, INF, NAN), (-0.0, 0.0, -0.0), (0.0, 0.0, 0.0)],
}  # fmt: skip

#: Where C99's annex G says more than NaN in both parts.
COMPLEX: dict[str, list[tuple[complex, tuple[float, float]]]] = {
    "acos": [(complex(0, NAN), (PI / 2, NAN)), (complex(NAN, 1), (NAN, NAN))],
    "acosh": [(complex(0, NAN), (NAN, PI / 2)), (complex(-INF, INF), (INF, 3 * PI / 4))],
    "asinh": [(complex(NAN, 0), (NAN, 0.0)), (complex(INF, INF), (INF, PI / 4))],
    "atanh": [(complex(0, NAN), (0.0, NAN)), (complex(INF, NAN), (0.0, NAN)), (complex(1, NAN), (NAN, NAN))],
    "cosh": [(complex(0, INF), (NAN, 0.0)), (complex(INF, INF), (INF, NAN)), (complex(INF, NAN), (INF, NAN))],
    "exp": [
        (complex(INF, INF), (INF, NAN)),
        (complex(-INF, NAN), (0.0, 0.0)),
        (complex(INF, 0), (INF, 0.0)),
        (complex(1, INF), (NAN, NAN)),
    ],
    "expm1": [(complex(INF, NAN), (INF, NAN)), (complex(-INF, INF), (-1.0, 0.0))],
    "log": [(complex(0, 0), (-INF, 0.0)), (complex(INF, NAN), (INF, NAN)), (complex(NAN, INF), (INF, NAN))],
    "log1p": [(complex(-1, 0), (-INF, 0.0)), (complex(-INF, NAN), (INF, NAN))],
    "sign": [(complex(-0.0, -0.0), (0.0, 0.0)), (complex(0, -2), (0.0, -1.0))],
    "sinh": [(complex(0, INF), (0.0, NAN)), (complex(INF, NAN), (INF, NAN))],
    "sqrt": [
        (complex(1, INF), (INF, INF)),
        (complex(INF, NAN), (INF, NAN)),
        (complex(-INF, NAN), (NAN, INF)),
    ],
    "tanh": [(complex(0, NAN), (0.0, NAN)), (complex(INF, 2), (1.0, 0.0))],
}


def same(found: float, want: float, what: str) -> None:
    """Compare numbers: NaN with NaN, the sign of zeros too."""
    if want != want:
        assert found != found, f"{what}: {found}, not NaN"
    elif want == 0 or math.isinf(want):
        assert repr(found) == repr(want), f"{what}: {found}, not {want}"
    else:
        assert found == pytest.approx(want, rel=1e-6), f"{what}: {found}, not {want}"


@pytest.mark.parametrize("name", UNARY)
def test_unary(name: str) -> None:
    arguments = [x for x, _ in UNARY[name]]
    for (x, want), found in zip(UNARY[name], getattr(xg, name)(xg.asarray(arguments)).tolist(), strict=True):
        same(found, want, f"{name}({x})")


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "divide": operator.truediv,
    "floor_divide": operator.floordiv,
    "multiply": operator.mul,
    "pow": operator.pow,
    "remainder": operator.mod,
    "subtract": operator.sub,
}


@pytest.mark.parametrize("name", BINARY)
def test_binary(name: str) -> None:
    first, second, wanted = zip(*BINARY[name], strict=True)
    functions = [getattr(xg, name), *([OPERATORS[name]] if name in OPERATORS else [])]
    for function in functions:
        found = function(xg.asarray(first), xg.asarray(second)).tolist()
        for x1, x2, a, b in zip(first, second, found, wanted, strict=True):
            same(a, b, f"{name}({x1}, {x2})")


@pytest.mark.parametrize("name", COMPLEX)
def test_complex(name: str) -> None:
    arguments = xg.asarray(np.array([x for x, _ in COMPLEX[name]], np.complex64))
    for (x, want), found in zip(COMPLEX[name], getattr(xg, name)(arguments).tolist(), strict=True):
        # The standard leaves the signs of zeros open where one part is not finite.
        for part, value in zip((found.real, found.imag), want, strict=True):
            same(abs(part) if value == 0 else part, abs(value) if value == 0 else value, f"{name}({x})")


def test_zeros_of_a_remainder_pass_gradients() -> None:
    x, y = xg.asarray([4.0, -4.0, 5.0], requires_grad=True), xg.asarray([2.0, 2.0, -3.0], requires_grad=True)
    xg.sum(xg.remainder(x, y)).backward()
    assert x.grad.tolist() == [1.0, 1.0, 1.0]
    assert y.grad.tolist() == [-2.0, 2.0, 2.0]


def test_comparisons_with_nan() -> None:
    x = xg.asarray([NAN, 1.0])
    assert xg.equal(x, x).tolist() == [False, True]
    assert xg.not_equal(x, x).tolist() == [True, False]
    assert xg.less(x, xg.asarray([1.0, NAN])).tolist() == [False, False]
    assert xg.isnan(x).tolist() == [True, False]
    assert xg.signbit(xg.asarray([-0.0, 0.0])).tolist() == [True, False]


def test_reductions_of_nothing_and_of_nan() -> None:
    empty = xg.zeros((0, 2))
    assert xg.sum(empty, axis=0).tolist() == [0.0, 0.0]
    assert xg.prod(empty, axis=0).tolist() == [1.0, 1.0]
    assert xg.all(empty).item() is True
    assert xg.any(empty).item() is False
    with_nan = xg.asarray([1.0, NAN])
    for name in ("max", "min", "sum", "prod", "mean", "std", "var"):
        assert math.isnan(getattr(xg, name)(with_nan).item()), name
    assert xg.unique_values(xg.asarray([NAN, NAN, 1.0])).shape == (3,)
    assert xg.unique_counts(xg.asarray([-0.0, 0.0])).counts.tolist() == [2]
    assert xg.argmax(xg.asarray([2.0, NAN, 3.0])).item() == 1
