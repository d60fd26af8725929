"""Where an operation does not do what PyTorch's does, and why.

The keys are the names that PyTorch's own database of operations gives them (``torch.testing``), with the
variant after a slash. A test runs every operation of the database beside PyTorch, results and gradients,
eagerly and compiled; it fails for a difference that is not here and for an entry that differs no more.

``EAGER`` has the operations that differ or are missing. ``TRACED`` has those that do as PyTorch does, but
whose compiled form refuses what needs a value: a number for Python, or a shape that depends on the data.
"""

from __future__ import annotations

_SPARSE = "sparse layouts are not supported: XLA has none"
_INNER = "a step of PyTorch's own kernels; call the public function that it belongs to"

EAGER: dict[str, str] = {
    "chalf": "there is no half-precision complex type in XLA: use cfloat",
    "max_pool2d_with_indices_backward": _INNER,
    "native_batch_norm": _INNER,
    "native_group_norm": _INNER,
    "native_layer_norm": _INNER,
    "sparse.mm/reduce": _SPARSE,
    "sparse.sampled_addmm": _SPARSE,
    "to_sparse": _SPARSE,
}

_NUMBER = "its result is a number for Python, which no trace knows"
_SHAPE = "the shape of its result depends on the data; take size= or where, which keep the shape"

TRACED: dict[str, str] = {
    "allclose": _NUMBER,
    "equal": _NUMBER,
    "item": _NUMBER,
    "masked_select": _SHAPE,
    "nonzero": _SHAPE,
}
