"""The mathematics of layers: pure functions with torch's names and arguments, of tensors or plain arrays."""

from __future__ import annotations

from xlagrad.layers.functional.activation import (
    celu,
    elu,
    gelu,
    glu,
    gumbel_softmax,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    logsigmoid,
    mish,
    prelu,
    relu,
    relu6,
    rrelu,
    selu,
    sigmoid,
    silu,
    softmin,
    softplus,
    softshrink,
    softsign,
    tanh,
    tanhshrink,
    threshold,
)
from xlagrad.layers.functional.adaptive import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
)
from xlagrad.layers.functional.arrange import pixel_shuffle, pixel_unshuffle
from xlagrad.layers.functional.attention import scaled_dot_product_attention
from xlagrad.layers.functional.classification_loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    kl_div,
    multilabel_soft_margin_loss,
    nll_loss,
    poisson_nll_loss,
)
from xlagrad.layers.functional.conv import (
    conv1d,
    conv2d,
    conv3d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
)
from xlagrad.layers.functional.distance import (
    cosine_embedding_loss,
    cosine_similarity,
    hinge_embedding_loss,
    margin_ranking_loss,
    multi_margin_loss,
    multilabel_margin_loss,
    pairwise_distance,
    soft_margin_loss,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)
from xlagrad.layers.functional.dropping import (
    alpha_dropout,
    dropout,
    dropout1d,
    dropout2d,
    dropout3d,
    feature_alpha_dropout,
)
from xlagrad.layers.functional.embed import embedding, embedding_bag
from xlagrad.layers.functional.linear import bilinear, linear
from xlagrad.layers.functional.normalization import (
    batch_norm,
    batch_norm_stats,
    group_norm,
    instance_norm,
    instance_norm_stats,
    layer_norm,
    local_response_norm,
    normalize,
    rms_norm,
)
from xlagrad.layers.functional.padding import pad
from xlagrad.layers.functional.pooling import (
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    max_pool1d,
    max_pool2d,
    max_pool3d,
)
from xlagrad.layers.functional.recurrent import (
    gru,
    gru_cell,
    lstm,
    lstm_cell,
    rnn_relu,
    rnn_relu_cell,
    rnn_tanh,
    rnn_tanh_cell,
)
from xlagrad.layers.functional.regression_loss import (
    gaussian_nll_loss,
    huber_loss,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
)
from xlagrad.ops.count import one_hot
from xlagrad.ops.join import cat
from xlagrad.ops.softmax import log_softmax, softmax

__all__ = [name for name in dir() if not name.startswith("_") and name != "annotations"]
