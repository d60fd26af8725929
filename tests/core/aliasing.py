"""Random programs of views and writes, run alike in PyTorch and here.

A program is drawn step by step against PyTorch's tensors, whose shapes decide what can come next, and kept as
a list of calls, so that it can be replayed: eagerly, or as one compiled function.
"""

from __future__ import annotations

import contextlib
import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from hypothesis import strategies as st

import xlagrad as xg
from xlagrad.core.errors import StateError

#: What PyTorch refuses for reasons of its implementation, not of meaning; here it works.
REFUSALS = (
    "function that returns multiple views",
    "modified by an inplace operation",
    "step must be greater than zero",
    "some elements of the input tensor and the written-to tensor refer to a single memory location",
)

SHAPES = [(), (3,), (2, 3), (2, 1, 3), (4, 4), (0, 3)]
CONSTANTS = [0.5, 2.0, -1.0, 3.0]


class Ref(NamedTuple):
    """A tensor of the program, by its place among all that were made."""

    place: int


class Fresh(NamedTuple):
    """A new tensor without gradient."""

    shape: tuple[int, ...]
    seed: int
    kind: str = "float32"


class Call(NamedTuple):
    """One step of a program: a method of a tensor with its arguments, under ``no_grad`` or not."""

    name: str
    target: int
    args: tuple[Any, ...] = ()
    grad: bool = True


class Leaf(NamedTuple):
    """A tensor that the program starts with."""

    shape: tuple[int, ...]
    requires_grad: bool


def numbers(shape: tuple[int, ...], seed: int) -> np.ndarray[Any, Any]:
    """Return small numbers that differ from element to element."""
    return np.random.default_rng(seed).integers(-8, 9, shape).astype(np.float32) / 4


class World:
    """The tensors of a program in one library.

    Args:
        tensor: makes a tensor from a NumPy array.
        no_grad: the library's context manager.
    """

    def __init__(self, tensor: Callable[[Any], Any], no_grad: Callable[[], Any]) -> None:
        self.tensor = tensor
        self.no_grad = no_grad
        self.tensors: list[Any] = []

    def start(self, leaves: list[Leaf]) -> None:
        """Make the tensors that the program starts with."""
        for i, leaf in enumerate(leaves):
            t = self.tensor(numbers(leaf.shape, 100 + i))
            self.tensors.append(t.requires_grad_() if leaf.requires_grad else t)

    def value(self, x: Any) -> Any:
        """Return an argument with the tensors that it names."""
        if isinstance(x, Ref):
            return self.tensors[x.place]
        if isinstance(x, Fresh):
            if x.kind == "bool":
                return self.tensor(numbers(x.shape, x.seed) > 0)
            return self.tensor(numbers(x.shape, x.seed))
        if isinstance(x, np.ndarray):
            return self.tensor(x)
        if isinstance(x, slice) or not isinstance(x, (list, tuple)):
            return x
        return type(x)(self.value(v) for v in x)

    def do(self, call: Call) -> Exception | None:
        """Run a step; return the error that it raised. What it returns joins the tensors."""
        t = self.tensors[call.target]
        made: Any = None
        try:
            args = self.value(call.args)
            with contextlib.nullcontext() if call.grad else self.no_grad():
                if call.name == "data":
                    made = t.data
                elif call.name == "set_data":
                    t.data = args[0]
                elif call.name == "setitem":
                    t[args[0]] = args[1]
                elif call.name == "add_item":
                    t[args[0]] += args[1]
                elif call.name == "getitem":
                    made = t[args[0]]
                    made = made if made._is_view() else made.contiguous()
                else:
                    made = getattr(t, call.name)(*args)
                    if call.name in PURE:
                        # PyTorch's results keep the order of dimensions in memory; here they are row-major.
                        made = made.contiguous()
        except (RuntimeError, ValueError, IndexError, TypeError) as error:
            return error
        for new in made if isinstance(made, (tuple, list)) else (made,):
            if new is not None and not any(new is old for old in self.tensors):
                self.tensors.append(new)
        return None

    def loss(self) -> Any:
        """Return a weighted sum of all tensors that require gradients, None if none does."""
        total = None
        for i, t in enumerate(self.tensors):
            if t.requires_grad:
                part = (t * self.tensor(numbers(tuple(t.shape), i))).sum()
                total = part if total is None else total + part
        return total

    def gradients(self) -> list[Any]:
        """Return the gradients of the leaves after backward."""
        return [t.grad if t.is_leaf else None for t in self.tensors]


def torch_world() -> World:
    """Return a world of PyTorch's tensors."""
    return World(lambda a: torch.from_numpy(np.array(a)), torch.no_grad)


def our_world() -> World:
    """Return a world of our tensors."""
    return World(xg.Tensor, xg.no_grad)


# Drawing a program.

Draw = Callable[[Any], Any]


def _dim(draw: Draw, ndim: int) -> int:
    return draw(st.integers(-max(ndim, 1), max(ndim, 1) - 1))


def _basic(draw: Draw, shape: tuple[int, ...]) -> Any:
    """Return a basic index for a shape."""
    items: list[Any] = []
    for n in shape[: draw(st.integers(0, len(shape)))]:
        kind = draw(st.sampled_from(["slice", "int", "step", "all", "none"]))
        if kind == "none":
            items.append(None)
        elif kind == "int":
            items.append(draw(st.integers(-n, max(n - 1, 0))))
        elif kind == "all":
            items.append(slice(None))
        else:
            start, stop = draw(st.integers(-n - 1, n + 1)), draw(st.integers(-n - 1, n + 1))
            items.append(slice(start, stop, draw(st.integers(1, 3)) if kind == "step" else None))
    if draw(st.booleans()):
        items.insert(draw(st.integers(0, len(items))), Ellipsis)
    return tuple(items)


def _advanced(draw: Draw, shape: tuple[int, ...], repeats: bool) -> Any:
    """Return an index with an array, in which indices may be repeated, or a mask."""
    if not shape or draw(st.integers(0, 3)) == 0:
        return Fresh(shape[: draw(st.integers(0, len(shape)))], draw(st.integers(0, 3)), "bool")
    at = draw(st.integers(0, len(shape) - 1))
    low = -shape[at] if repeats else 0
    index = np.array(
        draw(st.lists(st.integers(low, max(shape[at] - 1, 0)), max_size=3, unique=not repeats)), np.int64
    )
    items: list[Any] = [slice(None)] * at + [index if draw(st.booleans()) else index.tolist()]
    if at + 1 < len(shape) and draw(st.booleans()):
        items.append(draw(st.sampled_from([0, slice(1, None), None, slice(None, None, 2)])))
    return tuple(items)


def _reshape(draw: Draw, shape: tuple[int, ...]) -> tuple[int, ...]:
    count = int(np.prod(shape))
    if count == 0:
        return draw(st.sampled_from([shape, (0,), (3, 0)]))
    a = draw(st.sampled_from([n for n in range(1, count + 1) if count % n == 0]))
    return draw(st.sampled_from([(count,), (a, count // a), (a, -1), (a, 1, count // a), shape]))


def _view(draw: Draw, t: torch.Tensor) -> tuple[str, tuple[Any, ...]]:
    """Return a view method that is likely to suit a tensor, and its arguments."""
    shape, n = tuple(t.shape), t.ndim
    name = draw(st.sampled_from(VIEWS))
    if name == "getitem":
        return name, (_basic(draw, shape),)
    if name in ("reshape", "view"):
        return name, (_reshape(draw, shape),)
    if name in ("transpose", "movedim"):
        return name, (_dim(draw, n), _dim(draw, n))
    if name == "permute":
        return name, (draw(st.sampled_from(list(itertools.permutations(range(n))))),)
    if name in ("squeeze", "unbind"):
        return name, (_dim(draw, n),)
    if name == "unsqueeze":
        return name, (draw(st.integers(-n - 1, n)),)
    if name == "expand":
        lead = draw(st.sampled_from([(1,), (2,)] if n == 0 else [(), (1,), (2,)]))
        return name, (*lead, *[draw(st.sampled_from([-1, 2])) if m == 1 else m for m in shape])
    if name == "diagonal":
        return name, (draw(st.integers(-2, 2)), _dim(draw, n), _dim(draw, n))
    if name == "narrow":
        return name, (_dim(draw, n), draw(st.integers(0, 2)), draw(st.integers(0, 2)))
    if name == "select":
        return name, (_dim(draw, n), draw(st.integers(-2, 2)))
    if name in ("split", "chunk"):
        return name, (draw(st.integers(1, 3)), _dim(draw, n))
    if name == "flatten":
        return name, (_dim(draw, n), -1)
    if name == "unflatten":
        m = shape[-1] if shape else 1
        return name, (-1, draw(st.sampled_from([(m, 1), (1, -1), (2, -1)])))
    return name, ()


VIEWS = [
    "getitem", "getitem", "reshape", "view", "transpose", "permute", "squeeze", "unsqueeze", "expand",
    "diagonal", "narrow", "split", "chunk", "unbind", "detach", "select", "movedim", "flatten", "unflatten",
    "mT_",
]  # fmt: skip
WRITES = [
    "add_", "mul_", "copy_", "zero_", "fill_", "setitem", "setitem", "sub_", "add_item", "div_",
    "masked_fill_", "requires_grad_", "detach_",
]  # fmt: skip
PURE = ["clone", "mul", "add", "contiguous", "getitem"]


def _other(draw: Draw, world: World, target: torch.Tensor, shape: tuple[int, ...]) -> Any:
    """Return an operand: a number, a new tensor or one of the program's."""
    kind = draw(st.sampled_from(["number", "fresh", "live", "live"]))
    if kind == "number":
        return draw(st.sampled_from(CONSTANTS))
    if kind == "fresh":
        lead = draw(st.integers(0, len(shape)))
        return Fresh(shape[lead:], draw(st.integers(0, 3)))
    # What PyTorch does when it reads and writes the same memory depends on the order of its loop.
    fit = [
        i
        for i, t in enumerate(world.tensors)
        if _broadcasts(tuple(t.shape), shape) and (t is target or not _shares(t, target))
    ]
    return Ref(draw(st.sampled_from(fit))) if fit else draw(st.sampled_from(CONSTANTS))


def _shares(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()


def _broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(shape, to) == to
    except ValueError:
        return False


def draw_call(draw: Draw, world: World, linear: bool) -> Call:
    """Return a next step for the tensors that there are.

    Args:
        draw: hypothesis' draw.
        world: PyTorch's tensors so far.
        linear: no products of tensors, whose gradient would need values that ``.data`` may have changed.
    """
    target = draw(st.integers(0, len(world.tensors) - 1))
    t = world.tensors[target]
    shape = tuple(t.shape)
    kind = draw(st.sampled_from(["view", "view", "write", "write", "pure"]))
    grad = draw(st.integers(0, 4)) > 0
    if kind == "view":
        # A view taken under no_grad says in PyTorch that it requires gradients, though none reach its base.
        grad = True
        name, args = _view(draw, t)
        if name == "detach" and linear and draw(st.booleans()):
            name = "data"
        return Call(name, target, args, grad) if name != "mT_" else Call("swapaxes", target, (0, -1), grad)
    name = draw(st.sampled_from(WRITES if kind == "write" else PURE))
    if name in ("setitem", "getitem", "add_item"):
        index = _basic(draw, shape) if draw(st.booleans()) else _advanced(draw, shape, name == "getitem")
        if name == "getitem":
            return Call(name, target, (index,))
        try:
            inner = tuple(t.detach()[world.value(index)].shape)
        except (RuntimeError, ValueError, IndexError):
            inner = shape
        return Call(name, target, (index, _other(draw, world, t, inner)), grad)
    if name in ("add_", "sub_", "copy_", "add"):
        other = _other(draw, world, t, shape)
        return Call(
            name, target, (Fresh((), 1) if name == "copy_" and isinstance(other, float) else other,), grad
        )
    if name in ("mul_", "mul"):
        other = draw(st.sampled_from(CONSTANTS)) if linear else _other(draw, world, t, shape)
        return Call(name, target, (other,), grad)
    if name == "masked_fill_":
        return Call(
            name,
            target,
            (Fresh(shape, draw(st.integers(0, 3)), "bool"), draw(st.sampled_from(CONSTANTS))),
            grad,
        )
    if name in ("requires_grad_", "detach_"):
        # What becomes of views that were taken before is an accident in PyTorch.
        if sum(_shares(t, other) for other in world.tensors) > 1:
            return Call("clone", target)
        return Call(name, target, (draw(st.booleans()),) if name == "requires_grad_" else (), grad)
    constant = (draw(st.sampled_from(CONSTANTS)),)
    return Call(name, target, constant if name in ("fill_", "div_") else (), grad)


def refused(error: Exception | None) -> bool:
    """Return whether PyTorch alone refuses what raised this."""
    return error is not None and any(text in str(error) for text in REFUSALS)


def unwritable(error: Exception | None) -> bool:
    """Return whether this is our refusal to write to an expanded view, parts of which PyTorch lets pass."""
    return isinstance(error, StateError) and "an expanded view" in str(error)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence PyTorch's warnings about reading ``grad`` and the like."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


# Comparing.


def compare(theirs: World, ours: World, what: str = "") -> None:
    """Check that all tensors have the same values, layout and place on the tape."""
    assert len(theirs.tensors) == len(ours.tensors), what
    for i, (a, b) in enumerate(zip(theirs.tensors, ours.tensors, strict=True)):
        label = f"{what}: tensor {i}"
        assert tuple(b.shape) == tuple(a.shape), f"{label}: shape {b.shape}, not {tuple(a.shape)}"
        np.testing.assert_allclose(b.numpy(force=True), a.detach().numpy(), rtol=1e-5, err_msg=label)
        assert b.requires_grad == a.requires_grad, f"{label}: requires_grad {b.requires_grad}"
        assert b.is_leaf == a.is_leaf, f"{label}: is_leaf {b.is_leaf}"
        if a.numel():
            assert b.is_contiguous() == a.is_contiguous(), f"{label}: is_contiguous {b.is_contiguous()}"
            wanted = [s for s, n in zip(a.stride(), a.shape, strict=True) if n > 1]
            got = [s for s, n in zip(b.stride(), b.shape, strict=True) if n > 1]
            assert got == wanted, f"{label}: strides {b.stride()}, not {a.stride()}"
            assert b.storage_offset() == a.storage_offset(), label


def compare_gradients(theirs: World, ours: World) -> None:
    """Run backward from all tensors in both worlds and check the gradients of the leaves."""
    loss, mine = theirs.loss(), ours.loss()
    assert (loss is None) == (mine is None)
    if loss is None or not loss.requires_grad:
        return
    try:
        loss.backward()
    except RuntimeError as error:
        assert refused(error), error
        return
    mine.backward()
    for i, (a, b) in enumerate(zip(theirs.gradients(), ours.gradients(), strict=True)):
        have = np.zeros(tuple(theirs.tensors[i].shape), np.float32) if b is None else b.numpy()
        want = np.zeros_like(have) if a is None else a.numpy()
        np.testing.assert_allclose(have, want, rtol=1e-4, atol=1e-5, err_msg=f"gradient of tensor {i}")


class Snapshot(NamedTuple):
    """What one tensor is after a program."""

    value: Any
    requires_grad: bool
    is_leaf: bool
    gradient: Any


def snapshot(t: Any) -> Snapshot:
    """Return what a tensor is now."""
    gradient = t.grad.numpy(force=True) if t.is_leaf and t.grad is not None else None
    return Snapshot(t.numpy(force=True), t.requires_grad, t.is_leaf, gradient)


def replay(leaves: list[Leaf], calls: list[Call], before: int, compiled: bool) -> list[Snapshot]:
    """Run a program here, ending with backward from all its tensors, twice; return what its tensors are.

    Args:
        leaves: the tensors that it starts with.
        calls: its steps.
        before: how many of them run outside the function that holds the rest.
        compiled: whether that function is compiled.
    """
    world = our_world()
    world.start(leaves)
    for call in calls[:before]:
        world.do(call)
    outside = len(world.tensors)

    def step() -> list[Any]:
        for call in calls[before:]:
            error = world.do(call)
            if error is not None:
                raise error
        loss = world.loss()
        if loss is not None and loss.requires_grad:
            loss.backward()
        made = world.tensors[outside:]
        del world.tensors[outside:]
        return made

    run = xg.compile(step) if compiled else step
    found = []
    for _ in range(2):
        made = run()
        found += [snapshot(t) for t in [*world.tensors, *made]]
    return found


def compare_snapshots(got: list[Snapshot], want: list[Snapshot]) -> None:
    """Check that two runs ended alike."""
    assert len(got) == len(want)
    for i, (g, w) in enumerate(zip(got, want, strict=True)):
        assert g[1:3] == w[1:3], f"tensor {i}: requires_grad, is_leaf {g[1:3]}, not {w[1:3]}"
        np.testing.assert_allclose(g.value, w.value, rtol=1e-4, atol=1e-5, err_msg=f"tensor {i}")
        assert (g.gradient is None) == (w.gradient is None), f"tensor {i}: gradient {g.gradient}"
        if w.gradient is not None:
            np.testing.assert_allclose(g.gradient, w.gradient, rtol=1e-4, atol=1e-5, err_msg=f"gradient {i}")
