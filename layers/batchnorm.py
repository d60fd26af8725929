"""Normalisation over the batch, with running statistics, and over each instance."""

from __future__ import annotations

from typing import Any

from xlagrad.core.errors import ShapeError, describe, message
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers import init
from xlagrad.layers.creation import new_parameter, new_tensor
from xlagrad.layers.module import Module


class _NormBase(Module):
    """y = (x - E[x]) / √(Var[x] + eps) · weight + bias, with running averages of E and Var.

    Buffers ``running_mean``, ``running_var`` and ``num_batches_tracked`` are updated in training:
    running ← (1 - momentum) · running + momentum · batch, with the unbiased variance of the batch.

    Args:
        num_features: C, the number of channels.
        eps: keeps the root away from zero.
        momentum: weight of the newest batch; None for the plain average over all batches.
        affine: whether there is a ``weight`` of ones (and a ``bias``).
        track_running_stats: whether there are the buffers; without, evaluation uses the batch too.
        device: where the tensors are made.
        dtype: their type.
        bias: whether there is a ``bias`` of zeros.
    """

    _version = 2

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        for name, value, wanted in (("weight", 1.0, affine), ("bias", 0.0, affine and bias)):
            made = new_parameter((num_features,), value, device, dtype) if wanted else None
            self.register_parameter(name, made)
        tracked = track_running_stats
        self.register_buffer(
            "running_mean", new_tensor((num_features,), 0.0, device, dtype) if tracked else None
        )
        self.register_buffer(
            "running_var", new_tensor((num_features,), 1.0, device, dtype) if tracked else None
        )
        self.register_buffer("num_batches_tracked", new_tensor((), 0, device, "int64") if tracked else None)

    def reset_running_stats(self) -> None:
        """Forget the running statistics."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Set everything as it was when the layer was made."""
        self.reset_running_stats()
        if self.affine:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check_input_dim(self, input: Tensor) -> None:
        raise NotImplementedError

    def extra_repr(self) -> str:
        """Return the arguments."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: dict[str, Any], *rest: Any
    ) -> None:
        version = local_metadata.get("version")
        key = prefix + "num_batches_tracked"
        # Version 1 had no such buffer: what the module has stands in for the entry that is missing.
        if (version is None or version < 2) and self.track_running_stats and key not in state_dict:
            counter = self.num_batches_tracked
            state_dict[key] = new_tensor((), 0, dtype="int64") if counter is None else counter.detach()
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class _BatchNorm(_NormBase):
    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` normalised by the batch in training, by the running statistics in evaluation."""
        self._check_input_dim(input)
        momentum = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                momentum = 1.0 / self.num_batches_tracked.to(self.running_mean.dtype)
        kept = not self.training or self.track_running_stats
        out: Tensor = F.batch_norm(
            input,
            self.running_mean if kept else None,
            self.running_var if kept else None,
            self.weight,
            self.bias,
            self.training or self.running_mean is None,
            momentum,
            self.eps,
        )
        return out


class _InstanceNorm(_NormBase):
    """Normalisation of each channel of each instance by its own mean and variance.

    Arguments as for batch normalisation; ``affine`` and ``track_running_stats`` are off by default.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    _unbatched: int

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input``, (N, C, ...) or (C, ...), normalised."""
        self._check_input_dim(input)
        channel = input.ndim - self._unbatched
        if input.shape[channel] != self.num_features and self.affine:
            expected = f"{self.num_features} channels"
            raise ShapeError(message(type(self).__name__, expected, describe(input)))
        batch = input if channel == 1 else input.unsqueeze(0)
        out: Tensor = F.instance_norm(
            batch,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return out if channel == 1 else out.squeeze(0)


def _check(module: _NormBase, input: Tensor, *dims: int) -> None:
    if input.ndim not in dims:
        expected = f"{' or '.join(f'{n}D' for n in dims)} input"
        raise ShapeError(message(type(module).__name__, expected, f"{input.ndim}D input {describe(input)}"))


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of (N, C) or (N, C, L).

    Example:
        >>> BatchNorm1d(8)
        BatchNorm1d(8, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)

    Reference: ``torch.nn.BatchNorm1d``; Ioffe & Szegedy 2015.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        _check(self, input, 2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of (N, C, H, W). Reference: ``torch.nn.BatchNorm2d``."""

    def _check_input_dim(self, input: Tensor) -> None:
        _check(self, input, 4)


class BatchNorm3d(_BatchNorm):
    """Batch normalisation of (N, C, D, H, W). Reference: ``torch.nn.BatchNorm3d``."""

    def _check_input_dim(self, input: Tensor) -> None:
        _check(self, input, 5)


class InstanceNorm1d(_InstanceNorm):
    """Instance normalisation of (N, C, L) or (C, L). Reference: ``torch.nn.InstanceNorm1d``."""

    _unbatched = 2

    def _check_input_dim(self, input: Tensor) -> None:
        _check(self, input, 2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Instance normalisation of (N, C, H, W) or (C, H, W). Reference: ``torch.nn.InstanceNorm2d``."""

    _unbatched = 3

    def _check_input_dim(self, input: Tensor) -> None:
        _check(self, input, 3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Instance normalisation of (N, C, D, H, W) or (C, D, H, W). Reference: ``torch.nn.InstanceNorm3d``."""

    _unbatched = 4

    def _check_input_dim(self, input: Tensor) -> None:
        _check(self, input, 4, 5)
