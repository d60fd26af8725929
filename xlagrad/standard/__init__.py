"""The Python array API standard's functions of tensors, derived from the operations' records.

Where the standard and PyTorch agree, which is elementwise, a function is the record itself. The others are
the record under the standard's argument names (``axis``, ``keepdims``), with its defaults and its rules for
types: here arrays without axes count as much as others, where PyTorch lets them yield.

The public suite data-apis/array-api-tests, with ``JAX_ENABLE_X64=1`` and 20 examples for each test, fails in
these tests only:

==================================  ======================================================================
test                                reason
==================================  ======================================================================
``test_*[__op__(x1, x2)]`` of two   the operators of a tensor are PyTorch's on every face, and by its rules
types, one array without axes       such an array yields to the other; ``xlagrad.add`` and its kin follow
(one or two, as examples fall)      the standard
``test_meshgrid``,                  as version 2024.12 only: the suite demands lists, which 2025.12 made
``test_broadcast_arrays``,          tuples, and one namespace has one answer (it declares 2025.12)
``test_devices``
==================================  ======================================================================

Deviations that the suite does not see: without ``JAX_ENABLE_X64=1`` the 64-bit types are those of 32 bits,
and ``__array_namespace_info__().dtypes()`` leaves them out, as the standard asks; ``x // y`` follows the
standard at infinities, where ``torch.floor_divide`` has NaN. ``x @= y`` rebinds the name, as in PyTorch.

Other libraries: SciPy (``SCIPY_ARRAY_API=1``) and scikit-learn (``config_context(array_api_dispatch=True)``)
find this namespace by ``__array_namespace__`` and give tensors back. Where SciPy has compiled code only, it
goes by way of NumPy, so that no gradient passes, and ``scipy.linalg``, ``scipy.interpolate`` and the
distributions of ``scipy.stats``, which do not look for a namespace, return NumPy's arrays.

Source: the Python array API standard, version 2025.12.
"""

from __future__ import annotations

import math
import sys
from types import ModuleType
from typing import Any

from xlagrad.core import errors
from xlagrad.core.errors import message
from xlagrad.core.tensor import Tensor
from xlagrad.ops.create import empty_like, eye, full_like, ones_like, zeros_like
from xlagrad.ops.data import asarray, from_dlpack
from xlagrad.standard import fft, linalg
from xlagrad.standard.creation import arange, empty, full, linspace, ones, zeros
from xlagrad.standard.elementwise import (
    abs,
    acos,
    acosh,
    add,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    bitwise_and,
    bitwise_invert,
    bitwise_left_shift,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
    ceil,
    clip,
    conj,
    copysign,
    cos,
    cosh,
    divide,
    equal,
    exp,
    expm1,
    floor,
    floor_divide,
    greater,
    greater_equal,
    hypot,
    imag,
    isfinite,
    isinf,
    isnan,
    less,
    less_equal,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    maximum,
    minimum,
    multiply,
    negative,
    nextafter,
    not_equal,
    positive,
    pow,
    real,
    reciprocal,
    remainder,
    round,
    sign,
    signbit,
    sin,
    sinh,
    sqrt,
    square,
    subtract,
    tan,
    tanh,
    trunc,
    where,
)
from xlagrad.standard.info import __array_namespace_info__
from xlagrad.standard.products import (
    matmul,
    matrix_transpose,
    tensordot,
    vecdot,
)
from xlagrad.standard.searching import (
    argmax,
    argmin,
    argsort,
    isin,
    nonzero,
    searchsorted,
    sort,
    take,
    take_along_axis,
    unique_all,
    unique_counts,
    unique_inverse,
    unique_values,
)
from xlagrad.standard.shapes import (
    broadcast_arrays,
    broadcast_shapes,
    broadcast_to,
    concat,
    expand_dims,
    flip,
    meshgrid,
    moveaxis,
    permute_dims,
    repeat,
    reshape,
    roll,
    squeeze,
    stack,
    tile,
    tril,
    triu,
    unstack,
)
from xlagrad.standard.statistics import (
    all,
    any,
    count_nonzero,
    cumulative_prod,
    cumulative_sum,
    diff,
    max,
    mean,
    min,
    prod,
    std,
    sum,
    var,
)
from xlagrad.standard.types import (
    astype,
    can_cast,
    finfo,
    iinfo,
    isdtype,
    result_type,
)

e, pi, inf, nan, newaxis = math.e, math.pi, math.inf, math.nan, None

#: The newest version of the standard whose functions are here.
__array_api_version__ = "2025.12"
_VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12", __array_api_version__)


def array_namespace(self: Any, *, api_version: str | None = None) -> ModuleType:
    """Return the namespace with the standard's functions for a tensor: ``xlagrad`` itself.

    Raises:
        ArgumentError: a version of the standard that is not there.
    """
    if api_version is not None and api_version not in _VERSIONS:
        fix = "ask for one of those"
        text = message(
            "__array_namespace__", f"a version among {', '.join(_VERSIONS)}", repr(api_version), fix
        )
        raise errors.ArgumentError(text)
    return sys.modules["xlagrad"]


setattr(Tensor, "__array_namespace__", array_namespace)  # noqa: B010  the type checker would refuse the attribute

__all__ = [
    "__array_api_version__",
    "__array_namespace_info__",
    "abs",
    "acos",
    "acosh",
    "add",
    "all",
    "any",
    "arange",
    "argmax",
    "argmin",
    "argsort",
    "asarray",
    "asin",
    "asinh",
    "astype",
    "atan",
    "atan2",
    "atanh",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "broadcast_arrays",
    "broadcast_shapes",
    "broadcast_to",
    "can_cast",
    "ceil",
    "clip",
    "concat",
    "conj",
    "copysign",
    "cos",
    "cosh",
    "count_nonzero",
    "cumulative_prod",
    "cumulative_sum",
    "diff",
    "divide",
    "e",
    "empty",
    "empty_like",
    "equal",
    "exp",
    "expand_dims",
    "expm1",
    "eye",
    "fft",
    "finfo",
    "flip",
    "floor",
    "floor_divide",
    "from_dlpack",
    "full",
    "full_like",
    "greater",
    "greater_equal",
    "hypot",
    "iinfo",
    "imag",
    "inf",
    "isdtype",
    "isfinite",
    "isin",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "linalg",
    "linspace",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "matmul",
    "matrix_transpose",
    "max",
    "maximum",
    "mean",
    "meshgrid",
    "min",
    "minimum",
    "moveaxis",
    "multiply",
    "nan",
    "negative",
    "newaxis",
    "nextafter",
    "nonzero",
    "not_equal",
    "ones",
    "ones_like",
    "permute_dims",
    "pi",
    "positive",
    "pow",
    "prod",
    "real",
    "reciprocal",
    "remainder",
    "repeat",
    "reshape",
    "result_type",
    "roll",
    "round",
    "searchsorted",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "sort",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "subtract",
    "sum",
    "take",
    "take_along_axis",
    "tan",
    "tanh",
    "tensordot",
    "tile",
    "tril",
    "triu",
    "trunc",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
    "unstack",
    "var",
    "vecdot",
    "where",
    "zeros",
    "zeros_like",
]
