"""What the namespace can do: the answers of ``__array_namespace_info__``."""

from __future__ import annotations

from typing import Any

from xlagrad.core import devices, dtypes
from xlagrad.core.dtypes import DType
from xlagrad.standard.types import isdtype

# The standard's types; float16, bfloat16 and 8-bit floats are ours besides.
_CANONICAL = """
    bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128
""".split()  # noqa: SIM905
_MOST_DIMENSIONS = 64


class Info:
    """Answers to questions about devices and types.

    Example:
        >>> import xlagrad as xg
        >>> info = xg.__array_namespace_info__()
        >>> info.capabilities()["data-dependent shapes"], info.default_dtypes()["real floating"]
        (True, torch.float32)
    """

    def capabilities(self) -> dict[str, Any]:
        """Return what is possible; boolean indexing and shapes that depend on values are, eagerly."""
        return {
            "boolean indexing": True,
            "data-dependent shapes": True,
            "max dimensions": _MOST_DIMENSIONS,
        }

    def default_device(self) -> devices.Device:
        """Return where arrays are made when nobody says."""
        return devices.default_device()

    def devices(self) -> tuple[devices.Device, ...]:
        """Return the devices of this process."""
        return devices.present()

    def default_dtypes(self, *, device: Any = None) -> dict[str, DType]:
        """Return the types of arrays that are made without one, by kind; the same on every device."""
        return {
            "real floating": dtypes.get_default_dtype(),
            "complex floating": dtypes.default_complex(),
            "integral": dtypes.canonical(dtypes.int64),
            "indexing": dtypes.canonical(dtypes.int64),
        }

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, DType]:
        """Return the standard's types that there are, by name; the same on every device.

        Without 64-bit types (``JAX_ENABLE_X64=1``) those are left out.

        Args:
            device: any device.
            kind: one kind or a tuple of kinds, as for `isdtype`; all by default.

        Raises:
            ArgumentError: an unknown kind.
        """
        found = {name: dtypes.BY_NAME[name] for name in _CANONICAL}
        return {
            name: dtype
            for name, dtype in found.items()
            if dtypes.canonical(dtype) is dtype and (kind is None or isdtype(dtype, kind))
        }


def __array_namespace_info__() -> Info:
    """Return answers to questions about devices and types; see `Info`."""
    return Info()
