"""Which operations autocast runs in the lower precision, in float32, or in the widest type of their operands.

Follows PyTorch's lists for CPU and CUDA, which differ; an operation in none of them runs in the types that it
is given. Names are those of the records here, without a leading underscore.
"""

from __future__ import annotations

LOWER, FULL, WIDEST = "lower", "full", "widest"

_LOWER = """
addbmm addmm attention baddbmm bmm conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d
heads_attended linear linalg_vecdot matmul mm prelu recurrent
vecdot
chain_matmul einsum einsum_of linalg_multi_dot
"""

_LOSSES = """
binary_cross_entropy binary_cross_entropy_with_logits cosine_embedding_loss hinge_embedding_loss huber_loss
kl_div l1_loss margin_ranking_loss mse_loss multi_margin_loss multilabel_margin_loss nll_loss
poisson_nll_loss smooth_l1_loss soft_margin_loss triplet_margin_loss weighted_loss
cross_entropy
"""

_CPU_FULL = """
adaptive_avg_pool3d adaptive_max_pool3d avg_pool3d cdist cholesky cholesky_ex cholesky_inverse
cholesky_solve ctc_losses eig eigvals fft_fft fft_fft2 fft_fftn fft_hfft fft_ifft fft_ifft2 fft_ifftn
fft_ihfft fft_irfft fft_irfft2 fft_irfftn fft_rfft fft_rfft2 fft_rfftn fractional_max_pool geqrf
grid_sample inv_ex inverse linalg_cholesky linalg_cholesky_ex linalg_cond linalg_eig linalg_eigh
linalg_eigvals linalg_eigvalsh linalg_householder_product linalg_inv linalg_inv_ex linalg_lstsq
linalg_matrix_rank linalg_qr linalg_solve linalg_svd linalg_svdvals linalg_tensorinv linalg_tensorsolve
lstsq lu_factor_ex lu_solve matrix_rank max_pool3d max_unpool nanquantile orgqr ormqr pinverse pinv polar
prod qr quantile quantile_of solve_ex stft stft_padded stft_parts svd svdvals trace triangular_solve
"""

_CPU_WIDEST = "cat concat concatenate stack index_copy index_copy_along"

_CUDA_LOWER = "recurrent_cell addmv addr mv"

_CUDA_FULL = """
acos arccos arcsin asin cdist cosh cosine_similarity cumprod cumsum dist erfinv exp expm1 frobenius_norm
group_norm interpolate layer_norm linalg_matrix_norm linalg_norm linalg_vector_norm log log10 log1p log2
log_softmax logsumexp norm nuclear_norm pdist pow pow_integer pow_tensor prod reciprocal renorm rms_norm
rsqrt sinh softmax softplus sum tan
"""

_CUDA_WIDEST = """
addcdiv addcmul arctan2 atan2 bilinear cross dot grid_sample index_put linalg_cross scatter_add
scatter_add_along tensordot vdot
"""


def _table(lower: str, full: str, widest: str) -> dict[str, str]:
    lists = ((LOWER, _LOWER + lower), (FULL, _LOSSES + full), (WIDEST, widest))
    return {name: rule for rule, names in lists for name in names.split()}


_cuda = _table(_CUDA_LOWER, _CUDA_FULL, _CUDA_WIDEST)

#: For each kind of device, the rule of each operation that has one. A TPU follows CUDA's.
RULES: dict[str, dict[str, str]] = {
    "cpu": _table("tensordot", _CPU_FULL, _CPU_WIDEST),
    "cuda": _cuda,
    "tpu": _cuda,
}
