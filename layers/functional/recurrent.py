"""Recurrent networks: stacks of layers over whole sequences as one operation, and single steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core.dispatch import Array, Arrays, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.random import key_of, next_key
from xlagrad.layers.functional.arguments import probability, require_float
from xlagrad.layers.functional.linear import rows
from xlagrad.layers.functional.recurrence import State, joined, layer, step

_NAMES = {"lstm": "lstm", "gru": "gru", "tanh": "rnn_tanh", "relu": "rnn_relu"}
_GATES = {"lstm": 4, "gru": 3, "tanh": 1, "relu": 1}


@op(name="_recurrent")
def _recurrent(
    input: Array, states: Arrays, params: Arrays, key: Array | None, lengths: Array | None, kind: str,
    has_biases: bool, num_layers: int, dropout: float, bidirectional: bool, batch_first: bool,
) -> tuple[Array, ...]:  # fmt: skip
    """All layers and directions; returns the outputs and each state of the last step."""
    x = jnp.swapaxes(input, 0, 1) if batch_first else input
    keep = None if lengths is None else (jnp.arange(x.shape[0])[:, None] < lengths)[..., None]
    ways = 1 + bidirectional
    per = len(params) // (num_layers * ways)
    lasts: list[State] = []
    for depth in range(num_layers):
        outs = []
        for way in range(ways):
            i = depth * ways + way
            weights = _unpacked(params[i * per : (i + 1) * per], has_biases)
            out, last = layer(kind, x, tuple(s[i] for s in states), weights, way == 1, keep)
            outs.append(out)
            lasts.append(last)
        x = jnp.concatenate(outs, axis=-1) if bidirectional else outs[0]
        if key is not None and depth < num_layers - 1:
            noise = jax.random.fold_in(key_of(key), depth)
            x = jnp.where(jax.random.bernoulli(noise, 1 - dropout, x.shape), x / (1 - dropout or 1), 0)
    out = jnp.swapaxes(x, 0, 1) if batch_first else x
    return (out, *(jnp.stack([last[k] for last in lasts]) for k in range(len(states))))


def _unpacked(given: Sequence[Array], has_biases: bool) -> list[Any]:
    """Return W_ih, W_hh, b_ih, b_hh, W_hr with None for what is absent."""
    biases = list(given[2:4]) if has_biases else [None, None]
    rest = given[4 if has_biases else 2 :]
    return [*given[:2], *biases, rest[0] if rest else None]


def _run(
    kind: str, input: Any, states: Sequence[Any], params: Sequence[Any], has_biases: bool, num_layers: int,
    dropout: float, train: bool, bidirectional: bool, batch_first: bool, lengths: Any = None,
) -> Any:  # fmt: skip
    who = _NAMES[kind]
    probability(who, dropout)
    layers = num_layers * (1 + bool(bidirectional))
    per = 4 if has_biases else 2
    if layers < 1 or len(params) not in (layers * per, layers * (per + 1)):
        want = f"{per} parameters for each of {layers} layers and directions (one more with projections)"
        raise ArgumentError(message(who, want, str(len(params)), "check num_layers and has_biases"))
    layout = "(N, L, features)" if batch_first else "(L, N, features)"
    features = params[0].shape[1]
    if len(input.shape) != 3 or input.shape[-1] != features:
        want = f"an input {layout} with {features} features to match weight {describe(params[0])}"
        fix = "add a batch dimension, or check input_size"
        raise ShapeError(message(who, want, describe(input), fix))
    batch = input.shape[0 if batch_first else 1]
    widths = (params[1].shape[1], params[1].shape[0] // _GATES[kind])
    for state, width in zip(states, widths, strict=False):
        if tuple(state.shape) != (layers, batch, width):
            want = f"states of shape {(layers, batch, width)}"
            raise ShapeError(message(who, want, describe(state), "one for each layer and direction"))
    key = next_key() if train and dropout > 0 and num_layers > 1 else None
    return _recurrent(
        input,
        list(states),
        list(params),
        key,
        lengths,
        kind=kind,
        has_biases=bool(has_biases),
        num_layers=num_layers,
        dropout=float(dropout),
        bidirectional=bool(bidirectional),
        batch_first=bool(batch_first),
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
    lengths: Any = None,
) -> tuple[Any, Any, Any]:
    """Return the outputs, last h and last c of a stack of LSTMs.

    c ← σ(f) · c + σ(i) · tanh(g), h ← σ(o) · tanh(c), with (i, f, g, o) = W_ih x + b_ih + W_hh h + b_hh.

    Args:
        input: (L, N, features), or (N, L, features) with ``batch_first``.
        hx: the first h and c, each (layers · directions, N, hidden).
        params: for each layer and direction W_ih, W_hh, then b_ih, b_hh with biases, then W_hr if projected.
        has_biases: whether there are biases.
        num_layers: how many layers.
        dropout: probability to drop what a layer passes to the next, in training.
        train: whether to drop.
        bidirectional: whether each layer also runs from the end.
        batch_first: layout of input and output.
        lengths: how many elements each sequence has, (N,); what follows them is not looked at, its outputs
            are of no meaning, and last states are those at the end of each. None: all are L long.

    Raises:
        ShapeError: operands that do not fit.
        ArgumentError: a number of parameters that does not fit, or a probability out of range.

    Example:
        >>> weights = [jnp.zeros((8, 3)), jnp.zeros((8, 2))]
        >>> state = jnp.zeros((1, 5, 2))
        >>> out, h, c = lstm(jnp.ones((4, 5, 3)), (state, state), weights, False, 1, 0.0, False, False, False)
        >>> out.shape, h.shape
        ((4, 5, 2), (1, 5, 2))

    Source: ``torch.lstm``; Hochreiter and Schmidhuber, 1997.
    """
    return _run(
        "lstm", input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first, lengths
    )


def gru(
    input: Any,
    hx: Any,
    params: Sequence[Any],
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
    lengths: Any = None,
) -> tuple[Any, Any]:
    """Return the outputs and the last h of a stack of GRUs.

    h ← (1 - z) · n + z · h with r, z = σ(W x + b + W' h + b') and n = tanh(W x + b + r · (W' h + b')).
    Arguments and errors as those of `lstm`, with a single state ``hx``.

    Source: ``torch.gru``; Cho et al., 2014.
    """
    return _run(
        "gru",
        input,
        [hx],
        params,
        has_biases,
        num_layers,
        dropout,
        train,
        bidirectional,
        batch_first,
        lengths,
    )


def rnn_tanh(
    input: Any,
    hx: Any,
    params: Sequence[Any],
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
    lengths: Any = None,
) -> tuple[Any, Any]:
    """Return the outputs and the last h of a stack of Elman networks, h ← tanh(W x + b + W' h + b').

    Arguments and errors as those of `lstm`, with a single state ``hx``.

    Source: ``torch.rnn_tanh``; Elman, 1990.
    """
    return _run(
        "tanh",
        input,
        [hx],
        params,
        has_biases,
        num_layers,
        dropout,
        train,
        bidirectional,
        batch_first,
        lengths,
    )


def rnn_relu(
    input: Any,
    hx: Any,
    params: Sequence[Any],
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
    batch_first: bool,
    lengths: Any = None,
) -> tuple[Any, Any]:
    """Return the outputs and the last h of a stack of Elman networks, h ← max(W x + b + W' h + b', 0).

    Arguments and errors as those of `lstm`, with a single state ``hx``.

    Source: ``torch.rnn_relu``.
    """
    return _run(
        "relu",
        input,
        [hx],
        params,
        has_biases,
        num_layers,
        dropout,
        train,
        bidirectional,
        batch_first,
        lengths,
    )


@op(name="_recurrent_cell")
def _recurrent_cell(
    input: Array, states: Arrays, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None, kind: str
) -> tuple[Array, ...]:
    """One step of one layer."""
    who = f"{_NAMES[kind]}_cell"
    require_float(who, input)
    if input.ndim not in (1, 2) or input.shape[-1] != w_ih.shape[1]:
        want = f"an input (N, {w_ih.shape[1]}) to match weight {describe(w_ih)}"
        raise ShapeError(message(who, want, describe(input), "check input_size"))
    lead = input.shape[:-1]
    for state in states:
        if state.shape != (*lead, w_hh.shape[1]):
            want = f"a state of shape {(*lead, w_hh.shape[1])}"
            raise ShapeError(message(who, want, describe(state), "check hidden_size and the batch"))
    bias, inner = joined(kind, b_ih, b_hh)
    gates = rows(input.reshape(-1, input.shape[-1]), w_ih).reshape(*lead, -1)
    gates = gates if bias is None else gates + bias
    return step(kind, gates, 0 if inner is None else inner, tuple(states), w_hh)


def lstm_cell(
    input: Any, hx: Sequence[Any], w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> tuple[Any, Any]:
    """Return the next h and c of an LSTM, see `lstm`.

    Args:
        input: (N, features) or (features,).
        hx: h and c, each (N, hidden) or (hidden,).
        w_ih: (4 · hidden, features).
        w_hh: (4 · hidden, hidden).
        b_ih: (4 · hidden,), or None.
        b_hh: (4 · hidden,), or None.

    Raises:
        ShapeError: operands that do not fit.

    Source: ``torch.lstm_cell``.
    """
    h, c = _recurrent_cell(input, list(hx), w_ih, w_hh, b_ih, b_hh, kind="lstm")
    return h, c


def gru_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """Return the next h of a GRU, see `gru`; arguments as those of `lstm_cell`, with three gates.

    Source: ``torch.gru_cell``.
    """
    return _recurrent_cell(input, [hx], w_ih, w_hh, b_ih, b_hh, kind="gru")[0]


def rnn_tanh_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """Return the next h of an Elman network with tanh; arguments as those of `lstm_cell`, with one gate.

    Source: ``torch.rnn_tanh_cell``.
    """
    return _recurrent_cell(input, [hx], w_ih, w_hh, b_ih, b_hh, kind="tanh")[0]


def rnn_relu_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """Return the next h of an Elman network with relu; arguments as those of `lstm_cell`, with one gate.

    Source: ``torch.rnn_relu_cell``.
    """
    return _recurrent_cell(input, [hx], w_ih, w_hh, b_ih, b_hh, kind="relu")[0]
