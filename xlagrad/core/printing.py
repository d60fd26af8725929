"""The text of a tensor, character for character as PyTorch prints it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core import devices, dtypes, errors

_PREFIX = "tensor("
# Above this many elements a tensor is cut down where it lives, so that only its edges are copied to the host.
_LARGE = 1_000_000


@dataclasses.dataclass
class PrintOptions:
    """How tensors print; `set_printoptions` changes it.

    Attributes:
        precision: digits after the point.
        threshold: tensors of more elements are shown by their edges.
        edgeitems: how many items are shown at each edge.
        linewidth: characters to a line.
        sci_mode: scientific notation always, never, or (None) where the values ask for it.
    """

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


options = PrintOptions()
_PROFILES: dict[str, dict[str, float]] = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Change how tensors print; what is left out stays, except ``sci_mode``, which each call sets.

    Args:
        precision: digits after the point (4).
        threshold: tensors of more elements are shown by their edges (1000).
        edgeitems: how many items are shown at each edge (3).
        linewidth: characters to a line (80).
        profile: "default", "short" or "full", to which the other arguments then apply.
        sci_mode: scientific notation: always, never, or None for where the values ask for it.

    Raises:
        ArgumentError: no such profile, or a number below zero.

    Source: ``torch.set_printoptions``.
    """
    if profile is not None and profile not in _PROFILES:
        expected = "profile 'default', 'short' or 'full'"
        raise errors.ArgumentError(errors.message("set_printoptions", expected, repr(profile)))
    changes = dict(_PROFILES[profile]) if profile is not None else {}
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    changes.update({name: value for name, value in given.items() if value is not None})
    for name, value in changes.items():
        if value < 0:
            raise errors.ArgumentError(errors.message("set_printoptions", f"{name} of 0 or more", str(value)))
    for name, value in changes.items():
        setattr(options, name, value)
    options.sci_mode = sci_mode


def get_printoptions() -> dict[str, Any]:
    """Return the options in force, by name."""
    return dataclasses.asdict(options)


def tensor_repr(array: Any, requires_grad: bool = False, grad_fn_name: str | None = None) -> str:
    """Return ``tensor(...)`` for an array, as PyTorch prints a tensor of the same values.

    Args:
        array: a ``jax.Array``; a tracer prints its type and shape only.
        requires_grad: whether to note that.
        grad_fn_name: the name of the operation that made it, such as ``"MulBackward0"``; noted instead.

    Example:
        >>> tensor_repr(jnp.asarray([2.0, 3.5]), requires_grad=True)
        'tensor([2.0000, 3.5000], requires_grad=True)'
        >>> tensor_repr(jnp.asarray(3.0), grad_fn_name="MulBackward0")
        'tensor(3., grad_fn=<MulBackward0>)'

    Source: the printing of ``torch.Tensor``. Deviation: without x64, int32 counts as the default integer.
    """
    notes = [f"grad_fn=<{grad_fn_name}>"] if grad_fn_name else ["requires_grad=True"] if requires_grad else []
    if isinstance(array, jax.core.Tracer):
        return _with_notes(f"{_PREFIX}traced {errors.describe(array)}", notes)
    return _with_notes(_PREFIX + _body(array), _type_notes(array) + notes)


def _body(array: Any) -> str:
    if array.size == 0:
        return "[]"
    shape = array.shape
    cut = array.size > options.threshold
    if cut:
        shown = _edges(array if array.size > _LARGE else np.asarray(array))
    else:
        shown = array
    values = np.asarray(shown)
    formatter, width = _formatter(values)
    return _nested(values, shape, cut, formatter, width + 2, len(_PREFIX))


def _type_notes(array: Any) -> list[str]:
    dtype = dtypes.as_dtype(array.dtype)
    notes = []
    device = devices.device_of(array)
    if device.type != "cpu":
        notes.append(f"device='{device}'")
    if array.size == 0:
        if array.ndim != 1:
            notes.append(f"size={tuple(array.shape)}")
        plain = {dtypes.get_default_dtype()}
    else:
        plain = {
            dtypes.get_default_dtype(),
            dtypes.default_complex(),
            dtypes.canonical(dtypes.int64),
            dtypes.bool_,
        }
    if dtype not in plain:
        notes.append(f"dtype={dtype}")
    return notes


def _with_notes(text: str, notes: list[str]) -> str:
    """Close the text with its notes, each on a new line if it does not fit."""
    # PyTorch counts the line before the first note two characters long, which decides where it breaks.
    used = len(text) - text.rfind("\n") + 1
    for note in notes:
        if used + len(note) + 2 > options.linewidth:
            text += ",\n" + " " * len(_PREFIX) + note
            used = len(_PREFIX) + len(note)
        else:
            text += ", " + note
            used += len(note) + 2
    return text + ")"


def _edges(array: Any) -> Any:
    """Return the array without the middle of each dimension longer than two edges."""
    edge = options.edgeitems
    concatenate = np.concatenate if isinstance(array, np.ndarray) else jnp.concatenate
    for axis, size in enumerate(array.shape):
        if size > 2 * edge:
            before = (slice(None),) * axis
            ends = [array[(*before, slice(0, edge))], array[(*before, slice(size - edge, size))]]
            array = concatenate(ends, axis=axis)
    return array


def _nested(
    values: np.ndarray[Any, Any],
    shape: tuple[int, ...],
    cut: bool,
    formatter: Callable[[Any], str],
    step: int,
    indent: int,
) -> str:
    """Lay out the shown values in brackets; ``shape`` tells where the middle is missing."""
    if not shape:
        return formatter(values.item())
    edge = options.edgeitems
    gap = cut and shape[0] > 2 * edge
    if len(shape) == 1:
        items = [formatter(v) for v in values.tolist()]
        if gap:
            items.insert(edge, " ...")
        return _wrapped(items, step, indent)
    rows = [_nested(row, shape[1:], cut, formatter, step, indent + 1) for row in values]
    if gap:
        rows.insert(edge, "...")
    return "[" + ("," + "\n" * (len(shape) - 1) + " " * (indent + 1)).join(rows) + "]"


def _wrapped(items: list[str], step: int, indent: int) -> str:
    per_line = max(1, math.floor((options.linewidth - indent) / step))
    lines = [", ".join(items[i : i + per_line]) for i in range(0, len(items), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def _formatter(values: np.ndarray[Any, Any]) -> tuple[Callable[[Any], str], int]:
    """Return the function that turns each element into text, and the width that it pads to."""
    if values.dtype.kind == "c":
        real, real_width = _float_formatter(values.real)
        imag, imag_width = _float_formatter(values.imag)

        def both(value: complex) -> str:
            part = imag(value.imag).lstrip()
            return real(value.real) + ("" if part.startswith("-") else "+") + part + "j"

        return both, real_width + imag_width + 1
    if values.dtype.kind in "iub":
        width = max((len(str(v)) for v in values.ravel().tolist()), default=1)
        return lambda v: str(v).rjust(width), width
    return _float_formatter(values)


def _float_formatter(values: np.ndarray[Any, Any]) -> tuple[Callable[[float], str], int]:
    """Choose between ``1.``, ``1.5000`` and ``1.5000e+00`` by the finite values other than zero."""
    wide = values.astype(np.float64)
    seen = wide[np.isfinite(wide) & (wide != 0)]
    precision = options.precision
    whole, scientific, width = True, False, 1
    if seen.size:
        size = np.abs(seen)
        low, high = float(size.min()), float(size.max())
        whole = bool(np.all(seen == np.ceil(seen)))
        scientific = high / low > 1000.0 or high > 1e8 or (not whole and low < 1e-4)
        if options.sci_mode is not None:
            scientific = options.sci_mode
        spec = f".{precision}e" if scientific else ".0f" if whole else f".{precision}f"
        # Whole numbers get a point at the end.
        point = 1 if whole and not scientific else 0
        width = max(len(format(v, spec)) for v in seen.tolist()) + point

    def text(value: float) -> str:
        if scientific:
            shown = format(value, f".{precision}e")
        elif whole:
            shown = format(value, ".0f") + ("." if math.isfinite(value) else "")
        else:
            shown = format(value, f".{precision}f")
        return shown.rjust(width)

    return text, width
