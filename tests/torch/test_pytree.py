"""`torch.utils._pytree`, and further places that programs import from, against PyTorch."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque, namedtuple
from typing import Any

import pytest
import torch as reference
import torch.utils._pytree as theirs

import xlagrad.torch as torch
from xlagrad.torch import _dynamo, functional
from xlagrad.torch.autograd import profiler
from xlagrad.torch.optim import optimizer
from xlagrad.torch.utils import _pytree as ours

Point = namedtuple("Point", "x y")

TREES: list[Any] = [
    3,
    None,
    [],
    {"b": 1, "a": [2, (3, None)]},
    OrderedDict([("z", 1), ("y", {"k": 2})]),
    defaultdict(list, {"a": 1}),
    deque([1, 2], maxlen=3),
    Point(1, Point(2, [3])),
    ({}, [()], "text"),
]


@pytest.mark.parametrize("tree", TREES, ids=range(len(TREES)))
def test_trees_are_those_of_pytorch(tree: Any) -> None:
    leaves, spec = ours.tree_flatten(tree)
    want, other = theirs.tree_flatten(tree)
    assert leaves == want and spec.num_leaves == other.num_leaves == len(leaves)
    assert ours.tree_unflatten(leaves, spec) == tree and type(ours.tree_unflatten(leaves, spec)) is type(tree)
    assert ours.tree_map(lambda x: [x], tree) == theirs.tree_map(lambda x: [x], tree)
    assert ours.tree_map_only(int, lambda x: -x, tree) == theirs.tree_map_only(int, lambda x: -x, tree)
    assert ours.tree_structure(tree) == spec and ours.tree_leaves(tree) == leaves
    assert ours.tree_any(lambda x: x == 2, tree) == theirs.tree_any(lambda x: x == 2, tree)
    assert ours.tree_all(lambda x: x == 2, tree) == theirs.tree_all(lambda x: x == 2, tree)


def test_tensors_are_leaves_and_several_trees_are_mapped_together() -> None:
    x = torch.ones(2)
    assert ours.tree_leaves({"a": x})[0] is x
    added = ours.tree_map(lambda a, b: a + b, {"a": x, "b": [1]}, {"a": x, "b": [2]})
    assert added["a"].tolist() == [2.0, 2.0] and added["b"] == [3]
    assert ours.tree_flatten([(1, 2), 3], is_leaf=lambda t: isinstance(t, tuple))[0] == [(1, 2), 3]
    seen: list[Any] = []
    assert ours.tree_map_(seen.append, (1, [2])) == (1, [2]) and seen == [1, 2]
    with pytest.raises(ValueError, match="expected 1 leaves, got 2"):
        ours.tree_unflatten([1, 2], ours.LeafSpec)
    with pytest.raises(ValueError, match="trees of the same containers, got list"):
        ours.tree_map(lambda a, b: a, (1, 2), [3])


def test_other_places_hold_the_same_things() -> None:
    assert functional.einsum is torch.einsum and set(functional.__all__) <= set(dir(reference.functional))
    assert optimizer.Optimizer is torch.optim.Optimizer
    _dynamo.config.suppress_errors = True
    f = _dynamo.optimize("inductor")(lambda x: x + 1)
    assert f(torch.ones(1)).tolist() == [2.0]
    _dynamo.graph_break()
    with profiler.profile(enabled=False) as prof:
        torch.ones(1)
    with pytest.raises(RuntimeError, match="a recording that has ended"):
        prof.key_averages()
    for module, name in ((_dynamo, "optimise"), (functional, "einsumm")):
        with pytest.raises(AttributeError, match="the nearest is"):
            getattr(module, name)
