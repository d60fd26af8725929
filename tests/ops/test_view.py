"""Views against PyTorch: values, gradients, compiled; and arguments out of range."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import xlagrad.torch as ours
from tests.core.agreement import Raised, agree, check_error, outcome, same
from tests.ops.compare import check, tensor

X = tensor(2, 3, 4)

VIEWS: dict[str, Callable[[Any], Any]] = {
    "reshape": lambda x: x.reshape(4, -1),
    "reshape of a tuple": lambda x: x.reshape((3, 8)),
    "reshape to a scalar's shape": lambda x: x[0, 0, 0].reshape(()),
    "reshape that copies": lambda x: x.permute(2, 1, 0).reshape(6, 4),
    "reshape_as": lambda x: x.reshape_as(x.flatten()),
    "view": lambda x: x.view(2, 1, 12),
    "view of a transposed": lambda x: x.transpose(0, 1).view(3, 2, 2, 2),
    "view_as": lambda x: x.view_as(x.reshape(6, 4)),
    "flatten": lambda x: x.flatten(1),
    "flatten a scalar": lambda x: x.sum().flatten(),
    "ravel": lambda x: x.transpose(1, 2).ravel(),
    "unflatten": lambda x: x.unflatten(-1, (2, -1)),
    "squeeze": lambda x: x[:, :1].squeeze(),
    "squeeze one": lambda x: x[:, :1].squeeze(1).squeeze(0),
    "squeeze several": lambda x: x[:1, :1].squeeze((0, 1)),
    "unsqueeze": lambda x: x.unsqueeze(-1).unsqueeze(0),
    "permute": lambda x: x.permute(2, 0, -2),
    "permute of a tuple": lambda x: x.permute((1, 0, 2)),
    "transpose": lambda x: x.transpose(-1, 0),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "t": lambda x: x[0].t(),
    "T": lambda x: x[0].T,
    "mT": lambda x: x.mT,
    "movedim": lambda x: x.movedim(0, -1),
    "movedim of several": lambda x: x.movedim((0, 1), (2, 0)),
    "moveaxis": lambda x: x.moveaxis(2, 0),
    "expand": lambda x: x[:, :1].expand(-1, 5, 4),
    "expand to more": lambda x: x.expand(2, 2, 3, 4),
    "expand_as": lambda x: x[0, 0].expand_as(x),
    "broadcast_to": lambda x: x[0].broadcast_to((2, 3, 4)),
    "diagonal": lambda x: x.diagonal(),
    "diagonal above": lambda x: x.diagonal(2, 1, 2),
    "diagonal below": lambda x: x.diagonal(-1, -1, 0),
    "diagonal outside": lambda x: x.diagonal(9, 0, 1),
    "clone": lambda x: x.clone(),
    "contiguous": lambda x: x.mT.contiguous(),
    "narrow": lambda x: x.narrow(-1, 1, 2),
    "narrow to nothing": lambda x: x.narrow(0, 2, 0),
    "select": lambda x: x.select(1, -1),
    "split": lambda x: x.split(2, -1),
    "split unevenly": lambda x: x.split(2, 1),
    "split at": lambda x: x.split([1, 0, 3], 2),
    "chunk": lambda x: x.chunk(3, 2),
    "chunk to more than there is": lambda x: x.chunk(5, 0),
    "unbind": lambda x: x.unbind(1),
}


@pytest.mark.parametrize("name", VIEWS)
def test_views(name: str) -> None:
    check(
        VIEWS[name], X.clone(), second=name in ("reshape that copies", "expand", "diagonal above", "split at")
    )


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (1,), (1, 1)])
def test_views_of_extreme_shapes(shape: tuple[int, ...]) -> None:
    def program(t: Any) -> Any:
        x = t.ones(shape)
        found = [
            x.reshape(-1),
            x.flatten(),
            x.squeeze(),
            x.unsqueeze(0),
            x.reshape(shape),
            x.clone(),
            x.view(shape),
        ]
        return [*found, x.permute(*reversed(range(x.ndim))) if shape else x, x.expand(2, *shape)]

    agree(program)


def test_detach_passes_no_gradient() -> None:
    def program(t: Any) -> Any:
        x = t.tensor([1.0, 2.0], requires_grad=True)
        (x.detach() * x).sum().backward()
        return x.grad, x.detach().requires_grad

    agree(program)


def test_views_of_plain_arrays() -> None:
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    for function in (
        lambda m, x: m.reshape(x, (3, 2)), lambda m, x: m.transpose(x, 0, 1), lambda m, x: m.squeeze(x, 0),
        lambda m, x: m.unsqueeze(x, 0), lambda m, x: m.flatten(x), lambda m, x: m.diagonal(x),
        lambda m, x: m.detach(x),
    ):  # fmt: skip
        got = function(ours, jnp.asarray(x))
        assert not isinstance(got, ours.Tensor)
        assert got.tolist() == function(ours, ours.tensor(x)).tolist()


METHODS = [
    "reshape", "view", "flatten", "unflatten", "squeeze", "unsqueeze", "permute", "transpose", "movedim",
    "expand", "broadcast_to", "diagonal", "narrow", "select", "split", "chunk", "unbind", "t",
]  # fmt: skip
NUMBERS = st.integers(-4, 5)
GOOD = st.one_of(NUMBERS, st.lists(NUMBERS, max_size=3).map(tuple))
BAD = st.one_of(
    GOOD, st.none(), st.text(max_size=2), st.floats(), st.booleans(), st.lists(st.text(max_size=1))
)


@given(
    st.sampled_from(METHODS), st.sampled_from([(), (3,), (2, 3), (2, 1, 3), (0, 3)]),
    st.lists(GOOD, max_size=3),
)  # fmt: skip
def test_arguments_out_of_range(name: str, shape: tuple[int, ...], args: list[Any]) -> None:
    def program(t: Any) -> Any:
        return getattr(t.arange(float(np.prod(shape))).reshape(shape), name)(*args)

    want = outcome(program, torch)
    got = outcome(program, ours)
    if isinstance(want, Raised) and isinstance(got, Raised) and type(got.error) is TypeError:
        assert "argument" in str(got.error)  # Python's own, about their number
        return
    same(got, want)


@given(st.sampled_from(METHODS), st.lists(BAD, max_size=3))
def test_arguments_of_the_wrong_kind(name: str, args: list[Any]) -> None:
    x = ours.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    try:
        getattr(x, name)(*args)
    except Exception as error:
        if type(error) is not TypeError or "argument" not in str(error):
            check_error(error)
    assert (x.tolist(), tuple(x.shape), x._version, x.grad) == ([[1.0, 2.0], [3.0, 4.0]], (2, 2), 0, None)
