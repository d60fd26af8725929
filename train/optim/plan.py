"""What of an optimizer's hyperparameters is fixed in an executable, and what it takes as values."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import optax

from xlagrad.train.optim.rule import Decay, State, apply

# One value of a group that may change without a retrace: its key, its place in a tuple, what it is.
Place: TypeAlias = tuple[str, int | None, str]

RATE, DECAY = "rate", "decay"


class Plan(NamedTuple):
    """The static half of one update: hashable, a part of the executable's key.

    Attributes:
        factory: makes the optax transformation from keyword arguments.
        options: the arguments that are fixed, such as ``nesterov``.
        places: the values in the vector of hyperparameters, in order.
        zeros: places whose value is 0 for good, where the arithmetic is left out.
        loose: places whose value is a tensor of the user's own.
        slots: names of the state that each parameter keeps.
        counted: whether the arithmetic depends on the number of updates.
    """

    factory: Callable[..., optax.GradientTransformation]
    options: tuple[tuple[str, Any], ...]
    places: tuple[Place, ...]
    zeros: frozenset[Place]
    loose: frozenset[Place]
    slots: tuple[str, ...]
    counted: bool

    def build(self, values: jax.Array, loose: Mapping[Place, jax.Array]) -> optax.GradientTransformation:
        """Return the transformation with hyperparameters from a vector and from the user's tensors."""
        arguments: dict[str, Any] = dict(self.options)
        for i, place in enumerate(self.places):
            key, at, kind = place
            value: Any = values[i]
            if place in self.loose:
                value = 1 - loose[place] if kind == DECAY else loose[place]
            if place in self.zeros:
                value = 0
            elif kind == DECAY:
                value = Decay(value)
            if at is None:
                arguments[key] = value
            else:
                arguments[key] = (*arguments.get(key, ()), value)
        return self.factory(**arguments)


def update_group(
    plan: Plan,
    active: tuple[int, ...] | None,
    params: list[jax.Array],
    grads: list[jax.Array],
    slots: dict[str, list[jax.Array]],
    steps: jax.Array,
    values: jax.Array,
    loose: dict[Place, jax.Array],
) -> tuple[list[jax.Array], dict[str, list[jax.Array]], jax.Array]:
    """Update the parameters of one group at once.

    Args:
        plan: what is static.
        active: which entries of ``steps`` the parameters have, None for all in order.
        params: the parameters that have gradients.
        grads: their gradients.
        slots: their state, by name.
        steps: update counts of every parameter of the group; any number where they are not needed.
        values: vector of hyperparameters.
        loose: hyperparameters that the user holds as tensors.

    Returns:
        New parameters, slots and counts.
    """
    at = None if active is None else jnp.asarray(active)
    before = State(steps if at is None else steps[at], slots)
    updates, after = plan.build(values, loose).update(grads, before, params)
    new_steps = after.step if at is None else steps.at[at].set(after.step)
    return apply(params, updates), after.slots, new_steps


@functools.lru_cache(maxsize=256)
def recorded(plan: Plan, active: tuple[int, ...] | None) -> Callable[..., Any]:
    """Return :func:`update_group` with its static half fixed: the same function for the same half."""
    return functools.partial(update_group, plan, active)


fused = jax.jit(update_group, static_argnames=("plan", "active"))
