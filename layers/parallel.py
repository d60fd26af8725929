"""Modules that PyTorch spreads over devices, as they are on one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.tensor import Tensor
from xlagrad.layers.batchnorm import BatchNorm1d, BatchNorm2d, BatchNorm3d, _BatchNorm, _check
from xlagrad.layers.module import Module


class DataParallel(Module):
    """Runs ``module``, reachable as ``.module``, on the one device that holds it.

    Args:
        module: the module.
        device_ids: at most one device.
        output_device: accepted.
        dim: accepted.

    Raises:
        NotImplementedError: several devices.

    Reference: ``torch.nn.DataParallel``, on a machine with one device. Deviation: batches are not divided;
    XLA partitions a whole compiled step instead, by the sharding of its arguments.
    """

    def __init__(
        self,
        module: Module,
        device_ids: Sequence[Any] | None = None,
        output_device: Any = None,
        dim: int = 0,
    ) -> None:
        super().__init__()
        if device_ids is not None and len(device_ids) > 1:
            raise NotImplementedError(
                f"DataParallel: expected one device, got {list(device_ids)}; shard the batch over devices "
                "with jax.device_put and a NamedSharding, which a compiled step follows."
            )
        self.module = module
        self.device_ids = list(device_ids or ())
        self.output_device = output_device
        self.dim = dim

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """Return what the module returns."""
        return self.module(*inputs, **kwargs)


class SyncBatchNorm(_BatchNorm):
    """Batch normalisation of (N, C, ...) over the whole batch, wherever its parts lie.

    Arguments as for :class:`BatchNorm2d`. A compiled step over a sharded batch sees the whole of it, so
    statistics are those of the whole without further ado.

    Args:
        num_features: C, the number of channels.
        eps: keeps the root away from zero.
        momentum: weight of the newest batch.
        affine: whether there are a weight and a bias.
        track_running_stats: whether there are running statistics.
        process_group: None; processes of one program have no groups.
        device: where the tensors are made.
        dtype: their type.
        bias: whether there is a bias.

    Reference: ``torch.nn.SyncBatchNorm``.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        if process_group is not None:
            raise ArgumentError(message("SyncBatchNorm", "process_group=None", repr(process_group)))
        self.process_group = process_group

    def _check_input_dim(self, input: Tensor) -> None:
        _check(self, input, *range(2, max(input.ndim, 2) + 1))

    @classmethod
    def convert_sync_batchnorm(cls, module: Any, process_group: Any = None) -> Any:
        """Return the module with every batch normalisation in it, or itself, as a :class:`SyncBatchNorm`."""
        if isinstance(module, (BatchNorm1d, BatchNorm2d, BatchNorm3d)):
            return cls._converted(module, process_group)
        for name, child in list(module.named_children()):
            module.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return module

    @classmethod
    def _converted(cls, old: Any, process_group: Any) -> Any:
        new = cls(old.num_features, old.eps, old.momentum, old.affine, old.track_running_stats, process_group)
        for table in ("_parameters", "_buffers"):
            new.__dict__[table].update(old.__dict__[table])
        new.training = old.training
        return new
