"""`torch.nn.utils.stateless`: the older place of `torch.func.functional_call`."""

from __future__ import annotations

from typing import Any

from xlagrad.layers.functional_call import functional_call as _functional_call
from xlagrad.torch.names import missing

__all__ = ["functional_call"]


def functional_call(
    module: Any,
    parameters_and_buffers: dict[str, Any],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Return what the module returns with these tensors in the place of its own.

    Source: ``torch.nn.utils.stateless.functional_call``, an older name of ``torch.func.functional_call``.
    """
    return _functional_call(
        module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict
    )


def __getattr__(name: str) -> Any:
    raise missing("torch.nn.utils.stateless", name, __all__)
