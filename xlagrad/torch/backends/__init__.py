"""`torch.backends`: the switches of libraries under PyTorch. XLA takes their place and decides for itself."""

from __future__ import annotations

from typing import Any

from xlagrad.torch.backends import cpu, cuda, cudnn, mkl, mkldnn, mps, openmp, opt_einsum
from xlagrad.torch.names import missing

__all__ = ["cpu", "cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp", "opt_einsum"]


def __getattr__(name: str) -> Any:
    raise missing("torch.backends", name, __all__)
