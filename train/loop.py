"""The steps of training, evaluation and prediction: ordinary imperative functions, made to be compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp

from xlagrad.core.errors import ArgumentError, describe, message
from xlagrad.core.modes import no_grad
from xlagrad.core.tensor import Tensor, wrap
from xlagrad.train.losses import Loss, scalar
from xlagrad.train.metrics.base import Metric
from xlagrad.train.metrics.mean import Mean

Step = Callable[..., Any]


def call_model(model: Any, x: Any) -> Any:
    """Return the model's predictions: of one input, of several in a tuple or list, or of named ones."""
    if isinstance(x, Mapping):
        return model(**x)
    return model(*x) if isinstance(x, (tuple, list)) else model(x)


def forward(model: Any, loss: Loss | None, x: Any, y: Any, weight: Any, padding: bool) -> tuple[Any, Any]:
    """Return predictions and loss.

    Without a loss of its own the model gives it: called with inputs and targets, it returns the loss, or
    predictions and loss.
    """
    if loss is not None:
        pred = call_model(model, x)
        return pred, loss(pred, y, weight, padding)
    inputs = x if isinstance(x, (tuple, list)) else (x,)
    found = model(*inputs) if y is None else model(*inputs, y)
    pred, value = found if isinstance(found, (tuple, list)) and len(found) == 2 else (None, found)
    if not isinstance(value, Tensor) or value.shape.numel() != 1:
        fix = "pass loss=, or return the loss from the model"
        raise ArgumentError(message("Trainer", "the model to return its loss", describe(value), fix))
    return pred, value


def track(
    losses: Mean, metrics: Sequence[Metric], pred: Any, y: Any, loss: Any, weight: Any, samples: Any
) -> None:
    """Take a batch into the running loss and the metrics."""
    with no_grad():
        # The loss is a mean over the batch: it counts as much as the batch has samples.
        losses.update(wrap(scalar(loss)), weight=weight if weight is not None else samples)
        if pred is not None:
            for metric in metrics:
                metric.update(pred.detach(), y, weight=weight)


def train_step(
    model: Any,
    optimizer: Any,
    loss: Loss | None,
    losses: Mean,
    metrics: Sequence[Metric],
    prepare: Callable[[], Any] | None,
    padding: bool,
) -> Step:
    """Return a step that updates the model from a batch.

    Args:
        model: what to train.
        optimizer: of its parameters.
        loss: of predictions and targets; None where the model returns it.
        losses: gathers the loss.
        metrics: gather what they measure.
        prepare: called between ``backward`` and the update, to clip gradients for instance.
        padding: whether weights are those of padding alone.
    """

    def train(x: Any, y: Any, weight: Any, samples: Any) -> Any:
        optimizer.zero_grad()
        pred, value = forward(model, loss, x, y, weight, padding)
        value.backward()
        if prepare is not None:
            prepare()
        optimizer.step()
        track(losses, metrics, pred, y, value, weight, samples)
        return value.detach()

    return train


def test_step(model: Any, loss: Loss | None, losses: Mean, metrics: Sequence[Metric], padding: bool) -> Step:
    """Return a step that measures the model on a batch; arguments as those of :func:`train_step`."""

    def test(x: Any, y: Any, weight: Any, samples: Any) -> Any:
        with no_grad():
            pred, value = forward(model, loss, x, y, weight, padding)
            track(losses, metrics, pred, y, value, weight, samples)
            return value

    return test


def predict_step(model: Any) -> Step:
    """Return a step that gives the model's predictions for a batch."""

    def predict(x: Any) -> Any:
        with no_grad():
            return call_model(model, x)

    return predict


def clip_gradients(parameters: Sequence[Any], bound: float) -> None:
    """Scale all gradients so that their norm together is at most ``bound``.

    Args:
        parameters: those without gradients are left out.
        bound: for the 2-norm.
    """
    grads = [p.grad for p in parameters if p.grad is not None]
    arrays = [g.data_array for g in grads]
    total = jnp.sqrt(sum(jnp.sum(jnp.square(jnp.abs(a.astype(jnp.float32)))) for a in arrays))
    factor = jnp.minimum(1.0, bound / (total + 1e-6))
    for grad, array in zip(grads, arrays, strict=True):
        grad._write((array * factor).astype(array.dtype))
