"""A batch normalisation folded into the layer before it, for inference."""

from __future__ import annotations

import copy
from typing import Any

from xlagrad.core.errors import StateError, message
from xlagrad.core.modes import no_grad
from xlagrad.core.tensor import Parameter
from xlagrad.ops.create import ones_like, zeros_like


def _scale(rv: Any, eps: float, w: Any) -> Any:
    """Return γ / √(σ² + ε)."""
    return (ones_like(rv) if w is None else w) * (rv + eps).rsqrt()


def fuse_conv_bn_weights(
    conv_w: Any,
    conv_b: Any,
    bn_rm: Any,
    bn_rv: Any,
    bn_eps: float,
    bn_w: Any,
    bn_b: Any,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """Return weight and bias of the convolution that does what a convolution and a normalisation do.

    w' = w · γ/√(σ² + ε) for each output channel, b' = (b - μ) · γ/√(σ² + ε) + β.

    Args:
        conv_w: weight of the convolution.
        conv_b: its bias, or None.
        bn_rm: running mean μ.
        bn_rv: running variance σ².
        bn_eps: ε.
        bn_w: γ, or None for ones.
        bn_b: β, or None for zeros.
        transpose: the convolution is transposed: output channels are in dimension 1.

    Reference: ``torch.nn.utils.fuse_conv_bn_weights``.
    """
    with no_grad():
        scale = _scale(bn_rv, bn_eps, bn_w)
        shape = [1] * conv_w.ndim
        shape[1 if transpose else 0] = -1
        bias = zeros_like(bn_rm) if conv_b is None else conv_b
        shift = zeros_like(bn_rm) if bn_b is None else bn_b
        weight = (conv_w * scale.reshape(shape)).to(conv_w.dtype)
        offset = ((bias - bn_rm) * scale + shift).to(bias.dtype)
    return Parameter(weight, conv_w.requires_grad), Parameter(offset, bias.requires_grad)


def fuse_linear_bn_weights(
    linear_w: Any, linear_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any
) -> tuple[Parameter, Parameter]:
    """Return weight and bias of the linear layer that does what a linear layer and a normalisation do.

    Arguments as those of :func:`fuse_conv_bn_weights`. Reference: ``torch.nn.utils.fuse_linear_bn_weights``.
    """
    return fuse_conv_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)


def _fused(who: str, layer: Any, bn: Any, transpose: bool = False) -> Any:
    if layer.training or bn.training:
        raise StateError(message(who, "both modules in eval mode", "one in training", "call .eval() on them"))
    if bn.running_mean is None:
        raise StateError(message(who, "a normalisation with running statistics", "none"))
    fused = copy.deepcopy(layer)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias, transpose
    )
    return fused


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """Return a copy of a convolution with the batch normalisation that follows it folded in.

    Args:
        conv: the convolution, in evaluation.
        bn: the normalisation, in evaluation.
        transpose: the convolution is transposed.

    Raises:
        StateError: a module in training, or one without running statistics.

    Reference: ``torch.nn.utils.fuse_conv_bn_eval``.
    """
    return _fused("fuse_conv_bn_eval", conv, bn, transpose)


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """Return a copy of a linear layer with the batch normalisation that follows it folded in.

    Raises:
        StateError: a module in training, or one without running statistics.

    Reference: ``torch.nn.utils.fuse_linear_bn_eval``.
    """
    return _fused("fuse_linear_bn_eval", linear, bn)
