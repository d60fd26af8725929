"""Transforms of vectors and matrices, and of parts of tensors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from xlagrad.core.errors import ArgumentError, ShapeError, message
from xlagrad.core.tensor import Size
from xlagrad.layers import functional as F
from xlagrad.ops.create import arange, eye
from xlagrad.ops.join import cat, stack
from xlagrad.torch.distributions import constraints
from xlagrad.torch.distributions.transform import Transform
from xlagrad.torch.distributions.utils import eps_of, tril_matrix_to_vec, vec_to_tril_matrix


class CorrCholeskyTransform(Transform):
    """Vectors of D(D-1)/2 numbers as Cholesky factors of D×D correlation matrices.

    The numbers' hyperbolic tangents are partial correlations, row by row.

    Reference: ``torch.distributions.transforms.CorrCholeskyTransform``; Lewandowski et al. 2009.
    """

    domain = constraints.real_vector
    codomain = constraints.corr_cholesky
    bijective = True

    def _call(self, x: Any) -> Any:
        x = x.tanh()
        bound = 1 - eps_of(x)
        r = vec_to_tril_matrix(x.clamp(min=-bound, max=bound), diag=-1)
        # What is left of each row's unit norm after the columns before.
        left = (1 - r * r).sqrt().cumprod(-1)
        r = r + eye(r.shape[-1], dtype=r.dtype, device=r.device)
        return r * F.pad(left[..., :-1], (1, 0), value=1)

    def _inverse(self, y: Any) -> Any:
        left = F.pad((1 - (y * y).cumsum(-1))[..., :-1], (1, 0), value=1)
        entries = tril_matrix_to_vec(y, diag=-1)
        t = entries / tril_matrix_to_vec(left, diag=-1).sqrt()
        return (t.log1p() - (-t).log1p()) / 2

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return the sum over the entries below the diagonal."""
        left = 1 - (y * y).cumsum(-1)
        below = tril_matrix_to_vec(left, diag=-2)
        first = 0.5 * below.log().sum(-1)
        second = -2 * (x + F.softplus(-2 * x) - math.log(2.0)).sum(-1)
        return first + second

    def forward_shape(self, shape: Any) -> Any:
        """Return (..., D, D) for (..., D(D-1)/2)."""
        if len(shape) < 1:
            raise ShapeError(message("CorrCholeskyTransform", "vectors", f"{tuple(shape)}"))
        n = round((0.25 + 2 * shape[-1]) ** 0.5 + 0.5)
        if n * (n - 1) // 2 != shape[-1]:
            want = "an input that can be flattened from a square matrix"
            raise ShapeError(message("CorrCholeskyTransform", want, f"{tuple(shape)}"))
        return Size((*shape[:-1], n, n))

    def inverse_shape(self, shape: Any) -> Any:
        """Return (..., D(D-1)/2) for (..., D, D)."""
        if len(shape) < 2 or shape[-2] != shape[-1]:
            raise ShapeError(message("CorrCholeskyTransform", "square matrices", f"{tuple(shape)}"))
        return Size((*shape[:-2], shape[-1] * (shape[-1] - 1) // 2))


class SoftmaxTransform(Transform):
    """y = softmax(x), with the inverse that gives logarithms.

    Reference: ``torch.distributions.transforms.SoftmaxTransform``.
    """

    domain = constraints.real_vector
    codomain = constraints.simplex

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SoftmaxTransform)

    __hash__ = object.__hash__

    def _call(self, x: Any) -> Any:
        return F.softmax(x, dim=-1)

    def _inverse(self, y: Any) -> Any:
        return y.log()


class StickBreakingTransform(Transform):
    """Vectors of K - 1 numbers as K shares: each breaks off a part of what is left of a stick.

    Reference: ``torch.distributions.transforms.StickBreakingTransform``.
    """

    domain = constraints.real_vector
    codomain = constraints.simplex
    bijective = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StickBreakingTransform)

    __hash__ = object.__hash__

    def _offset(self, x: Any) -> Any:
        n = x.shape[-1]
        return (n - arange(n, dtype=x.dtype, device=x.device)).log()

    def _call(self, x: Any) -> Any:
        z = (x - self._offset(x)).sigmoid()
        left = (1 - z).cumprod(-1)
        return F.pad(z, (0, 1), value=1) * F.pad(left, (1, 0), value=1)

    def _inverse(self, y: Any) -> Any:
        part = y[..., :-1]
        left = 1 - part.cumsum(-1)
        left = left.clamp(min=float(eps_of(y)) ** 2)
        return part.log() - left.log() + self._offset(part)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return Σ (-x + log σ(x) + log y), x shifted as in the map."""
        x = x - self._offset(x)
        return (-x + F.logsigmoid(x) + y[..., :-1].log()).sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        """Return (..., K) for (..., K - 1)."""
        if len(shape) < 1:
            raise ShapeError(message("StickBreakingTransform", "vectors", f"{tuple(shape)}"))
        return Size((*shape[:-1], shape[-1] + 1))

    def inverse_shape(self, shape: Any) -> Any:
        """Return (..., K - 1) for (..., K)."""
        if len(shape) < 1:
            raise ShapeError(message("StickBreakingTransform", "vectors", f"{tuple(shape)}"))
        return Size((*shape[:-1], shape[-1] - 1))


class LowerCholeskyTransform(Transform):
    """Matrices as lower triangular ones with a positive diagonal, exp of theirs.

    Reference: ``torch.distributions.transforms.LowerCholeskyTransform``.
    """

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.lower_cholesky

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LowerCholeskyTransform)

    __hash__ = object.__hash__

    def _call(self, x: Any) -> Any:
        return x.tril(-1) + x.diagonal(dim1=-2, dim2=-1).exp().diag_embed()

    def _inverse(self, y: Any) -> Any:
        return y.tril(-1) + y.diagonal(dim1=-2, dim2=-1).log().diag_embed()


class PositiveDefiniteTransform(Transform):
    """Matrices as positive definite ones, L Lᵀ with L as :class:`LowerCholeskyTransform` gives it.

    Reference: ``torch.distributions.transforms.PositiveDefiniteTransform``.
    """

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.positive_definite

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PositiveDefiniteTransform)

    __hash__ = object.__hash__

    def _call(self, x: Any) -> Any:
        lower = LowerCholeskyTransform()(x)
        return lower @ lower.mT

    def _inverse(self, y: Any) -> Any:
        return LowerCholeskyTransform().inv(y.cholesky())


class _Several(Transform):
    """Transforms of parts of a tensor along a dimension."""

    transforms: list[Transform]
    dim: int

    @property
    def bijective(self) -> bool:  # type: ignore[override]
        """Whether all are."""
        return all(t.bijective for t in self.transforms)

    def _parts(self, value: Any) -> list[Any]:
        raise NotImplementedError

    def _joined(self, parts: Sequence[Any]) -> Any:
        raise NotImplementedError

    def _call(self, x: Any) -> Any:
        return self._joined([t(v) for t, v in zip(self.transforms, self._parts(x), strict=True)])

    def _inverse(self, y: Any) -> Any:
        return self._joined([t.inv(v) for t, v in zip(self.transforms, self._parts(y), strict=True)])


class CatTransform(_Several):
    """Transforms of consecutive parts of a tensor.

    Args:
        tseq: the transforms.
        dim: the dimension that is divided.
        lengths: how much of it belongs to each; one by default.
        cache_size: 0 or 1.

    Reference: ``torch.distributions.transforms.CatTransform``.
    """

    def __init__(
        self,
        tseq: Sequence[Transform],
        dim: int = 0,
        lengths: Sequence[int] | None = None,
        cache_size: int = 0,
    ) -> None:
        super().__init__(cache_size=cache_size)
        self.transforms = [t.with_cache(cache_size) if cache_size else t for t in tseq]
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.transforms):
            want = f"{len(self.transforms)} lengths"
            raise ArgumentError(message("CatTransform", want, str(len(self.lengths))))
        self.dim = dim

    @property
    def event_dim(self) -> int:
        """The most that a transform has."""
        return max(t.event_dim for t in self.transforms)

    @property
    def length(self) -> int:
        """The sum of the lengths."""
        return sum(self.lengths)

    def with_cache(self, cache_size: int = 1) -> Any:
        """Return the transform with another ``cache_size``."""
        if self._cache_size == cache_size:
            return self
        return CatTransform(self.transforms, self.dim, self.lengths, cache_size)

    def _parts(self, value: Any) -> list[Any]:
        return list(value.split(self.lengths, self.dim))

    def _joined(self, parts: Sequence[Any]) -> Any:
        return cat(list(parts), self.dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return the parts', side by side, or added up where the dimension is part of the event."""
        terms = []
        for t, before, after in zip(self.transforms, self._parts(x), self._parts(y), strict=True):
            term = t.log_abs_det_jacobian(before, after)
            more = self.event_dim - t.event_dim
            terms.append(term.sum(tuple(range(-more, 0))) if more else term)
        dim = self.dim - x.ndim if self.dim >= 0 else self.dim
        dim += self.event_dim
        if dim < 0:
            return cat(terms, dim)
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total

    @property
    def domain(self) -> Any:
        """The parts' domains."""
        return constraints.cat([t.domain for t in self.transforms], self.dim, self.lengths)

    @property
    def codomain(self) -> Any:
        """The parts' codomains."""
        return constraints.cat([t.codomain for t in self.transforms], self.dim, self.lengths)


class StackTransform(_Several):
    """Transforms of the slices of a tensor.

    Args:
        tseq: the transforms.
        dim: the dimension of the slices.
        cache_size: 0 or 1.

    Reference: ``torch.distributions.transforms.StackTransform``.
    """

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size=cache_size)
        self.transforms = [t.with_cache(cache_size) if cache_size else t for t in tseq]
        self.dim = dim

    def with_cache(self, cache_size: int = 1) -> Any:
        """Return the transform with another ``cache_size``."""
        if self._cache_size == cache_size:
            return self
        return StackTransform(self.transforms, self.dim, cache_size)

    def _parts(self, value: Any) -> list[Any]:
        return list(value.unbind(self.dim))

    def _joined(self, parts: Sequence[Any]) -> Any:
        return stack(list(parts), self.dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """Return the slices', side by side."""
        pairs = zip(self.transforms, self._parts(x), self._parts(y), strict=True)
        return stack([t.log_abs_det_jacobian(before, after) for t, before, after in pairs], self.dim)

    @property
    def domain(self) -> Any:
        """The slices' domains."""
        return constraints.stack([t.domain for t in self.transforms], self.dim)

    @property
    def codomain(self) -> Any:
        """The slices' codomains."""
        return constraints.stack([t.codomain for t in self.transforms], self.dim)
