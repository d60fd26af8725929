"""`torch.onnx`: nothing is exported to ONNX yet."""

from __future__ import annotations

from typing import Any, NoReturn

from xlagrad.core.errors import message
from xlagrad.torch.names import missing


def export(*args: Any, **kwargs: Any) -> NoReturn:
    """Raise: there is no exporter.

    Raises:
        NotImplementedError: always.
    """
    fix = "save the state_dict with torch.save, and export it with PyTorch"
    raise NotImplementedError(message("torch.onnx.export", "no export to ONNX", "a call", fix))


dynamo_export = export


def is_in_onnx_export() -> bool:
    """Return False."""
    return False


def is_onnxrt_backend_supported() -> bool:
    """Return False."""
    return False


__all__ = ["dynamo_export", "export", "is_in_onnx_export", "is_onnxrt_backend_supported"]


def __getattr__(name: str) -> Any:
    raise missing("torch.onnx", name, __all__)
