"""Transformers: encoder, decoder and both."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from xlagrad.core.dtypes import as_jax, get_default_dtype
from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers import init
from xlagrad.layers.attention import MultiheadAttention
from xlagrad.layers.container import ModuleList
from xlagrad.layers.dropout import Dropout
from xlagrad.layers.linear import Linear
from xlagrad.layers.module import Module
from xlagrad.layers.norm import LayerNorm

Activation = str | Callable[[Tensor], Tensor]


def _activation(activation: Activation) -> Callable[[Tensor], Tensor]:
    if not isinstance(activation, str):
        return activation
    if activation not in ("relu", "gelu"):
        raise ArgumentError(
            message("Transformer", "activation 'relu', 'gelu' or a function", repr(activation))
        )
    chosen: Callable[[Tensor], Tensor] = F.relu if activation == "relu" else F.gelu
    return chosen


class _Layer(Module):
    """Attention blocks and a feed-forward block, each with a residual connection and a norm.

    Args:
        d_model: width.
        nhead: number of attention heads.
        dim_feedforward: width between the two linear layers.
        dropout: probability of dropout everywhere.
        activation: ``relu``, ``gelu`` or a function, between the two linear layers.
        layer_norm_eps: of the norms.
        batch_first: sequences are (N, L, E) instead of (L, N, E).
        norm_first: norm the input of each block instead of the sum after it.
        bias: whether linear layers and norms have biases.
        device: where the parameters are made.
        dtype: their type.
    """

    attentions: tuple[str, ...] = ()

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        for name in self.attentions:
            attention = MultiheadAttention(
                d_model, nhead, dropout, bias, batch_first=batch_first, device=device, dtype=dtype
            )
            setattr(self, name, attention)
        self.linear1 = Linear(d_model, dim_feedforward, bias, device, dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, device, dtype)
        self.norm_first = norm_first
        blocks = len(self.attentions) + 1
        for i in range(1, blocks + 1):
            setattr(self, f"norm{i}", LayerNorm(d_model, layer_norm_eps, True, bias, device, dtype))
        for i in range(1, blocks + 1):
            setattr(self, f"dropout{i}", Dropout(dropout))
        self.activation = _activation(activation)

    def _block(self, i: int, x: Any, run: Callable[[Any], Any]) -> Any:
        """Run block ``i`` with its norm, dropout and residual connection."""
        norm, dropout = getattr(self, f"norm{i}"), getattr(self, f"dropout{i}")
        if self.norm_first:
            return x + dropout(run(norm(x)))
        return norm(x + dropout(run(x)))

    def _feed_forward(self, x: Any) -> Any:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))


class TransformerEncoderLayer(_Layer):
    """Self-attention and a feed-forward block. Reference: ``torch.nn.TransformerEncoderLayer``."""

    attentions = ("self_attn",)

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Return the layer's output for ``src``; the masks are those of :class:`MultiheadAttention`."""

        def attend(x: Any) -> Any:
            return self.self_attn(
                x, x, x, src_key_padding_mask, need_weights=False, attn_mask=src_mask, is_causal=is_causal
            )[0]

        out: Tensor = self._block(2, self._block(1, src, attend), self._feed_forward)
        return out


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to a memory, a feed-forward block.

    Reference: ``torch.nn.TransformerDecoderLayer``.
    """

    attentions = ("self_attn", "multihead_attn")

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Return the layer's output for ``tgt`` and an encoder's output ``memory``."""

        def attend(x: Any) -> Any:
            return self.self_attn(
                x, x, x, tgt_key_padding_mask, need_weights=False, attn_mask=tgt_mask, is_causal=tgt_is_causal
            )[0]

        def look(x: Any) -> Any:
            return self.multihead_attn(
                x,
                memory,
                memory,
                memory_key_padding_mask,
                need_weights=False,
                attn_mask=memory_mask,
                is_causal=memory_is_causal,
            )[0]

        out: Tensor = self._block(3, self._block(2, self._block(1, tgt, attend), look), self._feed_forward)
        return out


class TransformerEncoder(Module):
    """A stack of encoder layers.

    Args:
        encoder_layer: copied ``num_layers`` times.
        num_layers: how many.
        norm: applied at the end.
        enable_nested_tensor: accepted; padding is masked instead.
        mask_check: accepted.

    Reference: ``torch.nn.TransformerEncoder``.
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = ModuleList(copy.deepcopy(encoder_layer) for _ in range(num_layers))
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """Return the last layer's output; without ``is_causal`` the mask is taken as it is."""
        for layer in self.layers:
            src = layer(
                src,
                src_mask=mask,
                src_key_padding_mask=src_key_padding_mask,
                is_causal=bool(is_causal) and mask is not None,
            )
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Module):
    """A stack of decoder layers.

    Args:
        decoder_layer: copied ``num_layers`` times.
        num_layers: how many.
        norm: applied at the end.

    Reference: ``torch.nn.TransformerDecoder``.
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = ModuleList(copy.deepcopy(decoder_layer) for _ in range(num_layers))
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Return the last layer's output for ``tgt`` and an encoder's output ``memory``."""
        for layer in self.layers:
            tgt = layer(
                tgt,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=bool(tgt_is_causal) and tgt_mask is not None,
                memory_is_causal=memory_is_causal,
            )
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """An encoder and a decoder; matrices are drawn by Glorot's uniform rule.

    Args:
        d_model: width.
        nhead: number of attention heads.
        num_encoder_layers: layers of the encoder.
        num_decoder_layers: layers of the decoder.
        dim_feedforward: width between the two linear layers of each layer.
        dropout: probability of dropout everywhere.
        activation: ``relu``, ``gelu`` or a function.
        custom_encoder: used instead of an encoder of ours.
        custom_decoder: used instead of a decoder of ours.
        layer_norm_eps: of the norms.
        batch_first: sequences are (N, L, E) instead of (L, N, E).
        norm_first: norm the input of each block instead of the sum after it.
        bias: whether linear layers and norms have biases.
        device: where the parameters are made.
        dtype: their type.

    Reference: ``torch.nn.Transformer``; Vaswani et al. 2017.
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = "relu",
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        layer = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first)
        rest = {"norm_first": norm_first, "bias": bias, "device": device, "dtype": dtype}

        def norm() -> LayerNorm:
            return LayerNorm(d_model, layer_norm_eps, True, bias, device, dtype)

        self.encoder = custom_encoder
        if custom_encoder is None:
            one = TransformerEncoderLayer(*layer, **rest)
            self.encoder = TransformerEncoder(one, num_encoder_layers, norm())
        self.decoder = custom_decoder
        if custom_decoder is None:
            other = TransformerDecoderLayer(*layer, **rest)
            self.decoder = TransformerDecoder(other, num_decoder_layers, norm())
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def _reset_parameters(self) -> None:
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Return the decoder's output for ``tgt`` and the encoder's output for ``src``.

        Raises:
            ShapeError: the two have another width than ``d_model``, or different batch sizes.
        """
        batch = 0 if self.batch_first else 1
        apart = src.ndim == 3 and tgt.ndim == 3 and src.shape[batch] != tgt.shape[batch]
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model or apart:
            expected = f"src and tgt of width {self.d_model} and one batch size"
            raise ShapeError(message("Transformer", expected, f"{describe(src)} and {describe(tgt)}"))
        memory = self.encoder(
            src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal
        )
        out: Tensor = self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )
        return out

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """Return the causal mask: (sz, sz) with -∞ above the diagonal and 0 elsewhere."""
        kind = as_jax(get_default_dtype() if dtype is None else dtype)
        return Tensor(np.triu(np.full((sz, sz), -math.inf, np.float32), 1).astype(kind), device=device)
