"""Recurrent cells: one step of an RNN, LSTM or GRU."""

from __future__ import annotations

import math
from typing import Any

from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers import init
from xlagrad.layers.creation import new_parameter
from xlagrad.layers.module import Module


class RNNCellBase(Module):
    """Parameters of a recurrent cell, drawn from U(-k, k) with k = 1/√hidden_size.

    Args:
        input_size: width of the inputs.
        hidden_size: width of the state.
        bias: whether there are biases.
        num_chunks: how many gates.
        device: where the parameters are made.
        dtype: their type.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih = new_parameter((rows, input_size), 0.0, device, dtype)
        self.weight_hh = new_parameter((rows, hidden_size), 0.0, device, dtype)
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, new_parameter((rows,), 0.0, device, dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0.0
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def extra_repr(self) -> str:
        """Return the arguments, those left at their defaults aside."""
        parts = [f"{self.input_size}, {self.hidden_size}"]
        if self.bias is not True:
            parts.append(f"bias={self.bias}")
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            parts.append(f"nonlinearity={self.nonlinearity}")
        return ", ".join(parts)

    def _batched(self, name: str, given: Any, like: Any, width: int) -> Any:
        """Return ``given`` as (N, width); zeros where it is None."""
        if given is None:
            return like.new_zeros((like.shape[0], width))
        if given.ndim not in (1, 2) or given.shape[-1] != width:
            expected = f"{name} of shape (N, {width}) or ({width},)"
            raise ShapeError(message(type(self).__name__, expected, describe(given)))
        return given.unsqueeze(0) if given.ndim == 1 else given

    @property
    def _weights(self) -> tuple[Any, ...]:
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh


class RNNCell(RNNCellBase):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or with max(·, 0) for tanh.

    Args:
        input_size: width of the inputs.
        hidden_size: width of the state.
        bias: whether there are biases.
        nonlinearity: ``tanh`` or ``relu``.
        device: where the parameters are made.
        dtype: their type.

    Reference: ``torch.nn.RNNCell``.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        if nonlinearity not in ("tanh", "relu"):
            raise ArgumentError(message("RNNCell", "nonlinearity 'tanh' or 'relu'", repr(nonlinearity)))
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """Return the next state, (N, hidden_size) or (hidden_size,); the first one is zeros by default."""
        x = self._batched("input", input, None, self.input_size)
        h = self._batched("hx", hx, x, self.hidden_size)
        step = F.rnn_tanh_cell if self.nonlinearity == "tanh" else F.rnn_relu_cell
        out = step(x, h, *self._weights)
        return out if input.ndim == 2 else out.squeeze(0)


class GRUCell(RNNCellBase):
    """One step of a :class:`~xlagrad.layers.recurrent.GRU`.

    Args:
        input_size: width of the inputs.
        hidden_size: width of the state.
        bias: whether there are biases.
        device: where the parameters are made.
        dtype: their type.

    Reference: ``torch.nn.GRUCell``.
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """Return the next state, (N, hidden_size) or (hidden_size,); the first one is zeros by default."""
        x = self._batched("input", input, None, self.input_size)
        h = self._batched("hx", hx, x, self.hidden_size)
        out = F.gru_cell(x, h, *self._weights)
        return out if input.ndim == 2 else out.squeeze(0)


class LSTMCell(RNNCellBase):
    """One step of an :class:`~xlagrad.layers.recurrent.LSTM`.

    Args:
        input_size: width of the inputs.
        hidden_size: width of the state.
        bias: whether there are biases.
        device: where the parameters are made.
        dtype: their type.

    Reference: ``torch.nn.LSTMCell``.
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """Return the next (h, c), each (N, hidden_size) or (hidden_size,); the first are zeros by default."""
        x = self._batched("input", input, None, self.input_size)
        h, c = (None, None) if hx is None else hx
        h = self._batched("h", h, x, self.hidden_size)
        c = self._batched("c", c, x, self.hidden_size)
        h, c = F.lstm_cell(x, (h, c), *self._weights)
        return (h, c) if input.ndim == 2 else (h.squeeze(0), c.squeeze(0))
