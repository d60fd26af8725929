"""The standard's extensions ``linalg`` and ``fft`` against NumPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import xlagrad as xg
from xlagrad.core.errors import ShapeError

A = np.random.default_rng(0).normal(size=(2, 3, 3)).astype(np.float32) + 3 * np.eye(3, dtype=np.float32)
S = A @ np.swapaxes(A, -1, -2)
B = np.random.default_rng(1).normal(size=(2, 3, 4)).astype(np.float32)
V = B[0, :, 0]
Z = (B + 1j * B[:, ::-1]).astype(np.complex64)

LINALG: dict[str, Callable[[Any, Callable[[Any], Any]], Any]] = {
    "cholesky": lambda m, a: m.cholesky(a(S)),
    "cholesky upper": lambda m, a: m.cholesky(a(S), upper=True),
    "cross": lambda m, a: m.cross(a(B), a(B[:, ::-1]), axis=-2),
    "cross with broadcasting": lambda m, a: m.cross(a(A), a(V)),
    "det": lambda m, a: m.det(a(A)),
    "diagonal": lambda m, a: m.diagonal(a(B), offset=1),
    "eigh": lambda m, a: m.eigh(a(S)).eigenvalues,
    "eigvalsh": lambda m, a: m.eigvalsh(a(S)),
    "inv": lambda m, a: m.inv(a(A)),
    "matmul": lambda m, a: m.matmul(a(A), a(B)),
    "matrix_norm": lambda m, a: m.matrix_norm(a(B)),
    "matrix_norm nuclear": lambda m, a: m.matrix_norm(a(B), ord="nuc", keepdims=True),
    "matrix_norm 1": lambda m, a: m.matrix_norm(a(B), ord=1),
    "matrix_power": lambda m, a: m.matrix_power(a(A), -2),
    "matrix_rank": lambda m, a: m.matrix_rank(a(B)),
    "matrix_rank rtol": lambda m, a: m.matrix_rank(a(B), rtol=0.5),
    "matrix_transpose": lambda m, a: m.matrix_transpose(a(B)),
    "outer": lambda m, a: m.outer(a(V), a(V[:2])),
    "pinv": lambda m, a: m.pinv(a(B)),
    "slogdet": lambda m, a: tuple(m.slogdet(a(A))),
    "solve vector": lambda m, a: m.solve(a(A[0]), a(V)),
    "solve matrices": lambda m, a: m.solve(a(A), a(B)),
    "svdvals": lambda m, a: m.svdvals(a(B)),
    "tensordot": lambda m, a: m.tensordot(a(B), a(B), axes=((0, 1), (0, 1))),
    "trace": lambda m, a: m.trace(a(B), offset=-1),
    "vecdot": lambda m, a: m.vecdot(a(Z), a(B), axis=-1),
    "vector_norm": lambda m, a: m.vector_norm(a(B)),
    "vector_norm axes": lambda m, a: m.vector_norm(a(B), axis=(0, 2), ord=3, keepdims=True),
    "vector_norm inf": lambda m, a: m.vector_norm(a(Z), axis=1, ord=float("inf")),
}


def same(found: Any, want: Any) -> None:
    """Compare results, or tuples of them."""
    if isinstance(want, tuple):
        for a, b in zip(found, want, strict=True):
            same(a, b)
        return
    assert isinstance(found, xg.Tensor)
    assert found.shape == np.shape(want)
    np.testing.assert_allclose(found.numpy(), want, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("case", LINALG)
def test_linalg(case: str) -> None:
    same(LINALG[case](xg.linalg, xg.asarray), LINALG[case](np.linalg, np.asarray))


def test_factors_give_their_matrices_back() -> None:
    b = xg.asarray(B)
    Q, R = xg.linalg.qr(b)
    same(Q @ R, B)
    assert xg.linalg.qr(b, mode="complete").Q.shape == (2, 3, 3)
    U, s, Vh = xg.linalg.svd(b, full_matrices=False)
    same(U * s[..., None, :] @ Vh, B)
    assert xg.linalg.svd(b).Vh.shape == (2, 4, 4)
    values, vectors = xg.linalg.eig(xg.asarray(A))
    same(xg.asarray(A.astype(np.complex64)) @ vectors, (vectors * values[..., None, :]).numpy())
    assert sorted(xg.linalg.eigvals(xg.asarray(A[0])).abs().tolist()) == pytest.approx(
        sorted(values[0].abs().tolist()), rel=1e-4
    )


def test_a_matrix_is_no_batch_of_vectors() -> None:
    a, b = np.stack([np.eye(2) * k for k in (1.0, 2.0)]).astype(np.float32), np.ones((2, 2), np.float32)
    same(xg.linalg.solve(xg.asarray(a), xg.asarray(b)), np.stack([b, b / 2]))


def test_refused() -> None:
    with pytest.raises(ShapeError, match=r"linalg.cross: expected 3 elements along axis -1, got"):
        xg.linalg.cross(xg.ones(3), xg.ones(2))


FFT: dict[str, Callable[[Any, Callable[[Any], Any]], Any]] = {
    "fft": lambda m, a: m.fft(a(Z), n=5, axis=1, norm="ortho"),
    "ifft": lambda m, a: m.ifft(a(Z)),
    "rfft": lambda m, a: m.rfft(a(B), norm="forward"),
    "irfft": lambda m, a: m.irfft(a(Z), n=5),
    "hfft": lambda m, a: m.hfft(a(Z)),
    "ihfft": lambda m, a: m.ihfft(a(B), axis=0),
    "fftn": lambda m, a: m.fftn(a(Z), axes=(0, 2)),
    "ifftn": lambda m, a: m.ifftn(a(Z), s=(2, 3), axes=(1, 2)),
    "rfftn": lambda m, a: m.rfftn(a(B)),
    "irfftn": lambda m, a: m.irfftn(a(Z), axes=(1, 2)),
    "fftfreq": lambda m, a: m.fftfreq(5, d=0.5),
    "rfftfreq": lambda m, a: m.rfftfreq(6),
    "fftshift": lambda m, a: m.fftshift(a(B), axes=1),
    "ifftshift": lambda m, a: m.ifftshift(a(B)),
}


@pytest.mark.parametrize("case", FFT)
def test_fft(case: str) -> None:
    same(FFT[case](xg.fft, xg.asarray), FFT[case](np.fft, np.asarray))
    assert getattr(xg.fft, case).__name__ == case
