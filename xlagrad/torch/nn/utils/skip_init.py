"""`torch.nn.utils.skip_init`: modules whose parameters nobody needs to draw."""

from __future__ import annotations

import inspect
from typing import Any

from xlagrad.core.errors import ArgumentError, describe, message
from xlagrad.layers.module import Module


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Any:
    """Return ``module_cls(*args, **kwargs)`` for a caller who sets all parameters himself.

    Raises:
        ArgumentError: no module class, or one without a ``device`` argument.

    Source: ``torch.nn.utils.skip_init``. Deviation: the parameters are drawn as always, since there is no
    uninitialised memory here; random streams move on as they do without it.
    """
    if not isinstance(module_cls, type) or not issubclass(module_cls, Module):
        raise ArgumentError(message("skip_init", "a class of modules", describe(module_cls)))
    if "device" not in inspect.signature(module_cls).parameters:
        want = "a class with a 'device' argument"
        raise ArgumentError(message("skip_init", want, module_cls.__name__))
    return module_cls(*args, **kwargs)
