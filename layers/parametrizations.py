"""Weight, spectral and orthogonal normalisation of a module's parameters."""

from __future__ import annotations

from typing import Any

from xlagrad.core.dtypes import finfo
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.modes import no_grad
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers.conv import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from xlagrad.layers.module import Module
from xlagrad.layers.parametrize import register_parametrization
from xlagrad.ops.create import zeros_like
from xlagrad.ops.join import cat
from xlagrad.ops.norm import norm_except_dim
from xlagrad.ops.orthogonal import geqrf, linalg_householder_product, linalg_qr
from xlagrad.ops.powers import linalg_matrix_exp
from xlagrad.ops.random import randn
from xlagrad.ops.solve import linalg_solve


class _WeightNorm(Module):
    """w = g · v / ‖v‖."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Any:
        """Return w of magnitude g and direction v."""
        return weight_v * (weight_g / norm_except_dim(weight_v, 2, self.dim))

    def right_inverse(self, weight: Tensor) -> tuple[Any, Tensor]:
        """Return magnitude and direction."""
        return norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int = 0) -> Module:
    """Compute a weight as w = g · v / ‖v‖, magnitude apart from direction; return the module.

    Args:
        module: the module.
        name: name of its weight.
        dim: the dimension whose entries have a magnitude each; None for one magnitude in all.

    Reference: ``torch.nn.utils.parametrizations.weight_norm``; Salimans & Kingma 2016.
    """
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


def matrix_of(weight: Any, dim: int) -> Any:
    """Return a weight as a matrix whose rows are the entries of one dimension."""
    if dim != 0:
        weight = weight.permute(dim, *[i for i in range(weight.ndim) if i != dim])
    return weight.flatten(1)


def power_iteration(matrix: Any, u: Any, v: Any, steps: int, eps: float) -> tuple[Any, Any]:
    """Return better estimates of the first singular vectors u and v of a matrix.

    Each step is u ← normalize(A v), v ← normalize(Aᵀ u).
    """
    for _ in range(steps):
        u = F.normalize(matrix.mv(v), dim=0, eps=eps)
        v = F.normalize(matrix.mH.mv(u), dim=0, eps=eps)
    return u, v


class _SpectralNorm(Module):
    """w / σ(w), with σ the largest singular value, estimated by a step of power iteration at each look."""

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        if not -weight.ndim <= dim < weight.ndim:
            want = f"dim in [-{weight.ndim}, {weight.ndim - 1}]"
            raise ArgumentError(message("spectral_norm", want, str(dim)))
        if n_power_iterations <= 0:
            want = "n_power_iterations to be positive"
            raise ArgumentError(message("spectral_norm", want, str(n_power_iterations)))
        self.dim = dim % weight.ndim
        self.eps = eps
        self.n_power_iterations = n_power_iterations
        if weight.ndim < 2:
            return
        with no_grad():
            matrix = matrix_of(weight.detach(), self.dim)
            u = F.normalize(matrix.new_empty(matrix.shape[0]).normal_(), dim=0, eps=eps)
            v = F.normalize(matrix.new_empty(matrix.shape[1]).normal_(), dim=0, eps=eps)
            # A good beginning, so that evaluation without training has an estimate too.
            u, v = power_iteration(matrix, u, v, 15, eps)
        self.register_buffer("_u", u)
        self.register_buffer("_v", v)

    def forward(self, weight: Any) -> Any:
        """Return the weight divided by its spectral norm."""
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = matrix_of(weight, self.dim)
        if self.training:
            with no_grad():
                u, v = power_iteration(matrix.detach(), self._u, self._v, self.n_power_iterations, self.eps)
                self._u.copy_(u)
                self._v.copy_(v)
        # Copies: the next step's writes must not reach what backward needs.
        u, v = self._u.clone(), self._v.clone()
        return weight / u.vdot(matrix.mv(v))

    def right_inverse(self, value: Tensor) -> Tensor:
        """Return the value: dividing again by its norm gives the same."""
        return value


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """Divide a weight by its largest singular value; return the module.

    Args:
        module: the module.
        name: name of its weight.
        n_power_iterations: steps of the estimate at each look in training.
        eps: keeps norms away from zero.
        dim: the dimension of outputs; by default 1 for transposed convolutions, else 0.

    Raises:
        ArgumentError: no such weight, a dimension that it lacks, or no step.

    Reference: ``torch.nn.utils.parametrizations.spectral_norm``; Miyato et al. 2018.
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ArgumentError(
            message("spectral_norm", f"a parameter or buffer '{name}'", f"{type(weight).__name__}")
        )
    if dim is None:
        dim = output_dim(module)
    return register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))


def output_dim(module: Module) -> int:
    """Return which dimension of a layer's weight belongs to its outputs."""
    return int(isinstance(module, (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)))


_MAPS = ("matrix_exp", "cayley", "householder")


class _Orthogonal(Module):
    """An orthogonal or unitary matrix computed from any other."""

    base: Any

    def __init__(self, weight: Any, orthogonal_map: str, use_trivialization: bool = True) -> None:
        super().__init__()
        if weight.is_complex() and orthogonal_map == "householder":
            want = "the matrix_exp or cayley map for complex tensors"
            raise ArgumentError(message("orthogonal", want, "householder"))
        self.shape = tuple(weight.shape)
        self.orthogonal_map = orthogonal_map
        self.register_buffer("base", None)
        self.use_trivialization = use_trivialization

    def forward(self, X: Any) -> Any:
        """Return the orthogonal matrix of a matrix's lower triangle."""
        turned = X.shape[-2] < X.shape[-1]
        X = X.mT if turned else X
        n, k = X.shape[-2:]
        if self.orthogonal_map == "householder":
            A = X.tril(-1)
            tau = 2.0 / (1.0 + (A * A).sum(-2))
            Q = linalg_householder_product(A, tau) * X.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)
        else:
            X = X.tril()
            if n != k:
                X = cat([X, X.new_zeros((*X.shape[:-1], n - k))], dim=-1)
            Q = _exponential(X - X.mH, self.orthogonal_map)[..., :k]
        if self.base is not None:
            Q = self.base @ Q
        return Q.mT if turned else Q

    def right_inverse(self, Q: Any) -> Any:
        """Return what the map takes to ``Q``, made orthogonal first.

        Raises:
            ShapeError: ``Q`` has another shape.
            NotImplementedError: ``use_trivialization=False`` with matrix_exp or cayley.
        """
        if tuple(Q.shape) != self.shape:
            raise ShapeError(message("orthogonal", f"a matrix of shape {self.shape}", describe(Q)))
        wide = Q.shape[-2] < Q.shape[-1]
        start = Q
        Q = Q.mT if wide else Q
        n, k = Q.shape[-2:]
        if not self.use_trivialization:
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    f"orthogonal: {self.orthogonal_map} has no inverse with use_trivialization=False; "
                    "assign with use_trivialization=True, or use the householder map."
                )
            A, tau = geqrf(Q)
            # With ±1 on the diagonal the product of the reflections has the signs of Q's columns.
            sign = A.diagonal(dim1=-2, dim2=-1).sign()
            sign = sign * (1 - 2 * (tau == 0).to(sign.dtype))
            A = A.clone()
            A.diagonal(dim1=-2, dim2=-1).copy_(sign)
            return A.mT if wide else A
        if n != k:
            Q = cat([Q, randn(*Q.shape[:-1], n - k, dtype=Q.dtype, device=Q.device)], dim=-1)
        if n != k or not _is_orthogonal(Q):
            Q = _make_orthogonal(Q)
        self.base = Q.clone()
        negative = zeros_like(start)
        negative.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
        return negative


def _exponential(A: Any, kind: str) -> Any:
    """Return exp(A), or Cayley's (I - A/2)⁻¹ (I + A/2), of a skew-symmetric matrix."""
    if kind == "matrix_exp":
        return linalg_matrix_exp(A)
    eye = zeros_like(A)
    eye.diagonal(dim1=-2, dim2=-1).fill_(1)
    return linalg_solve(eye - A / 2, eye + A / 2)


def _is_orthogonal(Q: Any) -> bool:
    n = Q.shape[-2]
    gram = Q.mH @ Q
    eye = zeros_like(gram)
    eye.diagonal(dim1=-2, dim2=-1).fill_(1)
    return bool(gram.allclose(eye, atol=10 * n * float(finfo(Q.dtype).eps)))


def _make_orthogonal(A: Any) -> Any:
    """Return the Q of A = Q R with positive entries on the diagonal of R."""
    Q, R = linalg_qr(A)
    return Q * R.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)


def orthogonal(
    module: Module,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> Module:
    """Keep a matrix orthogonal (complex: unitary), rows or columns, whichever are fewer; return the module.

    Args:
        module: the module.
        name: name of its matrix; with more dimensions, a batch of matrices.
        orthogonal_map: ``matrix_exp``, ``cayley`` or ``householder``; by default ``matrix_exp`` for square or
            complex matrices, else ``householder``.
        use_trivialization: start from the matrix that there is, and learn a rotation of it.

    Raises:
        ArgumentError: no such tensor, less than two dimensions, or an unknown map.

    Reference: ``torch.nn.utils.parametrizations.orthogonal``; Lezcano-Casado 2019.
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor) or weight.ndim < 2:
        want = f"a parameter or buffer '{name}' that is a matrix or batch of matrices"
        raise ArgumentError(message("orthogonal", want, describe(weight)))
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1] or weight.is_complex()
        orthogonal_map = "matrix_exp" if square else "householder"
    if orthogonal_map not in _MAPS:
        raise ArgumentError(message("orthogonal", f"orthogonal_map among {_MAPS}", repr(orthogonal_map)))
    made = _Orthogonal(weight, orthogonal_map, use_trivialization)
    return register_parametrization(module, name, made, unsafe=True)
