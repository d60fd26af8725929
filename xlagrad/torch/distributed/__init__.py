"""`torch.distributed`: there is one process. The questions that programs ask first are answered so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from xlagrad.core.errors import message
from xlagrad.torch.names import missing


def is_available() -> bool:
    """Return False: processes do not talk to each other here."""
    return False


def is_initialized() -> bool:
    """Return False."""
    return False


is_nccl_available = is_gloo_available = is_mpi_available = is_torchelastic_launched = is_initialized


def get_rank(group: Any = None) -> int:
    """Raise, as PyTorch does before ``init_process_group``.

    Raises:
        ValueError: always.
    """
    text = "Default process group has not been initialized, please make sure to call init_process_group."
    raise ValueError(text)


get_world_size = get_backend = get_rank

_COLLECTIVES = """
    all_gather all_gather_object all_reduce all_to_all barrier broadcast broadcast_object_list gather
    init_process_group irecv isend new_group recv reduce reduce_scatter scatter send
""".split()  # noqa: SIM905


def _absent(name: str) -> Callable[..., NoReturn]:
    def function(*args: Any, **kwargs: Any) -> NoReturn:
        fix = "run one process, and ask torch.distributed.is_available() first"
        raise NotImplementedError(message(f"torch.distributed.{name}", "a single process", "a call", fix))

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "Raise NotImplementedError: there is one process."
    return function


globals().update({name: _absent(name) for name in _COLLECTIVES})


def destroy_process_group(group: Any = None) -> None:
    """Do nothing: there is no group."""


class ReduceOp:
    """How tensors of several processes are combined, by name."""

    SUM, AVG, PRODUCT, MIN, MAX = "sum", "avg", "product", "min", "max"
    BAND, BOR, BXOR = "band", "bor", "bxor"


__all__ = [
    "ReduceOp",
    "destroy_process_group",
    "get_backend",
    "get_rank",
    "get_world_size",
    "is_available",
    "is_gloo_available",
    "is_initialized",
    "is_mpi_available",
    "is_nccl_available",
    "is_torchelastic_launched",
    *_COLLECTIVES,
]


def __getattr__(name: str) -> Any:
    raise missing("torch.distributed", name, __all__)
