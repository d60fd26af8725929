"""One sample of an operation in PyTorch, in our library, and compiled."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import xlagrad.torch as ours
from tests.conformance.database import (
    SAMPLES,
    Untranslatable,
    copied,
    counterpart,
    rebound,
    samples,
    translated,
)
from xlagrad.core.dtypes import canonical
from xlagrad.core.tensor import Tensor

#: Their results are memory that nothing has been written to.
UNFILLED = frozenset(
    {
        "empty", "empty_like", "empty_permuted", "empty_strided", "new_empty", "new_empty_strided", "resize_",
        "resize_as_",
    }
)  # fmt: skip


#: How often PyTorch runs to see whether its results are random.
_SEEDS = 6


def tensors(value: Any) -> list[Any]:
    """Return the tensors in nested lists, tuples and dictionaries."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [leaf for v in value for leaf in tensors(v)]
    return [value] if isinstance(value, (torch.Tensor, Tensor)) else []


def _array(value: Any) -> np.ndarray[Any, Any]:
    """Return a tensor's values, those of narrow floats in single precision."""
    if isinstance(value, Tensor):
        array = value.numpy(force=True)
        return array.astype(np.float32) if array.dtype.kind == "V" or array.dtype.itemsize < 2 else array
    value = value if value.layout == torch.strided else value.to_dense()
    whole = {torch.bfloat16: torch.float32, torch.complex32: torch.complex64}.get(value.dtype, value.dtype)
    return value.to(whole).numpy(force=True)


def _difference(got: Any, want: Any, wide: Any) -> str | None:
    """Return what differs between two tensors' values.

    A result may be as far from that of double precision as a few times PyTorch's own.
    """
    x, y = np.asarray(_array(got)), np.asarray(_array(want))
    if y.dtype.kind in "biu":
        return None if np.array_equal(x, y) else f"{x.ravel()[:8]} is not {y.ravel()[:8]}"
    kind = np.complex128 if y.dtype.kind == "c" else np.float64
    x, y = x.astype(kind), y.astype(kind)
    finite = np.abs(y[np.isfinite(y)])
    scale = float(finite.max()) if finite.size else 0.0
    coarse = 100.0 if min(_precision(got), _precision(want)) < 4 else 1.0
    bound = coarse * (1e-5 * max(scale, 0.1) + 1e-4 * np.where(np.isfinite(y), np.abs(y), 0))
    with np.errstate(invalid="ignore"):
        near = (np.abs(x - y) <= bound) | (x == y) | (np.isnan(x) & np.isnan(y))
        if near.all():
            return None
        if wide is not None and wide.shape == want.shape:
            exact = _array(wide).astype(kind)
            error = np.abs(y - exact)
            bound = bound + 5 * (float(error[np.isfinite(error)].max()) if np.isfinite(error).any() else 0.0)
            near |= np.abs(x - exact) <= bound
    if near.all():
        return None
    at = tuple(np.argwhere(~near)[0])
    return f"{int((~near).sum())} of {x.size} values differ, at {list(map(int, at))} {x[at]} is not {y[at]}"


def _precision(value: Any) -> int:
    return int(value.element_size()) if value.is_floating_point() else 4


def compare(got: Any, want: Any, wide: Any = None, values: bool = True) -> str | None:
    """Return the first difference between results of ours and PyTorch's: in structure, type, shape, value."""
    if isinstance(want, torch.Tensor):
        if not isinstance(got, Tensor):
            return f"{type(got).__name__} instead of a tensor"
        kind = canonical(str(want.dtype).removeprefix("torch."))
        if got.dtype != kind:
            return f"{got.dtype} is not {kind}"
        if tuple(got.shape) != tuple(want.shape):
            return f"shape {tuple(got.shape)} is not {tuple(want.shape)}"
        return _difference(got, want, wide if isinstance(wide, torch.Tensor) else None) if values else None
    if isinstance(want, (list, tuple)):
        if not isinstance(got, (list, tuple)) or len(got) != len(want):
            return f"{got!r} is not {want!r}"
        beside = (
            list(wide) if isinstance(wide, (list, tuple)) and len(wide) == len(want) else [None] * len(want)
        )
        for i, (g, w, b) in enumerate(zip(got, want, beside, strict=True)):
            found = compare(g, w, b, values)
            if found is not None:
                return f"[{i}] {found}"
        return None
    if isinstance(want, (float, complex)):
        return (
            None
            if np.isclose(got, want, 1e-4, 1e-5, equal_nan=True) or not values
            else f"{got} is not {want}"
        )
    if type(want).__module__.startswith("torch"):
        return None if str(want).removeprefix("torch.") in str(got) or not values else f"{got} is not {want}"
    return None if got == want or not values else f"{got!r} is not {want!r}"


def gradients(library: Any, out: Any, inputs: list[Any]) -> list[Any]:
    """Return the gradients, of the same directions in both libraries, zeros where there is none."""
    wanted = [t for t in tensors(out) if t.requires_grad]
    if not wanted or not inputs:
        return [library.zeros_like(x) for x in inputs]
    directions = []
    for i, t in enumerate(wanted):
        draw = np.random.default_rng(i).uniform(0.5, 1.5, (2, *t.shape)).astype(np.float32)
        value = draw[0] + 1j * draw[1] if t.is_complex() else draw[0]
        directions.append(library.tensor(np.asarray(value)).to(t.dtype))
    found = library.autograd.grad(wanted, inputs, directions, allow_unused=True)
    return [library.zeros_like(x) if g is None else g for x, g in zip(inputs, found, strict=True)]


class Case:
    """A sample of an operation: what PyTorch makes of it, and how to run it here.

    Raises:
        Untranslatable: the sample has arguments that do not exist here, or PyTorch refuses it.
    """

    def __init__(self, operation: Any, sample: Any) -> None:
        self.operation = operation
        self.sample = sample
        self.process = rebound(sample.output_process_fn_grad)
        first = self._theirs(seed=0)
        others = [self._theirs(seed) for seed in range(1, _SEEDS)]
        self.random = operation.name in UNFILLED or any(_changes(first, other) for other in others)
        self.want = first
        try:
            self.wide = self._theirs(seed=0, wide=True)
        except (RuntimeError, TypeError, ValueError):
            self.wide = (None, [])

    def _arguments(self, wide: bool) -> tuple[Any, ...]:
        memo: dict[int, Any] = {}
        sample = self.sample
        return tuple(copied(v, memo, wide) for v in (sample.input, sample.args, sample.kwargs))

    def _theirs(self, seed: int, wide: bool = False) -> tuple[Any, list[Any]]:
        given = self._arguments(wide)
        torch.manual_seed(seed)
        try:
            out = self.sample.output_process_fn_grad(self.operation.op(given[0], *given[1], **given[2]))
        except (RuntimeError, TypeError, ValueError, NotImplementedError) as error:
            if wide:
                raise
            raise Untranslatable(f"PyTorch refuses: {error}") from error
        inputs = [t for t in tensors(list(given)) if t.requires_grad]
        return out, gradients(torch, out, inputs) if self.operation.supports_autograd else []

    def ours(self, compiled: bool = False) -> tuple[Any, list[Any]]:
        """Return result and gradients of our library."""
        memo: dict[int, Any] = {}
        run: Callable[..., Any] = counterpart(self.operation)
        given, args, kwargs = (translated(v, memo) for v in self._arguments(False))
        inputs = [t for t in tensors([given, args, kwargs]) if t.requires_grad]

        def call() -> tuple[Any, list[Any]]:
            out = self.process(run(given, *args, **kwargs))
            differentiable = self.operation.supports_autograd and not self.random
            return out, gradients(ours, out, inputs) if differentiable else []

        ours.manual_seed(0)
        return ours.compile(call)() if compiled else call()


def _changes(first: tuple[Any, Any], second: tuple[Any, Any]) -> bool:
    """Return whether two runs of PyTorch's differ, so that the operation draws random numbers."""
    one, other = ([_array(t) for t in tensors(run[0])] for run in (first, second))
    return any(
        not np.array_equal(np.nan_to_num(a), np.nan_to_num(b)) for a, b in zip(one, other, strict=True)
    )


def cases(operation: Any, most: int = SAMPLES) -> list[Case]:
    """Return the first cases of an operation that can be expressed here."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for sample in samples(operation):
            try:
                found.append(Case(operation, sample))
            except Untranslatable:
                continue
            if len(found) == most:
                break
    return found


def check_against_pytorch(case: Case) -> str | None:
    """Return how our result or gradient differs from PyTorch's, None if neither does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            out, grads = case.ours()
        except Untranslatable:
            return None
    found = compare(out, case.want[0], case.wide[0], values=not case.random)
    if found is not None or case.random:
        return found
    wide = case.wide[1] or [None] * len(case.want[1])
    # PyTorch's gradients may be lazily conjugated.
    found = compare(grads, case.want[1], wide)
    return None if found is None else f"gradient {found}"


def check_compiled(case: Case) -> str | None:
    """Return how the compiled call differs from the eager one, None if it does not."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            want, got = case.ours(), case.ours(compiled=True)
        except Untranslatable:
            return None
    for what, g, w in (("result", got[0], want[0]), ("gradient", got[1], want[1])):
        left, right = tensors(g), tensors(w)
        if len(left) != len(right):
            return f"{what}: {len(left)} tensors, not {len(right)}"
        for x, y in zip(left, right, strict=True):
            if x.dtype != y.dtype or tuple(x.shape) != tuple(y.shape):
                return f"{what}: {x.dtype} {tuple(x.shape)} is not {y.dtype} {tuple(y.shape)}"
            found = None if case.operation.name in UNFILLED else _difference(x, y, None)
            if found is not None:
                return f"{what}: {found}"
    return None
