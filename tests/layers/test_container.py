"""Containers of modules and parameters against PyTorch's: the same operations give the same listings."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest
import torch

import xlagrad.layers as nn
from xlagrad.core.tensor import Parameter, Tensor

Act = Callable[[Any, Any], Any]


class Ours:
    Linear, ReLU, Tanh, Identity = nn.Linear, nn.ReLU, nn.Tanh, nn.Identity
    Sequential, ModuleList, ModuleDict = nn.Sequential, nn.ModuleList, nn.ModuleDict
    ParameterList, ParameterDict, Module = nn.ParameterList, nn.ParameterDict, nn.Module
    Parameter = Parameter
    tensor = Tensor


class Torchs:
    Linear, ReLU, Tanh, Identity = torch.nn.Linear, torch.nn.ReLU, torch.nn.Tanh, torch.nn.Identity
    Sequential, ModuleList, ModuleDict = torch.nn.Sequential, torch.nn.ModuleList, torch.nn.ModuleDict
    ParameterList, ParameterDict, Module = torch.nn.ParameterList, torch.nn.ParameterDict, torch.nn.Module
    Parameter = torch.nn.Parameter
    tensor = torch.tensor


def three(p: Any) -> Any:
    return p.Sequential(p.Linear(2, 3), p.ReLU(), p.Tanh())


def values(p: Any) -> Any:
    return p.ParameterList([p.Parameter(p.tensor([[1.0, 2.0]])), p.tensor([3.0]), 4])


def named(p: Any) -> Any:
    return p.ParameterDict({"a": p.tensor([1.0]), "b": p.Parameter(p.tensor([[2.0]]))})


def act(fn: Act, p: Any, made: Any) -> Any:
    """Return the result of ``fn`` if it is no module, and what the container looks like after."""
    result = fn(p, made)
    shown = result if isinstance(result, (int, bool, str, list, tuple)) else repr(result)
    return (
        shown,
        repr(made),
        [name for name, _ in made.named_parameters()],
        [name for name, _ in made.named_children()],
    )


CASES: dict[str, tuple[Callable[[Any], Any], Act]] = {
    "get": (three, lambda p, m: m[-1]),
    "slice": (three, lambda p, m: m[1:]),
    "length": (three, lambda p, m: len(m)),
    "set": (three, lambda p, m: m.__setitem__(1, p.Identity())),
    "delete": (three, lambda p, m: m.__delitem__(0)),
    "delete slice": (three, lambda p, m: m.__delitem__(slice(0, 2))),
    "append": (three, lambda p, m: m.append(p.ReLU())),
    "extend": (three, lambda p, m: m.extend([p.ReLU(), p.ReLU()])),
    "insert": (three, lambda p, m: m.insert(1, p.Identity())),
    "insert from the end": (three, lambda p, m: m.insert(-1, p.Identity())),
    "pop": (three, lambda p, m: m.pop(1)),
    "add": (three, lambda p, m: m + p.Sequential(p.ReLU())),
    "add in place": (three, lambda p, m: m.__iadd__(p.Sequential(p.ReLU()))),
    "times": (three, lambda p, m: m * 2),
    "times in place": (three, lambda p, m: m.__imul__(2)),
    "iterate": (three, lambda p, m: [repr(c) for c in m]),
    "named": (
        lambda p: p.Sequential(OrderedDict(a=p.ReLU(), b=p.Tanh())),
        lambda p, m: m.a,
    ),
    "list": (lambda p: p.ModuleList([p.ReLU(), p.ReLU(), p.Linear(1, 1)]), lambda p, m: m[:2]),
    "list insert": (lambda p: p.ModuleList([p.ReLU()]), lambda p, m: m.insert(0, p.Tanh()) and None),
    "list add": (lambda p: p.ModuleList([p.ReLU()]), lambda p, m: m + [p.Tanh()]),
    "list pop": (lambda p: p.ModuleList([p.ReLU(), p.Tanh()]), lambda p, m: m.pop(0)),
    "empty list": (lambda p: p.ModuleList(), lambda p, m: len(m)),
    "nested list": (lambda p: p.ModuleList([three(p), three(p)]), lambda p, m: None),
    "dict": (
        lambda p: p.ModuleDict({"a": p.ReLU()}),
        lambda p, m: m.update([("b", p.Tanh()), ("a", p.Identity())]),
    ),
    "dict keys": (lambda p: p.ModuleDict({"a": p.ReLU()}), lambda p, m: [*m, *m.keys(), "a" in m, len(m)]),
    "dict pop": (lambda p: p.ModuleDict({"a": p.ReLU(), "b": p.Tanh()}), lambda p, m: m.pop("a")),
    "dict of dict": (
        lambda p: p.ModuleDict(p.ModuleDict({"a": p.ReLU()})),
        lambda p, m: list(m.items()) and 1,
    ),
    "dict clear": (lambda p: p.ModuleDict({"a": p.ReLU()}), lambda p, m: m.clear()),
    "values": (values, lambda p, m: len(m)),
    "values get": (values, lambda p, m: m[-1]),
    "values slice": (values, lambda p, m: m[:2]),
    "values set": (values, lambda p, m: m.__setitem__(2, p.Parameter(p.tensor([5.0])))),
    "values append": (values, lambda p, m: m.append(p.tensor([1.0, 2.0]))),
    "values extend": (values, lambda p, m: m.__iadd__([p.tensor([1.0])])),
    "named values": (named, lambda p, m: [*m, len(m), "a" in m, "z" in m]),
    "named values pop": (named, lambda p, m: (m.pop("a").tolist(), list(m.keys()))),
    "named values popitem": (named, lambda p, m: m.popitem()[0]),
    "named values update": (named, lambda p, m: m.update({"c": p.tensor([1.0])})),
    "named values or": (named, lambda p, m: m | p.ParameterDict({"c": p.tensor([1.0])})),
    "named values default": (named, lambda p, m: (m.get("z", 3), m.setdefault("y", 4), list(reversed(m)))),
    "named values copy": (named, lambda p, m: m.copy()),
    "named values from keys": (named, lambda p, m: m.fromkeys(["x", "y"], 3)),
    "named values clear": (named, lambda p, m: m.clear()),
}


@pytest.mark.parametrize("name", CASES)
def test_operations_have_torchs_results(name: str) -> None:
    make, fn = CASES[name]
    assert act(fn, Ours, make(Ours)) == act(fn, Torchs, make(Torchs))


WRONG: dict[str, tuple[Callable[[Any], Any], Act]] = {
    "index": (three, lambda p, m: m[7]),
    "insert": (three, lambda p, m: m.insert(9, p.ReLU())),
    "times nothing": (three, lambda p, m: m * 0),
    "times text": (three, lambda p, m: m * "a"),
    "key": (lambda p: p.ModuleDict(), lambda p, m: m["a"]),
    "values index": (values, lambda p, m: m[5]),
    "values of a tensor": (values, lambda p, m: m.extend(p.tensor([1.0]))),
    "values called": (values, lambda p, m: m()),
    "named values by number": (named, lambda p, m: m[3]),
}


@pytest.mark.parametrize("name", WRONG)
def test_errors_have_torchs_types(name: str) -> None:
    make, fn = WRONG[name]
    with pytest.raises(Exception) as torchs:
        fn(Torchs, make(Torchs))
    with pytest.raises(type(torchs.value)):
        fn(Ours, make(Ours))


def test_sequential_composes() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    x = Tensor([[1.0, 2.0]])
    assert model(x).tolist() == model[2](model[1](model[0](x))).tolist()
