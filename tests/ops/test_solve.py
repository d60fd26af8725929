"""Inverses, systems, determinants and triangular factors against PyTorch: values, gradients, failures."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import xlagrad.torch as ours
from tests.core.agreement import agree
from tests.ops.compare import Tensor, check, tensor
from xlagrad.core.compile import compile
from xlagrad.core.dispatch import registry
from xlagrad.core.errors import ArgumentError, DtypeError, LinAlgError, ShapeError

LOOSE: dict[str, Any] = {"rtol": 2e-4, "atol": 2e-5, "compiled": False}


def same(name: str, *args: Any, **kwargs: Any) -> None:
    check(f"linalg_{name}", *args, theirs=getattr(torch.linalg, name), **(LOOSE | kwargs))


def square(*batch: int, kind: torch.dtype = torch.float32, n: int = 3) -> torch.Tensor:
    """Return matrices far from singular."""
    x = tensor(*batch, n, n)
    return (torch.complex(x, tensor(*batch, n, n, seed=1)) if kind.is_complex else x) + 3 * torch.eye(n)


def definite(*batch: int, kind: torch.dtype = torch.float32) -> torch.Tensor:
    x = square(*batch, kind=kind)
    return x @ x.mH


KINDS = pytest.mark.parametrize("kind", [torch.float32, torch.complex64], ids=str)


@KINDS
def test_inverses_and_solutions(kind: Any) -> None:
    A = square(2, kind=kind)
    same("inv", A, second=not kind.is_complex)
    same("solve_ex", A, tensor(2, 3, 4).to(kind))
    same("solve", A, tensor(1, 2, 3).to(kind), left=False)
    same("solve", A, tensor(2, 3).to(kind))
    same("solve_triangular", A, tensor(4, 3).to(kind), upper=False, left=False)


@KINDS
def test_factors_by_elimination(kind: Any) -> None:
    A = square(2, kind=kind)
    same("lu_factor", A)
    same("lu", tensor(2, 3).to(kind))
    LU, pivots = torch.linalg.lu_factor(A)
    B = tensor(2, 3, 4).to(kind)
    same("lu_solve", LU, pivots, B, adjoint=True)
    same("lu_solve", LU, pivots, B.mT.contiguous(), left=False)
    check("lu_unpack", LU, pivots, **LOOSE)
    check("lu", A[0], get_infos=True, theirs=lambda x, get_infos: torch.linalg.lu_factor_ex(x), **LOOSE)


@KINDS
@pytest.mark.parametrize("upper", [False, True])
def test_factors_of_definite_matrices(kind: Any, upper: bool) -> None:
    A = definite(2, kind=kind)
    # PyTorch's complex gradient keeps what the real diagonal of the factor cannot follow.
    same("cholesky", A, upper=upper, grad=not kind.is_complex)
    L = torch.linalg.cholesky(A, upper=upper)
    check("cholesky_solve", tensor(2, 3, 4).to(kind), L, upper=upper, **LOOSE)
    check("cholesky_inverse", L, upper=upper, **LOOSE)
    # Of a matrix that is not Hermitian, the triangle that is returned is read.
    crooked = A + torch.triu(torch.ones(3, 3), 1) * (0 if upper else 9)
    same("cholesky", crooked, upper=upper, grad=False)


@KINDS
def test_determinants(kind: Any) -> None:
    A = square(2, kind=kind)
    same("det", A)
    same("slogdet", A)
    same("det", torch.ones(3, 3).to(kind) + torch.diag(torch.tensor([1.0, 1, 0])).to(kind))
    check("logdet", A if kind.is_complex else definite(2), **LOOSE)


def test_compiled_solutions() -> None:
    same("solve", square(), tensor(3, 4), compiled=True)
    same("cholesky", definite(), compiled=True, second=True)


NOTHING = {
    "inv": lambda t: t.linalg.inv(t.zeros(2, 0, 0)),
    "det": lambda t: t.linalg.det(t.zeros(0, 0)),
    "slogdet": lambda t: t.linalg.slogdet(t.zeros(0, 2, 2)),
    "cholesky": lambda t: t.linalg.cholesky_ex(t.zeros(0, 0)),
    "lu": lambda t: t.linalg.lu(t.zeros(3, 0)),
    "solve": lambda t: t.linalg.solve(t.eye(3), t.zeros(3, 0)),
    "tensorinv": lambda t: t.linalg.tensorinv(t.eye(6).reshape(6, 2, 3), ind=1),
    "tensorsolve": lambda t: t.linalg.tensorsolve(t.eye(6).reshape(2, 6, 3), t.ones(2, 3), dims=(1,)),
    "wide": lambda t: t.linalg.solve(t.eye(3), t.ones(2, 2)),
    "half": lambda t: t.linalg.inv(t.eye(2).half()),
    "types": lambda t: t.linalg.solve(t.eye(2), t.eye(2, dtype=t.int32)),
    "vector": lambda t: t.linalg.solve(t.eye(2), t.ones(2), left=False),
    "zero": lambda t: t.linalg.solve_ex(t.zeros(2, 2), t.ones(2)).info,
}


@pytest.mark.parametrize("case", NOTHING)
def test_edges(case: str) -> None:
    agree(NOTHING[case])


def test_matrices_without_a_result_raise() -> None:
    singular = ours.zeros(2, 2)
    with pytest.raises(
        LinAlgError, match=r"linalg.inv: expected invertible matrices, got .* pivot 1 is zero"
    ):
        ours.linalg.inv(singular)
    with pytest.raises(ours.linalg.LinAlgError, match=r"linalg.solve: .*batch element 1: a singular one"):
        ours.linalg.solve(ours.stack([ours.eye(2), singular]), ours.ones(2, 2, 1))
    with pytest.raises(LinAlgError, match=r"linalg.inv: expected invertible"):
        ours.linalg.inv_ex(singular, check_errors=True)
    with pytest.raises(LinAlgError, match=r"linalg.lu_factor: expected an invertible U"):
        ours.linalg.lu_factor(singular)
    with pytest.raises(LinAlgError, match=r"linalg.cholesky: .*leading minor of order 2 is not positive"):
        ours.linalg.cholesky(ours.tensor([[1.0, 2.0], [2.0, 1.0]]))
    assert ours.linalg.cholesky_ex(ours.tensor([[1.0, 2.0], [2.0, 1.0]])).info.item() == 2
    assert not compile(ours.linalg.inv)(singular).isfinite().any()


def test_refusals() -> None:
    with pytest.raises(NotImplementedError, match=r"linalg.lu_factor: expected pivot=True, got False"):
        ours.linalg.lu_factor(ours.eye(2), pivot=False)
    with pytest.raises(ArgumentError, match=r"linalg.lu_solve: expected pivots from 1, got 0"):
        ours.linalg.lu_solve(ours.eye(2), ours.tensor([0, 1], dtype=ours.int32), ours.eye(2))
    with pytest.raises(DtypeError, match="lu_unpack: expected int32 pivots"):
        ours.lu_unpack(ours.eye(2), ours.ones(2))
    with pytest.raises(ShapeError, match="cholesky_solve: expected right-hand sides of 2 rows"):
        ours.cholesky_solve(ours.ones(3, 1), ours.eye(2))
    with pytest.raises(ShapeError, match=r"linalg.tensorinv: expected equal products of the first 2 sizes"):
        ours.linalg.tensorinv(ours.ones(2, 3, 5))
    with pytest.raises(ShapeError, match=r"linalg.solve: expected batch dimensions that broadcast"):
        registry["linalg_solve"](Tensor(square(2).numpy()), Tensor(tensor(5, 3, 1).numpy()))
