"""Random integers and permutations."""

from __future__ import annotations

from typing import Any

from xlagrad.core import dtypes, errors
from xlagrad.core import random as streams
from xlagrad.core.errors import message
from xlagrad.core.random import Generator
from xlagrad.core.tensor import Tensor
from xlagrad.ops import samplers
from xlagrad.ops.limits import bounds_for, place_of
from xlagrad.ops.making import finish, finish_like, reference, refuse, size_of


def randint(
    *args: Any,
    low: Any = 0,
    high: Any = None,
    size: Any = None,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    out: Any = None,
    **options: Any,
) -> Tensor:
    """Return integers from [low, high), equally likely: ``randint(high, size)`` or ``(low, high, size)``.

    Args:
        args: ``(low,) high, size``, as far as they are not given by name.
        low: the lowest; 0 if left out.
        high: one above the highest.
        size: a sequence of sizes.
        generator: the stream to draw from; by default the device's.
        dtype: element type, int64 if left out; it may be one of floating point.
        device: where to draw.
        requires_grad: whether gradients are wanted with respect to it.
        out: a tensor of this size to write into and return instead.
        options: ``pin_memory`` and the like, without effect.

    Raises:
        ArgumentError: low is not less than high, or the type cannot hold them.
        DtypeError: bounds or sizes that are no integers.

    Example:
        >>> randint(10, (3,)).shape, randint(5, 6, (2,))
        (torch.Size([3]), tensor([5, 5]))

    Source: ``torch.randint``.
    """
    refuse("randint", options)
    given = list(args)
    if size is None and given:
        size = given.pop()
    if high is None and given:
        high = given.pop()
    if given:
        low = given.pop()
    if given or high is None or not isinstance(size, (tuple, list)):
        raise errors.DtypeError(message("randint", "(low,) high and a size that is a sequence", f"{args}"))
    shape = size_of("randint", (size,))
    wanted = out.dtype if dtype is None and out is not None else dtype
    kind = dtypes.as_jax(dtypes.int64 if wanted is None else wanted)
    bounds = bounds_for("randint", low, high, kind)
    sampled = samplers.draw(
        samplers.integers, shape, kind, *bounds, generator=generator, device=place_of(device)
    )
    return finish(sampled, device, requires_grad, out, "randint")


def randint_like(
    input: Any, *args: Any, low: Any = 0, high: Any = None, generator: Generator | None = None,
    dtype: Any = None, device: Any = None, requires_grad: bool = False, **options: Any,
) -> Tensor:  # fmt: skip
    """Return integers from [low, high) in the shape of ``input``: ``(x, high)`` or ``(x, low, high)``.

    Raises:
        ArgumentError: low is not less than high, or the type cannot hold them.

    Source: ``torch.randint_like``.
    """
    refuse("randint_like", options)
    if len(args) == 2:
        low, high = args
    elif args:
        (high,) = args
    like = reference(input)
    kind = dtypes.as_jax(like.dtype if dtype is None else dtype)
    bounds = bounds_for("randint_like", low, high, kind)
    place = place_of(device, like)
    shape = tuple(like.shape)
    sampled = samplers.draw(samplers.integers, shape, kind, *bounds, generator=generator, device=place)
    return finish_like(sampled, like, device, requires_grad)


def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    out: Any = None,
    **options: Any,
) -> Tensor:
    """Return the integers from 0 to n − 1 in random order.

    Args:
        n: how many.
        generator: the stream to draw from; by default the device's.
        dtype: element type; int64 if left out.
        device: where to draw.
        requires_grad: whether gradients are wanted with respect to it.
        out: a tensor of this size to write into and return instead.
        options: ``pin_memory`` and the like, without effect.

    Raises:
        ShapeError: n is below zero.

    Example:
        >>> sorted(randperm(4).tolist())
        [0, 1, 2, 3]

    Source: ``torch.randperm``.
    """
    refuse("randperm", options)
    (count,) = size_of("randperm", (n,))
    wanted = out.dtype if dtype is None and out is not None else dtype
    kind = dtypes.as_jax(dtypes.int64 if wanted is None else wanted)
    statics = (count, kind)
    sampled = streams.draw(samplers.permutation, statics, generator=generator, device=place_of(device))
    return finish(sampled, device, requires_grad, out, "randperm")
