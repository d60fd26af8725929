"""PyTorch's names that cannot exist on dense XLA arrays: each raises an error that names the way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from xlagrad.core.errors import message

_SPARSE = "keep zeros in a dense tensor, or use jax.experimental.sparse on .data_array"
_QUANTISED = "keep integers and their scale in two tensors: (x / scale).round().clamp(-128, 127).to(int8)"
_STORAGE = "use .numpy() for the values, .data_ptr() for the address, .as_strided(...) for views"

_METHODS: dict[str, tuple[str, str]] = {}
_FUNCTIONS: dict[str, tuple[str, str]] = {}


def _note(table: dict[str, tuple[str, str]], names: str, what: str, fix: str) -> None:
    table |= dict.fromkeys(names.split(), (what, fix))


_note(
    _METHODS,
    "ccol_indices coalesce col_indices crow_indices indices is_coalesced resize_as_sparse_ row_indices smm"
    " sparse_mask sparse_resize_ sparse_resize_and_clear_ sspaddmm to_sparse to_sparse_bsc to_sparse_bsr"
    " to_sparse_coo to_sparse_csc to_sparse_csr values",
    "sparse layouts",
    _SPARSE,
)
_note(
    _METHODS,
    "int_repr q_per_channel_axis q_per_channel_scales q_per_channel_zero_points q_scale q_zero_point qscheme",
    "quantised types",
    _QUANTISED,
)
_note(_METHODS, "storage storage_type untyped_storage", "storages", _STORAGE)
_note(_METHODS, "to_mkldnn", "oneDNN's layouts", "leave it out: XLA chooses layouts")
_note(_METHODS, "to_padded_tensor", "nested tensors", "use nn.utils.rnn.pad_sequence on a list of tensors")
_note(_METHODS, "chalf", "complex numbers of half precision", "use .cfloat()")
_note(_METHODS, "share_memory_", "memory shared between processes", "pass .numpy() to the other process")
_note(_METHODS, "ipu xpu mtia", "devices of this kind", "use .to(device) with 'cpu', 'cuda' or 'tpu'")
_note(_METHODS, "reinforce", "stochastic functions, which PyTorch removed", "use torch.distributions")
_note(_METHODS, "module_load", "swapping of modules' tensors", "use load_state_dict or .copy_")
_note(_METHODS, "index", "first-class dimensions", "index with [...], or use einsum or vmap")
_HASH = "use torch.equal to compare, or hash .numpy().tobytes()"
_note(_METHODS, "hash_tensor", "hashes of elements", _HASH)
_note(_FUNCTIONS, "hash_tensor", "hashes of elements", _HASH)
_note(_METHODS, "eig", "this function, which PyTorch removed", "use torch.linalg.eig")
_note(_METHODS, "symeig", "this function, which PyTorch removed", "use torch.linalg.eigh")
_note(_METHODS, "lstsq", "this function, which PyTorch removed", "use torch.linalg.lstsq")
_note(_METHODS, "solve", "this function, which PyTorch removed", "use torch.linalg.solve")

_note(
    _FUNCTIONS,
    "ccol_indices_copy col_indices_copy crow_indices_copy dsmm hsmm hspmm indices_copy resize_as_sparse_"
    " row_indices_copy saddmm smm sparse_bsc_tensor sparse_bsr_tensor sparse_compressed_tensor"
    " sparse_coo_tensor sparse_csc_tensor sparse_csr_tensor spmm sspaddmm values_copy",
    "sparse layouts",
    _SPARSE,
)
_note(
    _FUNCTIONS,
    "choose_qparams_optimized empty_quantized fused_moving_avg_obs_fake_quant int_repr q_per_channel_axis"
    " q_per_channel_scales q_per_channel_zero_points q_scale q_zero_point quantize_per_channel"
    " quantize_per_tensor quantize_per_tensor_dynamic quantized_batch_norm quantized_gru quantized_gru_cell"
    " quantized_lstm quantized_lstm_cell quantized_max_pool1d quantized_max_pool2d quantized_max_pool3d"
    " quantized_rnn_relu_cell quantized_rnn_tanh_cell",
    "quantised types",
    _QUANTISED,
)
_note(_FUNCTIONS, "eig", "this function, which PyTorch removed", "use torch.linalg.eig")
_note(_FUNCTIONS, "symeig", "this function, which PyTorch removed", "use torch.linalg.eigh")
_note(_FUNCTIONS, "lstsq", "this function, which PyTorch removed", "use torch.linalg.lstsq")
_note(_FUNCTIONS, "solve", "this function, which PyTorch removed", "use torch.linalg.solve")
_note(_FUNCTIONS, "matrix_rank", "this function, which PyTorch removed", "use torch.linalg.matrix_rank")


def _refusing(name: str, what: str, fix: str) -> Callable[..., Any]:
    text = message(name, "what dense arrays of XLA can do", what, fix)

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(text)

    refuse.__name__ = refuse.__qualname__ = name
    refuse.__doc__ = f"Raise ``NotImplementedError``: {what} do not exist here; {fix}."
    return refuse


#: Methods of ``Tensor``, and functions of ``torch``, by name.
METHODS = {name: _refusing(name, *entry) for name, entry in _METHODS.items()}
FUNCTIONS = {name: _refusing(name, *entry) for name, entry in _FUNCTIONS.items()}
