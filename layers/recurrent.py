"""Recurrent layers: RNN, LSTM and GRU over whole sequences."""

from __future__ import annotations

import math
import warnings
from typing import Any

from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers import init
from xlagrad.layers.creation import check_positive, new_parameter
from xlagrad.layers.module import Module
from xlagrad.layers.packed import PackedSequence

_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


class RNNBase(Module):
    """Parameters and arguments of a stack of recurrent layers.

    For layer k: ``weight_ih_lk`` (gates · hidden, inputs), ``weight_hh_lk`` (gates · hidden, hidden or
    proj_size), ``bias_ih_lk`` and ``bias_hh_lk`` (gates · hidden,), with ``proj_size`` also ``weight_hr_lk``;
    the backward direction's names end in ``_reverse``. All drawn from U(-k, k), k = 1/√hidden_size.

    Args:
        mode: ``LSTM``, ``GRU``, ``RNN_TANH`` or ``RNN_RELU``.
        input_size: width of the inputs.
        hidden_size: width of the hidden state.
        num_layers: layers, each fed with the outputs of the one below.
        bias: whether there are biases.
        batch_first: sequences are (N, L, H) instead of (L, N, H).
        dropout: probability of dropout on the outputs of each layer but the last, in training.
        bidirectional: also run from the end; outputs of both directions are concatenated.
        proj_size: with an LSTM, project hidden states to this width.
        device: where the parameters are made.
        dtype: their type.

    Raises:
        ArgumentError: a size that is not positive, ``dropout`` outside [0, 1], or ``proj_size`` where it
            cannot be.

    Reference: ``torch.nn.RNNBase``.
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._check_arguments()
        gates = _GATES[mode] * hidden_size
        state = proj_size or hidden_size
        for layer in range(num_layers):
            inputs = input_size if layer == 0 else state * self._directions
            for suffix in self._suffixes(layer):
                shapes: dict[str, tuple[int, ...]] = {
                    "weight_ih": (gates, inputs),
                    "weight_hh": (gates, state),
                }
                if bias:
                    shapes.update(bias_ih=(gates,), bias_hh=(gates,))
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                for name, shape in shapes.items():
                    self.register_parameter(f"{name}_{suffix}", new_parameter(shape, 0.0, device, dtype))
        self.reset_parameters()

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    def _suffixes(self, layer: int) -> tuple[str, ...]:
        return (f"l{layer}", f"l{layer}_reverse")[: self._directions]

    def _check_arguments(self) -> None:
        who = type(self).__name__
        if self.mode not in _GATES:
            raise ArgumentError(message(who, f"a mode among {tuple(_GATES)}", repr(self.mode)))
        check_positive(who, hidden_size=self.hidden_size, num_layers=self.num_layers)
        if not 0 <= self.dropout <= 1:
            expected = "dropout should be a number in range [0, 1]"
            raise ArgumentError(message(who, expected, str(self.dropout)))
        if self.dropout > 0 and self.num_layers == 1:
            text = (
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects "
                f"num_layers greater than 1, but got dropout={self.dropout} and num_layers={self.num_layers}"
            )
            warnings.warn(text, stacklevel=4)
        if self.proj_size and (self.mode != "LSTM" or not 0 < self.proj_size < self.hidden_size):
            expected = "proj_size in an LSTM only, from 0 to below hidden_size"
            raise ArgumentError(message(who, expected, f"proj_size={self.proj_size}"))

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def flatten_parameters(self) -> None:
        """Do nothing: cuDNN's one block of memory has no use here."""

    @property
    def all_weights(self) -> list[list[Any]]:
        """The parameters of each layer and direction."""
        kinds = ["weight_ih", "weight_hh"] + (["bias_ih", "bias_hh"] if self.bias else [])
        kinds += ["weight_hr"] if self.proj_size else []
        suffixes = [s for layer in range(self.num_layers) for s in self._suffixes(layer)]
        return [[getattr(self, f"{kind}_{suffix}") for kind in kinds] for suffix in suffixes]

    @property
    def _flat_weights(self) -> list[Any]:
        return [weight for group in self.all_weights for weight in group]

    def _batched(self, input: Tensor) -> Any:
        """Return ``input`` as (L, N, H)."""
        if input.ndim not in (2, 3):
            raise ShapeError(message(type(self).__name__, "input with 2 or 3 dimensions", describe(input)))
        if input.shape[-1] != self.input_size:
            expected = f"input.size(-1) equal to input_size={self.input_size}"
            raise ShapeError(message(type(self).__name__, expected, describe(input)))
        if input.ndim == 2:
            return input.unsqueeze(1)
        return input.transpose(0, 1) if self.batch_first else input

    def _state(self, name: str, given: Any, sequence: Any, width: int, batched: bool) -> Any:
        """Return an initial state (layers · directions, N, width): the given one, or zeros."""
        shape = (self.num_layers * self._directions, sequence.shape[1], width)
        if given is None:
            return sequence.new_zeros(shape)
        wanted = shape if batched else (shape[0], width)
        if tuple(given.shape) != wanted:
            raise ShapeError(
                message(type(self).__name__, f"{name} of shape {wanted}", f"{tuple(given.shape)}")
            )
        return given if batched else given.unsqueeze(1)

    def _packed(self, input: PackedSequence, *states: tuple[str, Any, int]) -> list[Any]:
        """Return initial states (layers · directions, N, width) for packed sequences, in their order."""
        found = []
        for name, given, width in states:
            state = self._state(name, given, input.padded, width, True)
            order = input.sorted_indices
            found.append(state if given is None or order is None else state.index_select(1, order))
        return found

    @staticmethod
    def _unsorted(input: PackedSequence, state: Any) -> Any:
        order = input.unsorted_indices
        return state if order is None else state.index_select(1, order)

    def _out(self, sequence: Any, batched: bool) -> Any:
        if not batched:
            return sequence.squeeze(1)
        return sequence.transpose(0, 1) if self.batch_first else sequence

    def extra_repr(self) -> str:
        """Return the arguments, those left at their defaults aside."""
        parts = [f"{self.input_size}, {self.hidden_size}"]
        if self.proj_size != 0:
            parts.append(f"proj_size={self.proj_size}")
        if self.num_layers != 1:
            parts.append(f"num_layers={self.num_layers}")
        if self.bias is not True:
            parts.append(f"bias={self.bias}")
        if self.batch_first is not False:
            parts.append(f"batch_first={self.batch_first}")
        if self.dropout != 0:
            parts.append(f"dropout={self.dropout}")
        if self.bidirectional is not False:
            parts.append(f"bidirectional={self.bidirectional}")
        return ", ".join(parts)


class _OneState(RNNBase):
    """A recurrent layer whose state is h alone."""

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        """Return all outputs and the last state.

        Args:
            input: (L, N, input_size), with ``batch_first`` (N, L, input_size), or (L, input_size); or packed
                sequences, whose outputs are packed too.
            hx: the first state, (layers · directions, N, hidden_size); zeros by default.

        Returns:
            (L, N, directions · hidden_size), in the input's layout, and the last state, in that of ``hx``.
        """
        if isinstance(input, PackedSequence):
            (state,) = self._packed(input, ("hx", hx, self.hidden_size))
            out, last = self._recur(input.padded, state, input.lengths)
            return input.like(out), self._unsorted(input, last)
        batched = input.ndim == 3
        sequence = self._batched(input)
        state = self._state("hx", hx, sequence, self.hidden_size, batched)
        out, last = self._recur(sequence, state)
        return self._out(out, batched), last if batched else last.squeeze(1)

    def _recur(self, sequence: Any, state: Any, lengths: Any = None) -> tuple[Any, Any]:
        raise NotImplementedError


class RNN(_OneState):
    """h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), or with max(·, 0) for tanh.

    Args:
        args: ``input_size, hidden_size, num_layers, nonlinearity, bias, batch_first, dropout,
            bidirectional``, as in torch.
        kwargs: the same by name; ``nonlinearity`` is ``tanh`` or ``relu``. See :class:`RNNBase`.

    Reference: ``torch.nn.RNN``.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if len(args) > 3:
            nonlinearity, args = args[3], args[:3] + args[4:]
        if nonlinearity not in ("tanh", "relu"):
            raise ArgumentError(message("RNN", "nonlinearity 'tanh' or 'relu'", repr(nonlinearity)))
        if kwargs.get("proj_size", 0):
            raise ArgumentError(message("RNN", "no proj_size", str(kwargs["proj_size"]), "use an LSTM"))
        super().__init__(f"RNN_{nonlinearity.upper()}", *args, **kwargs)
        self.nonlinearity = nonlinearity

    def _recur(self, sequence: Any, state: Any, lengths: Any = None) -> tuple[Any, Any]:
        run = F.rnn_tanh if self.mode == "RNN_TANH" else F.rnn_relu
        out, last = run(
            sequence,
            state,
            self._flat_weights,
            self.bias,
            self.num_layers,
            self.dropout,
            self.training,
            self.bidirectional,
            False,
            lengths,
        )
        return out, last


class GRU(_OneState):
    """Gated recurrent unit, with reset r, update z and candidate n.

    r = σ(W_ir x + b_ir + W_hr h + b_hr), z = σ(W_iz x + b_iz + W_hz h + b_hz),
    n = tanh(W_in x + b_in + r · (W_hn h + b_hn)), h' = (1 - z) n + z h.
    The rows of the parameters are r, z, n.

    Args:
        args: ``input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional``.
        kwargs: the same by name. See :class:`RNNBase`.

    Reference: ``torch.nn.GRU``; Cho et al. 2014.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("proj_size", 0):
            raise ArgumentError(message("GRU", "no proj_size", str(kwargs["proj_size"]), "use an LSTM"))
        super().__init__("GRU", *args, **kwargs)

    def _recur(self, sequence: Any, state: Any, lengths: Any = None) -> tuple[Any, Any]:
        out, last = F.gru(
            sequence,
            state,
            self._flat_weights,
            self.bias,
            self.num_layers,
            self.dropout,
            self.training,
            self.bidirectional,
            False,
            lengths,
        )
        return out, last


class LSTM(RNNBase):
    """Long short-term memory, with input i, forget f, cell g and output o.

    i, f, o = σ(W x + b + U h + b'), g = tanh(W x + b + U h + b'), c' = f c + i g, h' = o tanh(c').
    The rows of the parameters are i, f, g, o.

    Args:
        args: ``input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size``.
        kwargs: the same by name. See :class:`RNNBase`.

    Reference: ``torch.nn.LSTM``; Hochreiter & Schmidhuber 1997.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def forward(
        self, input: Any, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Any, tuple[Tensor, Tensor]]:
        """Return all outputs and the last states (h, c).

        Args:
            input: (L, N, input_size), with ``batch_first`` (N, L, input_size), or (L, input_size); or packed
                sequences, whose outputs are packed too.
            hx: the first h, (layers · directions, N, hidden_size or proj_size), and c, (layers · directions,
                N, hidden_size); zeros by default.

        Returns:
            (L, N, directions · width of h), in the input's layout, and the last (h, c), in that of ``hx``.
        """
        h, c = (None, None) if hx is None else hx
        width = self.proj_size or self.hidden_size
        if isinstance(input, PackedSequence):
            h, c = self._packed(input, ("h_0", h, width), ("c_0", c, self.hidden_size))
            out, h, c = self._recur(input.padded, h, c, input.lengths)
            return input.like(out), (self._unsorted(input, h), self._unsorted(input, c))
        batched = input.ndim == 3
        sequence = self._batched(input)
        h = self._state("h_0", h, sequence, width, batched)
        c = self._state("c_0", c, sequence, self.hidden_size, batched)
        out, h, c = self._recur(sequence, h, c)
        if not batched:
            h, c = h.squeeze(1), c.squeeze(1)
        return self._out(out, batched), (h, c)

    def _recur(self, sequence: Any, h: Any, c: Any, lengths: Any = None) -> tuple[Any, Any, Any]:
        out, h, c = F.lstm(
            sequence,
            (h, c),
            self._flat_weights,
            self.bias,
            self.num_layers,
            self.dropout,
            self.training,
            self.bidirectional,
            False,
            lengths,
        )
        return out, h, c
