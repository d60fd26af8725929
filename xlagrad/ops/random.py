"""Random tensors of a given size: uniform and normal draws here, others from the modules beside this."""

from __future__ import annotations

from typing import Any

import jax

from xlagrad.core.random import Generator
from xlagrad.core.tensor import Tensor
from xlagrad.ops import samplers
from xlagrad.ops.drawn import bernoulli, binomial, multinomial, normal, poisson
from xlagrad.ops.integers import randint, randint_like, randperm
from xlagrad.ops.limits import place_of
from xlagrad.ops.making import finish, finish_like, float_type, reference, refuse, size_of


def rand(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    out: Any = None,
    **options: Any,
) -> Tensor:
    """Return draws from U[0, 1).

    Args:
        size: the sizes, as integers or as one sequence; also as ``size=`` or ``shape=``.
        generator: the stream to draw from; by default the device's.
        dtype: a type of floating point, real or complex; the default type if left out.
        device: where to draw.
        requires_grad: whether gradients are wanted with respect to it.
        out: a tensor of this size to write into and return instead.
        options: ``pin_memory`` and the like, without effect.

    Raises:
        DtypeError: a dtype that is not of floating point, or a size that is no integer.
        ShapeError: a size below zero.
        DeviceError: the generator is of another kind of device.

    Example:
        >>> rand(2, 3).shape
        torch.Size([2, 3])

    Source: ``torch.rand``.
    """
    sampled = _sized("rand", samplers.uniform, size, (0.0, 1.0), generator, dtype, device, out, options)
    return finish(sampled, device, requires_grad, out, "rand")


def randn(
    *size: Any,
    generator: Generator | None = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    out: Any = None,
    **options: Any,
) -> Tensor:
    """Return draws from N(0, 1); arguments and errors as for `rand`.

    Complex ones have half of the variance in each part.

    Example:
        >>> randn(2, 3).shape
        torch.Size([2, 3])

    Source: ``torch.randn``.
    """
    sampled = _sized("randn", samplers.normal, size, (0.0, 1.0), generator, dtype, device, out, options)
    return finish(sampled, device, requires_grad, out, "randn")


def _sized(
    who: str,
    fn: Any,
    size: tuple[Any, ...],
    numbers: tuple[float, float],
    generator: Generator | None,
    dtype: Any,
    device: Any,
    out: Any,
    options: dict[str, Any],
) -> jax.Array:
    shape = size_of(who, size, options)
    refuse(who, options)
    kind = float_type(who, out.dtype if dtype is None and out is not None else dtype)
    return samplers.draw(fn, shape, kind, *numbers, generator=generator, device=place_of(device))


def rand_like(
    input: Any, *, generator: Generator | None = None, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, **options: Any,
) -> Tensor:  # fmt: skip
    """Return draws from U[0, 1) in the shape of ``input``, by default of its type and on its device.

    Source: ``torch.rand_like``.
    """
    return _alike("rand_like", samplers.uniform, input, generator, dtype, device, requires_grad, options)


def randn_like(
    input: Any, *, generator: Generator | None = None, dtype: Any = None, device: Any = None,
    requires_grad: bool = False, **options: Any,
) -> Tensor:  # fmt: skip
    """Return draws from N(0, 1) in the shape of ``input``, by default of its type and on its device.

    Source: ``torch.randn_like``.
    """
    return _alike("randn_like", samplers.normal, input, generator, dtype, device, requires_grad, options)


def _alike(
    who: str,
    fn: Any,
    input: Any,
    generator: Generator | None,
    dtype: Any,
    device: Any,
    requires_grad: bool,
    options: dict[str, Any],
) -> Tensor:
    refuse(who, options)
    like = reference(input)
    kind = float_type(who, like.dtype if dtype is None else dtype)
    place = place_of(device, like)
    sampled = samplers.draw(fn, tuple(like.shape), kind, 0.0, 1.0, generator=generator, device=place)
    return finish_like(sampled, like, device, requires_grad)


__all__ = [
    "bernoulli",
    "binomial",
    "multinomial",
    "normal",
    "poisson",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
]
