"""`torch.functional`: where some programs import functions from that `torch` has too."""

from __future__ import annotations

from typing import Any

from xlagrad.torch import names

__all__ = sorted(
    {
        "align_tensors", "atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "broadcast_shapes",
        "broadcast_tensors", "cartesian_prod", "cdist", "chain_matmul", "einsum", "lu", "meshgrid", "norm",
        "split", "stft", "tensordot", "unique", "unique_consecutive", "unravel_index",
    }
    & set(names.operations())
)  # fmt: skip

globals().update({name: function for name, function in names.operations().items() if name in __all__})


def __getattr__(name: str) -> Any:
    raise names.missing("torch.functional", name, __all__)
