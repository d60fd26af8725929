"""Dropout in its kinds: elements, channels, and the one that keeps mean and variance."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.handle import Handle
from xlagrad.core.random import key_of, next_key
from xlagrad.ops.methods import inplace as in_place


@op(name="_dropout")
def _dropout(input: Array, key: Array, p: float, kept: int) -> Array:
    """Zero with probability p, in whole slices after the first ``kept`` dimensions; scale the rest."""
    if p == 1:
        return jnp.zeros_like(input)
    shape = input.shape if kept < 0 else input.shape[:kept] + (1,) * (input.ndim - kept)
    mask = jax.random.bernoulli(key_of(key), 1 - p, shape)
    return jnp.where(mask, input * (1 / (1 - p)), 0).astype(input.dtype)


@op(name="_alpha_dropout")
def _alpha_dropout(input: Array, key: Array, p: float, kept: int) -> Array:
    """Put SELU's negative limit in the place of dropped elements, and restore mean and variance."""
    if p == 1:
        return jnp.zeros_like(input)
    limit = -1.7580993408473766
    shape = input.shape if kept < 0 else input.shape[:kept] + (1,) * (input.ndim - kept)
    mask = jax.random.bernoulli(key_of(key), 1 - p, shape)
    a = ((1 - p) * (1 + p * limit**2)) ** -0.5
    return (a * jnp.where(mask, input, limit) - a * p * limit).astype(input.dtype)


_dropout_ = in_place(_dropout)
_alpha_dropout_ = in_place(_alpha_dropout)


def _run(
    who: str, input: Any, p: float, training: bool, inplace: bool, kept: int, alpha: bool = False
) -> Any:
    if not 0 <= p <= 1:
        raise ArgumentError(message(who, "a dropout probability between 0 and 1", str(p)))
    if not training or p == 0:
        return input
    record, write = (_alpha_dropout, _alpha_dropout_) if alpha else (_dropout, _dropout_)
    run = write if inplace and isinstance(input, Handle) else record
    return run(input, next_key(), p=float(p), kept=kept)


def dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Return ``input`` with each element zeroed with probability ``p``, the others divided by 1 − p.

    Args:
        input: any tensor.
        p: probability of an element to be zeroed.
        training: whether to drop at all.
        inplace: write to ``input``.

    Raises:
        ArgumentError: ``p`` is not in [0, 1].

    Example:
        >>> dropout(jnp.ones(3), 0.5, training=False).tolist()
        [1.0, 1.0, 1.0]

    Source: ``torch.nn.functional.dropout``; Srivastava et al., 2014. The draws are the same eagerly and
    compiled.
    """
    return _run("dropout", input, p, training, inplace, -1)


def _channels(who: str, input: Any, spatial: int) -> int:
    ndim = len(input.shape)
    if ndim not in (spatial + 1, spatial + 2):
        want = f"{spatial + 1} or {spatial + 2} dimensions"
        raise ShapeError(message(who, want, describe(input), "reshape it to (N, C, …)"))
    return ndim - spatial


def dropout1d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Return (N, C, L) or (C, L) with whole channels zeroed with probability ``p``.

    Arguments and errors as those of `dropout`; another number of dimensions raises a ``ShapeError``.

    Source: ``torch.nn.functional.dropout1d``.
    """
    return _run("dropout1d", input, p, training, inplace, _channels("dropout1d", input, 1))


def dropout2d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Return (N, C, H, W) or (C, H, W) with whole channels zeroed with probability ``p``.

    Arguments and errors as those of `dropout`; another number of dimensions raises a ``ShapeError``.

    Source: ``torch.nn.functional.dropout2d``. Deviation: a 3-d input is (C, H, W), as torch documents it;
    torch's function warns and takes it for (N, C, L).
    """
    return _run("dropout2d", input, p, training, inplace, _channels("dropout2d", input, 2))


def dropout3d(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Return (N, C, D, H, W) or (C, D, H, W) with whole channels zeroed with probability ``p``.

    Arguments and errors as those of `dropout`; another number of dimensions raises a ``ShapeError``.

    Source: ``torch.nn.functional.dropout3d``.
    """
    return _run("dropout3d", input, p, training, inplace, _channels("dropout3d", input, 3))


def feature_dropout(input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Any:
    """Return (N, C, …) with whole channels zeroed with probability ``p``, the others divided by 1 − p.

    Arguments and errors as those of `dropout`; less than two dimensions raise a ``ShapeError``.

    Source: ``torch.feature_dropout``.
    """
    if input.ndim < 2:
        fix = "add dimensions with unsqueeze"
        raise ShapeError(message("feature_dropout", "at least 2 dimensions", describe(input), fix))
    return _run("feature_dropout", input, p, training, inplace, 2)


def alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """Return ``input`` with elements dropped so that mean 0 and variance 1 stay, for SELU networks.

    Dropped elements take the negative limit of `selu`. Arguments and errors as those of `dropout`.

    Source: ``torch.nn.functional.alpha_dropout``; Klambauer et al., 2017.
    """
    return _run("alpha_dropout", input, p, training, inplace, -1, alpha=True)


def feature_alpha_dropout(input: Any, p: float = 0.5, training: bool = False, inplace: bool = False) -> Any:
    """Return (N, C, …) with whole channels dropped as `alpha_dropout` drops elements.

    Source: ``torch.nn.functional.feature_alpha_dropout``.
    """
    return _run("feature_alpha_dropout", input, p, training, inplace, 2, alpha=True)
