"""xlagrad: one array-API compiler on JAX/XLA, with the faces that people already know.

``import xlagrad as xg`` gives the array API's functions on :class:`Tensor`, JAX's transformations of
functions of tensors and modules, and :func:`compile`. ``xlagrad.torch`` is PyTorch's face of the same
tensors, ``xlagrad.layers`` and ``xlagrad.train`` what models and training are made of.
"""

from __future__ import annotations

from xlagrad.core.checkpoint import checkpoint
from xlagrad.core.compile import RetraceWarning, compile, explain
from xlagrad.core.control import cond, scan, while_loop
from xlagrad.core.devices import Device
from xlagrad.core.dtypes import (
    DType,
    bfloat16,
    bool_,
    complex64,
    complex128,
    float8_e4m3fn,
    float8_e5m2,
    float16,
    float32,
    float64,
    get_default_dtype,
    int8,
    int16,
    int32,
    int64,
    set_default_dtype,
    uint8,
    uint16,
    uint32,
    uint64,
)
from xlagrad.core.modes import (
    eager,
    enable_grad,
    inference_mode,
    is_eager,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from xlagrad.core.random import (
    Generator,
    fork_rng,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)
from xlagrad.core.tensor import Parameter, Tensor
from xlagrad.core.transforms import grad, hessian, jacfwd, jacrev, jit, jvp, value_and_grad, vjp
from xlagrad.core.vmap import vmap
from xlagrad.ops import install as _install
from xlagrad.ops.einsum import einsum
from xlagrad.ops.random import bernoulli, multinomial, normal, rand, randint, randn, randperm
from xlagrad.standard import *  # noqa: F403
from xlagrad.standard import __all__ as _standard
from xlagrad.standard.shapes import permute_dims as transpose

_install.everything()

bool = bool_

__version__ = "0.1.0"

__all__ = [
    "DType",
    "Device",
    "Generator",
    "Parameter",
    "RetraceWarning",
    "Tensor",
    "__version__",
    "bernoulli",
    "bfloat16",
    "bool",
    "bool_",
    "checkpoint",
    "compile",
    "complex128",
    "complex64",
    "cond",
    "eager",
    "einsum",
    "enable_grad",
    "explain",
    "float16",
    "float32",
    "float64",
    "float8_e4m3fn",
    "float8_e5m2",
    "fork_rng",
    "get_default_dtype",
    "get_rng_state",
    "grad",
    "hessian",
    "inference_mode",
    "initial_seed",
    "int16",
    "int32",
    "int64",
    "int8",
    "is_eager",
    "is_grad_enabled",
    "jacfwd",
    "jacrev",
    "jit",
    "jvp",
    "manual_seed",
    "multinomial",
    "no_grad",
    "normal",
    "rand",
    "randint",
    "randn",
    "randperm",
    "scan",
    "seed",
    "set_default_dtype",
    "set_grad_enabled",
    "set_rng_state",
    "transpose",
    "uint16",
    "uint32",
    "uint64",
    "uint8",
    "value_and_grad",
    "vjp",
    "vmap",
    "while_loop",
]
__all__ += _standard
