"""PyTorch's functions of layers directly under ``torch``, whose arguments differ from those of nn.functional.

They take their operands in another order, reductions as numbers, or return more. Where no reduction is given,
losses here are not reduced: what PyTorch's functions do, though their signatures say mean.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from xlagrad.core.handle import Handle
from xlagrad.layers import functional as F
from xlagrad.layers.functional import dropping, embed
from xlagrad.layers.functional.grid import MODES, PADDINGS
from xlagrad.layers.functional.native import (
    conv_tbc,
    convolution,
    native_batch_norm,
    native_channel_shuffle,
    native_dropout,
    native_group_norm,
    native_layer_norm,
    word,
)
from xlagrad.layers.packed import PackedSequence


def batch_norm(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool, momentum: float,
    eps: float, cudnn_enabled: bool,
) -> Any:  # fmt: skip
    """Return ``nn.functional.batch_norm``; which library runs is not chosen here."""
    return F.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def instance_norm(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, use_input_stats: bool,
    momentum: float, eps: float, cudnn_enabled: bool,
) -> Any:  # fmt: skip
    """Return ``nn.functional.instance_norm``; which library runs is not chosen here."""
    return F.instance_norm(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)


def layer_norm(
    input: Any, normalized_shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> Any:  # fmt: skip
    """Return ``nn.functional.layer_norm``; which library runs is not chosen here."""
    return F.layer_norm(input, normalized_shape, weight, bias, eps)


def group_norm(
    input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5,
    cudnn_enabled: bool = True,
) -> Any:  # fmt: skip
    """Return ``nn.functional.group_norm``; which library runs is not chosen here."""
    return F.group_norm(input, num_groups, weight, bias, eps)


def _dropped(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return a dropout and the one that writes to its input, with torch's required arguments."""
    record = getattr(dropping, name)

    def run(input: Any, p: float, train: bool) -> Any:
        return record(input, p, train)

    def write(input: Any, p: float, train: bool) -> Any:
        return record(input, p, train, True)

    run.__name__ = run.__qualname__ = name
    run.__doc__ = f"Return ``nn.functional.{name}``."
    write.__name__ = write.__qualname__ = f"{name}_"
    write.__doc__ = f"Write ``nn.functional.{name}`` to the input and return it."
    return run, write


dropout, dropout_ = _dropped("dropout")
alpha_dropout, alpha_dropout_ = _dropped("alpha_dropout")
feature_dropout, feature_dropout_ = _dropped("feature_dropout")
feature_alpha_dropout, feature_alpha_dropout_ = _dropped("feature_alpha_dropout")


def embedding(
    weight: Any, indices: Any, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False
) -> Any:
    """Return ``weight[indices]``; row ``padding_idx``, if not negative, gets no gradient."""
    padding = None if padding_idx < 0 else padding_idx
    return F.embedding(indices, weight, padding, None, 2.0, scale_grad_by_freq, sparse)


def embedding_bag(
    weight: Any, indices: Any, offsets: Any, scale_grad_by_freq: bool = False, mode: int = 0,
    sparse: bool = False, per_sample_weights: Any = None, include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> tuple[Any, Any, Any, Any]:  # fmt: skip
    """Return ``nn.functional.embedding_bag`` of mode 0 (sum), 1 (mean) or 2 (max), and where it comes from.

    Returns:
        The result; the bag of each index; the size of each bag; for each bag and feature of mode 2 the index
        of the largest row, zeros in the other modes.
    """
    how = ("sum", "mean", "max")[mode]
    out = F.embedding_bag(
        indices, weight, offsets, None, 2.0, scale_grad_by_freq, how, sparse, per_sample_weights,
        include_last_offset, padding_idx,
    )  # fmt: skip
    places = embed.bag_places(indices, weight, offsets, out, mode=how, last=include_last_offset)
    return out, *places


def embedding_renorm_(input: Any, indices: Any, max_norm: float, norm_type: float) -> Any:
    """Scale the rows of a table at some indices, where longer than ``max_norm``, down to it; return it."""
    embed.limit(input, indices, max_norm, norm_type)
    return input


def ctc_loss(
    log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int = 0,
    reduction: int = 0, zero_infinity: bool = False,
) -> Any:  # fmt: skip
    """Return ``nn.functional.ctc_loss`` with the reduction as a number."""
    return F.ctc_loss(
        log_probs, targets, input_lengths, target_lengths, blank, word(reduction), zero_infinity
    )


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, pos_weight: Any = None, reduction: int = 0
) -> Any:
    """Return ``nn.functional.binary_cross_entropy_with_logits`` with the reduction as a number."""
    return F.binary_cross_entropy_with_logits(
        input, target, weight, reduction=word(reduction), pos_weight=pos_weight
    )


def kl_div(input: Any, target: Any, reduction: int = 0, *, log_target: bool = False) -> Any:
    """Return ``nn.functional.kl_div`` with the reduction as a number."""
    return F.kl_div(input, target, reduction=word(reduction), log_target=log_target)


def cosine_embedding_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0.0, reduction: int = 0
) -> Any:
    """Return ``nn.functional.cosine_embedding_loss`` with the reduction as a number."""
    return F.cosine_embedding_loss(input1, input2, target, margin, reduction=word(reduction))


def hinge_embedding_loss(input: Any, target: Any, margin: float = 1.0, reduction: int = 0) -> Any:
    """Return ``nn.functional.hinge_embedding_loss`` with the reduction as a number."""
    return F.hinge_embedding_loss(input, target, margin, reduction=word(reduction))


def margin_ranking_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0.0, reduction: int = 0
) -> Any:
    """Return ``nn.functional.margin_ranking_loss`` with the reduction as a number."""
    return F.margin_ranking_loss(input1, input2, target, margin, reduction=word(reduction))


def triplet_margin_loss(
    anchor: Any, positive: Any, negative: Any, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6,
    swap: bool = False, reduction: int = 0,
) -> Any:  # fmt: skip
    """Return ``nn.functional.triplet_margin_loss`` with the reduction as a number."""
    return F.triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, reduction=word(reduction))


def poisson_nll_loss(input: Any, target: Any, log_input: bool, full: bool, eps: float, reduction: int) -> Any:
    """Return ``nn.functional.poisson_nll_loss`` with the reduction as a number."""
    return F.poisson_nll_loss(input, target, log_input, full, eps=eps, reduction=word(reduction))


def rrelu(
    input: Any, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, generator: Any = None
) -> Any:
    """Return ``nn.functional.rrelu`` with slopes drawn from a generator."""
    return F.rrelu(input, lower, upper, training, generator=generator)


def rrelu_(
    input: Any, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, generator: Any = None
) -> Any:
    """Write ``nn.functional.rrelu`` to the input and return it."""
    return F.rrelu(input, lower, upper, training, True, generator)


def adaptive_max_pool1d(input: Any, output_size: Any) -> Any:
    """Return ``nn.functional.adaptive_max_pool1d`` and the places of the maxima."""
    return F.adaptive_max_pool1d(input, output_size, return_indices=True)


def grid_sampler(
    input: Any, grid: Any, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Any:
    """Return ``nn.functional.grid_sample`` with its modes as numbers, in the order of its documentation."""
    modes = MODES[interpolation_mode], PADDINGS[padding_mode]
    return F.grid_sample(input, grid, *modes, align_corners)


def affine_grid_generator(theta: Any, size: Sequence[int], align_corners: bool) -> Any:
    """Return ``nn.functional.affine_grid``."""
    return F.affine_grid(theta, size, align_corners)


def constant_pad_nd(input: Any, pad: Sequence[int], value: float = 0) -> Any:
    """Return ``nn.functional.pad`` with a constant."""
    return F.pad(input, pad, "constant", value)


def celu_(input: Any, alpha: float = 1.0) -> Any:
    """Write ``nn.functional.celu`` to the input and return it."""
    return F.celu(input, alpha, inplace=True)


def selu_(input: Any) -> Any:
    """Write ``nn.functional.selu`` to the input and return it."""
    return F.selu(input, inplace=True)


def threshold_(input: Any, threshold: float, value: float) -> Any:
    """Write ``nn.functional.threshold`` to the input and return it."""
    return F.threshold(input, threshold, value, inplace=True)


def lstm(*args: Any, **kwargs: Any) -> tuple[Any, Any, Any]:
    """Return the outputs, last h and last c of a stack of LSTMs, of padded or of packed sequences.

    ``lstm(input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)``, or
    ``lstm(data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional)``.
    """
    if "batch_sizes" in kwargs or (len(args) > 1 and isinstance(args[1], Handle)):
        return _of_packed(F.lstm, *args, **kwargs)
    return F.lstm(*args, **kwargs)


def _with_one_state(name: str) -> Callable[..., Any]:
    """Return a recurrent network with the state h alone, of padded or of packed sequences."""
    record = getattr(F, name)

    def run(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        if "batch_sizes" in kwargs or (len(args) > 2 and isinstance(args[2], Handle)):
            return _of_packed(record, *args, **kwargs)
        return record(*args, **kwargs)

    run.__name__ = run.__qualname__ = name
    run.__doc__ = f"Return what `{name}` of layers does; see `lstm` here for packed sequences."
    return run


gru, rnn_tanh, rnn_relu = _with_one_state("gru"), _with_one_state("rnn_tanh"), _with_one_state("rnn_relu")


def _of_packed(
    run: Callable[..., Any], data: Any, batch_sizes: Any, hx: Any, params: Any, has_biases: bool,
    num_layers: int, dropout: float, train: bool, bidirectional: bool,
) -> Any:  # fmt: skip
    packed = PackedSequence(data, batch_sizes)
    out, *states = run(
        packed.padded, hx, params, has_biases, num_layers, dropout, train, bidirectional, False,
        packed.lengths,
    )  # fmt: skip
    return packed.like(out).data, *states


_SAME: dict[str, Callable[..., Any]] = {
    "conv_tbc": conv_tbc,
    "convolution": convolution,
    "native_batch_norm": native_batch_norm,
    "native_channel_shuffle": native_channel_shuffle,
    "native_dropout": native_dropout,
    "native_group_norm": native_group_norm,
    "native_layer_norm": native_layer_norm,
    "grid_sampler_2d": grid_sampler,
    "grid_sampler_3d": grid_sampler,
    "max_pool1d_with_indices": F.max_pool1d_with_indices,
    "lstm_cell": F.lstm_cell,
    "gru_cell": F.gru_cell,
    "rnn_tanh_cell": F.rnn_tanh_cell,
    "rnn_relu_cell": F.rnn_relu_cell,
}

_OWN = """
    adaptive_max_pool1d affine_grid_generator alpha_dropout alpha_dropout_ batch_norm
    binary_cross_entropy_with_logits celu_ constant_pad_nd cosine_embedding_loss ctc_loss dropout dropout_
    embedding embedding_bag embedding_renorm_ feature_alpha_dropout feature_alpha_dropout_ feature_dropout
    feature_dropout_ grid_sampler group_norm gru hinge_embedding_loss instance_norm kl_div layer_norm lstm
    margin_ranking_loss poisson_nll_loss rnn_relu rnn_tanh rrelu rrelu_ selu_ threshold_ triplet_margin_loss
""".split()  # noqa: SIM905

#: All of them, for the torch namespace.
FUNCTIONS: dict[str, Callable[..., Any]] = _SAME | {name: globals()[name] for name in _OWN}
