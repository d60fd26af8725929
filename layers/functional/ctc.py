"""Connectionist temporal classification: the likelihood of a label sequence under all its alignments."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.handle import is_tracer, read
from xlagrad.core.tensor import Tensor

# Stands for log 0: finite, so that the gradients of impossible alignments are 0 and not NaN.
_NEVER = -1e30


def _with_blanks(labels: jax.Array, blank: int) -> tuple[jax.Array, jax.Array]:
    """Return labels (N, S) with blanks around each, (N, 2S + 1), and where two steps may be taken at once."""
    n, s = labels.shape
    states = jnp.full((n, 2 * s + 1), blank, labels.dtype).at[:, 1::2].set(labels)
    before = jnp.pad(states, ((0, 0), (2, 0)), constant_values=blank)[:, : 2 * s + 1]
    return states, (states != blank) & (states != before)


@op(name="_ctc_losses")
def _ctc_losses(
    log_probs: Array, labels: Array, input_lengths: Array, label_lengths: Array, blank: int
) -> Array:
    """-log p(labels) for each sequence of a batch, ∞ where no alignment exists; the gradient is torch's.

    The forward variables α_t(s) of Graves et al. 2006, kept as logarithms: a state is entered from itself,
    from the one before, or past a blank from the one before that.
    """
    steps = log_probs.shape[0]
    states, jump = _with_blanks(labels, blank)
    emitted = jnp.take_along_axis(log_probs, jnp.broadcast_to(states, (steps, *states.shape)), axis=2)
    place = jnp.arange(states.shape[1])

    def shifted(a: jax.Array, by: int) -> jax.Array:
        return jnp.pad(a, ((0, 0), (by, 0)), constant_values=_NEVER)[:, : a.shape[1]]

    def step(alpha: jax.Array, inputs: Any) -> tuple[jax.Array, None]:
        t, scores = inputs
        entered = jnp.logaddexp(alpha, shifted(alpha, 1))
        entered = jnp.logaddexp(entered, jnp.where(jump, shifted(alpha, 2), _NEVER))
        new = jnp.maximum(entered + scores, _NEVER)
        return jnp.where((t < input_lengths)[:, None], new, alpha), None

    first = jnp.where(place < 2, emitted[0], _NEVER)
    alpha, _ = lax.scan(step, first, (jnp.arange(1, steps), emitted[1:]))
    last = 2 * label_lengths[:, None]
    blank_end = jnp.take_along_axis(alpha, last, axis=1)[:, 0]
    label_end = jnp.take_along_axis(alpha, jnp.maximum(last - 1, 0), axis=1)[:, 0]
    total = jnp.where(label_lengths == 0, blank_end, jnp.logaddexp(blank_end, label_end))
    possible = total > _NEVER / 2
    # torch's gradient is that with respect to the logits of a log-softmax: it has exp(log_probs) more. The
    # difference below is 0 and brings that term.
    live = (jnp.arange(steps)[:, None] < input_lengths) & possible
    probs = jnp.where(live[:, :, None], jnp.exp(log_probs), 0)
    return jnp.where(possible, -total, jnp.inf) + jnp.sum(probs - lax.stop_gradient(probs), (0, 2))


def _lengths(name: str, given: Any, count: int) -> Any:
    array = read(given) if isinstance(given, Tensor) else jnp.asarray(given)
    array = array.reshape(-1)
    if array.shape[0] != count:
        raise ShapeError(message("ctc_loss", f"{count} {name}, one for each sequence", describe(array)))
    return array


def _padded(targets: Any, lengths: Any) -> jax.Array:
    """Return labels that follow one another as rows, (N, S)."""
    width = int(targets.shape[0]) if is_tracer(lengths) else int(np.max(np.asarray(lengths), initial=0))
    starts = jnp.cumsum(lengths) - lengths
    where = starts[:, None] + jnp.arange(max(width, 1))
    return jnp.take(targets, jnp.minimum(where, max(targets.shape[0] - 1, 0)), axis=0)


def ctc_loss(
    log_probs: Any,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Any:
    """Return -log of the summed probability of all alignments of targets with predictions.

    Args:
        log_probs: (T, N, C) or (T, C), logarithms of probabilities.
        targets: labels (N, S), padded, or all of them one after another.
        input_lengths: how many of the T steps count for each sequence.
        target_lengths: how many labels each sequence has.
        blank: the label that stands for none.
        reduction: ``mean`` (of losses divided by target lengths), ``sum`` or ``none``.
        zero_infinity: count a sequence without any alignment as 0, with no gradient, instead of ∞.

    Raises:
        ShapeError: operands that do not fit together.
        ArgumentError: a blank that is no label, or another reduction.

    Graves et al., "Connectionist Temporal Classification", 2006. Follows
    ``torch.nn.functional.ctc_loss``, its gradient included.
    """
    if log_probs.ndim not in (2, 3):
        raise ShapeError(message("ctc_loss", "log_probs (T, N, C) or (T, C)", describe(log_probs)))
    if not 0 <= blank < log_probs.shape[-1]:
        raise ArgumentError(message("ctc_loss", f"a blank below {log_probs.shape[-1]} classes", str(blank)))
    if reduction not in ("none", "mean", "sum"):
        raise ArgumentError(message("ctc_loss", "reduction 'none', 'mean' or 'sum'", repr(reduction)))
    batched = log_probs.ndim == 3
    if not batched:
        log_probs = log_probs.unsqueeze(1) if isinstance(log_probs, Tensor) else log_probs[:, None]
    count = log_probs.shape[1]
    inputs, labels = (
        _lengths("input_lengths", input_lengths, count),
        _lengths("target_lengths", target_lengths, count),
    )
    rows = read(targets) if isinstance(targets, Tensor) else jnp.asarray(targets)
    rows = rows if rows.ndim == 2 else _padded(rows, labels)
    if rows.shape[0] != count:
        raise ShapeError(message("ctc_loss", f"targets of {count} sequences", describe(targets)))
    losses = _ctc_losses(log_probs, rows, inputs, labels, blank=blank)
    if zero_infinity:
        losses = (
            losses.where(~losses.isinf(), 0.0)
            if isinstance(losses, Tensor)
            else jnp.nan_to_num(losses, posinf=0)
        )
    if reduction == "none":
        return losses if batched else losses[0]
    if reduction == "sum":
        return losses.sum()
    return (losses / jnp.maximum(labels, 1)).mean()
