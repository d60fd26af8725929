"""Draws whose distribution tensors describe: normal, bernoulli, poisson, multinomial."""

from __future__ import annotations

import operator
from typing import Any

import jax
import numpy as np

from xlagrad.core import dtypes, errors
from xlagrad.core import random as streams
from xlagrad.core.errors import describe, message
from xlagrad.core.handle import Handle
from xlagrad.core.random import Generator
from xlagrad.core.tensor import Tensor
from xlagrad.ops import samplers
from xlagrad.ops.limits import on_host, place_of, require_range
from xlagrad.ops.making import finish, finish_like, float_type, reference, refuse, size_of


def normal(
    mean: Any,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    out: Any = None,
    **options: Any,
) -> Tensor:
    """Return draws from N(mean, std²).

    Args:
        mean: a number, or a tensor with a mean for each draw.
        std: a number, or a tensor that broadcasts with ``mean``; 0 or more.
        size: the sizes, where both are numbers.
        generator: the stream to draw from; by default the device's.
        dtype: a type of floating point, where both are numbers.
        device: where to draw.
        requires_grad: whether gradients are wanted with respect to it.
        out: a tensor to write into and return instead.
        options: ``pin_memory`` and the like, without effect.

    Raises:
        ArgumentError: a ``std`` below zero (of a tensor on an accelerator this is not looked at).
        ShapeError: the tensors do not broadcast, or two numbers come without a size.
        DtypeError: a tensor that is not of floating point.

    Example:
        >>> normal(0.0, 2.0, (3,)).shape, normal(np.zeros(2, np.float32), 1e-9).shape
        (torch.Size([3]), torch.Size([2]))

    Source: ``torch.normal``. Deviation: no gradient flows to the tensors (PyTorch's is zero).
    """
    refuse("normal", options)
    tensors = [reference(x) for x in (mean, std) if isinstance(x, (Handle, jax.Array, np.ndarray))]
    require_range("normal", "std", std, low=0.0)
    if not tensors:
        if size is None:
            fix = "pass size=(...)"
            raise errors.ShapeError(message("normal", "a size with two numbers", "none", fix))
        numbers = (float(mean), float(std))
        kind = float_type("normal", out.dtype if dtype is None and out is not None else dtype)
        shape = size_of("normal", (size,))
        place = place_of(device)
        sampled = samplers.draw(samplers.normal, shape, kind, *numbers, generator=generator, device=place)
        return finish(sampled, device, requires_grad, out, "normal")
    place = place_of(device, tensors[0])
    statics = (_shape("normal", tensors), dtypes.as_jax(tensors[0].dtype))
    sampled = streams.draw(samplers.normal, statics, mean, std, generator=generator, device=place)
    return finish(sampled, device, requires_grad, out, "normal")


def _shape(who: str, tensors: list[Any]) -> tuple[int, ...]:
    """Return the shape to which the parameters of a distribution broadcast."""
    for x in tensors:
        float_type(who, x.dtype)
    try:
        return np.broadcast_shapes(*(x.shape for x in tensors))
    except ValueError:
        got = " and ".join(map(describe, tensors))
        raise errors.ShapeError(message(who, "parameters that broadcast", got)) from None


def bernoulli(input: Any, p: Any = None, *, generator: Generator | None = None, out: Any = None) -> Tensor:
    """Return ones with the probabilities that ``input`` holds, zeros otherwise; of its type.

    Args:
        input: probabilities, of floating point; with ``p`` only its shape and type matter.
        p: one probability for all.
        generator: the stream to draw from; by default the device's.
        out: a tensor of this size to write into and return instead.

    Raises:
        ArgumentError: a probability outside [0, 1] (of a tensor on an accelerator this is not looked at).
        DtypeError: probabilities that are not of floating point.

    Example:
        >>> bernoulli(np.array([0.0, 1.0], np.float32))
        tensor([0., 1.])

    Source: ``torch.bernoulli``. Deviation: no gradient flows to the probabilities (PyTorch's is zero).
    """
    like = reference(input)
    if p is None:
        float_type("bernoulli", like.dtype)
    chance = like if p is None else p
    require_range("bernoulli", "probabilities", chance, 0.0, 1.0)
    statics = (tuple(like.shape), dtypes.as_jax(like.dtype))
    place = place_of(None, like)
    sampled = streams.draw(samplers.bernoulli, statics, chance, generator=generator, device=place)
    return finish_like(sampled, like) if out is None else finish(sampled, None, False, out, "bernoulli")


def binomial(count: Any, prob: Any, generator: Generator | None = None) -> Tensor:
    """Return draws of the number of successes in ``count`` trials, each of probability ``prob``.

    Args:
        count: numbers of trials, 0 or more, of floating point.
        prob: probabilities, of the same type, which broadcast with ``count``.
        generator: the stream to draw from; by default the device's.

    Raises:
        ArgumentError: a count below zero or a probability outside [0, 1] (not looked at on an accelerator).
        DtypeError: the types differ, or are not of floating point.
        ShapeError: the tensors do not broadcast.

    Example:
        >>> binomial(np.array([3.0, 5.0], np.float32), np.array([1.0, 0.0], np.float32))
        tensor([3., 0.])

    Source: ``torch.binomial``. Deviation: no gradient flows to the tensors (PyTorch's is zero).
    """
    trials, chance = reference(count), reference(prob)
    float_type("binomial", trials.dtype)
    if trials.dtype != chance.dtype:
        got = f"{describe(trials)} and {describe(chance)}"
        raise errors.DtypeError(message("binomial", "two tensors of one dtype", got, "convert one with .to"))
    require_range("binomial", "counts", trials, 0.0)
    require_range("binomial", "probabilities", chance, 0.0, 1.0)
    statics = (_shape("binomial", [trials, chance]), dtypes.as_jax(trials.dtype))
    place = place_of(None, trials)
    sampled = streams.draw(samplers.binomial, statics, trials, chance, generator=generator, device=place)
    return finish_like(sampled, trials)


def poisson(input: Any, generator: Generator | None = None) -> Tensor:
    """Return draws from the Poisson distributions whose rates ``input`` holds; of its type.

    Raises:
        ArgumentError: a rate below zero (of a tensor on an accelerator this is not looked at).
        DtypeError: rates that are not of floating point.

    Example:
        >>> poisson(np.zeros(2, np.float32))
        tensor([0., 0.])

    Source: ``torch.poisson``.
    """
    like = reference(input)
    float_type("poisson", like.dtype)
    require_range("poisson", "rates", like, 0.0)
    statics = (dtypes.as_jax(like.dtype),)
    sampled = streams.draw(samplers.poisson, statics, like, generator=generator, device=place_of(None, like))
    return finish_like(sampled, like)


def multinomial(
    input: Any,
    num_samples: int,
    replacement: bool = False,
    *,
    generator: Generator | None = None,
    out: Any = None,
) -> Tensor:
    """Return positions in each row of ``input``, drawn with probabilities in proportion to the row's weights.

    Args:
        input: weights, 0 or more, [n] or [rows, n]; they need not sum to one.
        num_samples: how many draws from each row.
        replacement: whether a position may come up again.
        generator: the stream to draw from; by default the device's.
        out: an int64 tensor to write into and return instead.

    Returns:
        int64[num_samples] or int64[rows, num_samples].

    Raises:
        ShapeError: the weights have another number of dimensions.
        DtypeError: they are not of floating point.
        ArgumentError: fewer than 1 sample; more than there are positions, without replacement; weights that
            are negative, infinite, NaN or all zero in a row (not looked at on an accelerator).

    Example:
        >>> multinomial(np.array([0.0, 1.0, 0.0], np.float32), 1)
        tensor([1])

    Source: ``torch.multinomial``.
    """
    weights = reference(input)
    if weights.ndim not in (1, 2) or weights.shape[-1] == 0:
        raise errors.ShapeError(message("multinomial", "weights [n] or [rows, n]", describe(weights)))
    if not dtypes.as_dtype(weights.dtype).is_floating_point:
        raise errors.DtypeError(message("multinomial", "floating-point weights", describe(weights)))
    count = operator.index(num_samples)
    if count <= 0:
        raise errors.ArgumentError(message("multinomial", "1 sample or more", str(count)))
    if not replacement and count > weights.shape[-1]:
        got = f"{count} samples of {weights.shape[-1]}"
        fix = "pass replacement=True"
        raise errors.ArgumentError(message("multinomial", "no more samples than positions", got, fix))
    _check_weights(weights)
    statics = (count, bool(replacement), dtypes.as_jax("int64"))
    place = place_of(None, weights)
    sampled = streams.draw(samplers.categories, statics, weights, generator=generator, device=place)
    return finish(sampled, None, False, out, "multinomial")


def _check_weights(weights: Any) -> None:
    require_range("multinomial", "weights", weights, 0.0)
    values = on_host(weights)
    if values is None or not values.size:
        return
    if not np.isfinite(values).all():
        raise errors.ArgumentError(message("multinomial", "finite weights", "an infinite one"))
    if not (values.sum(-1, dtype=np.float64) > 0).all():
        raise errors.ArgumentError(message("multinomial", "a positive weight in each row", "weights of zero"))
