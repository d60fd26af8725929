"""einops and opt_einsum on our tensors: the values, gradients and errors that they give on PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import einops
import numpy as np
import opt_einsum
import pytest
import torch
from einops._backends import get_backend

import xlagrad as xg
import xlagrad.torch as ours
from tests.core.agreement import agree
from xlagrad.core.errors import TraceError
from xlagrad.core.tensor import Tensor

REDUCTIONS = ("min", "max", "sum", "mean", "prod")

PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "rearrange": lambda x: einops.rearrange(x, "a (b c) d -> c (d a) b", b=3),
    "rearrange with ellipsis": lambda x: einops.rearrange(x, "a ... -> ... 1 a"),
    "rearrange a list": lambda x: einops.rearrange([x, 2 * x], "n a b c -> a b (n c)"),
    "repeat": lambda x: einops.repeat(x, "a b c -> (a r) b s c", r=2, s=3),
    "einsum": lambda x: einops.einsum(x, x, "a b c, a d c -> b d"),
    "pack": lambda x: einops.pack([x, x[:, :, 0]], "a b *")[0],
    "unpack": lambda x: einops.unpack(x, [(2,), ()], "a b *")[0] if x.shape[2] == 3 else None,
    "parse_shape": lambda x: einops.parse_shape(x, "a b _"),
    "asnumpy": lambda x: einops.asnumpy(x).tolist(),
    "any": lambda x: einops.reduce(x > 1, "a b c -> b", "any"),
    "all": lambda x: einops.reduce(x > 1, "a b c -> b", "all"),
    "contract": lambda x: opt_einsum.contract("abc,abd,dd->cd", x, x, x[0, :3, :]),
    "contract a trace": lambda x: opt_einsum.contract("aab->b", x[:, :2]),
    "contract to a number": lambda x: opt_einsum.contract("abc,abc->", x, x),
    "contract by numbers": lambda x: opt_einsum.contract(x, [0, 1, 2], x, [0, 3, 2], [3, 1]),
    "contract optimally": lambda x: opt_einsum.contract("abc,dbc,dbe->ae", x, x, x, optimize="optimal"),
    "expression": lambda x: opt_einsum.contract_expression("ab,bc->ac", (2, 6), (6, 3))(x[:, :, 0], x[0]),
}
PROGRAMS |= {
    name: lambda x, name=name: einops.reduce(x, "a (b two) c -> a b", name, two=2) for name in REDUCTIONS
}


def _data(library: Any) -> Any:
    values = np.random.default_rng(0).normal(1, 1, (2, 6, 3)).astype(np.float32)
    return library.tensor(values.tolist(), requires_grad=True)


@pytest.mark.parametrize("name", PROGRAMS)
def test_values_and_gradients_as_with_pytorch(name: str) -> None:
    def program(library: Any) -> Any:
        x = _data(library)
        out = PROGRAMS[name](x)
        if not getattr(out, "requires_grad", False):
            return out
        (out * out).sum().backward()
        return out, x.grad

    agree(program, rtol=1e-4)


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name not in ("asnumpy", "parse_shape")])
def test_compiled(name: str) -> None:
    x = _data(ours).detach()
    want, got = PROGRAMS[name](x), ours.compile(PROGRAMS[name])(x)
    np.testing.assert_allclose(got.numpy(), want.numpy(), rtol=1e-4)


def test_a_traced_value_is_no_array() -> None:
    with pytest.raises(TraceError, match="a value that is known"):
        ours.compile(einops.asnumpy)(ours.ones(2))


def test_ties_share_the_gradient() -> None:
    x = ours.ones(4, requires_grad=True)
    einops.reduce(x, "a -> ", "max").backward()
    assert x.grad.tolist() == [0.25] * 4


def test_the_rest_of_what_einops_asks_of_a_library() -> None:
    backend = get_backend(ours.ones(1))
    assert backend.framework_name == "xlagrad"
    assert backend.from_numpy(np.ones(2, np.float32)).requires_grad
    assert not backend.from_numpy(np.ones(2, np.int32)).requires_grad
    assert backend.arange(1, 4).tolist() == [1, 2, 3]
    assert backend.tile(ours.tensor([1, 2]), (2,)).tolist() == [1, 2, 1, 2]
    assert backend.is_float_type(ours.ones(1, dtype=ours.bfloat16))
    assert not backend.is_float_type(ours.ones(1, dtype=ours.complex64))
    assert backend.einsum("i,i->", ours.ones(3), ours.ones(3)).item() == 3.0
    with pytest.raises(
        ValueError, match=r"einops\.reduce: expected a reduction among min, .+, got 'logsumexp'"
    ):
        backend.reduce(ours.ones(2), "logsumexp", (0,))


def test_patterns_that_do_not_fit() -> None:
    for library in (torch, ours):
        with pytest.raises(einops.EinopsError, match="can't divide axis of length 6 in chunks of 4"):
            einops.rearrange(_data(library), "a (b c) d -> a b c d", b=4)


def test_the_names_that_opt_einsum_looks_for() -> None:
    x = xg.asarray([[1.0, 2.0], [3.0, 4.0]])
    assert opt_einsum.contract("ij,jk->ki", x, x, backend="xlagrad").tolist() == [[7.0, 15.0], [10.0, 22.0]]
    assert xg.transpose(x, (1, 0)).tolist() == [[1.0, 3.0], [2.0, 4.0]]
    assert xg.einsum("ij->j", x).tolist() == [4.0, 6.0]
    assert type(opt_einsum.contract_expression("ij,jk->ik", (2, 2), x, constants=[1])(x)) is Tensor
