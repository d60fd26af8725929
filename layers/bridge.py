"""Flax modules as layers of ours: which wrapper takes which, and wrapping by assignment."""

from __future__ import annotations

import sys
from typing import Any

from xlagrad.core.errors import DtypeError, message
from xlagrad.layers.attributes import adopters
from xlagrad.layers.flax_linen import LinenModule
from xlagrad.layers.flax_module import FlaxModule
from xlagrad.layers.flax_nnx import NNXModule


def from_flax(module: Any, *args: Any, **options: Any) -> FlaxModule:
    """Make a flax module, linen or nnx, a module of ours.

    A flax module that is assigned to an attribute of a module of ours, or put into a container, is wrapped
    by itself, without options.

    Args:
        module: the flax module.
        args: for linen, example inputs from which the variables are initialised at once; without, this
            happens in the first call.
        options: ``variables`` (linen: use these), ``rngs`` (linen: names of the random streams, by default
            ``("dropout",)``), ``method`` (linen: the method to call), and example keyword inputs.

    Raises:
        DtypeError: it is no flax module.

    Example:
        >>> import flax.linen
        >>> from xlagrad.core.tensor import Tensor
        >>> layer = from_flax(flax.linen.Dense(3), Tensor([[1.0, 2.0]]))
        >>> {name: tuple(p.shape) for name, p in layer.named_parameters()}
        {'bias': (3,), 'kernel': (2, 3)}
    """
    kind = _kind(module)
    if kind == "linen":
        return LinenModule(module, *args, **options)
    if kind == "nnx":
        return NNXModule(module, **options)
    raise DtypeError(message("from_flax", "a flax linen or nnx module", type(module).__name__))


def _kind(value: Any) -> str | None:
    # flax is slow to import, and whoever has a flax module has imported it.
    for name in ("linen", "nnx"):
        package = sys.modules.get(f"flax.{name}")
        base = getattr(package, "Module", None)
        if base is not None and isinstance(value, base):
            return name
    return None


def _adopt(value: Any) -> Any:
    return from_flax(value) if _kind(value) is not None else value


adopters.append(_adopt)
