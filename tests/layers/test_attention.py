"""Multi-head attention and transformers against PyTorch's, with every kind of mask."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import xlagrad.layers as nn
from tests.layers.models import ours, twin
from xlagrad.core.errors import ArgumentError, DtypeError, ShapeError
from xlagrad.core.tensor import Tensor

N, L, S, E, H = 2, 4, 5, 8, 2
pytestmark = [
    pytest.mark.filterwarnings("ignore:enable_nested_tensor:UserWarning"),
    pytest.mark.filterwarnings("ignore:Support for mismatched:UserWarning"),
]


def x(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed + sum(shape))).requires_grad_()


def check(module: Any, reference: Any, args: tuple[Any, ...], **kwargs: Any) -> None:
    """Compare outputs, weights and all gradients."""
    mine_args = ours(args, requires_grad=True)
    mine = module(*mine_args, **{k: ours(v) for k, v in kwargs.items()})
    torchs = reference(*args, **kwargs)
    mine, torchs = (r if isinstance(r, tuple) else (r,) for r in (mine, torchs))
    for a, b in zip(mine, torchs, strict=True):
        assert (a is None) == (b is None)
        if b is not None:
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-4, atol=1e-5)
    for result, inputs in ((mine, mine_args), (torchs, args)):
        sum((r * r).sum() for r in result if r is not None).backward()
        assert all(t.grad is not None for t in inputs)
    for a, b in zip(mine_args, args, strict=True):
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-3, atol=1e-5)
    for (name, p), q in zip(module.named_parameters(), reference.named_parameters(), strict=True):
        np.testing.assert_allclose(p.grad.numpy(), q[1].grad.numpy(), rtol=1e-3, atol=1e-5, err_msg=name)


BOOL = torch.ones(L, S, dtype=torch.bool).triu(2)
PADDING = torch.tensor([[False, False, False, True, True], [False] * 5])

OPTIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "batch first, no bias": ({"batch_first": True, "bias": False}, {}),
    "no weights": ({"batch_first": True}, {"need_weights": False}),
    "weights of each head": ({}, {"average_attn_weights": False, "attn_mask": BOOL}),
    "numbers to add": ({}, {"attn_mask": torch.linspace(-1, 1, L * S).reshape(L, S), "need_weights": False}),
    "mask of each head": ({}, {"attn_mask": torch.stack([BOOL] * (N * H))}),
    "padding": ({"batch_first": True}, {"key_padding_mask": PADDING}),
    "padding and mask": ({}, {"key_padding_mask": PADDING, "attn_mask": BOOL, "need_weights": False}),
    "extra keys": (
        {"add_bias_kv": True, "add_zero_attn": True},
        {"key_padding_mask": PADDING, "attn_mask": BOOL},
    ),
}


@pytest.mark.parametrize("what", OPTIONS)
def test_attention_of_batches(what: str) -> None:
    options, kwargs = OPTIONS[what]
    module, reference = twin(lambda p: p.MultiheadAttention(E, H, **options))
    assert repr(module) == repr(reference)
    query, key = (N, L, E), (N, S, E)
    if not options.get("batch_first"):
        query, key = (L, N, E), (S, N, E)
    check(module, reference, (x(*query), x(*key), x(*key, seed=3)), **kwargs)


def test_attention_of_one_sequence_with_other_widths() -> None:
    module, reference = twin(lambda p: p.MultiheadAttention(E, H, kdim=6, vdim=10))
    check(module, reference, (x(L, E), x(S, 6), x(S, 10)), key_padding_mask=PADDING[0])


def test_causal_hint_needs_the_mask_and_agrees_with_it() -> None:
    module, _ = twin(lambda p: p.MultiheadAttention(E, H, batch_first=True))
    t = ours(x(N, L, E))
    mask = nn.Transformer.generate_square_subsequent_mask(L)
    hinted = module(t, t, t, attn_mask=mask, is_causal=True, need_weights=False)[0]
    masked = module(t, t, t, attn_mask=mask)[0]
    assert np.allclose(hinted.detach().numpy(), masked.detach().numpy(), atol=1e-5)
    with pytest.raises(ArgumentError, match="attn_mask with the is_causal hint"):
        module(t, t, t, is_causal=True)


def test_dropout_of_weights_happens_in_training_only() -> None:
    module = nn.MultiheadAttention(E, H, dropout=0.5, batch_first=True)
    t = ours(x(N, L, E))
    for need in (True, False):
        first, second = (module.train()(t, t, t, need_weights=need)[0].tolist() for _ in range(2))
        assert first != second
        first, second = (module.eval()(t, t, t, need_weights=need)[0].tolist() for _ in range(2))
        assert first == second


def test_attention_refuses_what_does_not_fit() -> None:
    module = nn.MultiheadAttention(E, H)
    a, b = Tensor(np.zeros((L, N, E), np.float32)), Tensor(np.zeros((S, N, E), np.float32))
    with pytest.raises(ArgumentError, match="embed_dim must be divisible by num_heads, got embed_dim=7"):
        nn.MultiheadAttention(7, 2)
    with pytest.raises(ShapeError, match="all batched"):
        module(a, b[0], b[0])
    with pytest.raises(ShapeError, match="of widths"):
        module(a, b[..., :3], b)
    with pytest.raises(ShapeError, match="same sequence and batch dimensions"):
        module(a, b, a)
    with pytest.raises(ShapeError, match=r"attn_mask of shape \(4, 5\) or \(4, 4, 5\)"):
        module(a, b, b, attn_mask=Tensor(np.zeros((5, 4), np.float32)))
    with pytest.raises(ShapeError, match=r"key_padding_mask of shape \(2, 5\)"):
        module(a, b, b, key_padding_mask=Tensor(np.zeros((2, 4), bool)))
    with pytest.raises(DtypeError, match="a bool or floating point attn_mask"):
        module(a, b, b, attn_mask=Tensor(np.zeros((4, 5), np.int32)))


@pytest.mark.parametrize("norm_first", [False, True])
def test_encoder(norm_first: bool) -> None:
    def make(p: Any) -> Any:
        layer = p.TransformerEncoderLayer(E, H, 16, 0.0, "gelu", norm_first=norm_first)
        return p.TransformerEncoder(layer, 2, p.LayerNorm(E))

    module, reference = twin(make)
    assert repr(module) == repr(reference)
    check(
        module,
        reference,
        (x(S, N, E),),
        mask=torch.zeros(S, S, dtype=torch.bool),
        src_key_padding_mask=PADDING,
    )


def test_decoder() -> None:
    def make(p: Any) -> Any:
        return p.TransformerDecoder(p.TransformerDecoderLayer(E, H, 16, 0.0, batch_first=True), 2)

    module, reference = twin(make)
    assert repr(module) == repr(reference)
    causal = torch.ones(L, L, dtype=torch.bool).triu(1)
    check(
        module,
        reference,
        (x(N, L, E), x(N, S, E)),
        tgt_mask=causal,
        memory_key_padding_mask=PADDING,
        tgt_is_causal=True,
    )


def test_transformer() -> None:
    module, reference = twin(lambda p: p.Transformer(E, H, 1, 1, 16, 0.0, bias=False))
    assert repr(module) == repr(reference)
    mask = reference.generate_square_subsequent_mask(L)
    assert ours(mask).tolist() == module.generate_square_subsequent_mask(L).tolist()
    check(module, reference, (x(S, N, E), x(L, N, E)), tgt_mask=mask)
    with pytest.raises(ShapeError, match="src and tgt of width 8 and one batch size"):
        module(ours(x(S, N, E)), ours(x(L, 3, E)))
    with pytest.raises(ArgumentError, match="activation 'relu', 'gelu' or a function"):
        nn.TransformerEncoderLayer(E, H, activation="x")
