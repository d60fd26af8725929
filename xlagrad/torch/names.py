"""What the `torch` namespace is made of: the operations that it names, and the error for a name it lacks."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any

from xlagrad.core.dispatch import registry
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional
from xlagrad.ops import (
    absent,
    attributes,
    combine,
    complex_view,
    copies,
    create,
    data,
    layouts,
    memory,
    out,
    parts,
    ranges,
    refill,
    splits,
    strided,
    view,
    windows,
)
from xlagrad.ops import random as draws
from xlagrad.torch import legacy, native

# PyTorch's functions of tensors. A record has the name that PyTorch gives the function, so the names are all
# that this face adds; records that only serve others stay out of it.
FUNCTIONS = """
    arange as_tensor asarray empty empty_like eye from_dlpack from_numpy full full_like linspace
    logspace ones ones_like scalar_tensor tensor tril_indices triu_indices zeros zeros_like bernoulli
    multinomial normal poisson rand rand_like randint randint_like randn randn_like randperm abs
    absolute acos acosh adaptive_avg_pool1d adaptive_max_pool1d add addbmm addcdiv addcmul addmm addmv
    addr adjoint all allclose alpha_dropout amax amin aminmax angle any arccos arccosh arcsin arcsinh
    arctan arctan2 arctanh argmax argmin argsort argwhere as_strided as_strided_scatter asin asinh atan
    atan2 atanh atleast_1d atleast_2d atleast_3d avg_pool1d baddbmm batch_norm bilinear
    binary_cross_entropy_with_logits bincount bitwise_and bitwise_left_shift bitwise_not bitwise_or
    bitwise_right_shift bitwise_xor block_diag bmm broadcast_shapes broadcast_tensors broadcast_to
    bucketize cartesian_prod cat cdist ceil celu chain_matmul channel_shuffle cholesky cholesky_inverse
    cholesky_solve chunk clamp clamp_max clamp_min clip clone column_stack combinations concat
    concatenate conj conj_physical constant_pad_nd conv1d conv2d conv3d conv_transpose1d
    conv_transpose2d conv_transpose3d copysign corrcoef cos cosh cosine_embedding_loss cosine_similarity
    count_nonzero cov cross ctc_loss cummax cummin cumprod cumsum cumulative_trapezoid deg2rad det
    detach diag diag_embed diagflat diagonal diagonal_scatter diff digamma dist div divide dot dropout
    dsplit dstack einsum embedding embedding_bag eq equal erf erfc erfinv exp exp2 expm1
    feature_alpha_dropout feature_dropout fill fix flatten flip fliplr flipud float_power floor frobenius_norm
    floor_divide fmax fmin fmod frac frexp gather gcd ge geqrf ger gradient greater greater_equal
    group_norm gt hardshrink heaviside hinge_embedding_loss histc histogram histogramdd hsplit hstack
    hypot i0 igamma igammac imag index_add index_copy index_fill index_put index_reduce index_select
    inner instance_norm inverse is_conj is_neg isclose isfinite isin isinf isnan isneginf isposinf
    isreal istft kl_div kron kthvalue layer_norm lcm ldexp le lerp less less_equal lgamma lobpcg log
    log10 log1p log2 log_softmax logaddexp logaddexp2 logcumsumexp logdet logical_and logical_not
    logical_or logical_xor logit logsumexp lt lu lu_solve lu_unpack margin_ranking_loss masked_fill
    masked_scatter masked_select matmul matrix_exp matrix_power max max_pool1d max_pool1d_with_indices
    max_pool2d max_pool3d maximum mean median meshgrid min minimum mm mode moveaxis movedim msort mul
    multiply mv mvlgamma nan_to_num nanmean nanmedian nanquantile nansum narrow ne neg negative
    nextafter nonzero nonzero_static norm norm_except_dim not_equal nuclear_norm orgqr
    ormqr outer pairwise_distance pca_lowrank
    pdist permute pinverse pixel_shuffle pixel_unshuffle poisson_nll_loss polygamma positive pow prelu
    prod put qr quantile rad2deg ravel real reciprocal relu remainder renorm repeat_interleave reshape
    resolve_conj resolve_neg rms_norm roll rot90 round row_stack rrelu rsqrt rsub scatter scatter_add
    scatter_reduce searchsorted select select_scatter selu sgn sigmoid sign signbit sin sinc sinh
    slice_scatter slogdet softmax sort split split_with_sizes sqrt square squeeze stack std std_mean
    stft sub subtract sum svd svd_lowrank swapaxes swapdims t take take_along_dim tan tanh tensor_split
    tensordot threshold tile topk trace transpose trapezoid trapz triangular_solve tril
    triplet_margin_loss triu true_divide trunc unbind unflatten unique unique_consecutive unravel_index
    unsqueeze vander var var_mean vdot view_as_complex view_as_real vsplit vstack where xlogy
    alias_copy as_strided_copy complex detach_copy diagonal_copy expand_copy narrow_copy permute_copy polar
    select_copy slice_copy slice_inverse split_copy split_with_sizes_copy squeeze_copy t_copy
    transpose_copy unbind_copy unfold_copy unsafe_chunk unsafe_split unsafe_split_with_sizes unsqueeze_copy
    view_as_complex_copy view_as_real_copy view_copy bartlett_window binomial blackman_window empty_permuted
    empty_strided from_file frombuffer hamming_window hann_window kaiser_window layout memory_format range
    segment_reduce
""".split()  # noqa: SIM905

INPLACE = """
    abs_ acos_ acosh_ addmv_ alpha_dropout_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_
    as_strided_ asin_ asinh_ atan_ atanh_ ceil_ celu_ clamp_ clamp_max_ clamp_min_ clip_ conj_physical_
    cos_ cosh_ deg2rad_ detach_ dropout_ embedding_renorm_ erf_ erfc_ exp2_ exp_ expm1_
    feature_alpha_dropout_ feature_dropout_ fill_ fix_ floor_ frac_ gcd_ i0_ index_put_ lcm_ ldexp_
    log10_ log1p_ log2_ log_ logit_ nan_to_num_ neg_ negative_ rad2deg_ reciprocal_ relu_ resize_as_
    round_ rrelu_ rsqrt_ selu_ sigmoid_ sin_ sinc_ sinh_ sqrt_ square_ tan_ tanh_ threshold_ trunc_
    xlogy_ zero_
""".split()  # noqa: SIM905

# Functions that are no records and take out=; records all do.
DELIVERING = """
    arange bernoulli cholesky conj_physical cross empty empty_like empty_permuted empty_strided eye full
    full_like gather histc histogram index_add index_copy index_reduce index_select inverse linspace
    logspace lu_solve lu_unpack masked_select matrix_power max median min multinomial nanmedian nanquantile
    narrow_copy nonzero nonzero_static normal ones ones_like polygamma pow qr quantile rand rand_like
    randint randint_like randn randn_like randperm range scatter scatter_add scatter_reduce svd take
    tril_indices triu_indices where zeros zeros_like
""".split()  # noqa: SIM905

# Second names of functions that are no records.
SAME = {"moveaxis": "movedim", "split_with_sizes": "split", "swapaxes": "transpose", "swapdims": "transpose"}


def operations() -> dict[str, Callable[..., Any]]:
    """Return the functions of `torch` by name: operations, views, layers' mathematics, in-place methods."""
    found: dict[str, Callable[..., Any]] = {}
    modules = (
        view,
        parts,
        splits,
        strided,
        complex_view,
        combine,
        create,
        layouts,
        data,
        windows,
        draws,
        refill,
    )
    sources: list[dict[str, Any]] = [registry, copies.COPIES, *map(vars, (*modules, functional))]
    for name in FUNCTIONS:
        for source in sources:
            if callable(source.get(name)):
                found[name] = source[name]
                break
    found |= {name: out.accepting(found[name]) for name in DELIVERING if name in found}
    found |= {name: found[other] for name, other in SAME.items()}
    found |= {"range": ranges.range_, "real": view.real_part, "imag": view.imag_part}
    found |= attributes.FUNCTIONS | absent.FUNCTIONS | legacy.CLASSES
    found |= {"layout": memory.Layout, "memory_format": memory.MemoryFormat}
    found |= {name: getattr(Tensor, name) for name in INPLACE if hasattr(Tensor, name)}
    return found | native.FUNCTIONS


def records(names: Iterable[str], prefix: str = "") -> dict[str, Callable[..., Any]]:
    """Return those of `names` that are operations, under `prefix` and the name or the name alone."""
    found = {name: registry.get(prefix + name, registry.get(name)) for name in names}
    return {name: record for name, record in found.items() if record is not None}


def missing(module: str, name: str, available: Iterable[str]) -> AttributeError:
    """Return the error for a name that a module lacks; it names the nearest that exists.

    Example:
        >>> print(missing("torch", "rel", ["relu", "exp"]))
        torch.rel: expected a name that xlagrad.torch has, got 'rel'; the nearest is torch.relu.
    """
    ours = f"xlagrad.{module}"
    if name.startswith("__"):
        return AttributeError(f"module {ours!r} has no attribute {name!r}")
    near = difflib.get_close_matches(name, [n for n in available if not n.startswith("_")], n=1, cutoff=0.5)
    fix = f"the nearest is {module}.{near[0]}" if near else f"dir({module}) lists what there is"
    return AttributeError(f"{module}.{name}: expected a name that {ours} has, got {name!r}; {fix}.")
