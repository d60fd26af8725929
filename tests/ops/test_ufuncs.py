"""NumPy's functions and operators on tensors: what PyTorch gives, or an error, and no gradient lost."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import xlagrad.torch as ours
from xlagrad.core.errors import AutogradError, DtypeError, TraceError
from xlagrad.core.tensor import Tensor
from xlagrad.ops.ufuncs import _OPERATORS

VECTOR = np.array([1.0, 2.0, 4.0], np.float32)
SQUARE = np.arange(9, dtype=np.float32).reshape(3, 3) + np.eye(3, dtype=np.float32)

BOTH: dict[str, Callable[[Any], Any]] = {
    "sin": lambda t: np.sin(t([1.0, 2.0])),
    "sqrt of a number": lambda t: np.sqrt(t(4.0)),
    "exp of a half": lambda t: np.exp(t([1.0, 2.0]).half()),
    "add arrays": lambda t: np.add(VECTOR, t([1.0, 2.0, 3.0])),
    "add tensors": lambda t: np.add(t([1.0, 2.0]), t([3.0, 4.0])),
    "maximum": lambda t: np.maximum(VECTOR, t([3.0, 2.0, 1.0])),
    "hypot": lambda t: np.hypot(t([3.0]), 4),
    "modf": lambda t: np.modf(t([1.5, -2.5])),
    "reduce": lambda t: np.add.reduce(t([1.0, 2.0])),
    "accumulate": lambda t: np.multiply.accumulate(t([1.0, 2.0, 3.0])),
    "number times tensor": lambda t: np.float32(3) * t([1.0, 2.0]),
    "double times tensor": lambda t: np.float64(3) * t([1.0, 2.0]),
    "power of a number": lambda t: np.float32(2) ** t([1.0, 2.0]),
    "tensor plus array": lambda t: t([1.0, 2.0, 3.0]) + VECTOR,
    "tensor at array": lambda t: t([1.0, 2.0, 3.0]) @ SQUARE,
    "matmul": lambda t: np.matmul(SQUARE, t([1.0, 2.0, 3.0])),
    "clip": lambda t: np.clip(t([1.0, 2.0, 3.0]), 1.5, 2.5),
    "reshape": lambda t: np.reshape(t(SQUARE.tolist()), (1, 9)),
    "repeat": lambda t: np.repeat(t([1.0, 2.0]), 2),
    "take": lambda t: np.take(t([1.0, 2.0]), [1, 1]),
    "round": lambda t: np.round(t([1.5, 2.5])),
    "inverse": lambda t: np.linalg.inv(t(SQUARE.tolist())),
    "where": lambda t: np.where(t([1.0, 3.0]) > 2, t([1.0, 2.0]), 0),
    "concatenate": lambda t: np.concatenate([t([1.0, 2.0]), t([3.0])]),
    "stack": lambda t: np.stack([t([1.0, 2.0]), t([3.0, 4.0])]),
    "dot": lambda t: np.dot(t([1.0, 2.0]), t([3.0, 4.0])),
    "einsum": lambda t: np.einsum("i,i->", t([1.0, 2.0]), t([3.0, 4.0])),
    "norm": lambda t: np.linalg.norm(t([3.0, 4.0])),
    "array of a dtype": lambda t: np.array(t([1.0, 2.0]), np.float64),
    "array of tensors": lambda t: np.array([t([1.0, 2.0]), t([3.0, 4.0])]),
    "index": lambda t: VECTOR[t([0, 2])],
    "assignment": lambda t: _assigned(t([5.0, 6.0, 7.0])),
    "out": lambda t: np.subtract(VECTOR, t([1.0, 1.0, 1.0]), out=np.zeros(3, np.float32)),
    "gradient": lambda t: (np.float32(3) * t([1.0, 2.0]).requires_grad_()).requires_grad,
}


def _assigned(value: Any) -> Any:
    array = VECTOR.copy()
    array[:] = value
    return array


def _plain(value: Any, kind: type) -> Any:
    """Return the structure, kinds, types and values of a result."""
    if isinstance(value, tuple):
        return tuple(_plain(v, kind) for v in value)
    tensor = isinstance(value, kind)
    array = np.asarray(value)
    return tensor, str(array.dtype), array.shape, array.tolist()


@pytest.mark.parametrize("name", BOTH)
def test_as_pytorch(name: str) -> None:
    with warnings.catch_warnings():
        # NumPy finds the signature of PyTorch's __array_wrap__ outdated.
        warnings.simplefilter("ignore", DeprecationWarning)
        want = _plain(BOTH[name](torch.tensor), torch.Tensor)
    got = _plain(BOTH[name](ours.tensor), Tensor)
    flat_want, flat_got = (x if isinstance(x[0], tuple) else (x,) for x in (want, got))
    for w, g in zip(flat_want, flat_got, strict=True):
        assert g[:3] == w[:3]
        np.testing.assert_allclose(g[3], w[3], rtol=1e-5)


SYMBOLS = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "floor_divide": operator.floordiv, "remainder": operator.mod, "power": operator.pow,
    "matmul": operator.matmul, "less": operator.lt, "less_equal": operator.le, "greater": operator.gt,
    "greater_equal": operator.ge, "equal": operator.eq, "not_equal": operator.ne,
    "bitwise_and": operator.and_, "bitwise_or": operator.or_, "bitwise_xor": operator.xor,
    "left_shift": operator.lshift, "right_shift": operator.rshift,
}  # fmt: skip


@pytest.mark.parametrize("ufunc", _OPERATORS, ids=lambda u: u.__name__)
def test_operators_of_arrays_are_those_of_tensors(ufunc: np.ufunc) -> None:
    symbol = SYMBOLS[ufunc.__name__]
    whole = ufunc.__name__.startswith(("bitwise", "left", "right"))
    array = np.array([5, 3, 2], np.int32) if whole else VECTOR
    other = [1, 3, 2] if whole else [3.0, 2.0, 1.0]
    got = symbol(array, ours.tensor(other))
    assert type(got) is Tensor
    want = symbol(torch.tensor(array), torch.tensor(other))
    assert got.tolist() == want.tolist()
    if want.is_floating_point():
        variable = ours.tensor(other, requires_grad=True)
        assert symbol(array, variable).requires_grad


def test_augmented_assignment_writes_the_array() -> None:
    array = VECTOR.copy()
    same = array
    array += ours.tensor([1.0, 1.0, 1.0])
    assert array is same
    assert array.tolist() == [2.0, 3.0, 5.0]
    np.add.at(array, [0, 0], ours.tensor([1.0, 1.0]))
    assert array.tolist() == [4.0, 3.0, 5.0]


@pytest.mark.parametrize(
    "use",
    [
        np.sin,
        np.asarray,
        np.add.reduce,
        lambda x: np.array([x, x]),
        lambda x: np.concatenate([x, x]),
        lambda x: np.allclose(x, 1),
        lambda x: np.dot(x, x),
        lambda x: operator.iadd(VECTOR.copy(), x),
        _assigned,
    ],
    ids=["sin", "asarray", "reduce", "array", "concatenate", "allclose", "dot", "iadd", "setitem"],
)
def test_no_gradient_is_lost(use: Callable[[Any], Any]) -> None:
    with warnings.catch_warnings(), pytest.raises((RuntimeError, TypeError)):
        warnings.simplefilter("ignore", DeprecationWarning)
        use(torch.tensor([1.0, 2.0, 3.0], requires_grad=True))
    with pytest.raises(AutogradError, match=r"use .detach\(\).numpy\(\)"):
        use(ours.tensor([1.0, 2.0, 3.0], requires_grad=True))
    use(ours.tensor([1.0, 2.0, 3.0], requires_grad=True).detach())


def test_a_tensor_is_no_place_for_results() -> None:
    with pytest.raises(DtypeError, match=r"np.add: expected an array as 'out', got a tensor"):
        np.add(VECTOR, VECTOR, out=ours.zeros(3))


@pytest.mark.parametrize("array", [np.array([None, 1], object), np.array(["a", "b"])], ids=["object", "text"])
def test_arrays_without_numbers(array: Any) -> None:
    for symbol in (operator.add, operator.eq):
        with pytest.raises(DtypeError, match=r"expected numbers, got ndarray of .+; convert them to numbers"):
            symbol(array, ours.tensor([1, 2]))


def test_traced() -> None:
    step = ours.compile(lambda x: np.float32(2) * x + VECTOR)
    assert step(ours.ones(3)).tolist() == [3.0, 4.0, 6.0]
    with pytest.raises(TraceError, match="a value that is known"):
        ours.compile(np.sin)(ours.ones(3))


def test_truth_values_stay_truth_values() -> None:
    got = np.isnan(ours.tensor([1.0, float("nan")]))
    assert got.dtype == ours.bool
    assert (~got).tolist() == [True, False]
