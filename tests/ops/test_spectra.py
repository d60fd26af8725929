"""Orthogonal factors, singular values, eigenvalues, pseudo-inverses and least squares against PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

import xlagrad.torch as ours
from tests.core.agreement import agree
from tests.ops.compare import check, tensor
from xlagrad.core.compile import compile
from xlagrad.core.errors import ArgumentError, AutogradError, LinAlgError, ShapeError

LOOSE: dict[str, Any] = {"rtol": 1e-3, "atol": 1e-4, "compiled": False}
INF = float("inf")


def same(name: str, *args: Any, **kwargs: Any) -> None:
    check(f"linalg_{name}", *args, theirs=getattr(torch.linalg, name), **(LOOSE | kwargs))


def of(function: Callable[..., Any], *args: Any, **options: Any) -> None:
    """Compare a function of either library and tensors; it hides signs and phases that are free."""
    check(lambda *x: function(ours, *x), *args, theirs=lambda *x: function(torch, *x), **(LOOSE | options))


def matrix(*shape: int, kind: torch.dtype = torch.float32) -> torch.Tensor:
    x = tensor(*shape)
    return torch.complex(x, tensor(*shape, seed=1)) if kind.is_complex else x


KINDS = pytest.mark.parametrize("kind", [torch.float32, torch.complex64], ids=str)


@KINDS
def test_qr(kind: Any) -> None:
    of(lambda t, x: [f.abs() for f in t.linalg.qr(x)], matrix(2, 4, 3, kind=kind))
    of(lambda t, x: [f.abs() for f in t.linalg.qr(x)], matrix(2, 4, kind=kind), second=not kind.is_complex)
    of(lambda t, x: t.linalg.qr(x, mode="complete")[1].abs(), matrix(2, 3, kind=kind))
    q, r = ours.linalg.qr(ours.ones(3, 2, requires_grad=True), mode="complete")
    assert (tuple(q.shape), tuple(r.shape)) == ((3, 3), (3, 2))
    with pytest.raises(
        AutogradError, match=r"linalg.qr: expected mode 'reduced' where a gradient is to pass"
    ):
        r.sum().backward()


@KINDS
def test_reflections(kind: Any) -> None:
    a, tau = torch.geqrf(matrix(4, 3, kind=kind))
    check("geqrf", matrix(4, 3, kind=kind), grad=False, **LOOSE)
    same("householder_product", a, tau)
    check("ormqr", a, tau, matrix(2, 4, kind=kind), left=False, **LOOSE)
    check("ormqr", a, tau, matrix(4, 2, kind=kind), transpose=True, grad=False, **LOOSE)
    with pytest.raises(ShapeError, match=r"linalg.householder_product: expected at least as many rows"):
        ours.linalg.householder_product(ours.ones(2, 3), ours.ones(2))


@KINDS
@pytest.mark.parametrize("shape", [(2, 4, 3), (2, 4)], ids=str)
def test_svd(kind: Any, shape: Any) -> None:
    k = min(shape[-2:])
    of(lambda t, x: [f.abs() for f in t.linalg.svd(x, full_matrices=False)], matrix(*shape, kind=kind))

    def full(t: Any, x: Any) -> Any:
        u, s, v = t.linalg.svd(x)
        return u[..., :k].abs(), s, v[..., :k, :].abs()

    of(full, matrix(*shape, kind=kind))
    of(lambda t, x: t.svd(x)[2].abs(), matrix(*shape, kind=kind), grad=False)


def test_equal_singular_values_and_eigenvalues() -> None:
    of(lambda t, x: t.linalg.svd(x)[1] * t.arange(3), torch.eye(3), grad=False)
    of(lambda t, x: t.linalg.svd(x)[1].sum(), torch.eye(3))
    of(lambda t, x: t.linalg.eigh(x)[0].sum(), torch.eye(3))
    of(lambda t, x: t.linalg.matrix_norm(x, 2), 2 * torch.eye(3))


@KINDS
def test_hermitian_eigenvalues(kind: Any) -> None:
    A = matrix(3, 3, kind=kind)
    of(lambda t, x: [f.abs() for f in t.linalg.eigh(x + x.mH, UPLO="u")], A, second=not kind.is_complex)
    same("eigvalsh", A, UPLO="U")
    same("eigvalsh", A)


@KINDS
def test_general_eigenvalues(kind: Any) -> None:
    A = matrix(3, 3, kind=kind)
    of(lambda t, x: (t.linalg.eigvals(x) ** 3).sum(), A, second=not kind.is_complex)
    of(lambda t, x: (t.linalg.eig(x)[1].abs() ** 2).sum(0).sum(), A)
    of(lambda t, x: (t.linalg.eig(x)[1].abs() * (t.linalg.eig(x)[0].real)).sum(), A)


@KINDS
def test_pseudo_inverses(kind: Any) -> None:
    A = matrix(4, 3, kind=kind)
    same("pinv", A, second=not kind.is_complex)
    low = A[:, :2] @ matrix(2, 3, kind=kind)
    same("pinv", low, rtol=1e-3)
    same("pinv", A @ A.mH, hermitian=True, rtol=1e-3, atol=1e-3)
    same("matrix_rank", low, grad=False)
    check("pinverse", A, **LOOSE)


@pytest.mark.parametrize("p", [None, -2, 1, "fro", "nuc", -INF], ids=str)
def test_condition_numbers(p: Any) -> None:
    # PyTorch's own gradient fails for some: its forward pass writes into what the backward pass reads.
    def by_inverse(x: Any, p: Any) -> Any:
        norm = torch.linalg.matrix_norm
        return norm(x, p) * norm(torch.linalg.inv(x), p)

    spectral = p in (None, -2)
    theirs = torch.linalg.cond if spectral else by_inverse
    check("linalg_cond", matrix(3, 3) + 2 * torch.eye(3), p, theirs=theirs, **LOOSE)
    if p != "nuc":
        same("cond", torch.zeros(2, 2), p, grad=False)


@pytest.mark.parametrize("driver", ["gels", "gelsy", "gelsd", "gelss"])
def test_least_squares(driver: str) -> None:
    same("lstsq", matrix(4, 2), matrix(4, 3), driver=driver, grad=False)
    same("lstsq", matrix(2, 4), matrix(2), driver=driver, grad=False)
    of(lambda t, a, b: t.linalg.lstsq(a, b, driver=driver).solution, matrix(3, 4, 2), matrix(3, 4))
    of(lambda t, a, b: t.linalg.lstsq(a, b, driver=driver)[1], matrix(4, 2), matrix(4, 3), grad=False)


def test_least_squares_refusals() -> None:
    flat = ours.ones(3, 2)
    with pytest.raises(LinAlgError, match=r"linalg.lstsq: expected matrices of full rank"):
        ours.linalg.lstsq(flat, ours.ones(3), driver="gels")
    assert ours.linalg.lstsq(flat, ours.ones(3, 1), driver="gelsd").residuals.numel() == 0
    assert tuple(compile(ours.linalg.lstsq)(flat, ours.ones(3, 1)).solution.shape) == (2, 1)
    with pytest.raises(ArgumentError, match=r"linalg.lstsq: expected a driver of gels, gelsy, gelsd, gelss"):
        ours.linalg.lstsq(flat, ours.ones(3), driver="x")


def test_random_projections() -> None:
    ours.manual_seed(0)
    A = matrix(8, 2) @ matrix(2, 5)
    x = ours.tensor(A.numpy(), requires_grad=True)
    U, S, V = ours.svd_lowrank(x, q=3)
    torch.testing.assert_close(torch.tensor(((U * S) @ V.mT).tolist()), A, rtol=1e-3, atol=1e-3)
    S.sum().backward()
    assert x.grad.isfinite().all()
    want = torch.linalg.svdvals(A - A.mean(0))[:2]
    got = ours.pca_lowrank(x, q=2)[1]
    torch.testing.assert_close(torch.tensor(got.tolist()), want, rtol=1e-3, atol=1e-3)


def test_a_few_eigenpairs() -> None:
    A = torch.diag(torch.arange(1.0, 13)) + 0.1 * torch.ones(12, 12)
    B = torch.eye(12) + 0.05 * torch.ones(12, 12)
    start = matrix(12, 2)
    values = torch.linalg.eigvalsh(A)
    for largest, want in ((True, values.flip(0)[:2]), (False, values[:2])):
        E, X = ours.lobpcg(ours.tensor(A.numpy()), X=ours.tensor(start.numpy()), largest=largest)
        torch.testing.assert_close(torch.tensor(E.tolist()), want, rtol=1e-4, atol=1e-4)
        assert tuple(X.shape) == (12, 2)
    of(lambda t, x, s: t.lobpcg(x, X=s.detach())[0], A, start, grad=False)
    of(lambda t, x, b, s: t.lobpcg(x, B=b, X=s)[0], A, B, start, grad=False)
    x = ours.tensor(A.numpy(), requires_grad=True)
    E, X = ours.lobpcg(x, k=1, niter=100, tol=1e-6)
    (E.sum() + X.abs().sum()).backward()
    y = A.clone().requires_grad_()
    values, vectors = torch.linalg.eigh(y)
    (values[-1] + vectors[:, -1].abs().sum()).backward()
    torch.testing.assert_close(torch.tensor(x.grad.tolist()), y.grad, rtol=1e-2, atol=2e-3)
    with pytest.raises(ShapeError, match=r"lobpcg: expected at least 6 rows, 3 for each vector"):
        ours.lobpcg(ours.eye(5), k=2)


CASES = {
    "empty svd": lambda t: t.linalg.svd(t.zeros(0, 3)),
    "empty qr": lambda t: t.linalg.qr(t.zeros(3, 0), mode="complete"),
    "empty eig": lambda t: t.linalg.eig(t.zeros(0, 2, 2)),
    "empty pinv": lambda t: t.linalg.pinv(t.zeros(0, 3)),
    "empty cond": lambda t: t.linalg.cond(t.zeros(0, 0)),
    "empty lstsq": lambda t: t.linalg.lstsq(t.zeros(3, 0), t.ones(3, 1)),
    "nan svd": lambda t: t.linalg.svd(t.full((2, 2), float("nan"))),
    "nan eig": lambda t: t.linalg.eig(t.full((2, 2), float("nan"))),
    "nan eigh": lambda t: t.linalg.eigvalsh(t.full((2, 2), float("nan"))),
    "half": lambda t: t.linalg.svdvals(t.eye(2).half()),
    "integers": lambda t: t.linalg.eig(t.ones(2, 2, dtype=t.int32)),
    "triangle": lambda t: t.linalg.eigh(t.eye(2), "X"),
    "driver": lambda t: t.linalg.svd(t.eye(2), driver="gesvd"),
    "mode": lambda t: t.linalg.qr(t.eye(2), "x"),
    "norm": lambda t: t.linalg.cond(t.eye(2), 3),
    "right-hand sides": lambda t: t.linalg.lstsq(t.ones(4, 3, 2), t.ones(3, 1)),
    "q": lambda t: t.pca_lowrank(t.ones(3, 4), q=5),
}


@pytest.mark.parametrize("case", CASES)
def test_edges(case: str) -> None:
    agree(CASES[case])
