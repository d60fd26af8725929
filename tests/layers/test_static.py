"""Snapshots of plain values, and what modules tell compiled functions about themselves."""

from __future__ import annotations

import copy
import dataclasses
import itertools
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import xlagrad.layers as nn
from xlagrad.core.compile import compile
from xlagrad.core.tensor import Parameter, Tensor
from xlagrad.layers.static import Same, freeze, is_mutable


@dataclasses.dataclass
class Config:
    width: int = 3
    names: list[str] = dataclasses.field(default_factory=list)


class Plain:
    def __init__(self) -> None:
        self.p = 0.5


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, True),
        (1, 1.0),
        (0.0, -0.0),
        ("1", 1),
        ([1], (1,)),
        ([1, 2], [2, 1]),
        ({"a": 1}, {"a": 2}),
        ({1}, {2}),
        (np.zeros(2), np.zeros(2, np.float32)),
        (np.zeros(2), np.array([0.0, 1.0])),
        (Config(3), Config(4)),
        (Config(names=["a"]), Config(names=["b"])),
        (types.SimpleNamespace(p=1), types.SimpleNamespace(p=2)),
        (int, float),
        (len, sum),
        (None, False),
        (object(), object()),
        (Tensor([1.0]), Tensor([1.0])),
    ],
)
def test_different_values_have_different_snapshots(a: Any, b: Any) -> None:
    assert freeze(a) != freeze(b)
    assert freeze(a) == freeze(a)
    hash(freeze(a))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (float("nan"), float("nan")),
        ([1, {"a": (2,)}], [1, {"a": (2,)}]),
        (Config(2), Config(2)),
        (Plain(), Plain()),
    ],
)
def test_equal_values_have_equal_snapshots(a: Any, b: Any) -> None:
    assert freeze(a) == freeze(b)
    assert hash(freeze(a)) == hash(freeze(b))


def test_large_values_go_by_identity_where_it_must_be_quick() -> None:
    for value in (list(range(1000)), dict.fromkeys(range(1000)), np.zeros(100_000)):
        other = copy.copy(value)
        assert freeze(value) == freeze(other)
        assert freeze(value, whole=False) == freeze(value, whole=False)
        assert freeze(value, whole=False) != freeze(other, whole=False)
    grown = list(range(1000))
    before = freeze(grown, whole=False)
    grown.append(1)
    assert freeze(grown, whole=False) != before
    holder = Plain()
    holder.p = grown  # type: ignore[assignment]
    assert not is_mutable(holder)


def test_a_container_that_holds_itself_ends() -> None:
    loop: list[Any] = [1]
    loop.append(loop)
    assert freeze(loop) == freeze(loop)


def test_identity_outlives_no_object() -> None:
    t = Tensor([1.0])
    kept = Same(t)
    key = kept.key
    del t
    assert kept != Same(Tensor([2.0]))
    assert kept.key == key
    assert kept != Same(3)


def test_what_can_change_unannounced() -> None:
    for value in (3, "a", (1, 2), None, len, int, Tensor([1.0])):
        assert not is_mutable(value)
    for value in ([], {}, ([],), np.zeros(1), Config(), Plain(), types.SimpleNamespace()):
        assert is_mutable(value)


class Scaled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w = Parameter(Tensor([1.0]))
        self.scale = 2.0
        self.table = {"shift": 0.0}
        self.config = Config(0)

    def forward(self, x: Any) -> Any:
        y = self.w * x * self.scale + self.table["shift"] + self.config.width
        return y if self.training else -y


CHANGES: dict[str, tuple[Callable[[Any], Any], float]] = {
    "attribute": (lambda m: setattr(m, "scale", 5.0), 15.0),
    "dictionary": (lambda m: m.table.update(shift=1.0), 7.0),
    "dataclass": (lambda m: setattr(m.config, "width", 4), 10.0),
    "mode": (lambda m: m.eval(), -6.0),
    "parameter": (lambda m: setattr(m, "w", Parameter(Tensor([4.0]))), 24.0),
    "value of a parameter": (lambda m: m.w.data.fill_(3.0), 18.0),
    "forward": (lambda m: setattr(m, "forward", lambda x: x), 3.0),
}


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("nested", [False, True])
def test_compiled_calls_notice_what_changes(what: str, nested: bool) -> None:
    module = Scaled()
    outer = nn.Sequential(module) if nested else module
    step = compile(lambda x: outer(x))
    x = Tensor([3.0])
    assert step(x).item() == step(x).item() == 6.0
    change, expected = CHANGES[what]
    change(module)
    assert step(x).item() == step(x).item() == expected


def test_attributes_of_submodules_that_are_never_called_count() -> None:
    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Scaled()

        def forward(self, x: Any) -> Any:
            return x * self.inner.scale

    module = Reader()
    step = compile(module)
    assert step(Tensor([1.0])).item() == 2.0
    module.inner.scale = 7.0
    assert step(Tensor([1.0])).item() == 7.0


def test_a_trace_is_not_repeated_without_need() -> None:
    module = Scaled()
    runs = itertools.count()

    @compile
    def step(x: Any) -> Any:
        next(runs)
        return module(x)

    for _ in range(4):
        step(Tensor([3.0]))
    module.scale = 2.0
    nn.Linear(2, 2)
    step(Tensor([3.0]))
    assert next(runs) == 1
