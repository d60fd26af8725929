"""Losses of a batch some of whose samples are padding, or count more than others."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.tensor import Tensor, as_array, wrap
from xlagrad.layers import functional as F
from xlagrad.train.metrics.base import spread

NAMES: dict[str, Callable[..., Any]] = {
    "cross_entropy": F.cross_entropy,
    "nll": F.nll_loss,
    "bce": F.binary_cross_entropy,
    "bce_with_logits": F.binary_cross_entropy_with_logits,
    "mse": F.mse_loss,
    "mae": F.l1_loss,
    "huber": F.huber_loss,
    "smooth_l1": F.smooth_l1_loss,
}

_BY_CLASS = ("cross_entropy", "nll")


class Loss:
    """A user's loss, which may be told to leave samples out.

    Args:
        fn: a function or module of predictions and targets, or a name from ``NAMES``. Named ones take
            targets of any number type, and in a column or not.

    Attributes:
        name: what error messages call it.
        maskable: whether samples can be left out: it has a ``reduction`` of ``"mean"`` or ``"sum"``.

    Raises:
        ArgumentError: an unknown name, or something that cannot be called.
    """

    def __init__(self, fn: Any) -> None:
        self._named = fn if isinstance(fn, str) else None
        if isinstance(fn, str):
            if fn not in NAMES:
                raise ArgumentError(message("loss", f"a function, or one of {', '.join(NAMES)}", repr(fn)))
            fn = NAMES[fn]
        if not callable(fn):
            raise ArgumentError(message("loss", f"a function, or one of {', '.join(NAMES)}", describe(fn)))
        self.fn = fn
        self.name: str = self._named or str(getattr(fn, "__name__", type(fn).__name__))
        reduction, ignore, self._each = _per_sample(fn)
        self.maskable = reduction in ("mean", "sum")
        self._reduction = str(reduction)
        self._ignore = ignore

    def __call__(self, pred: Any, target: Any, weight: Any = None, padding: bool = False) -> Any:
        """Return the loss of a batch, a tensor of one element.

        Args:
            pred: predictions.
            target: targets.
            weight: how much each sample counts; 0 leaves one out.
            padding: whether weights are 1 and 0 alone, the zeros for padding.

        Raises:
            ArgumentError: samples have weights, and the loss gives no loss of each.
        """
        if self._named is not None:
            target = self._fitted(pred, target)
        if weight is None:
            loss = self.fn(pred, target)
            return loss if loss.ndim == 0 else loss.mean()
        if padding and self._ignore is not None and not target.is_floating_point():
            return self.fn(pred, _ignored(target, weight, self._ignore))
        if not self.maskable:
            expected = f"a loss with a reduction for sample weights or padding, as {', '.join(NAMES)} have"
            raise ArgumentError(message("Trainer", expected, self.name, "pass pad=False and no weights"))
        each = self._each(pred, target)
        return weighted_loss(each, weight, reduction=self._reduction)

    def _fitted(self, pred: Any, target: Any) -> Any:
        """Return targets in the shape and type that a named loss wants."""
        shape, wanted = tuple(target.shape), tuple(pred.shape)
        if self._named in _BY_CLASS:
            if len(shape) == len(wanted) and shape[-1] == 1 and not target.is_floating_point():
                target = target.reshape(*shape[:-1])
            return target
        if shape != wanted and target.shape.numel() == pred.shape.numel() and shape[:1] == wanted[:1]:
            target = target.reshape(*wanted)
        if target.dtype != pred.dtype:
            target = wrap(as_array(target).astype(as_array(pred).dtype))
        return target


def _per_sample(fn: Any) -> tuple[Any, int | None, Any]:
    """Return a loss's reduction, the class that it ignores, and the loss of each sample; None for none."""
    reduction = getattr(fn, "reduction", None)
    if reduction is not None:
        each = copy.copy(fn)
        each.reduction = "none"
        return reduction, getattr(fn, "ignore_index", None) if reduction == "mean" else None, each
    try:
        parameters = inspect.signature(fn).parameters
    except (TypeError, ValueError):
        return None, None, None
    if "reduction" not in parameters:
        return None, None, None
    ignore = parameters["ignore_index"].default if "ignore_index" in parameters else None

    def each_of(pred: Any, target: Any) -> Any:
        return fn(pred, target, reduction="none")

    default = parameters["reduction"].default
    return default, ignore if default == "mean" else None, each_of


def _ignored(target: Tensor, weight: Tensor, ignore: int) -> Tensor:
    """Return targets with the ignored class in the places of padding."""
    array = target.data_array
    fitted: Tensor = wrap(jnp.where(spread(weight.data_array, array) == 0, ignore, array))
    return fitted


@op(name="_weighted_loss")
def weighted_loss(each: Array, weight: Array, reduction: str) -> Array:
    """Σ w l / Σ w over all elements, or Σ w l with ``reduction="sum"``; weight 0 leaves a sample out.

    Args:
        each: losses, (batch, ...).
        weight: one number for each sample.
        reduction: ``"mean"`` or ``"sum"``.

    Raises:
        ShapeError: there is no loss for each sample.
    """
    if each.ndim == 0 or each.shape[0] != weight.shape[0]:
        expected = f"a loss for each of {weight.shape[0]} samples with reduction='none'"
        raise ShapeError(message("Trainer", expected, describe(each)))
    w = spread(weight, each).astype(each.dtype)
    total = jnp.where(w == 0, 0, each * w).sum()
    return total if reduction == "sum" else total / jnp.maximum(w.sum(), jnp.finfo(each.dtype).tiny)


def scalar(x: Any) -> jax.Array:
    """Return the value of a loss as an array without dimensions."""
    return as_array(x).reshape(())
