"""Methods that change a tensor's shape or memory, against PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import xlagrad as xg
import xlagrad.torch as ours
from tests.core.agreement import agree
from xlagrad.core.errors import StateError

PROGRAMS: dict[str, Callable[[Any, Any], Any]] = {
    "resize_ smaller": lambda t, x: x.resize_(2, 2),
    "resize_ to a tuple": lambda t, x: x.resize_((4, 3)),
    "resize_ to a number": lambda t, x: x.resize_(()),
    "resize_ larger": lambda t, x: x.resize_(5, 5).shape,
    "resize_as_": lambda t, x: t.resize_as_(x, t.zeros(2, 3)),
    "resize_ a view": lambda t, x: x[1].resize_(2, 3).mul_(10),
    "resize_ what requires grad": lambda t, x: x.requires_grad_().resize_(2),
    "as_strided_": lambda t, x: (x.as_strided_((2, 2), (1, 3), 1), x.stride()),
    "as_strided_ twice": lambda t, x: x.as_strided_((2,), (1,)).as_strided_((2,), (8,), 1).mul_(2),
    "as_strided_ outside": lambda t, x: x.as_strided_((20,), (1,)),
    "as_strided_ in a graph": lambda t, x: (x.requires_grad_() * 2).as_strided_((2, 2), (1, 3)).detach(),
    "swapaxes_": lambda t, x: x.swapaxes_(0, 1),
    "swapdims_": lambda t, x: x.swapdims_(0, -1),
    "fill_diagonal_": lambda t, x: x.fill_diagonal_(5),
    "fill_diagonal_ of a tall one": lambda t, x: x.view(6, 2).fill_diagonal_(5),
    "fill_diagonal_ wrapped": lambda t, x: x.view(6, 2).fill_diagonal_(5, wrap=True),
    "fill_diagonal_ of a cube": lambda t, x: t.zeros(2, 2, 2).fill_diagonal_(1.5),
    "fill_diagonal_ of a box": lambda t, x: t.zeros(2, 2, 3).fill_diagonal_(1.5),
    "fill_diagonal_ of a vector": lambda t, x: x[0].fill_diagonal_(1),
    "set_": lambda t, x: x.set_(t.ones(2)),
    "set_ nothing": lambda t, x: x.set_(),
    "set_ strided": lambda t, x: x.set_(t.arange(6.0), 1, (2, 2), (1, 2)),
    "set_ another type": lambda t, x: x.set_(t.ones(2, dtype=t.int32)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_methods(name: str) -> None:
    def program(t: Any) -> Any:
        x = t.arange(12.0).reshape(3, 4).clone()
        result = PROGRAMS[name](t, x)
        return result, x.detach() if "larger" not in name else x.shape

    agree(program)


def test_gradients_of_fill_diagonal() -> None:
    def program(t: Any) -> Any:
        leaf = t.ones(4, 3, requires_grad=True)
        x = leaf * 2
        x.fill_diagonal_(7)
        (x * x).sum().backward()
        return leaf.grad

    agree(program)


def test_resize_beyond_the_storage_of_a_view_is_refused() -> None:
    with pytest.raises(StateError, match="resize the tensor it is a view of"):
        ours.zeros(6)[2:].resize_(9)


def test_resize_under_compile() -> None:
    x = ours.arange(6.0)

    def step() -> Any:
        return x.resize_(2, 2) * 2

    assert xg.compile(step)().tolist() == [[0.0, 2.0], [4.0, 6.0]]
    assert x.tolist() == [[0.0, 1.0], [2.0, 3.0]]
    with pytest.raises(StateError, match="of the traced function"):
        xg.compile(lambda: x.as_strided_((2,), (1,)))()
