"""Activations whose results along one dimension belong together."""

from __future__ import annotations

from xlagrad.core.errors import ShapeError, describe, message
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers.module import Module


class _Normalised(Module):
    """A function whose results along ``dim`` belong together."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def extra_repr(self) -> str:
        """Return the argument."""
        return f"dim={self.dim}"


class Softmax(_Normalised):
    """eˣ / Σ eˣ along ``dim``. Reference: ``torch.nn.Softmax``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return weights that add up to 1."""
        out: Tensor = F.softmax(input, self.dim)
        return out


class Softmin(_Normalised):
    """e⁻ˣ / Σ e⁻ˣ along ``dim``. Reference: ``torch.nn.Softmin``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return weights that add up to 1."""
        out: Tensor = F.softmin(input, self.dim)
        return out


class LogSoftmax(_Normalised):
    """x - log Σ eˣ along ``dim``. Reference: ``torch.nn.LogSoftmax``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the logarithms of weights that add up to 1."""
        out: Tensor = F.log_softmax(input, self.dim)
        return out


class Softmax2d(Module):
    """Softmax over the channels of (N, C, H, W) or (C, H, W). Reference: ``torch.nn.Softmax2d``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return weights that add up to 1 at each place."""
        if input.ndim not in (3, 4):
            raise ShapeError(message("Softmax2d", "3D or 4D input", describe(input)))
        out: Tensor = F.softmax(input, -3)
        return out
