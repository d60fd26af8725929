"""Automatic mixed precision: operations choose the type that they run in while a mode is on.

The choice is made where a call becomes a plan: a plan with casts in front of it takes the plan's place, so a
cast costs no operation of its own and gradients leave in the operands' own types. While the mode is off, one
attribute is looked at.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, TypeVar

import jax.numpy as jnp

from xlagrad.core import devices, dtypes
from xlagrad.core.autocast_lists import FULL, LOWER, RULES
from xlagrad.core.devices import as_device
from xlagrad.core.dtypes import DType, bfloat16, float16, float32
from xlagrad.core.errors import ArgumentError, DeviceError, describe, message
from xlagrad.core.handle import Handle, is_tracer
from xlagrad.core.modes import Casting, local
from xlagrad.core.plan import Plan

F = TypeVar("F", bound=Callable[..., Any])

_DEFAULTS = {"cpu": bfloat16, "cuda": float16, "tpu": bfloat16}
# PyTorch's names of devices, and ours.
_KINDS = {"cpu": "cpu", "cuda": "cuda", "gpu": "cuda", "tpu": "tpu", "xla": "tpu"}


def _kind(who: str, device_type: Any) -> str:
    if not isinstance(device_type, str):
        raise ArgumentError(message(who, "device_type of type str", describe(device_type)))
    kind = _KINDS.get(device_type)
    if kind is None:
        got = f"an unsupported autocast device_type '{device_type}'"
        raise DeviceError(message(who, "device_type 'cpu', 'cuda' or 'tpu'", got))
    return kind


def choose(plan: Plan, operands: Sequence[Any]) -> Plan:
    """Return the plan to run in place of ``plan`` in the present mode."""
    kind = next((_device(x) for x in operands if isinstance(x, Handle)), None)
    dtype = dict(local.autocast).get(kind)
    if dtype is None or kind is None:
        return plan
    rule = RULES[kind].get(plan.label.lstrip("_"))
    if rule is None:
        return plan
    variant = plan.variants.get((rule, dtype))
    if variant is None:
        body, cast = plan.body, functools.partial(_cast, rule, dtype.dtype)
        variant = plan.variants[rule, dtype] = Plan(
            plan.label, lambda *flat: body(*cast(flat)), plan.differentiable
        )
    return variant


def _device(x: Handle) -> str:
    array: Any = x._data
    if is_tracer(array):
        return (local.trace.device if local.trace is not None else as_device(None)).type
    return as_device(next(iter(array.devices()))).type


def _cast(rule: str, lower: Any, operands: Sequence[Any]) -> list[Any]:
    """Return the operands with those of floating point in the type of a rule; float64 stays as it is."""
    mine = [_eligible(x) for x in operands]
    target: Any = lower if rule == LOWER else float32.dtype
    if rule != LOWER and rule != FULL:
        found = {x.dtype for x, takes in zip(operands, mine, strict=True) if takes}
        target = next(iter(found)) if len(found) == 1 else float32.dtype
    return [x.astype(target) if takes else x for x, takes in zip(operands, mine, strict=True)]


def _eligible(x: Any) -> bool:
    dtype = getattr(x, "dtype", None)
    if dtype is None or getattr(x, "weak_type", False):
        return False
    return bool(jnp.issubdtype(dtype, jnp.floating)) and dtype.itemsize in (2, 4)


Casting.choose = choose


class autocast:
    """Run matrix products and convolutions in half precision, and what needs range or digits in float32.

    Args:
        device_type: whose tensors it is for: ``"cpu"``, ``"cuda"``, or ``"tpu"`` (also ``"xla"``).
        dtype: the lower precision: float16 or bfloat16; by default float16 on CUDA and bfloat16 elsewhere.
        enabled: False switches the mode off inside a block where it is on.
        cache_enabled: accepted; casts are parts of the operations, so there is nothing to cache.

    As a ``with`` block or a decorator. Compiled functions trace anew where they are called in another mode.

    Raises:
        DeviceError: another kind of device.

    Source: ``torch.autocast``. Deviation: gradients are summed in the type of the parameter, not in that of
    a cached cast of it; in-place operations are treated as the others.

    Example:
        >>> with autocast("cpu"):
        ...     get_autocast_dtype("cpu"), is_autocast_enabled("cpu")
        (torch.bfloat16, True)
    """

    def __init__(
        self,
        device_type: str,
        dtype: Any = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        self._kind = _kind("autocast", device_type)
        self.device = device_type
        self.fast_dtype: DType = get_autocast_dtype(device_type) if dtype is None else dtypes.as_dtype(dtype)
        if enabled and self.fast_dtype not in (float16, bfloat16):
            text = (
                f"In {device_type.upper()} autocast, but the target dtype {self.fast_dtype} is not supported."
                " Disabling autocast; it takes torch.bfloat16 and torch.float16"
            )
            warnings.warn(text, UserWarning, stacklevel=2)
            enabled = False
        if enabled and self._kind != "cpu" and not devices.is_available(self._kind):
            text = f"{device_type.upper()} is not available. Disabling autocast"
            warnings.warn(text, UserWarning, stacklevel=2)
            enabled = False
        self._enabled = enabled
        self._cache_enabled = is_autocast_cache_enabled() if cache_enabled is None else cache_enabled
        self._saved: list[tuple[Any, Any, bool]] = []

    def __enter__(self) -> autocast:
        self._saved.append((local.autocast, local.autocast_dtypes, local.autocast_cache))
        local.autocast_dtypes = {**local.autocast_dtypes, self._kind: self.fast_dtype}
        local.autocast_cache = self._cache_enabled
        _set(self._kind, self.fast_dtype if self._enabled else None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        local.autocast, local.autocast_dtypes, local.autocast_cache = self._saved.pop()

    def __call__(self, fn: F) -> F:
        """Run ``fn`` in this mode on every call."""
        return autocast_decorator(self, fn)


def autocast_decorator(autocast_instance: autocast, func: F) -> F:
    """Return ``func`` run in a mode on every call."""

    @functools.wraps(func)
    def inner(*args: Any, **kwargs: Any) -> Any:
        with autocast_instance:
            return func(*args, **kwargs)

    return inner  # type: ignore[return-value]


def _set(kind: str, dtype: DType | None) -> None:
    modes = dict(local.autocast or ())
    modes.pop(kind, None)
    if dtype is not None:
        modes[kind] = dtype
    local.autocast = tuple(sorted(modes.items())) or None


def is_autocast_available(device_type: str) -> bool:
    """Return whether there is autocast for a kind of device."""
    return device_type in _KINDS


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Return whether operations on a kind of device choose their types."""
    return _kind("is_autocast_enabled", device_type) in dict(local.autocast or ())


def set_autocast_enabled(device_type: Any, enabled: bool | None = None) -> None:
    """Switch autocast on or off for a kind of device; for CUDA if only the switch is given."""
    if enabled is None:
        device_type, enabled = "cuda", device_type
    kind = _kind("set_autocast_enabled", device_type)
    _set(kind, get_autocast_dtype(device_type) if enabled else None)


def get_autocast_dtype(device_type: str) -> DType:
    """Return the lower precision for a kind of device."""
    kind = _kind("get_autocast_dtype", device_type)
    found: DType = local.autocast_dtypes.get(kind, _DEFAULTS[kind])
    return found


def set_autocast_dtype(device_type: str, dtype: Any) -> None:
    """Choose the lower precision for a kind of device."""
    kind = _kind("set_autocast_dtype", device_type)
    local.autocast_dtypes = {**local.autocast_dtypes, kind: dtypes.as_dtype(dtype)}
    if is_autocast_enabled(device_type):
        _set(kind, dtypes.as_dtype(dtype))


def is_autocast_cache_enabled() -> bool:
    """Return what was last asked for: casts are parts of the operations, and nothing is cached."""
    return local.autocast_cache


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Note the wish, which changes nothing."""
    local.autocast_cache = bool(enabled)


def clear_autocast_cache() -> None:
    """Do nothing: there is no cache."""


def custom_fwd(fwd: Any = None, *, device_type: str, cast_inputs: Any = None) -> Any:
    """Decorate the ``forward`` of an autograd function: cast its inputs and switch autocast off inside.

    Args:
        fwd: a function whose first argument is the context; without it, a decorator is returned.
        device_type: as for :class:`autocast`.
        cast_inputs: the type that floating-point tensors are cast to; None leaves them and the mode.

    Source: ``torch.amp.custom_fwd``.
    """
    _kind("custom_fwd", device_type)
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def inner(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        on = is_autocast_enabled(device_type)
        ctx._dtype = get_autocast_dtype(device_type)
        ctx._fwd_used_autocast = on and cast_inputs is None
        if cast_inputs is None or not on:
            return fwd(ctx, *args, **kwargs)
        with autocast(device_type, enabled=False):
            return fwd(ctx, *_converted(args, cast_inputs), **_converted(kwargs, cast_inputs))

    return inner


def custom_bwd(bwd: Any = None, *, device_type: str) -> Any:
    """Decorate the ``backward`` of an autograd function: run it in the mode that ``forward`` ran in.

    Source: ``torch.amp.custom_bwd``.
    """
    _kind("custom_bwd", device_type)
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def inner(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        with autocast(device_type, dtype=ctx._dtype, enabled=ctx._fwd_used_autocast):
            return bwd(ctx, *args, **kwargs)

    return inner


def _converted(value: Any, dtype: Any) -> Any:
    if isinstance(value, Handle):
        tensor: Any = value
        wide = str(tensor.dtype) == "torch.float64"
        return tensor.to(dtype) if tensor.is_floating_point() and not wide else tensor
    if isinstance(value, dict):
        return {_converted(k, dtype): _converted(v, dtype) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_converted(v, dtype) for v in value)
    return value
