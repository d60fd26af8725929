"""Multi-head attention."""

from __future__ import annotations

from typing import Any

from xlagrad.core.errors import ArgumentError, ShapeError, describe, message
from xlagrad.core.random import next_key
from xlagrad.core.tensor import Tensor
from xlagrad.layers import init
from xlagrad.layers.creation import check_positive, new_parameter
from xlagrad.layers.functional.multihead import heads_attended
from xlagrad.layers.linear import NonDynamicallyQuantizableLinear
from xlagrad.layers.module import Module

WHO = "MultiheadAttention"


class MultiheadAttention(Module):
    """softmax(Q Kᵀ / √d) V in ``num_heads`` subspaces of width d = embed_dim / num_heads, projected together.

    Args:
        embed_dim: width of queries and outputs.
        num_heads: how many subspaces; divides ``embed_dim``.
        dropout: probability that an attention weight is zeroed in training.
        bias: whether the projections have biases.
        add_bias_kv: append a trained key and value to each sequence.
        add_zero_attn: append a key and value of zeros.
        kdim: width of keys, by default ``embed_dim``.
        vdim: width of values, by default ``embed_dim``.
        batch_first: sequences are (N, L, E) instead of (L, N, E).
        device: where the parameters are made.
        dtype: their type.

    Raises:
        ArgumentError: ``num_heads`` does not divide ``embed_dim``.

    Reference: ``torch.nn.MultiheadAttention``; Vaswani et al. 2017. Where no weights are asked for, the
    fused attention of :func:`~xlagrad.layers.functional.scaled_dot_product_attention` runs.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        check_positive(WHO, embed_dim=embed_dim, num_heads=num_heads)
        if embed_dim % num_heads:
            got = f"embed_dim={embed_dim}, num_heads={num_heads}"
            raise ArgumentError(message(WHO, "embed_dim must be divisible by num_heads", got))
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        self.add_zero_attn = add_zero_attn

        def made(name: str, *shape: int, wanted: bool = True) -> None:
            self.register_parameter(name, new_parameter(shape, 0.0, device, dtype) if wanted else None)

        same = self._qkv_same_embed_dim
        made("q_proj_weight", embed_dim, embed_dim, wanted=not same)
        made("k_proj_weight", embed_dim, self.kdim, wanted=not same)
        made("v_proj_weight", embed_dim, self.vdim, wanted=not same)
        made("in_proj_weight", 3 * embed_dim, embed_dim, wanted=same)
        made("in_proj_bias", 3 * embed_dim, wanted=bias)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias, device, dtype)
        made("bias_k", 1, 1, embed_dim, wanted=add_bias_kv)
        made("bias_v", 1, 1, embed_dim, wanted=add_bias_kv)
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for name in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
            if getattr(self, name) is not None:
                init.xavier_uniform_(getattr(self, name))
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for name in ("bias_k", "bias_v"):
            if getattr(self, name) is not None:
                init.xavier_normal_(getattr(self, name))

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Return the attention's output and its weights.

        Args:
            query: (L, N, E), with ``batch_first`` (N, L, E), or (L, E).
            key: (S, N, kdim), (N, S, kdim) or (S, kdim).
            value: (S, N, vdim), (N, S, vdim) or (S, vdim).
            key_padding_mask: (N, S) or (S,); True where a key does not count, or numbers to add to scores.
            need_weights: also return the weights; without, the faster fused attention runs.
            attn_mask: (L, S) or (N · num_heads, L, S); True where a query must not see a key, or numbers to
                add to scores.
            average_attn_weights: return the mean of the heads' weights, (N, L, S), instead of
                (N, num_heads, L, S).
            is_causal: a hint that ``attn_mask`` is the causal mask.

        Raises:
            ShapeError: operands or masks that do not fit together.
        """
        batched = query.ndim == 3
        self._check(query, key, value, key_padding_mask)
        if is_causal and attn_mask is None:
            raise ArgumentError(message(WHO, "attn_mask with the is_causal hint", "none", "pass the mask"))
        q, k, v = (self._batch_first(t, batched) for t in (query, key, value))
        weights = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        dropout = self.dropout if self.training else 0.0
        found = heads_attended(
            q,
            k,
            v,
            [self.in_proj_weight] if self._qkv_same_embed_dim else weights,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            None,
            None,
            key_padding_mask,
            attn_mask,
            next_key() if dropout > 0 else None,
            num_heads=self.num_heads,
            add_zero_attn=self.add_zero_attn,
            dropout=float(dropout),
            need_weights=bool(need_weights),
            average=bool(average_attn_weights),
            causal=is_causal and key_padding_mask is None and not need_weights,
            who=WHO,
        )
        out, seen = self.out_proj(found[0]), found[1] if need_weights else None
        if not batched:
            return out.squeeze(0), None if seen is None else seen.squeeze(0)
        return out if self.batch_first else out.transpose(0, 1), seen

    def _check(self, query: Tensor, key: Tensor, value: Tensor, padding: Tensor | None) -> None:
        if query.ndim not in (2, 3) or key.ndim != query.ndim or value.ndim != query.ndim:
            got = ", ".join(describe(t) for t in (query, key, value))
            expected = "query, key and value all batched (3-D) or all unbatched (2-D)"
            raise ShapeError(message(WHO, expected, got))
        widths = (self.embed_dim, self.kdim, self.vdim)
        got_widths = tuple(t.shape[-1] for t in (query, key, value))
        if got_widths != widths:
            expected = f"query, key and value of widths {widths} (embed_dim, kdim, vdim)"
            raise ShapeError(message(WHO, expected, str(got_widths)))
        if tuple(key.shape[:-1]) != tuple(value.shape[:-1]):
            expected = "key and value with the same sequence and batch dimensions"
            raise ShapeError(message(WHO, expected, f"{describe(key)} and {describe(value)}"))
        if padding is not None and padding.ndim != query.ndim - 1:
            expected = f"a key_padding_mask with {query.ndim - 1} dimensions"
            raise ShapeError(message(WHO, expected, describe(padding)))

    def _batch_first(self, t: Tensor, batched: bool) -> Any:
        if not batched:
            return t.unsqueeze(0)
        return t if self.batch_first else t.transpose(0, 1)

    def __setstate__(self, fields: dict[str, Any]) -> None:
        fields.setdefault("_qkv_same_embed_dim", True)
        super().__setstate__(fields)
