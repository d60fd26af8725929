"""`torch.utils._pytree`: functions mapped over nested containers. Tensors and unknown objects are leaves."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TreeSpec:
    """The containers of a tree, without its leaves.

    Attributes:
        type: the class of the container, None for a leaf.
        context: what it needs besides its items to be built again: keys of a dict, the length of a deque.
        children_specs: the trees that its items are.
    """

    type: Any
    context: Any
    children_specs: tuple[TreeSpec, ...]

    @property
    def num_leaves(self) -> int:
        """How many leaves the tree has."""
        return 1 if self.type is None else sum(child.num_leaves for child in self.children_specs)

    def is_leaf(self) -> bool:
        """Return whether the tree is a leaf."""
        return self.type is None


LeafSpec = TreeSpec(None, None, ())


def _opened(tree: Any) -> tuple[Sequence[Any], Any] | None:
    """Return the items of a container and its context, None of a leaf."""
    kind = type(tree)
    if kind in (dict, OrderedDict):
        return list(tree.values()), list(tree)
    if kind is defaultdict:
        return list(tree.values()), [tree.default_factory, list(tree)]
    if kind is deque:
        return list(tree), tree.maxlen
    if kind in (list, tuple) or (isinstance(tree, tuple) and hasattr(kind, "_fields")):
        return tree, None
    return None


def _closed(spec: TreeSpec, items: list[Any]) -> Any:
    kind = spec.type
    if kind in (dict, OrderedDict):
        return kind(zip(spec.context, items, strict=True))
    if kind is defaultdict:
        return defaultdict(spec.context[0], zip(spec.context[1], items, strict=True))
    if kind is deque:
        return deque(items, spec.context)
    return kind(*items) if hasattr(kind, "_fields") else kind(items)


def tree_flatten(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> tuple[list[Any], TreeSpec]:
    """Return the leaves of a tree, from left to right, and its containers.

    Example:
        >>> leaves, spec = tree_flatten({"a": 1, "b": [2, None]})
        >>> leaves, tree_unflatten([x and -x for x in leaves], spec)
        ([1, 2, None], {'a': -1, 'b': [-2, None]})
    """
    found = None if is_leaf is not None and is_leaf(tree) else _opened(tree)
    if found is None:
        return [tree], LeafSpec
    items, context = found
    leaves: list[Any] = []
    specs = []
    for item in items:
        below, spec = tree_flatten(item, is_leaf)
        leaves += below
        specs.append(spec)
    return leaves, TreeSpec(type(tree), context, tuple(specs))


def tree_unflatten(leaves: Any, treespec: TreeSpec) -> Any:
    """Return the tree of some leaves and containers.

    Raises:
        ValueError: more or fewer leaves than the tree has.
    """
    given = list(leaves)
    if len(given) != treespec.num_leaves:
        raise ValueError(f"tree_unflatten: expected {treespec.num_leaves} leaves, got {len(given)}.")
    source = iter(given)

    def built(spec: TreeSpec) -> Any:
        if spec.type is None:
            return next(source)
        return _closed(spec, [built(child) for child in spec.children_specs])

    return built(treespec)


def tree_leaves(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> list[Any]:
    """Return the leaves of a tree, from left to right."""
    return tree_flatten(tree, is_leaf)[0]


def tree_structure(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> TreeSpec:
    """Return the containers of a tree."""
    return tree_flatten(tree, is_leaf)[1]


def tree_map(
    func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: Callable[[Any], bool] | None = None
) -> Any:
    """Return the tree with ``func`` of its leaves, and of those of further trees of the same containers."""
    leaves, spec = tree_flatten(tree, is_leaf)
    others = [_below(spec, rest) for rest in rests]
    return tree_unflatten([func(*args) for args in zip(leaves, *others, strict=True)], spec)


def _below(spec: TreeSpec, tree: Any) -> list[Any]:
    """Return what another tree has where the leaves of the first one are."""
    if spec.type is None:
        return [tree]
    found = _opened(tree)
    if found is None or len(found[0]) != len(spec.children_specs):
        raise ValueError(f"tree_map: expected trees of the same containers, got {type(tree).__name__}.")
    pairs = zip(spec.children_specs, found[0], strict=True)
    return [leaf for child, item in pairs for leaf in _below(child, item)]


def tree_map_(func: Callable[..., Any], tree: Any, *rests: Any) -> Any:
    """Call ``func`` with the leaves; return the tree itself."""
    tree_map(func, tree, *rests)
    return tree


def tree_map_only(kind: Any, func: Callable[[Any], Any], tree: Any) -> Any:
    """Return the tree with ``func`` of the leaves of a type; the others stay."""
    return tree_map(lambda leaf: func(leaf) if isinstance(leaf, kind) else leaf, tree)


def tree_all(pred: Callable[[Any], bool], tree: Any) -> bool:
    """Return whether something holds for all leaves."""
    return all(map(pred, tree_leaves(tree)))


def tree_any(pred: Callable[[Any], bool], tree: Any) -> bool:
    """Return whether something holds for any leaf."""
    return any(map(pred, tree_leaves(tree)))


__all__ = [
    "LeafSpec",
    "TreeSpec",
    "tree_all",
    "tree_any",
    "tree_flatten",
    "tree_leaves",
    "tree_map",
    "tree_map_",
    "tree_map_only",
    "tree_structure",
    "tree_unflatten",
]
