"""Initial values of parameters: PyTorch's ``nn.init``, drawn from our random stream."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np

from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.modes import no_grad
from xlagrad.core.tensor import Tensor, as_array, wrap

FanMode = Literal["fan_in", "fan_out"]

_GAINS = {
    "linear": 1.0,
    "conv1d": 1.0,
    "conv2d": 1.0,
    "conv3d": 1.0,
    "conv_transpose1d": 1.0,
    "conv_transpose2d": 1.0,
    "conv_transpose3d": 1.0,
    "sigmoid": 1.0,
    "tanh": 5.0 / 3.0,
    "relu": math.sqrt(2.0),
    "selu": 0.75,
}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the factor by which a nonlinearity asks for larger weights: √2 for ReLU, 5/3 for tanh.

    Args:
        nonlinearity: ``linear``, a convolution, ``sigmoid``, ``tanh``, ``relu``, ``leaky_relu`` or ``selu``.
        param: the negative slope of ``leaky_relu``, by default 0.01.

    Raises:
        ArgumentError: another name, or a slope that is no number.

    Example:
        >>> round(calculate_gain("leaky_relu", 0.2), 4)
        1.3868
    """
    if nonlinearity == "leaky_relu":
        if param is not None and (isinstance(param, bool) or not isinstance(param, (int, float))):
            raise ArgumentError(message("calculate_gain", "a negative slope that is a number", repr(param)))
        slope = 0.01 if param is None else param
        return math.sqrt(2.0 / (1.0 + slope**2))
    if nonlinearity not in _GAINS:
        names = ", ".join((*_GAINS, "leaky_relu"))
        raise ArgumentError(message("calculate_gain", f"one of {names}", repr(nonlinearity)))
    return _GAINS[nonlinearity]


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with draws from U(a, b), in place."""
    with no_grad():
        tensor.uniform_(a, b, generator=generator)
    return tensor


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with draws from N(mean, std²), in place."""
    with no_grad():
        tensor.normal_(mean, std, generator=generator)
    return tensor


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Any = None,
) -> Tensor:
    """Fill with draws from N(mean, std²) restricted to [a, b], in place.

    A uniform draw between the distribution function at a and at b goes through the inverse of it.
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        text = (
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect."
        )
        warnings.warn(text, stacklevel=2)

    def cdf(x: float) -> float:
        return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0

    low, high = cdf((a - mean) / std), cdf((b - mean) / std)
    with no_grad():
        tensor.uniform_(2 * low - 1, 2 * high - 1, generator=generator)
        tensor.erfinv_()
        tensor.mul_(std * math.sqrt(2.0))
        tensor.add_(mean)
        tensor.clamp_(min=a, max=b)
    return tensor


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value, in place."""
    with no_grad():
        tensor.fill_(val)
    return tensor


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones, in place."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros, in place."""
    return constant_(tensor, 0.0)


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with the identity, in place, so that a linear layer passes as many inputs as it can.

    Raises:
        ShapeError: the tensor has not 2 dimensions.
    """
    if tensor.ndim != 2:
        raise ShapeError(message("init.eye_", "a tensor with 2 dimensions", describe(tensor)))
    return _fill(tensor, np.eye(*tensor.shape))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill a convolution's weight so that it passes its inputs on unchanged, in place.

    Args:
        tensor: (out, in, ...) of 3 to 5 dimensions.
        groups: identities, one below the other, one for each group of outputs.

    Raises:
        ShapeError: another number of dimensions, or outputs that ``groups`` does not divide.
    """
    if tensor.ndim not in (3, 4, 5):
        raise ShapeError(message("init.dirac_", "a tensor with 3, 4 or 5 dimensions", describe(tensor)))
    shape = tuple(tensor.shape)
    if shape[0] % groups:
        raise ShapeError(
            message("init.dirac_", f"a first dimension that {groups} groups divide", f"{shape[0]}")
        )
    value = np.zeros(shape)
    per_group = shape[0] // groups
    middle = tuple(n // 2 for n in shape[2:])
    for group in range(groups):
        for i in range(min(per_group, shape[1])):
            value[(group * per_group + i, i, *middle)] = 1.0
    return _fill(tensor, value)


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """Return how many inputs each output of a weight has, and how many outputs each input."""
    if tensor.ndim < 2:
        expected = "a weight with 2 dimensions or more"
        got = f"{describe(tensor)}, whose fan in and fan out can not be computed"
        raise ShapeError(message("nn.init", expected, got, "use normal_ or uniform_"))
    receptive = math.prod(tensor.shape[2:])
    return tensor.shape[1] * receptive, tensor.shape[0] * receptive


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    kinds = {"fan_in": 0, "fan_out": 1}
    if mode.lower() not in kinds:
        raise ArgumentError(message("init", "mode 'fan_in' or 'fan_out'", repr(mode)))
    return _calculate_fan_in_and_fan_out(tensor)[kinds[mode.lower()]]


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Fill from U(-a, a) with a = gain · √(6 / (fan_in + fan_out)), in place (Glorot & Bengio 2010)."""
    bound = gain * math.sqrt(6.0 / sum(_calculate_fan_in_and_fan_out(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Fill from N(0, σ²) with σ = gain · √(2 / (fan_in + fan_out)), in place (Glorot & Bengio 2010)."""
    std = gain * math.sqrt(2.0 / sum(_calculate_fan_in_and_fan_out(tensor)))
    return normal_(tensor, 0.0, std, generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0.0,
    mode: FanMode = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Fill from U(-b, b) with b = gain · √(3 / fan), in place (He et al. 2015).

    Args:
        tensor: the weight.
        a: the negative slope of the rectifier that follows.
        mode: keep the variance of the forward (``fan_in``) or of the backward pass (``fan_out``).
        nonlinearity: what follows; gives the gain.
        generator: the random stream, by default the global one.
    """
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    std = calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0.0,
    mode: FanMode = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Fill from N(0, σ²) with σ = gain / √fan, in place (He et al. 2015); see :func:`kaiming_uniform_`."""
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    std = calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))
    return normal_(tensor, 0.0, std, generator)


def orthogonal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Fill with a random matrix whose rows or columns are orthonormal, times ``gain``, in place.

    The Q of a QR decomposition of normal draws, with signs such that it is uniform (Saxe et al. 2013).

    Raises:
        ShapeError: fewer than 2 dimensions.
    """
    if tensor.ndim < 2:
        raise ShapeError(message("init.orthogonal_", "a tensor with 2 dimensions or more", describe(tensor)))
    if 0 in tensor.shape:
        return tensor
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])
    with no_grad():
        draws = wrap(jnp.zeros((max(rows, columns), min(rows, columns)), jnp.float32))
        draws.normal_(0.0, 1.0, generator=generator)
        q, r = jnp.linalg.qr(draws.data_array)
        q = q * jnp.sign(jnp.diagonal(r))
        return _fill(tensor, gain * (q.T if rows < columns else q).reshape(tuple(tensor.shape)))


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """Fill a matrix from N(0, std²) and set a fraction of each column to zero, in place (Martens 2010).

    Raises:
        ShapeError: the tensor has not 2 dimensions.
    """
    if tensor.ndim != 2:
        raise ShapeError(message("init.sparse_", "a tensor with 2 dimensions", describe(tensor)))
    zeros = math.ceil(sparsity * tensor.shape[0])
    normal_(tensor, 0.0, std, generator)
    with no_grad():
        order = wrap(jnp.zeros(tuple(tensor.shape), jnp.float32))
        order.uniform_(0.0, 1.0, generator=generator)
        rank = jnp.argsort(jnp.argsort(order.data_array, axis=0), axis=0)
        return _fill(tensor, jnp.where(rank < zeros, 0, tensor.data_array))


def _fill(tensor: Tensor, value: Any) -> Tensor:
    with no_grad():
        tensor.copy_(wrap(as_array(value, tensor.dtype)))
    return tensor


def _deprecated(new: Callable[..., Tensor]) -> Callable[..., Tensor]:
    old = new.__name__[:-1]

    def call(*args: Any, **kwargs: Any) -> Tensor:
        text = f"`nn.init.{old}` is now deprecated in favor of `nn.init.{new.__name__}`."
        warnings.warn(text, FutureWarning, stacklevel=2)
        return new(*args, **kwargs)

    call.__name__ = call.__qualname__ = old
    call.__doc__ = f"Do what :func:`{new.__name__}` does, under its name of before."
    return call


uniform = _deprecated(uniform_)
normal = _deprecated(normal_)
constant = _deprecated(constant_)
eye = _deprecated(eye_)
dirac = _deprecated(dirac_)
xavier_uniform = _deprecated(xavier_uniform_)
xavier_normal = _deprecated(xavier_normal_)
kaiming_uniform = _deprecated(kaiming_uniform_)
kaiming_normal = _deprecated(kaiming_normal_)
orthogonal = _deprecated(orthogonal_)
sparse = _deprecated(sparse_)
