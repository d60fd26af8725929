"""One layer of a recurrent network over a whole sequence, in one direction."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.layers.functional.linear import rows, rows_of_change

State = tuple[jax.Array, ...]
# (input's and hidden part of the gates, what else the hidden part adds, state) -> new state.
Step = Callable[[jax.Array, jax.Array, Any, State], State]


def _half(x: jax.Array) -> jax.Array:
    # The logistic function by tanh, which XLA computes faster than the exponential.
    return 0.5 * jnp.tanh(0.5 * x) + 0.5


def _elman(activation: Callable[[jax.Array], jax.Array]) -> Step:
    return lambda gates, hidden, inner, state: (activation(gates + hidden),)


def _gru(gates: jax.Array, hidden: jax.Array, inner: Any, state: State) -> State:
    size = state[0].shape[-1]
    reset, update = jnp.split(_half(gates[..., : 2 * size] + hidden[..., : 2 * size]), 2, axis=-1)
    new = jnp.tanh(gates[..., 2 * size :] + reset * (hidden[..., 2 * size :] + inner))
    return (new + update * (state[0] - new),)


def _lstm(gates: jax.Array, hidden: jax.Array, inner: Any, state: State) -> State:
    total = gates + hidden
    scale = jnp.asarray([0.5, 0.5, 1.0, 0.5], total.dtype)[:, None]
    # All four gates take one pass of tanh.
    turned = jnp.tanh(total.reshape(*total.shape[:-1], 4, -1) * scale)
    i, f, g, o = (turned[..., k, :] for k in range(4))
    cell = (0.5 * f + 0.5) * state[1] + (0.5 * i + 0.5) * g
    return (0.5 * o + 0.5) * jnp.tanh(cell), cell


STEPS: dict[str, Step] = {
    "tanh": _elman(jnp.tanh),
    "relu": _elman(lambda x: jnp.where(x <= 0, 0, x)),
    "gru": _gru,
    "lstm": _lstm,
}


def step(kind: str, gates: jax.Array, inner: Any, state: State, w_hh: jax.Array, w_hr: Any = None) -> State:
    """Return the next state.

    Args:
        kind: ``tanh``, ``relu``, ``gru`` or ``lstm``.
        gates: the input's part of the gates with the biases, (N, gates · H).
        inner: for a GRU, the bias of the hidden part of the new state, (H,) or (N, H).
        state: h, and for an LSTM c, each (N, H).
        w_hh: recurrent weights, (gates · H, H).
        w_hr: projection of h, (P, H), or None.
    """
    new = STEPS[kind](gates, state[0] @ w_hh.T, inner, state)
    return new if w_hr is None else (new[0] @ w_hr.T, *new[1:])


def _unrolled(
    kind: str,
    reverse: bool,
    gates: jax.Array,
    inner: Any,
    keep: Any,
    w_hh: jax.Array,
    w_hr: Any,
    state: State,
) -> tuple[jax.Array, State]:
    """Return h at all times and the last state."""

    def body(carry: State, at: tuple[jax.Array, Any, Any]) -> tuple[State, jax.Array]:
        new = step(kind, at[0], at[1], carry, w_hh, w_hr)
        if at[2] is not None:
            new = tuple(jnp.where(at[2], n, c) for n, c in zip(new, carry, strict=True))
        return new, new[0]

    last, hs = jax.lax.scan(body, state, (gates, inner, keep), reverse=reverse)
    return hs, last


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def unrolled(
    kind: str,
    reverse: bool,
    gates: jax.Array,
    inner: Any,
    keep: Any,
    w_hh: jax.Array,
    w_hr: Any,
    state: State,
) -> tuple[jax.Array, State]:
    """Return h at all times, (L, N, H), and the last state.

    The gradient of the recurrent weights is one product over all times. A loop would add up as many small
    ones, which takes about as long as everything else in its gradient.

    Args:
        kind: ``tanh``, ``relu``, ``gru`` or ``lstm``.
        reverse: whether time runs from the end.
        gates: the input's part of the gates with the biases, (L, N, gates · H).
        inner: for a GRU, the bias of the hidden part of the new state, (L, N, H).
        keep: where a sequence has an element at a time, (L, N, 1); elsewhere its state stays. None: all do.
        w_hh: recurrent weights.
        w_hr: projection of h, or None.
        state: the first state.
    """
    return _unrolled(kind, reverse, gates, inner, keep, w_hh, w_hr, state)


@unrolled.defjvp
def _unrolled_jvp(kind: str, reverse: bool, primals: Any, tangents: Any) -> Any:
    gates, inner, keep, w_hh, w_hr, state = primals
    d_gates, d_inner, _, d_w, d_w_hr, d_state = tangents
    out, linear = jax.linearize(
        lambda g, i, r, s: _unrolled(kind, reverse, g, i, keep, w_hh, r, s), gates, inner, w_hr, state
    )
    first, hs = state[0][None], out[0]
    before = jnp.concatenate([hs[1:], first] if reverse else [first, hs[:-1]])
    # What a change of the weights adds to the gates at all times.
    added = rows_of_change(before.reshape(-1, before.shape[-1]), d_w).reshape(gates.shape)
    if kind == "gru":
        size = before.shape[-1]
        d_inner = d_inner + added[..., 2 * size :]
        added = added * (np.arange(3 * size) < 2 * size)
    return out, linear(d_gates + added, d_inner, d_w_hr, d_state)


def layer(
    kind: str, x: jax.Array, state: State, weights: Any, reverse: bool, keep: Any = None
) -> tuple[jax.Array, State]:
    """Return the outputs and the last state of a layer in one direction.

    Args:
        kind: ``tanh``, ``relu``, ``gru`` or ``lstm``.
        x: (L, N, features).
        state: the first state, each (N, H).
        weights: w_ih, w_hh, b_ih, b_hh, w_hr, of which the last three may be None.
        reverse: whether time runs from the end.
        keep: where sequences have elements, (L, N, 1), or None.
    """
    w_ih, w_hh, b_ih, b_hh, w_hr = weights
    length, batch, features = x.shape
    # The input's part of all gates at all times is one product, outside of the loop.
    gates = rows(x.reshape(length * batch, features), w_ih)
    inner = None
    bias, inner_bias = joined(kind, b_ih, b_hh)
    if bias is not None:
        gates = gates + bias
    if kind == "gru":
        inner = jnp.broadcast_to(0 if inner_bias is None else inner_bias, (length, batch, w_hh.shape[1]))
        inner = inner.astype(x.dtype)
    return unrolled(kind, reverse, gates.reshape(length, batch, -1), inner, keep, w_hh, w_hr, state)


def joined(kind: str, b_ih: Any, b_hh: Any) -> tuple[Any, Any]:
    """Return the bias of the gates, and for a GRU that of the hidden part of its new state."""
    if b_ih is None:
        return None, None
    if kind != "gru":
        return b_ih + b_hh, None
    size = b_hh.shape[0] // 3
    return b_ih + jnp.concatenate([b_hh[: 2 * size], jnp.zeros_like(b_hh[2 * size :])]), b_hh[2 * size :]
