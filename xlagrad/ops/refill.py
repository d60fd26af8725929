"""Methods that overwrite a tensor: with one value, or with draws from a distribution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from xlagrad.core import dtypes, errors
from xlagrad.core import random as streams
from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import describe, message
from xlagrad.core.handle import Handle, read, wrap
from xlagrad.core.modes import local
from xlagrad.core.random import Generator
from xlagrad.core.tensor import Tensor
from xlagrad.core.view import assign, check_writable, overwrite
from xlagrad.ops import samplers
from xlagrad.ops.create import new_empty, new_full, new_ones, new_zeros
from xlagrad.ops.data import new_tensor
from xlagrad.ops.drawn import bernoulli as drawn_bernoulli
from xlagrad.ops.drawn import multinomial
from xlagrad.ops.layouts import new_empty_strided
from xlagrad.ops.limits import bounds_for, place_of, require_range
from xlagrad.ops.making import constant, finish_like, float_type


@op(name="_filled")
def _filled(value: Array, shape: tuple[int, ...], dtype: Any) -> Array:
    """The value in every element, which receives the sum of their gradients."""
    return jnp.broadcast_to(value.reshape(()).astype(dtype), shape)


def fill(input: Any, value: Any) -> Tensor:
    """Return a tensor like ``input`` with one value in every element.

    Args:
        input: gives shape, type and device.
        value: a number, or a 0-d tensor, which receives the sum of the gradients.

    Raises:
        ShapeError: a tensor with dimensions.
        ArgumentError: the integer type cannot hold the number.
        DtypeError: a complex number for a real type.

    Example:
        >>> fill(jnp.zeros(2), 3)
        tensor([3., 3.])

    Source: ``torch.fill``.
    """
    found: Tensor = _constant_like("fill", input, value)
    # The result depends on the input in PyTorch's eyes, with a gradient of zero.
    needed = isinstance(input, Handle) and input._requires_grad and local.grad
    return overwrite(input, found) if needed else found


def _constant_like(who: str, input: Any, value: Any) -> Any:
    like = read(input) if isinstance(input, Handle) else input
    shape = tuple(like.shape)
    if hasattr(value, "dtype") and not isinstance(value, np.generic):
        if value.ndim:
            fix = "use copy_ for a tensor with dimensions"
            raise errors.ShapeError(message(who, "a number or a 0-d tensor", describe(value), fix))
        if np.dtype(value.dtype).kind == "c" and like.dtype.kind != "c":
            raise errors.DtypeError(message(who, f"a real number for {like.dtype}", describe(value)))
        tensor = value if isinstance(value, Handle) else wrap(jnp.asarray(value))
        return _filled(tensor, shape=shape, dtype=np.dtype(like.dtype))
    if not isinstance(value, (bool, int, float, complex, np.generic)):
        raise errors.DtypeError(message(who, "a number or a 0-d tensor", describe(value)))
    return finish_like(constant(who, shape, value, np.dtype(like.dtype)), like)


def fill_(self: Any, value: Any) -> Any:
    """Set every element to one value; return the tensor.

    Args:
        self: the tensor.
        value: a number, or a 0-d tensor, which receives the sum of the gradients.

    Raises:
        ShapeError: a tensor with dimensions.
        ArgumentError: the integer type cannot hold the number.
        DtypeError: a complex number for a real type.
    """
    check_writable("fill_", self)
    assign("fill_", self, _constant_like("fill_", self, value))
    return self


def zero_(self: Any) -> Any:
    """Set every element to zero; return the tensor."""
    check_writable("zero_", self)
    assign("zero_", self, _constant_like("zero_", self, 0))
    return self


def _refill(
    who: str, self: Any, fn: Callable[..., Any], numbers: tuple[Any, ...], generator: Generator | None
) -> Any:
    """Overwrite a tensor with draws, after all that can be wrong has been looked at."""
    check_writable(who, self)
    like = read(self)
    place = place_of(None, like)
    kind = np.dtype(like.dtype)
    sampled = samplers.draw(fn, tuple(like.shape), kind, *numbers, generator=generator, device=place)
    assign(who, self, finish_like(sampled, like))
    return self


def _real(who: str, self: Any) -> None:
    found = dtypes.as_dtype(read(self).dtype)
    if not found.is_floating_point:
        raise errors.DtypeError(message(who, "a tensor of real floating point", describe(self)))


def uniform_(
    self: Any, a: float = 0.0, b: float = 1.0, *, generator: Generator | None = None, **names: float
) -> Any:
    """Overwrite the elements with draws from U[a, b); return the tensor.

    Args:
        self: a tensor of floating point.
        a: lower bound; PyTorch calls it ``from``, which also works as a keyword (``**{"from": 0}``).
        b: upper bound; also ``to``.
        generator: the stream to draw from; by default the device's.
        names: the bounds by PyTorch's names.

    Raises:
        ArgumentError: a is greater than b.
        DtypeError: the tensor is not of floating point.
    """
    low, high = float(names.get("from", a)), float(names.get("to", b))
    float_type("uniform_", read(self).dtype)
    if not low <= high:
        raise errors.ArgumentError(message("uniform_", "a of b or less", f"a={low:g} and b={high:g}"))
    return _refill("uniform_", self, samplers.uniform, (low, high), generator)


def normal_(self: Any, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Any:
    """Overwrite the elements with draws from N(mean, std²); return the tensor.

    Raises:
        ArgumentError: ``std`` is below zero.
        DtypeError: the tensor is not of floating point.
    """
    float_type("normal_", read(self).dtype)
    require_range("normal_", "std", std, low=0.0)
    return _refill("normal_", self, samplers.normal, (float(mean), float(std)), generator)


def log_normal_(self: Any, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None) -> Any:
    """Overwrite the elements with draws whose logarithms are from N(mean, std²); return the tensor.

    Raises:
        ArgumentError: ``std`` is not above zero.
        DtypeError: the tensor is not of real floating point.
    """
    _real("log_normal_", self)
    _require_positive("log_normal_", "std", std)
    return _refill("log_normal_", self, samplers.log_normal, (float(mean), float(std)), generator)


def exponential_(self: Any, lambd: float = 1.0, *, generator: Generator | None = None) -> Any:
    """Overwrite the elements with draws from the density λ·exp(−λx), none of them zero; return the tensor.

    Raises:
        ArgumentError: ``lambd`` is not above zero.
        DtypeError: the tensor is not of real floating point.
    """
    _real("exponential_", self)
    _require_positive("exponential_", "lambd", lambd)
    return _refill("exponential_", self, samplers.exponential, (float(lambd),), generator)


def cauchy_(self: Any, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None) -> Any:
    """Overwrite the elements with draws from the Cauchy distribution; return the tensor.

    Raises:
        ArgumentError: ``sigma`` is not above zero.
        DtypeError: the tensor is not of real floating point.
    """
    _real("cauchy_", self)
    _require_positive("cauchy_", "sigma", sigma)
    return _refill("cauchy_", self, samplers.cauchy, (float(median), float(sigma)), generator)


def geometric_(self: Any, p: float, *, generator: Generator | None = None) -> Any:
    """Overwrite the elements with the number of trials up to a first success; return the tensor.

    Raises:
        ArgumentError: ``p`` is not in (0, 1).
    """
    if not 0 < p < 1:
        raise errors.ArgumentError(message("geometric_", "p in (0, 1)", f"{p:g}"))
    return _refill("geometric_", self, samplers.geometric, (float(p),), generator)


def _require_positive(who: str, name: str, value: float) -> None:
    if not value > 0:
        raise errors.ArgumentError(message(who, f"{name} above 0", f"{value:g}"))


def bernoulli_(self: Any, p: Any = 0.5, *, generator: Generator | None = None) -> Any:
    """Overwrite the elements with ones with probability ``p``, zeros otherwise; return the tensor.

    Args:
        self: a tensor of any type.
        p: a number, or a tensor of probabilities that broadcasts to the tensor.
        generator: the stream to draw from; by default the device's.

    Raises:
        ArgumentError: a probability outside [0, 1] (of a tensor on an accelerator this is not looked at).
        ShapeError: ``p`` does not broadcast to the tensor.
    """
    require_range("bernoulli_", "p", p, 0.0, 1.0)
    if not isinstance(p, Handle) and not hasattr(p, "dtype"):
        return _refill("bernoulli_", self, samplers.bernoulli, (float(p),), generator)
    check_writable("bernoulli_", self)
    like = read(self)
    try:
        fits = np.broadcast_shapes(tuple(p.shape), tuple(like.shape)) == tuple(like.shape)
    except ValueError:
        fits = False
    if not fits:
        text = message("bernoulli_", f"probabilities that broadcast to {tuple(like.shape)}", describe(p))
        raise errors.ShapeError(text)
    statics = (tuple(like.shape), np.dtype(like.dtype))
    place = place_of(None, like)
    sampled = streams.draw(samplers.bernoulli, statics, p, generator=generator, device=place)
    assign("bernoulli_", self, finish_like(sampled, like))
    return self


def random_(self: Any, *bounds: Any, generator: Generator | None = None, **names: Any) -> Any:
    """Overwrite the elements with integers: ``random_()``, ``random_(to)`` or ``random_(from, to)``.

    Without bounds they go from 0 up to the largest that the type can hold, or up to which it holds all.

    Raises:
        ArgumentError: ``from`` is not less than ``to``, or the type cannot hold them.
    """
    kind = np.dtype(read(self).dtype)
    given = list(bounds)
    high = names.get("to", given.pop() if given else None)
    low = names.get("from", given.pop() if given else 0)
    if high is None:
        high = _largest(kind) + 1
    found = bounds_for("random_", low, high, kind)
    return _refill("random_", self, samplers.integers, found, generator)


def _largest(kind: np.dtype[Any]) -> int:
    if kind.kind == "b":
        return 1
    if kind.kind in "iu":
        return int(np.iinfo(kind).max)
    whole = 1 << (int(jnp.finfo(kind).nmant) + 1)
    return int(min(whole, np.iinfo(dtypes.as_jax("int64")).max - 1))


def bernoulli(self: Any, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """Return ones with the probabilities that the tensor holds, or all with ``p``; zeros otherwise."""
    return drawn_bernoulli(self, p, generator=generator)


METHODS: dict[str, Callable[..., Any]] = {
    fn.__name__: fn
    for fn in (
        bernoulli,
        bernoulli_,
        cauchy_,
        exponential_,
        fill_,
        geometric_,
        log_normal_,
        multinomial,
        new_empty,
        new_empty_strided,
        new_full,
        new_ones,
        new_tensor,
        new_zeros,
        normal_,
        random_,
        uniform_,
        zero_,
    )
}


def install() -> None:
    """Give ``Tensor`` these methods."""
    for name, method in METHODS.items():
        setattr(Tensor, name, method)
