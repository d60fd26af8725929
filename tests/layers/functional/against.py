"""Comparison of a function with PyTorch's: values and gradients, eager and compiled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from xlagrad.core.compile import compile
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional

Array = np.ndarray[Any, Any]


def rand(*shape: int, seed: int = 0) -> Array:
    """Normal numbers in float32, others for each shape and seed."""
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(np.float32)


def _is_float(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def _map(values: Any, fn: Callable[[Array], Any]) -> Any:
    """Apply ``fn`` to the arrays in arguments, in lists too."""
    if isinstance(values, np.ndarray):
        return fn(values)
    if isinstance(values, (list, tuple)) and any(isinstance(v, np.ndarray) for v in values):
        return type(values)(_map(v, fn) for v in values)
    return values


def _flat(values: Any) -> list[Any]:
    return [v for value in values for v in (value if isinstance(value, (list, tuple)) else [value])]


def _outputs(out: Any) -> list[Any]:
    return _flat(list(out)) if isinstance(out, tuple) else [out]


def _differentiated(
    fn: Callable[..., Any],
    args: Any,
    kwargs: Any,
    differentiable: Callable[[Any], bool],
    weights: Sequence[Any],
) -> tuple[list[Any], list[Any]]:
    """Return the outputs, and the gradients of their sums weighted by ``weights``."""
    outs = _outputs(fn(*args, **kwargs))
    given = [t for t in _flat([*args, *kwargs.values()]) if differentiable(t)]
    total = sum((o * w).sum() for o, w in zip(outs, weights, strict=False) if o.requires_grad)
    if given and not isinstance(total, int):
        total.backward()
    return outs, [t.grad for t in given]


def agree(
    name: str,
    *args: Any,
    rtol: float = 1e-4,
    atol: float = 1e-5,
    compiled: bool = False,
    grad: bool = True,
    constant: tuple[str, ...] = (),
    ours: Callable[..., Any] | None = None,
    theirs: Callable[..., Any] | None = None,
    **kwargs: Any,
) -> None:
    """Assert that our function gives PyTorch's values and gradients.

    Args:
        name: name of both functions.
        args: positional arguments; arrays become tensors.
        rtol: relative tolerance.
        atol: absolute tolerance, relative to the largest gradient for gradients.
        compiled: also run forward and backward as one compiled function.
        grad: whether gradients are compared.
        constant: keyword arguments that PyTorch does not differentiate.
        ours: our function, if not that of this name.
        theirs: PyTorch's function, if not that of this name.
        kwargs: keyword arguments.
    """
    mine = ours or getattr(functional, name)
    other = theirs or getattr(torch.nn.functional, name)

    def given(make: Callable[..., Any]) -> tuple[Any, Any]:
        def to(wanted: bool) -> Callable[[Array], Any]:
            return lambda a: make(a, requires_grad=wanted and _is_float(a))

        named = {k: _map(v, to(grad and k not in constant)) for k, v in kwargs.items()}
        return [_map(a, to(grad)) for a in args], named

    t_args, t_kwargs = given(torch.tensor)
    want = _outputs(other(*t_args, **t_kwargs))
    weights = [rand(*o.shape, seed=i + 1) for i, o in enumerate(want)]
    want, slopes = _differentiated(
        other,
        t_args,
        t_kwargs,
        lambda t: isinstance(t, torch.Tensor) and t.requires_grad,
        [torch.tensor(w) for w in weights],
    )

    def run(flags: Any, named: Any) -> Any:
        return _differentiated(
            mine,
            flags,
            named,
            lambda t: isinstance(t, Tensor) and t.requires_grad,
            [Tensor(w) for w in weights],
        )

    for runner in (run, compile(run))[: 1 + compiled]:
        o_args, o_kwargs = given(Tensor)
        got, grads = runner(o_args, o_kwargs)
        _compare(name, got, grads, want, slopes, rtol, atol)


def _compare(name: str, got: Any, grads: Any, want: Any, slopes: Any, rtol: float, atol: float) -> None:
    assert len(got) == len(want)
    for a, b in zip(got, want, strict=True):
        assert tuple(a.shape) == tuple(b.shape), f"{name}: {tuple(a.shape)} for {tuple(b.shape)}"
        assert a.requires_grad == b.requires_grad
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol, atol, err_msg=name)
    assert len(grads) == len(slopes)
    for i, (a, b) in enumerate(zip(grads, slopes, strict=True)):
        if b is None:
            continue
        size = float(b.abs().nan_to_num(posinf=0, neginf=0).max()) if b.numel() else 1.0
        text = f"{name}: gradient {i}"
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol, atol * max(1, size), err_msg=text)
