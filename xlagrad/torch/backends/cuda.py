"""`torch.backends.cuda`: precision of matrix products on GPUs, and which attention kernels may run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from xlagrad.core import devices
from xlagrad.torch.settings import get_float32_matmul_precision, set_float32_matmul_precision


class Products:
    """Switches of matrix products; ``allow_tf32`` is what ``set_float32_matmul_precision`` sets."""

    allow_fp16_reduced_precision_reduction: bool = True
    allow_bf16_reduced_precision_reduction: bool = True
    allow_fp16_accumulation: bool = False

    @property
    def allow_tf32(self) -> bool:
        """Whether float32 products may drop bits."""
        return get_float32_matmul_precision() != "highest"

    @allow_tf32.setter
    def allow_tf32(self, value: bool) -> None:
        set_float32_matmul_precision("high" if value else "highest")


matmul = Products()


def is_built() -> bool:
    """Return whether JAX can use a GPU here."""
    return devices.is_available("cuda")


def flash_sdp_enabled() -> bool:
    """Return True: XLA chooses among the ways to compute attention."""
    return True


mem_efficient_sdp_enabled = math_sdp_enabled = cudnn_sdp_enabled = flash_sdp_enabled


def enable_flash_sdp(enabled: bool) -> None:
    """Accept the wish: XLA chooses among the ways to compute attention, which give the same numbers."""


enable_mem_efficient_sdp = enable_math_sdp = enable_cudnn_sdp = enable_flash_sdp


@contextlib.contextmanager
def sdp_kernel(**wishes: Any) -> Iterator[None]:
    """Accept wishes about attention within a ``with`` block; XLA chooses."""
    yield
