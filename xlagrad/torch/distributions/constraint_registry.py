"""`torch.distributions.constraint_registry`: which transforms lead into which sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xlagrad.torch.distributions import constraints, transforms

Factory = Callable[[Any], Any]


class ConstraintRegistry:
    """Maps constraints to transforms from unconstrained values into them.

    Reference: ``torch.distributions.constraint_registry.ConstraintRegistry``.
    """

    def __init__(self) -> None:
        self._registry: dict[type[constraints.Constraint], Callable[[Any], Any]] = {}

    def register(self, constraint: Any, factory: Factory | None = None) -> Callable[[Factory], Factory]:
        """Say which transform leads into a kind of constraint: ``factory(constraint)``; or decorate it.

        Raises:
            TypeError: ``constraint`` is none.
        """
        kind = type(constraint) if isinstance(constraint, constraints.Constraint) else constraint
        if not isinstance(kind, type) or not issubclass(kind, constraints.Constraint):
            want = "Expected constraint to be either a Constraint subclass or instance"
            raise TypeError(f"{want}, but got {constraint!r}")

        def keep(made: Factory) -> Factory:
            self._registry[kind] = made
            return made

        if factory is not None:
            keep(factory)
        return keep

    def __call__(self, constraint: Any) -> Any:
        """Return a transform into the set.

        Raises:
            NotImplementedError: none is known.
        """
        factory = self._registry.get(type(constraint))
        if factory is None:
            raise NotImplementedError(
                f"Cannot transform {type(constraint).__name__.removeprefix('_')} constraints; register one"
            )
        return factory(constraint)


biject_to = ConstraintRegistry()
transform_to = ConstraintRegistry()


def _both(constraint: Any) -> Callable[[Factory], Factory]:
    def decorate(factory: Factory) -> Factory:
        biject_to.register(constraint, factory)
        transform_to.register(constraint, factory)
        return factory

    return decorate


@_both(constraints.real)
def _real(constraint: Any) -> Any:
    return transforms.identity_transform


@biject_to.register(constraints.independent)
def _biject_independent(constraint: Any) -> Any:
    base = biject_to(constraint.base_constraint)
    return transforms.IndependentTransform(base, constraint.reinterpreted_batch_ndims)


@transform_to.register(constraints.independent)
def _transform_independent(constraint: Any) -> Any:
    base = transform_to(constraint.base_constraint)
    return transforms.IndependentTransform(base, constraint.reinterpreted_batch_ndims)


@_both(constraints.positive)
@_both(constraints.nonnegative)
def _positive(constraint: Any) -> Any:
    return (
        transforms.ComposeTransform(
            [transforms.ExpTransform(), transforms.AffineTransform(constraint.lower_bound, 1)]
        )
        if _nonzero(constraint.lower_bound)
        else transforms.ExpTransform()
    )


def _nonzero(bound: Any) -> bool:
    return not (isinstance(bound, (int, float)) and bound == 0)


@_both(constraints.less_than)
def _less_than(constraint: Any) -> Any:
    return transforms.ComposeTransform(
        [transforms.ExpTransform(), transforms.AffineTransform(constraint.upper_bound, -1)]
    )


@_both(constraints.interval)
@_both(constraints.half_open_interval)
def _interval(constraint: Any) -> Any:
    low, high = constraint.lower_bound, constraint.upper_bound
    if isinstance(low, (int, float)) and isinstance(high, (int, float)) and (low, high) == (0, 1):
        return transforms.SigmoidTransform()
    return transforms.ComposeTransform(
        [transforms.SigmoidTransform(), transforms.AffineTransform(low, high - low)]
    )


@biject_to.register(constraints.simplex)
def _biject_simplex(constraint: Any) -> Any:
    return transforms.StickBreakingTransform()


@transform_to.register(constraints.simplex)
def _transform_simplex(constraint: Any) -> Any:
    return transforms.SoftmaxTransform()


@transform_to.register(constraints.lower_cholesky)
def _lower_cholesky(constraint: Any) -> Any:
    return transforms.LowerCholeskyTransform()


@transform_to.register(constraints.positive_definite)
@transform_to.register(constraints.positive_semidefinite)
def _positive_definite(constraint: Any) -> Any:
    return transforms.PositiveDefiniteTransform()


@_both(constraints.corr_cholesky)
def _corr_cholesky(constraint: Any) -> Any:
    return transforms.CorrCholeskyTransform()


@biject_to.register(constraints.cat)
def _biject_cat(constraint: Any) -> Any:
    parts = [biject_to(c) for c in constraint.cseq]
    return transforms.CatTransform(parts, constraint.dim, constraint.lengths)


@transform_to.register(constraints.cat)
def _transform_cat(constraint: Any) -> Any:
    parts = [transform_to(c) for c in constraint.cseq]
    return transforms.CatTransform(parts, constraint.dim, constraint.lengths)


@biject_to.register(constraints.stack)
def _biject_stack(constraint: Any) -> Any:
    return transforms.StackTransform([biject_to(c) for c in constraint.cseq], constraint.dim)


@transform_to.register(constraints.stack)
def _transform_stack(constraint: Any) -> Any:
    return transforms.StackTransform([transform_to(c) for c in constraint.cseq], constraint.dim)
