"""LDL factors, matrix functions, blended products, einsum's forms, distances, covariances against PyTorch."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import xlagrad.torch as ours
from tests.core.agreement import agree
from tests.ops.compare import check, integers, tensor
from xlagrad.core.dispatch import registry
from xlagrad.core.errors import AutogradError, DtypeError, ShapeError

LOOSE: dict[str, Any] = {"rtol": 1e-3, "atol": 1e-4, "compiled": False}
INF = float("inf")


def same(name: str, *args: Any, **kwargs: Any) -> None:
    check(f"linalg_{name}", *args, theirs=getattr(torch.linalg, name), **(LOOSE | kwargs))


def symmetric(n: int, kind: torch.dtype = torch.float32) -> torch.Tensor:
    x = tensor(2, n, n)
    x = torch.complex(x, tensor(2, n, n, seed=1)) if kind.is_complex else x
    return x + x.mT


@pytest.mark.parametrize("hermitian", [False, True])
@pytest.mark.parametrize("kind", [torch.float32, torch.complex64], ids=str)
def test_ldl(kind: Any, hermitian: bool) -> None:
    A = symmetric(5, kind)
    A[1] -= torch.diag(A[1].diagonal())
    LD, pivots, _ = torch.linalg.ldl_factor_ex(A, hermitian=hermitian)
    assert (pivots < 0).any(), "no block of two columns, the harder case"
    same("ldl_factor", A, hermitian=hermitian, grad=False)
    B = tensor(2, 5, 3).to(kind)
    check(
        lambda b: registry["linalg_ldl_solve"](ours.tensor(LD.numpy()), ours.tensor(pivots.numpy()), b,
                                               hermitian=hermitian),
        B, theirs=lambda b: torch.linalg.ldl_solve(LD, pivots, b, hermitian=hermitian), grad=False, **LOOSE,
    )  # fmt: skip


def test_ldl_has_no_gradient() -> None:
    x = ours.eye(2).requires_grad_()
    with pytest.raises(AutogradError, match=r"linalg.ldl_factor: expected no gradient to pass"):
        ours.linalg.ldl_factor(x).LD.sum().backward()
    b = ours.ones(2, 1, requires_grad=True)
    ours.linalg.ldl_solve(2 * ours.eye(2), ours.tensor([1, 2], dtype=ours.int32), b).sum().backward()
    assert b.grad.tolist() == [[0.5], [0.5]]


def test_matrix_functions() -> None:
    A = tensor(2, 3, 3)
    same("matrix_exp", A)
    same("matrix_exp", torch.complex(A[0], A[1]))
    same("matrix_power", A, 3)
    same("matrix_power", A, -2)
    same("matrix_power", integers(2, 2), 3)
    same("multi_dot", [tensor(2, 3), tensor(3, 4), tensor(4, 2)])
    same("multi_dot", [tensor(3), tensor(3, 4), tensor(4)], grad=False)
    check("chain_matmul", tensor(2, 3), tensor(3, 4), tensor(4, 2),
          theirs=lambda *x: torch.linalg.multi_dot(x), **LOOSE)  # fmt: skip
    same("vander", tensor(2, 3), N=4)
    check("vander", tensor(3), increasing=True, grad=False, **LOOSE)


def test_blended_products_of_other_types() -> None:
    i = integers(2, 2)
    b = torch.tensor([True, False])
    check("addmm", i, i, i, beta=0.5, compiled=False)
    check("addr", i, tensor(2), tensor(2), compiled=False)
    check("addr", torch.outer(b, b), b, b, beta=0, compiled=False)
    check("addbmm", tensor(2, 4), torch.ones(0, 2, 3), torch.ones(0, 3, 4), compiled=False)
    check("addmv", tensor(), tensor(2, 3), tensor(3), compiled=False)
    check("kron", torch.outer(b, b), b, compiled=False)
    check("kron", tensor(2, 3, 2), tensor(3, 1), compiled=False)
    half = ours.ones(2, 2, dtype=ours.float16)
    assert ours.mm(half, half, out_dtype=ours.float32).dtype == ours.float32


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij...->...", [(2, 3, 4)]), ("...ij->ij", [(2, 3, 4)]), ("ij,ij", [(1, 3), (2, 1)]),
        ("...,...", [(3, 1), (4,)]), ("ii,i", [(1, 1), (3,)]), (",ij", [(), (2, 3)]), ("i->", [(0,)]),
        ("...ii->...i", [(2, 3, 3)]), ("bn,anm,bm->ba", [(2, 5), (3, 5, 4), (2, 4)]),
    ],
)  # fmt: skip
def test_einsum_of_unusual_forms(equation: str, shapes: Any) -> None:
    xs = [tensor(*s, seed=i) for i, s in enumerate(shapes)]
    check(
        lambda *v: ours.einsum(equation, *v), *xs, theirs=lambda *v: torch.einsum(equation, *v),
        compiled=False,
    )  # fmt: skip


@pytest.mark.parametrize("p", [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, INF])
def test_distances(p: float) -> None:
    x = tensor(4, 3)
    check("cdist", x, torch.cat([x[:1], tensor(2, 3, seed=1)]), p, **LOOSE)
    check("pdist", x, p, theirs=torch.nn.functional.pdist, **LOOSE)


def test_distances_of_many_rows_and_batches() -> None:
    check("cdist", tensor(30, 2), tensor(3, 2, seed=1), **LOOSE)
    check("cdist", tensor(2, 1, 3, 2), tensor(4, 5, 2), 1.0, **LOOSE)
    check("cdist", tensor(3, 2), tensor(3, 2), compute_mode="use_mm_for_euclid_dist", grad=False,
          rtol=1e-3, atol=2e-3, compiled=False)  # fmt: skip


def test_covariances() -> None:
    x, f, a = tensor(3, 4), torch.tensor([1, 2, 3, 4]), tensor(4, low=0.5)
    check("cov", x, correction=0, **LOOSE)
    check("cov", torch.complex(x, x * x), **LOOSE)
    check("cov", tensor(5), **LOOSE)
    check("cov", integers(2, 4), **LOOSE)
    check("corrcoef", x, **LOOSE)
    check("corrcoef", torch.complex(x, x * x), **LOOSE)
    check(lambda x: x.cov(fweights=ours.tensor(f.numpy()), aweights=ours.tensor(a.numpy())), x,
          theirs=lambda x: x.cov(fweights=f, aweights=a), **LOOSE)  # fmt: skip


CASES = {
    "ldl of nothing": lambda t: t.linalg.ldl_factor(t.zeros(0, 0)),
    "ldl of zero": lambda t: t.linalg.ldl_factor_ex(t.zeros(2, 2)),
    "one matrix": lambda t: t.linalg.multi_dot([t.eye(2)]),
    "integers inverted": lambda t: t.linalg.matrix_power(t.ones(2, 2, dtype=t.int32), -1),
    "few powers": lambda t: t.linalg.vander(t.ones(3), N=1),
    "booleans": lambda t: t.mm(t.ones(2, 2, dtype=t.bool), t.ones(2, 2, dtype=t.bool)),
    "addr of integers": lambda t: t.addr(
        t.ones(2, 2, dtype=t.int32), *[t.ones(2, dtype=t.int32)] * 2, alpha=0.5
    ),
    "einsum of types": lambda t: t.einsum("ij,jk", t.eye(2), t.ones(2, 2, dtype=t.int32)),
    "einsum twice": lambda t: t.einsum("ij,jk->iik", t.eye(2), t.eye(2)),
    "einsum unknown": lambda t: t.einsum("ij->k", t.eye(2)),
    "einsum digits": lambda t: t.einsum("1j", t.eye(2)),
    "einsum dots": lambda t: t.einsum("..j", t.eye(2)),
    "einsum dims": lambda t: t.einsum("ijk", t.eye(2)),
    "einsum operands": lambda t: t.einsum("ij,jk", t.eye(2)),
    "einsum sums": lambda t: t.einsum("ij->", t.ones(2, 2, dtype=t.int32)),
    "tensordot": lambda t: t.tensordot(t.eye(2), t.eye(2), dims=([0, 1], [0])),
    "distance": lambda t: t.cdist(t.eye(2), t.eye(2), p=-1.0),
    "no columns": lambda t: t.cdist(t.zeros(2, 0), t.zeros(3, 0)),
    "one row": lambda t: t.nn.functional.pdist(t.ones(1, 2)),
    "weights": lambda t: t.cov(t.eye(2), fweights=t.tensor([1, -1])),
    "no observations": lambda t: t.cov(t.zeros(2, 0)),
    "vecdot": lambda t: t.linalg.vecdot(t.ones(2, 3), t.ones(3), dim=0),
    "norm of nothing": lambda t: t.linalg.norm(t.zeros(0, 3), -2),
    "narrow norm": lambda t: t.linalg.vector_norm(t.ones(2), dtype=t.float16),
    "renorm": lambda t: t.renorm(t.ones(2), 2, 0, 1),
    "nuclear": lambda t: t.nuclear_norm(t.eye(3), (0, 1), True),
    "frobenius": lambda t: t.frobenius_norm(t.eye(3), 1),
}


@pytest.mark.parametrize("case", CASES)
def test_edges(case: str) -> None:
    agree(CASES[case])


def test_refusals() -> None:
    with pytest.raises(DtypeError, match="mm: expected out_dtype float32, or float32 for operands of 16"):
        ours.mm(ours.eye(2), ours.eye(2), out_dtype=ours.float16)
    with pytest.raises(ShapeError, match="einsum: expected 3 dimensions of operand 0 for 'ijk', got float32"):
        ours.einsum("ijk", ours.eye(2))
