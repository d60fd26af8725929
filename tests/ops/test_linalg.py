"""Norms, softmax and matrix algebra against PyTorch."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from tests.ops.compare import Tensor, check, integers, tensor
from xlagrad.core.dispatch import registry
from xlagrad.core.errors import ArgumentError, DtypeError, IndexingError, ShapeError

INF = math.inf


def same(name: str, *args: Any, **kwargs: Any) -> None:
    """Compare ``linalg_<name>`` with ``torch.linalg.<name>``."""
    check(f"linalg_{name}", *args, theirs=getattr(torch.linalg, name), **kwargs)


def pinv_of(x: Any, **kwargs: Any) -> Any:
    return (
        torch.linalg.pinv(x, **kwargs)
        if isinstance(x, torch.Tensor)
        else registry["linalg_pinv"](x, **kwargs)
    )


def definite(n: int, *batch: int) -> torch.Tensor:
    x = tensor(*batch, n, n)
    return x @ x.mT + n * torch.eye(n)


@pytest.mark.parametrize("p", [0, 0.5, 1, 1.5, 2, 3, INF, -INF, -1])
def test_vector_norms(p: float) -> None:
    same("vector_norm", torch.tensor([0.0, 1.0, -1.0, 2.0]), p, second=p == 2, compiled=p == 2)
    same("vector_norm", torch.zeros(3), p, compiled=False)
    same("vector_norm", tensor(3, 4), p, dim=1, keepdim=True, compiled=False)
    same("vector_norm", torch.complex(tensor(3), tensor(3, seed=1)), p, compiled=False)


def test_norms_of_nothing_and_half_precision() -> None:
    check("norm", tensor(0), compiled=False)
    check("norm", tensor(0, 3), dim=1, compiled=False)
    check("norm", torch.full((4,), 300.0).half(), grad=False, compiled=False)
    check("norm", tensor(3, 4), "fro", 1, compiled=False)
    check("norm", tensor(3, 4), "nuc", compiled=False, rtol=1e-4)
    check("norm", tensor(3, 4), 1, (0, 1), True)
    check("dist", tensor(3), tensor(3, seed=1), 3, compiled=False)
    check("renorm", 3 * tensor(3, 4), 2, 0, 1.0, compiled=False)
    with pytest.raises(DtypeError, match="norm: expected a floating-point or complex tensor, got int"):
        Tensor([1, 2]).norm()
    with pytest.raises(IndexingError, match="at least one element along dim 0"):
        Tensor([]).norm(INF)
    with pytest.raises(ArgumentError, match="norm: expected p a number, 'fro' or 'nuc', got 'l2'"):
        Tensor([1.0]).norm("l2")


@pytest.mark.parametrize("order", ["fro", "nuc", 1, -1, INF, -INF, 2, -2])
def test_matrix_norms(order: Any) -> None:
    same("matrix_norm", tensor(2, 3, 4), order, compiled=False, rtol=1e-4)
    same("matrix_norm", tensor(3, 2, 4), order, (0, -1), True, compiled=False, rtol=1e-4)
    same("norm", tensor(3, 4), order, compiled=False, rtol=1e-4)


def test_norm_by_either_kind() -> None:
    same("norm", tensor(2, 3, 4), compiled=False)
    same("norm", tensor(4), 3, compiled=False)
    same("norm", tensor(2, 3), 3, 1, compiled=False)
    with pytest.raises(ShapeError, match=r"linalg.norm: expected a vector or a matrix"):
        registry["linalg_norm"](Tensor([[[1.0]]]), 2)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax(name: str) -> None:
    check(name, tensor(3, 4) * 50, -1, second=True, atol=1e-5)
    check(name, tensor(3, 4), 0, compiled=False)
    check(name, tensor(), 0, compiled=False)
    check(name, tensor(3, 0), 1, compiled=False)
    check(name, integers(3), 0, dtype=torch.float32, compiled=False)
    check(name, torch.tensor([[-INF, -INF], [-INF, 1.0], [INF, 1.0]]), 1, grad=False, compiled=False)
    with pytest.raises(DtypeError, match=f"{name}: expected a floating-point"):
        registry[name](Tensor([1]), 0)
    with pytest.raises(IndexingError, match=rf"{name}: expected dim in the range \[-1, 0\], got 3"):
        registry[name](Tensor([1.0]), 3)


def test_inverses_and_systems() -> None:
    A = tensor(2, 3, 3) + 3 * torch.eye(3)
    loose: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-5}
    same("inv", A, second=True, **loose)
    same("solve", A, tensor(2, 3, 4), **loose)
    same("solve", A, tensor(2, 3), compiled=False, **loose)
    same("solve", A[0], tensor(3), compiled=False, **loose)
    same("solve", A, tensor(2, 4, 3), left=False, compiled=False, **loose)
    same("solve_triangular", A, tensor(2, 3, 4), upper=True, compiled=False, **loose)
    same("solve_triangular", A, tensor(3, 4), upper=False, unitriangular=True, compiled=False, **loose)
    same("pinv", tensor(4, 3), compiled=False, **loose)
    cut = {"rtol": 0.5}
    check(lambda x: pinv_of(x, **cut), tensor(4, 3), grad=False, compiled=False, **loose)
    same("matrix_power", A, 3, compiled=False, **loose)
    same("matrix_power", A, -2, compiled=False, **loose)
    same("matrix_power", A, 0, compiled=False, **loose)
    check("inverse", A, compiled=False, **loose)


def test_determinants() -> None:
    A = tensor(2, 3, 3) + 3 * torch.eye(3)
    same("det", A, rtol=1e-4)
    same("det", tensor(0, 3, 3), compiled=False)
    same("slogdet", -A, compiled=False, rtol=1e-4)
    check("logdet", definite(3), compiled=False, rtol=1e-4)
    check(lambda x: x.det(), A, compiled=False, rtol=1e-4)
    same("matrix_rank", torch.ones(2, 3, 3), grad=False, compiled=False)
    same("cross", tensor(2, 3), tensor(2, 3, seed=1), compiled=False)


def test_cholesky() -> None:
    same("cholesky", definite(3, 2), second=True, rtol=1e-4, atol=1e-5)
    same("cholesky", definite(3), upper=True, compiled=False, rtol=1e-4, atol=1e-5)
    check("cholesky", definite(3), theirs=torch.linalg.cholesky, compiled=False, rtol=1e-4, atol=1e-5)
    lower_only = torch.tensor([[4.0, 99.0], [1.0, 5.0]])
    same("cholesky", lower_only, grad=False, compiled=False)


def test_factors_multiply_back() -> None:
    """Signs of vectors are free, so what is compared are functions that do not depend on them."""
    A = tensor(2, 4, 3)
    qr, svd, eigh = registry["linalg_qr"], registry["linalg_svd"], registry["linalg_eigh"]
    loose: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-4}
    check(lambda x: product(*qr_of(x, qr)), A, compiled=False, **loose)
    check(lambda x: qr_of(x, qr)[1].abs(), A, compiled=False, **loose)
    check(lambda x: (svd_of(x, svd)[1], svd_of(x, svd)[0].abs(), svd_of(x, svd)[2].abs()), A, **loose)
    S = definite(3, 2)
    check(lambda x: (eigh_of(x, eigh)[0], eigh_of(x, eigh)[1].abs()), S, compiled=False, **loose)
    same("svdvals", A, compiled=False, **loose)
    same("eigvalsh", S, "U", grad=False, compiled=False, **loose)
    assert tuple(qr(Tensor(A.numpy()), "complete").Q.shape) == (2, 4, 4)
    assert tuple(qr(Tensor(A.numpy()), "r").R.shape) == (2, 3, 3)
    assert tuple(svd(Tensor(A.numpy())).U.shape) == (2, 4, 4)
    u, s, v = Tensor(A.numpy()).svd()
    restored = (u * s.reshape(2, 1, 3)) @ v.transpose(-2, -1)
    torch.testing.assert_close(torch.from_numpy(restored.numpy().copy()), A, rtol=1e-4, atol=1e-4)


def product(q: Any, r: Any) -> Any:
    return q @ r


def qr_of(x: Any, ours: Any) -> Any:
    return torch.linalg.qr(x) if isinstance(x, torch.Tensor) else ours(x)


def svd_of(x: Any, ours: Any) -> Any:
    return torch.linalg.svd(x, full_matrices=False) if isinstance(x, torch.Tensor) else ours(x, False)


def eigh_of(x: Any, ours: Any) -> Any:
    return torch.linalg.eigh(x) if isinstance(x, torch.Tensor) else ours(x)


def test_errors() -> None:
    x = Tensor([[1.0, 2.0, 3.0]] * 2)
    for name in ("inv", "det", "slogdet", "cholesky", "eigh"):
        with pytest.raises(
            ShapeError, match=rf"linalg.{name}: expected square matrices, got float32\[2, 3\]"
        ):
            registry[f"linalg_{name}"](x)
    with pytest.raises(DtypeError, match=r"linalg.inv: expected a floating-point or complex tensor"):
        registry["linalg_inv"](Tensor([[1]]))
    with pytest.raises(ShapeError, match=r"linalg.det: expected at least 2 dimensions"):
        registry["linalg_det"](Tensor([1.0]))
    with pytest.raises(ShapeError, match=r"linalg.solve: expected a right-hand side of size 1"):
        registry["linalg_solve"](Tensor([[1.0]]), x)
    with pytest.raises(
        ArgumentError, match=r"linalg.qr: expected mode 'reduced', 'complete' or 'r', got 'x'"
    ):
        registry["linalg_qr"](x, "x")


def test_empty_and_hermitian_matrices() -> None:
    same("det", tensor(2, 0, 0), compiled=False)
    lower = tensor(3, 3)
    check(lambda x: pinv_of(x, hermitian=True), lower, grad=False, compiled=False, rtol=1e-3, atol=1e-4)


def test_conjugate_transposes() -> None:
    z = torch.complex(tensor(2, 3), tensor(2, 3, seed=1))
    check("adjoint", z, compiled=False)
    check(lambda x: (x.mH @ x, x.H), z, compiled=False)
    check(lambda x: x.mH, tensor(2, 2, 3), compiled=False)
    with pytest.raises(ShapeError, match="H: expected a matrix"):
        Tensor([1.0]).H  # noqa: B018
