"""One comparison with PyTorch in one line: values, types, gradients, eager and compiled."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from xlagrad.core.compile import compile
from xlagrad.core.dispatch import registry
from xlagrad.core.dtypes import canonical
from xlagrad.core.tensor import Tensor
from xlagrad.ops import methods, operators

methods.install()
operators.install()

# The extremes that elementwise functions are tried at.
EDGES = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e30, -1e30, 1e-30, float("inf"), float("-inf"), float("nan")]


def tensor(*shape: int, seed: int = 0, low: float | None = None, high: float = 2.0) -> torch.Tensor:
    """Return normal numbers, or uniform ones in [low, high], the same for the same arguments."""
    generator = torch.Generator().manual_seed(seed + 7919 * len(shape) + sum(shape))
    if low is None:
        return torch.randn(shape, generator=generator)
    return low + (high - low) * torch.rand(shape, generator=generator)


def integers(
    *shape: int, low: int = -5, high: int = 6, dtype: Any = torch.int64, seed: int = 0
) -> torch.Tensor:
    """Return integers in [low, high), the same for the same arguments."""
    return torch.randint(low, high, shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def ours(value: Any, requires_grad: bool = False) -> Any:
    """Return what of ours corresponds to a value of torch's, a transposed matrix as a transposed view."""
    if isinstance(value, torch.Tensor):
        turned = value.ndim == 2 and not value.is_contiguous()
        source = value.detach().t() if turned else value.detach()
        if value.dtype == torch.bfloat16:
            t = Tensor(source.float().numpy(), dtype="bfloat16")
        else:
            t = Tensor(source.numpy())
        t = t.t() if turned else t
        if requires_grad and value.requires_grad:
            # A view of a leaf is no leaf: what is compared is the gradient with respect to this tensor.
            t = t.detach() if turned else t
            t.requires_grad_()
        return t
    if isinstance(value, torch.dtype):
        return str(value).removeprefix("torch.")
    if isinstance(value, (list, tuple)):
        return type(value)(ours(v, requires_grad) for v in value)
    return value


def leaves(value: Any) -> list[Any]:
    """Return the tensors in nested lists and tuples."""
    if isinstance(value, (list, tuple)):
        return [leaf for v in value for leaf in leaves(v)]
    return [value] if isinstance(value, (torch.Tensor, Tensor)) else []


def assert_same(got: Any, want: Any, rtol: float, atol: float, what: str) -> None:
    """Check structure, shape, type and values."""
    if isinstance(want, (list, tuple)):
        assert isinstance(got, (list, tuple)), f"{what}: {type(got)}"
        assert len(got) == len(want), f"{what}: {len(got)} results, not {len(want)}"
        for i, (g, w) in enumerate(zip(got, want, strict=True)):
            assert_same(g, w, rtol, atol, f"{what}[{i}]")
        return
    if not isinstance(want, torch.Tensor):
        assert type(got) is type(want), f"{what}: {type(got)}, not {type(want)}"
        assert got == want, f"{what}: {got}, not {want}"
        return
    assert isinstance(got, Tensor), f"{what}: {type(got)}"
    assert tuple(got.shape) == tuple(want.shape), f"{what}: shape {got.shape}, not {tuple(want.shape)}"
    kind = canonical(str(want.dtype).removeprefix("torch."))
    assert got.dtype == kind, f"{what}: {got.dtype}, not {kind}"
    value, expected = got.numpy(force=True), want.detach()
    if value.dtype.name == "bfloat16":
        value, expected = value.astype(np.float32), expected.float()
    np.testing.assert_allclose(value, expected.numpy(force=True), rtol=rtol, atol=atol, err_msg=what)


def _cotangent(like: Any, i: int, make: Callable[[Any], Any]) -> Any:
    """Return the i-th random cotangent for a tensor, the same on both sides."""
    draw = np.random.default_rng(i).uniform(0.5, 1.5, (2, *like.shape)).astype(np.float32)
    name = str(like.dtype).removeprefix("torch.")
    if like.is_complex():
        return make(np.asarray(draw[0] + 1j * draw[1], name))
    return make(np.asarray(draw[0])).to(like.dtype)


def _pull(outs: list[Any], make: Callable[[Any], Any], first: int, create_graph: bool) -> None:
    """Run backward from every output that requires gradients."""
    wanted = [out for out in outs if out.requires_grad]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Using backward.. with create_graph", UserWarning)
        for i, out in enumerate(wanted):
            last = i == len(wanted) - 1
            out.backward(
                _cotangent(out, first + i, make),
                retain_graph=create_graph or not last,
                create_graph=create_graph,
            )


def _gradients(out: Any, inputs: list[Any], make: Callable[[Any], Any], second: bool) -> list[Any]:
    """Return the gradients of the inputs, or their gradients along a direction."""
    _pull(leaves(out), make, 0, second)
    firsts = [x.grad for x in inputs]
    if not second:
        return firsts
    for x in inputs:
        x.grad = None
    _pull([g for g in firsts if g is not None], make, 100, False)
    return [x.grad for x in inputs]


def _same_gradients(
    got: list[Any], inputs: list[Any], want: list[Any], rtol: float, atol: float, what: str
) -> None:
    for i, (g, w) in enumerate(zip(got, want, strict=True)):
        # No gradient and one of zeros mean the same.
        if w is None and g is None:
            continue
        g = Tensor(np.zeros(inputs[i].shape, inputs[i].dtype.numpy)) if g is None else g
        w = torch.zeros(tuple(inputs[i].shape), dtype=getattr(torch, g.dtype.name)) if w is None else w
        assert_same(g, w, rtol, atol, f"{what} of input {i}")


def check(
    name: str | Callable[..., Any],
    *args: Any,
    theirs: Callable[..., Any] | None = None,
    grad: bool = True,
    second: bool = False,
    compiled: bool = True,
    rtol: float = 1e-5,
    atol: float = 1e-6,
    **kwargs: Any,
) -> None:
    """Compare an operation with torch's of the same name.

    Args:
        name: a name in the registry and in torch, or a function of the arguments for both.
        *args: torch tensors, lists of them, and anything else.
        theirs: torch's function where the name differs.
        grad: compare the gradients with respect to all floating-point inputs.
        second: compare second-order gradients too.
        compiled: compare the compiled function, values and gradients, too.
        rtol: relative tolerance.
        atol: absolute tolerance.
        **kwargs: passed on to both.
    """
    mine = registry[name] if isinstance(name, str) else name
    if theirs is None:
        theirs = getattr(torch, name) if isinstance(name, str) else name
    label = name if isinstance(name, str) else "function"
    for leaf in leaves(list(args)):
        leaf.requires_grad_(grad and (leaf.is_floating_point() or leaf.is_complex()))
    inputs = [x for x in leaves(list(args)) if x.requires_grad]
    options = {k: ours(v) for k, v in kwargs.items()}
    wanted = theirs(*args, **kwargs)
    want = _gradients(wanted, inputs, torch.from_numpy, False)
    _run(mine, args, options, wanted, want, False, False, (rtol, atol, label))
    if compiled:
        _run(mine, args, options, wanted, want, True, False, (rtol, atol, f"compiled {label}"))
    if second:
        for x in inputs:
            x.grad = None
        twice = _gradients(theirs(*args, **kwargs), inputs, torch.from_numpy, True)
        _run(mine, args, options, wanted, twice, False, True, (10 * rtol, 10 * atol, f"twice {label}"))
    for x in inputs:
        x.grad = None
        x.requires_grad_(False)


def _run(
    mine: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any], wanted: Any, want: list[Any],
    compiled: bool, second: bool, how: tuple[float, float, str],
) -> None:  # fmt: skip
    """Run ours, and compare values and gradients with torch's."""
    given = [ours(a, True) for a in args]
    variables = [x for x in leaves(given) if x.requires_grad]

    def step() -> Any:
        out = mine(*given, **options)
        return out, _gradients(out, variables, Tensor, second) if variables else []

    if compiled:

        def traced() -> Any:
            return step()[0]

        out = compile(traced)()
        got = [x.grad for x in variables]
    else:
        out, got = step()
    rtol, atol, label = how
    assert_same(out, wanted, rtol, atol, label)
    _same_gradients(got, variables, want, rtol, atol, f"gradient of {label}")
