"""Python's operators on tensors."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from tests.ops.compare import Tensor, check, integers, tensor

ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod]
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
BITS = [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift]
Binary = Callable[[Any, Any], Any]


@pytest.mark.parametrize("of", ARITHMETIC)
def test_arithmetic(of: Binary) -> None:
    grad = of is not operator.floordiv
    check(of, tensor(3, 4), tensor(4, low=1.0), grad=grad, compiled=False)
    check(lambda x: of(x, 2.5), tensor(3, 4), grad=grad, compiled=False)
    grad = grad and of is not operator.mod  # PyTorch lacks it for a number on the left
    check(lambda x: of(2, x), tensor(3, 4, low=1.0), grad=grad, compiled=False)


@pytest.mark.parametrize("of", COMPARISONS)
def test_comparisons(of: Binary) -> None:
    check(of, tensor(3, 4), tensor(4), compiled=False)
    check(lambda x: of(1, x), integers(3), compiled=False)


@pytest.mark.parametrize("of", BITS)
def test_bits(of: Binary) -> None:
    check(of, integers(3), integers(3, low=0), compiled=False)
    check(lambda x: of(3, x), integers(3, low=0), compiled=False)


def test_powers_products_and_signs() -> None:
    check(operator.pow, tensor(3, low=0.5), tensor(3), compiled=False)
    check(lambda x: 2.0**x, tensor(3), compiled=False)
    check(operator.matmul, tensor(2, 3), tensor(3, 4), compiled=False)
    check(lambda x: (-x, +x, abs(x)), tensor(3))
    check(operator.invert, integers(3), compiled=False)
    check(operator.invert, torch.tensor([True, False]), compiled=False)


@pytest.mark.parametrize(
    "of", [operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow]
)
def test_augmented_assignment_writes_to_the_tensor(of: Binary) -> None:
    x = Tensor([1.0, 2.0])
    other = x
    other = of(other, 3)
    assert other is x
    want = of(torch.tensor([1.0, 2.0]), 3)
    assert x.tolist() == want.tolist()


def test_a_foreign_operand_has_its_turn() -> None:
    class Foreign:
        def __radd__(self, other: Any) -> str:
            return "theirs"

        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = object.__hash__

    x = Tensor([1.0])
    assert x + Foreign() == "theirs"
    assert x == Foreign()
    for other in ("text", [1.0], None):
        with pytest.raises(TypeError, match="unsupported operand"):
            x + other
    assert (x == None) is False  # noqa: E711
    assert (x != "text") is True


def test_numpy_operands_on_either_side() -> None:
    x = Tensor([1.0, 2.0])
    array = np.array([3.0, 4.0], np.float32)
    assert isinstance(x + array, Tensor)
    assert isinstance(x + np.float32(1), Tensor)
    assert (x + array).tolist() == [4.0, 6.0]


def test_tensors_hash_by_identity_and_contain_by_value() -> None:
    x, y = Tensor([1.0, 2.0]), Tensor([1.0, 2.0])
    assert len({x, y}) == 2
    assert {x: 1}[x] == 1
    assert 2.0 in x
    assert 3.0 not in x
