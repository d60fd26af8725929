"""Recurrent networks: whole sequences as one operation, and single steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core.dispatch import Array, Arrays, op
from xlagrad.core.errors import ShapeError, describe, message
from xlagrad.core.random import key_of, next_key

State = tuple[jax.Array, ...]
# A step: the input's part of the gates, the state, the recurrent weights -> the new state.
Step = Callable[[jax.Array, State, Sequence[Any]], State]


def _hidden(h: jax.Array, weight: jax.Array, bias: jax.Array | None) -> jax.Array:
    out = h @ weight.T
    return out if bias is None else out + bias


def _plain(activation: Callable[[jax.Array], jax.Array]) -> Step:
    def step(gates: jax.Array, state: State, weights: Sequence[Any]) -> State:
        return (activation(gates + _hidden(state[0], weights[0], weights[1])),)

    return step


def _gru(gates: jax.Array, state: State, weights: Sequence[Any]) -> State:
    (h,) = state
    r_x, z_x, n_x = jnp.split(gates, 3, axis=-1)
    r_h, z_h, n_h = jnp.split(_hidden(h, weights[0], weights[1]), 3, axis=-1)
    r, z = jax.nn.sigmoid(r_x + r_h), jax.nn.sigmoid(z_x + z_h)
    n = jnp.tanh(n_x + r * n_h)
    return (n + z * (h - n),)


def _lstm(gates: jax.Array, state: State, weights: Sequence[Any]) -> State:
    h, c = state
    i, f, g, o = jnp.split(gates + _hidden(h, weights[0], weights[1]), 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    h = jax.nn.sigmoid(o) * jnp.tanh(c)
    return (h if weights[2] is None else h @ weights[2].T, c)


_STEPS: dict[str, Step] = {
    "tanh": _plain(jnp.tanh),
    "relu": _plain(lambda x: jnp.where(x <= 0, 0, x)),
    "gru": _gru,
    "lstm": _lstm,
}


def _direction(
    step: Step, x: jax.Array, state: State, weights: Sequence[Any], reverse: bool
) -> tuple[Any, State]:
    """Run one layer in one direction over x, (L, N, F)."""
    w_ih, w_hh, b_ih, b_hh, w_hr = weights
    # The input's part of all gates at all times is one product, outside of the loop.
    length, batch = x.shape[:2]
    gates = x.reshape(length * batch, -1) @ w_ih.T
    if b_ih is not None:
        gates = gates + b_ih
    gates = gates.reshape(length, batch, -1)

    def body(carry: State, gate: jax.Array) -> tuple[State, jax.Array]:
        new = step(gate, carry, (w_hh, b_hh, w_hr))
        return new, new[0]

    last, out = jax.lax.scan(body, state, gates, reverse=reverse)
    return out, last


@op(name="_recurrent")
def _recurrent(
    input: Array,
    states: Arrays,
    params: Arrays,
    key: Array | None,
    kind: str,
    has_biases: bool,
    num_layers: int,
    dropout: float,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[Array, ...]:
    """All layers and directions; returns the outputs and each state of the last step."""
    x = jnp.swapaxes(input, 0, 1) if batch_first else input
    ways = 2 if bidirectional else 1
    per = len(params) // (num_layers * ways)
    lasts: list[State] = []
    for layer in range(num_layers):
        outs = []
        for way in range(ways):
            i = layer * ways + way
            given = list(params[i * per : (i + 1) * per])
            biases = given[2:4] if has_biases else [None, None]
            projection = given[per - 1] if per == (5 if has_biases else 3) else None
            weights = [*given[:2], *biases, projection]
            out, last = _direction(_STEPS[kind], x, tuple(s[i] for s in states), weights, way == 1)
            outs.append(out)
            lasts.append(last)
        x = jnp.concatenate(outs, axis=-1) if ways == 2 else outs[0]
        if key is not None and layer < num_layers - 1:
            noise = jax.random.fold_in(key_of(key), layer)
            x = jnp.where(jax.random.bernoulli(noise, 1 - dropout, x.shape), x / (1 - dropout), 0)
    out = jnp.swapaxes(x, 0, 1) if batch_first else x
    return (out, *[jnp.stack([last[k] for last in lasts]) for k in range(len(states))])


def _run(
    kind: str,
    input: Any,
    states: Sequence[Any],
    params: Sequence[Any],
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
) -> Any:
    if len(input.shape) != 3:
        raise ShapeError(message(kind, "an input (L, N, features)", describe(input)))
    if input.shape[-1] != params[0].shape[1]:
        raise ShapeError(message(kind, f"{params[0].shape[1]} features", describe(input)))
    key = next_key() if train and dropout > 0 and num_layers > 1 else None
    return _recurrent(
        input,
        list(states),
        list(params),
        key,
        kind=kind,
        has_biases=has_biases,
        num_layers=num_layers,
        dropout=float(dropout),
        bidirectional=bidirectional,
        batch_first=batch_first,
    )


def lstm(
    input: Any,
    hx: Sequence[Any],
    params: Sequence[Any],
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
) -> tuple[Any, Any, Any]:
    """Return the outputs, last h and last c of a stack of LSTMs.

    Args:
        input: (L, N, features), or (N, L, features) with ``batch_first``.
        hx: the first h and c, each (layers · directions, N, hidden).
        params: for each layer and direction W_ih, W_hh, then b_ih, b_hh with biases, then W_hr if projected.
        has_biases: whether there are biases.
        num_layers: how many layers.
        dropout: between layers, in training.
        train: whether to drop.
        bidirectional: whether each layer also runs from the end.
        batch_first: layout of input and output.

    Follows ``torch.lstm``.
    """
    out: tuple[Any, Any, Any] = _run(
        "lstm", input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first
    )
    return out


def _one_state(kind: str, name: str, text: str) -> Callable[..., tuple[Any, Any]]:
    def run(
        input: Any,
        hx: Any,
        params: Sequence[Any],
        has_biases: bool,
        num_layers: int,
        dropout: float,
        train: bool,
        bidirectional: bool,
        batch_first: bool,
    ) -> tuple[Any, Any]:
        out: tuple[Any, Any] = _run(
            kind, input, [hx], params, has_biases, num_layers, dropout, train, bidirectional, batch_first
        )
        return out

    run.__name__ = run.__qualname__ = name
    run.__doc__ = f"Return the outputs and the last state of a stack of {text}; arguments as :func:`lstm`'s."
    return run


gru = _one_state("gru", "gru", "GRUs")
rnn_tanh = _one_state("tanh", "rnn_tanh", "Elman networks with tanh")
rnn_relu = _one_state("relu", "rnn_relu", "Elman networks with relu")


@op(name="_recurrent_cell")
def _recurrent_cell(
    input: Array, states: Arrays, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None, kind: str
) -> tuple[Array, ...]:
    """One step of one layer."""
    return _STEPS[kind](_hidden(input, w_ih, b_ih), tuple(states), (w_hh, b_hh, None))


def _cell(kind: str, input: Any, states: Sequence[Any], weights: Sequence[Any]) -> Any:
    w_ih, w_hh, b_ih, b_hh = weights
    if input.shape[-1] != w_ih.shape[1]:
        raise ShapeError(message(f"{kind}_cell", f"an input with {w_ih.shape[1]} features", describe(input)))
    for s in states:
        if s.shape[-1] != w_hh.shape[1] or tuple(s.shape[:-1]) != tuple(input.shape[:-1]):
            want = f"a state {(*tuple(input.shape[:-1]), w_hh.shape[1])}"
            raise ShapeError(message(f"{kind}_cell", want, describe(s)))
    return _recurrent_cell(input, list(states), w_ih, w_hh, b_ih, b_hh, kind=kind)


def lstm_cell(
    input: Any, hx: Sequence[Any], w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> tuple[Any, Any]:
    """Return the next (h, c) of an LSTM. Follows ``torch.lstm_cell``."""
    h, c = _cell("lstm", input, hx, (w_ih, w_hh, b_ih, b_hh))
    return h, c


def gru_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """Return the next state of a GRU. Follows ``torch.gru_cell``."""
    return _cell("gru", input, [hx], (w_ih, w_hh, b_ih, b_hh))[0]


def rnn_tanh_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """Return the next state of an Elman network with tanh. Follows ``torch.rnn_tanh_cell``."""
    return _cell("tanh", input, [hx], (w_ih, w_hh, b_ih, b_hh))[0]


def rnn_relu_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """Return the next state of an Elman network with relu. Follows ``torch.rnn_relu_cell``."""
    return _cell("relu", input, [hx], (w_ih, w_hh, b_ih, b_hh))[0]
