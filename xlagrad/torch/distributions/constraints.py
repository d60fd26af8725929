"""`torch.distributions.constraints`: the sets that values and parameters of distributions lie in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from xlagrad.ops.create import ones
from xlagrad.ops.eigen import linalg_eigvalsh
from xlagrad.ops.join import cat as join
from xlagrad.ops.join import stack as pile


class Constraint:
    """A set of values.

    Attributes:
        is_discrete: whether it is a set of integers.
        event_dim: how many of the last dimensions make one value.

    Reference: ``torch.distributions.constraints.Constraint``.
    """

    is_discrete: bool = False
    event_dim: int = 0

    def check(self, value: Any) -> Any:
        """Return, for each value, whether it lies in the set; ``event_dim`` dimensions go away."""
        raise NotImplementedError(f"{type(self).__name__}.check: the subclass defines it")

    def __repr__(self) -> str:
        return f"{type(self).__name__.removeprefix('_')}()"


class _Dependent(Constraint):
    """A set that depends on a distribution's parameters."""

    def __init__(self, *, is_discrete: bool | None = None, event_dim: int | None = None) -> None:
        self._discrete = is_discrete
        self._event_dim = event_dim

    @property
    def is_discrete(self) -> bool:  # type: ignore[override]
        """Whether it is a set of integers; raises where that is not known."""
        return _known("is_discrete", self._discrete)

    @property
    def event_dim(self) -> int:  # type: ignore[override]
        """How many dimensions make one value; raises where that is not known."""
        return _known("event_dim", self._event_dim)

    def __call__(self, *, is_discrete: bool | None = None, event_dim: int | None = None) -> _Dependent:
        """Return the set with more known of it."""
        return _Dependent(
            is_discrete=self._discrete if is_discrete is None else is_discrete,
            event_dim=self._event_dim if event_dim is None else event_dim,
        )

    def check(self, value: Any) -> Any:
        """Raise: what the set is depends on a distribution."""
        raise ValueError("Cannot determine validity of dependent constraint")


def _known(name: str, value: Any) -> Any:
    if value is None:
        raise NotImplementedError(f".{name} cannot be determined statically; ask an instance's constraint")
    return value


class _DependentProperty(property, _Dependent):
    """A property of a distribution that is a constraint; on the class it is a dependent one."""

    def __init__(
        self, fn: Callable[..., Any] | None = None, *, is_discrete: bool | None = None, event_dim: Any = None
    ) -> None:
        property.__init__(self, fn)
        _Dependent.__init__(self, is_discrete=is_discrete, event_dim=event_dim)

    def __call__(self, fn: Any) -> _DependentProperty:  # type: ignore[override]
        """Decorate a method."""
        return _DependentProperty(fn, is_discrete=self._discrete, event_dim=self._event_dim)


class _Independent(Constraint):
    """Each of the last dimensions' values lies in the set."""

    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int) -> None:
        self.base_constraint = base_constraint
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    @property
    def is_discrete(self) -> bool:  # type: ignore[override]
        """Whether it is a set of integers."""
        return self.base_constraint.is_discrete

    @property
    def event_dim(self) -> int:  # type: ignore[override]
        """The set's own dimensions and those that were added."""
        return self.base_constraint.event_dim + self.reinterpreted_batch_ndims

    def check(self, value: Any) -> Any:
        """Return whether all the values of an event lie in the set."""
        result = self.base_constraint.check(value)
        if result.ndim < self.reinterpreted_batch_ndims:
            expected = self.base_constraint.event_dim + self.reinterpreted_batch_ndims
            raise ValueError(f"Expected value.dim() >= {expected} but got {value.dim()}")
        kept = result.ndim - self.reinterpreted_batch_ndims
        return result.reshape((*result.shape[:kept], -1)).all(-1)

    def __repr__(self) -> str:
        return f"Independent({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


class MixtureSameFamilyConstraint(Constraint):
    """The support of a mixture: that of its components."""

    def __init__(self, base_constraint: Constraint) -> None:
        self.base_constraint = base_constraint

    @property
    def is_discrete(self) -> bool:  # type: ignore[override]
        """Whether it is a set of integers."""
        return self.base_constraint.is_discrete

    @property
    def event_dim(self) -> int:  # type: ignore[override]
        """The components' own dimensions."""
        return self.base_constraint.event_dim

    def check(self, value: Any) -> Any:
        """Return whether values, given a dimension for the components, lie in all their supports."""
        inside = self.base_constraint.check(value.unsqueeze(-1 - self.event_dim))
        return inside.reshape((*value.shape[: value.ndim - self.event_dim], -1)).all(-1)

    def __repr__(self) -> str:
        return f"MixtureSameFamilyConstraint({self.base_constraint!r})"


class _Boolean(Constraint):
    """{0, 1}."""

    is_discrete = True

    def check(self, value: Any) -> Any:
        """Return where values are 0 or 1."""
        return (value == 0) | (value == 1)


class _OneHot(Constraint):
    """Vectors of zeros with a single one."""

    is_discrete = True
    event_dim = 1

    def check(self, value: Any) -> Any:
        """Return where vectors are one-hot."""
        return ((value == 0) | (value == 1)).all(-1) & (value.sum(-1) == 1)


class _Between(Constraint):
    """Values between bounds."""

    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        self.lower_bound = lower_bound
        self.upper_bound = upper_bound

    def __repr__(self) -> str:
        name = type(self).__name__.removeprefix("_")
        return f"{name}(lower_bound={self.lower_bound}, upper_bound={self.upper_bound})"


class _IntegerInterval(_Between):
    """Integers in [lower, upper]."""

    is_discrete = True

    def check(self, value: Any) -> Any:
        """Return where values are integers within the bounds."""
        return (value % 1 == 0) & (self.lower_bound <= value) & (value <= self.upper_bound)


class _Interval(_Between):
    """Numbers in [lower, upper]."""

    def check(self, value: Any) -> Any:
        """Return where values are within the bounds."""
        return (self.lower_bound <= value) & (value <= self.upper_bound)


class _HalfOpenInterval(_Between):
    """Numbers in [lower, upper)."""

    def check(self, value: Any) -> Any:
        """Return where values are within the bounds, below the upper one."""
        return (self.lower_bound <= value) & (value < self.upper_bound)


class _From(Constraint):
    """Values above a bound."""

    def __init__(self, lower_bound: Any) -> None:
        self.lower_bound = lower_bound

    def __repr__(self) -> str:
        return f"{type(self).__name__.removeprefix('_')}(lower_bound={self.lower_bound})"


class _IntegerGreaterThan(_From):
    """Integers of at least the bound."""

    is_discrete = True

    def check(self, value: Any) -> Any:
        """Return where values are integers of at least the bound."""
        return (value % 1 == 0) & (value >= self.lower_bound)


class _GreaterThan(_From):
    """Numbers above the bound."""

    def check(self, value: Any) -> Any:
        """Return where values are above the bound."""
        return self.lower_bound < value


class _GreaterThanEq(_From):
    """Numbers of at least the bound."""

    def check(self, value: Any) -> Any:
        """Return where values are at least the bound."""
        return self.lower_bound <= value


class _LessThan(Constraint):
    """Numbers below the bound."""

    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound

    def check(self, value: Any) -> Any:
        """Return where values are below the bound."""
        return value < self.upper_bound

    def __repr__(self) -> str:
        return f"LessThan(upper_bound={self.upper_bound})"


class _Real(Constraint):
    """Numbers that are not NaN."""

    def check(self, value: Any) -> Any:
        """Return where values are numbers."""
        return value == value


class _Multinomial(Constraint):
    """Counts that add up to at most ``upper_bound``."""

    is_discrete = True
    event_dim = 1

    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound

    def check(self, value: Any) -> Any:
        """Return where vectors are such counts."""
        return (value >= 0).all(-1) & (value.sum(-1) <= self.upper_bound)


class _Simplex(Constraint):
    """Vectors of shares that add up to one."""

    event_dim = 1

    def check(self, value: Any) -> Any:
        """Return where vectors are such shares, up to 1e-6."""
        return (value >= 0).all(-1) & ((value.sum(-1) - 1).abs() < 1e-6)


class _Matrix(Constraint):
    """A set of matrices."""

    event_dim = 2


class _LowerTriangular(_Matrix):
    """Lower triangular matrices."""

    def check(self, value: Any) -> Any:
        """Return where all above the diagonal is zero."""
        return (value.tril() == value).flatten(-2).all(-1)


class _LowerCholesky(_Matrix):
    """Lower triangular matrices with a positive diagonal."""

    def check(self, value: Any) -> Any:
        """Return where matrices are such."""
        return lower_triangular.check(value) & (value.diagonal(dim1=-2, dim2=-1) > 0).all(-1)


class _CorrCholesky(_Matrix):
    """Lower triangular matrices with a positive diagonal whose rows have norm one."""

    def check(self, value: Any) -> Any:
        """Return where matrices are such, up to rounding."""
        tolerance = 10 * value.shape[-1] * (1.2e-7 if value.dtype.itemsize < 8 else 2.2e-16)
        unit = ((value * value).sum(-1).sqrt() - 1).abs() <= tolerance
        return unit.all(-1) & lower_cholesky.check(value)


class _Square(_Matrix):
    """Square matrices."""

    def check(self, value: Any) -> Any:
        """Return whether the matrices are square."""
        same = value.shape[-2] == value.shape[-1]
        return ones(tuple(value.shape[:-2]), dtype="bool", device=value.device) & same


class _Symmetric(_Square):
    """Symmetric matrices."""

    def check(self, value: Any) -> Any:
        """Return where matrices equal their transposes, up to 1e-6."""
        if value.shape[-2] != value.shape[-1]:
            return super().check(value)
        return value.isclose(value.mT, atol=1e-6).all(-2).all(-1)


class _PositiveSemidefinite(_Symmetric):
    """Symmetric matrices without negative eigenvalues."""

    def check(self, value: Any) -> Any:
        """Return where matrices are such."""
        symmetric_ones = super().check(value)
        return symmetric_ones & (_eigenvalues(value) >= 0).all(-1)


class _PositiveDefinite(_Symmetric):
    """Symmetric matrices with positive eigenvalues."""

    def check(self, value: Any) -> Any:
        """Return where matrices are such."""
        symmetric_ones = super().check(value)
        return symmetric_ones & (_eigenvalues(value) > 0).all(-1)


def _eigenvalues(value: Any) -> Any:
    return linalg_eigvalsh(value.detach())


class _Cat(Constraint):
    """Sets one after the other along a dimension."""

    def __init__(
        self, cseq: Sequence[Constraint], dim: int = 0, lengths: Sequence[int] | None = None
    ) -> None:
        self.cseq = list(cseq)
        self.lengths = [1] * len(self.cseq) if lengths is None else list(lengths)
        self.dim = dim

    @property
    def is_discrete(self) -> bool:  # type: ignore[override]
        """Whether one of them is a set of integers."""
        return any(c.is_discrete for c in self.cseq)

    @property
    def event_dim(self) -> int:  # type: ignore[override]
        """The most dimensions that one of them has."""
        return max(c.event_dim for c in self.cseq)

    def check(self, value: Any) -> Any:
        """Return where the parts lie in their sets."""
        parts = value.split(self.lengths, self.dim)
        return join([c.check(v) for c, v in zip(self.cseq, parts, strict=True)], self.dim)


class _Stack(Constraint):
    """Sets beside each other along a dimension of their own."""

    def __init__(self, cseq: Sequence[Constraint], dim: int = 0) -> None:
        self.cseq = list(cseq)
        self.dim = dim

    @property
    def is_discrete(self) -> bool:  # type: ignore[override]
        """Whether one of them is a set of integers."""
        return any(c.is_discrete for c in self.cseq)

    @property
    def event_dim(self) -> int:  # type: ignore[override]
        """The most dimensions that one of them has, and one more where the dimension counts among them."""
        most = max(c.event_dim for c in self.cseq)
        return most + 1 if self.dim + most < 0 else most

    def check(self, value: Any) -> Any:
        """Return where the slices lie in their sets."""
        slices = [value.select(self.dim, i) for i in range(value.shape[self.dim])]
        return pile([c.check(v) for c, v in zip(self.cseq, slices, strict=True)], self.dim)


def is_dependent(constraint: Constraint) -> bool:
    """Return whether a set depends on a distribution's parameters."""
    return isinstance(constraint, _Dependent)


dependent = _Dependent()
dependent_property = _DependentProperty
independent = _Independent
boolean = _Boolean()
one_hot = _OneHot()
nonnegative_integer = _IntegerGreaterThan(0)
positive_integer = _IntegerGreaterThan(1)
integer_interval = _IntegerInterval
real = _Real()
real_vector = independent(real, 1)
positive = _GreaterThan(0.0)
nonnegative = _GreaterThanEq(0.0)
greater_than = _GreaterThan
greater_than_eq = _GreaterThanEq
less_than = _LessThan
multinomial = _Multinomial
unit_interval = _Interval(0.0, 1.0)
interval = _Interval
half_open_interval = _HalfOpenInterval
simplex = _Simplex()
lower_triangular = _LowerTriangular()
lower_cholesky = _LowerCholesky()
corr_cholesky = _CorrCholesky()
square = _Square()
symmetric = _Symmetric()
positive_semidefinite = _PositiveSemidefinite()
positive_definite = _PositiveDefinite()
cat = _Cat
stack = _Stack
