"""`torch.utils.cpp_extension`: no C++ is compiled against this library."""

from __future__ import annotations

from typing import Any, NoReturn

from xlagrad.core.errors import message

CUDA_HOME = ROCM_HOME = None


def load(name: str, *args: Any, **kwargs: Any) -> NoReturn:
    """Raise: there is no C++ interface to compile against.

    Raises:
        NotImplementedError: always.
    """
    fix = "write it with torch operations, or as a JAX foreign function"
    raise NotImplementedError(message("torch.utils.cpp_extension", "no C++ extension", repr(name), fix))


load_inline = CppExtension = CUDAExtension = load

__all__ = ["CUDA_HOME", "ROCM_HOME", "CUDAExtension", "CppExtension", "load", "load_inline"]
