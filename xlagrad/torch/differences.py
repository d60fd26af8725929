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
    "as_strided_scatter": "PyTorch hands input the gradient of what src replaces; we, that of the rest",
    "chalf": "XLA has no complex type of half precision; use cfloat",
    "hash_tensor": "a checksum of PyTorch's own, for its debugger",
    "max_pool2d_with_indices_backward": _INNER,
    "sparse.mm/reduce": _SPARSE,
    "sparse.sampled_addmm": _SPARSE,
    "to_sparse": _SPARSE,
}

_NUMBER = "its result is a number for Python, which no trace knows"
_SHAPE = "the shape of its result depends on the data"

TRACED: dict[str, str] = {
    "allclose": f"{_NUMBER}; isclose(x, y).all() stays a tensor",
    "argwhere": f"{_SHAPE}; use nonzero(x, size=n)",
    "bincount": f"{_SHAPE}; use one_hot(x, n).sum(0)",
    "equal": f"{_NUMBER}; (x == y).all() stays a tensor",
    "item": f"{_NUMBER}; keep the tensor",
    "linspace/tensor_overload": "its ends are numbers; a + (b - a) * linspace(0, 1, n) takes tensors",
    "logspace/tensor_overload": "its ends are numbers; base ** linspace(...) takes tensors",
    "masked_select": f"{_SHAPE}; where(mask, x, 0) keeps it",
    "nn.functional.one_hot": f"{_SHAPE} without num_classes",
    "nonzero": f"{_SHAPE} without size=",
    "tensor_split": f"{_SHAPE} when the places are a tensor; pass integers",
    "unique": f"{_SHAPE}; sort(x), and compare neighbours",
    "unique_consecutive": f"{_SHAPE}; compare neighbours",
}
