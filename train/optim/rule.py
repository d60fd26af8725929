"""How an update rule for one array becomes an optax transformation of a whole tree of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

import jax
import jax.numpy as jnp
import optax

from xlagrad.core.errors import ArgumentError, message

Scalar: TypeAlias = float | jax.Array
Slots: TypeAlias = dict[str, jax.Array]
Rate: TypeAlias = Scalar | Callable[[jax.Array], jax.Array]


class Decay(NamedTuple):
    """A decay rate β close to 1, kept as 1 - β.

    In float32 ``1 - 0.999`` has a relative error of 1e-5, which the first steps of Adam would show. The
    difference is therefore taken in double precision on the host, and β is what is derived from it.
    """

    complement: Scalar

    @property
    def rate(self) -> Scalar:
        """β itself."""
        return 1 - self.complement

    def correction(self, count: jax.Array) -> jax.Array:
        """``1 - β**count``, without cancellation for small ``count``."""
        return -jnp.expm1(count * jnp.log1p(-jnp.asarray(self.complement, count.dtype)))


def decay(rate: Scalar | Decay) -> Decay:
    """Return ``rate`` as a :class:`Decay`.

    Example:
        >>> decay(0.5)
        Decay(complement=0.5)
    """
    return rate if isinstance(rate, Decay) else Decay(1 - rate)


class Start(NamedTuple):
    """How a slot begins: an array of one value.

    Attributes:
        shape: of the slot.
        dtype: of the slot.
        value: of every element.
    """

    shape: tuple[int, ...]
    dtype: Any
    value: float | complex = 0

    def array(self, device: Any = None) -> jax.Array:
        """Return the slot's first value."""
        return jnp.full(self.shape, self.value, self.dtype, device=device)


# From a slot's name and its parameter (anything with a shape and a dtype) to how it begins there; None for
# a parameter that has no such slot.
Starts: TypeAlias = Callable[[str, Any], Start | None]


def zeros_like(name: str, param: Any) -> Start:
    """A slot that begins with zeros in its parameter's shape and type."""
    return Start(tuple(param.shape), param.dtype)


class State(NamedTuple):
    """The state of a transformation.

    Attributes:
        step: how many updates were made, float32: one number, or one for each leaf.
        slots: torch's name of each slot, and a tree like the parameters'.
    """

    step: jax.Array
    slots: dict[str, Any]


class LeafRule(Protocol):
    """The update of one array, given the scalars that ``prepare`` computed for it."""

    def __call__(
        self, grad: jax.Array, param: jax.Array, slots: Slots, *scalars: jax.Array
    ) -> tuple[jax.Array, Slots]:
        """Return what is to be added to the parameter, and the new slots."""


Prepare: TypeAlias = Callable[[jax.Array], Sequence[Scalar]]


def transformation(
    slots: Sequence[str], prepare: Prepare, rule: LeafRule, starts: Starts = zeros_like
) -> optax.GradientTransformation:
    """Apply ``rule`` to every leaf.

    Arithmetic is in float32 for leaves of half precision and in the leaf's own type otherwise; slots keep
    the parameter's type. Complex leaves are updated as pairs of reals, as torch does.

    Args:
        slots: names of the arrays that each leaf keeps between updates.
        prepare: from the number of this update (1 at the first) to the scalars that the rule needs.
        rule: the update of one leaf.
        starts: how slots begin; by default with zeros like the leaf.

    Returns:
        A transformation whose ``update`` needs ``params``.
    """

    def init(params: Any) -> State:
        def first(name: str, leaf: Any) -> jax.Array | None:
            begin = starts(name, leaf)
            return None if begin is None else begin.array()

        kept = {s: jax.tree.map(lambda leaf, s=s: first(s, leaf), params) for s in slots}
        return State(jnp.zeros((), jnp.float32), kept)

    def update(grads: Any, state: State, params: Any = None) -> tuple[Any, State]:
        if params is None:
            raise ArgumentError(message("update", "params", "None", "call update(grads, state, params)"))
        leaves, flat = _flatten(grads)
        step = state.step + 1
        scalars = [jnp.asarray(s) for s in prepare(step)]
        columns = {name: flat.flatten_up_to(state.slots[name]) for name in slots}
        updates: list[jax.Array] = []
        new: dict[str, list[jax.Array | None]] = {name: [] for name in slots}
        for i, (grad, param) in enumerate(zip(leaves, flat.flatten_up_to(params), strict=True)):
            mine = [s[i] if s.ndim else s for s in scalars]
            own = {s: columns[s][i] for s in slots if columns[s][i] is not None}
            change, kept = _on_reals(rule, grad, param, own, mine)
            updates.append(change)
            for name in slots:
                new[name].append(kept.get(name))
        return flat.unflatten(updates), State(step, {s: flat.unflatten(new[s]) for s in slots})

    return optax.GradientTransformation(init, update)


def _flatten(tree: Any) -> tuple[list[jax.Array], Any]:
    return jax.tree.flatten(tree)


def _on_reals(
    rule: LeafRule, grad: jax.Array, param: jax.Array, slots: Slots, scalars: Sequence[jax.Array]
) -> tuple[jax.Array, Slots]:
    if jnp.iscomplexobj(param):
        pairs = {k: _pair(v) if jnp.iscomplexobj(v) else v for k, v in slots.items()}
        change, new = _on_reals(rule, _pair(grad), _pair(param), pairs, scalars)
        return _unpair(change), {k: _unpair(v) if pairs[k] is not slots[k] else v for k, v in new.items()}
    kind = param.dtype if param.dtype.itemsize >= 4 else jnp.dtype(jnp.float32)
    change, new = rule(
        grad.astype(kind),
        param.astype(kind),
        {k: v.astype(kind) for k, v in slots.items()},
        *(s.astype(kind) for s in scalars),
    )
    return change, {k: v.astype(slots[k].dtype) for k, v in new.items()}


def _pair(x: jax.Array) -> jax.Array:
    return jnp.stack([x.real, x.imag], axis=-1)


def _unpair(x: jax.Array) -> jax.Array:
    return jax.lax.complex(x[..., 0], x[..., 1])


def rate_at(lr: Rate, step: jax.Array) -> Scalar:
    """Return the learning rate of update number ``step``; an optax schedule counts updates from 0."""
    return lr(step - 1) if callable(lr) else lr


def apply(params: Any, updates: Any) -> Any:
    """Return ``params + updates`` in the parameters' own types."""
    return jax.tree.map(lambda p, u: (p + u).astype(p.dtype), params, updates)


def is_zero(x: Any) -> bool:
    """Return whether ``x`` is a Python zero, known without looking at an array's value."""
    return isinstance(x, int | float) and x == 0


def directed(grad: jax.Array, param: jax.Array, maximize: bool, lam: Scalar | None) -> jax.Array:
    """Return the gradient to descend along: negated to maximize, with coupled weight decay λ if given."""
    if maximize:
        grad = -grad
    return grad if lam is None else grad + lam * param
