"""`torch.nn.functional`: the mathematics of layers as functions."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

from xlagrad.layers import functional
from xlagrad.layers.functional import *  # noqa: F403
from xlagrad.layers.functional.matmul import (  # noqa: F401
    ScalingType,
    SwizzleType,
    grouped_mm,
    scaled_grouped_mm,
    scaled_mm,
)
from xlagrad.layers.functional.native import conv_tbc, native_channel_shuffle  # noqa: F401
from xlagrad.ops import softmax as _smooth
from xlagrad.ops.distance import pdist  # noqa: F401
from xlagrad.torch.names import missing


def _implied(name: str, ndim: int, dim: int | None) -> int:
    """Return the dimension to normalise along; without one, what PyTorch's first version took."""
    if dim is not None:
        return dim
    text = (
        f"{name}: pass dim; without it, it is dimension {0 if ndim in (0, 1, 3) else 1}, as in old PyTorch."
    )
    warnings.warn(text, UserWarning, stacklevel=3)
    return 0 if ndim in (0, 1, 3) else 1


def _softmax(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """Return ``torch.softmax``; without a dimension, along 0 of 1 or 3, else 1, with a warning."""
    return _smooth.softmax(input, _implied("softmax", input.ndim, dim), dtype)


def _log_softmax(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """Return ``torch.log_softmax``, with `softmax`'s dimension where none is given."""
    return _smooth.log_softmax(input, _implied("log_softmax", input.ndim, dim), dtype)


def _softmin(input: Any, dim: int | None = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    """Return the softmax of -x, with `softmax`'s dimension where none is given."""
    return _smooth.softmax(-input, _implied("softmin", input.ndim, dim), dtype)


globals().update({"softmax": _softmax, "log_softmax": _log_softmax, "softmin": _softmin})


def _writing(name: str) -> Callable[..., Any]:
    """Return the variant of an activation that writes to its input."""
    run = getattr(functional, name)

    @functools.wraps(run)
    def write(input: Any, *args: Any, **kwargs: Any) -> Any:
        return run(input, *args, inplace=True, **kwargs)

    write.__name__ = write.__qualname__ = f"{name}_"
    write.__doc__ = f"Write `{name}` of the input to it, and return it."
    return write


celu_, elu_, hardtanh_, leaky_relu_ = map(_writing, ("celu", "elu", "hardtanh", "leaky_relu"))
relu_, rrelu_, selu_, threshold_ = map(_writing, ("relu", "rrelu", "selu", "threshold"))


def __getattr__(name: str) -> Any:
    raise missing("torch.nn.functional", name, globals())
