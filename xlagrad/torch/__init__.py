"""PyTorch's names and behaviour on JAX and XLA: ``import xlagrad.torch as torch``.

Tensors, ``.backward()``, ``nn``, ``optim`` and ``utils.data`` as PyTorch has them; ``torch.compile`` makes
a whole training step one XLA executable. A name that does not exist yet raises an error that names the
nearest one.
"""

from __future__ import annotations

import importlib
import math as _math
from typing import Any

from xlagrad.core import dtypes as _dtypes
from xlagrad.core.control import cond, while_loop
from xlagrad.core.devices import Device as device
from xlagrad.core.devices import default_device as get_default_device
from xlagrad.core.devices import set_default_device
from xlagrad.core.dtypes import (
    DType as dtype,
)
from xlagrad.core.dtypes import (
    bfloat16,
    complex64,
    complex128,
    finfo,
    float8_e4m3fn,
    float8_e5m2,
    float16,
    float32,
    float64,
    get_default_dtype,
    iinfo,
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
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from xlagrad.core.printing import set_printoptions
from xlagrad.core.promotion import can_cast, promote_types, result_type
from xlagrad.core.random import (
    Generator,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)
from xlagrad.core.tensor import Size, Tensor
from xlagrad.core.vmap import vmap
from xlagrad.ops import memory as _memory
from xlagrad.torch import (
    __config__,
    amp,
    autograd,
    backends,
    compiler,
    cpu,
    cuda,
    distributed,
    fft,
    func,
    hub,
    jit,
    linalg,
    masked,
    mps,
    multiprocessing,
    names,
    nn,
    onnx,
    optim,
    overrides,
    profiler,
    random,
    serialization,
    settings,
    signal,
    special,
    storage,
    torch_version,
    types,
    utils,
    version,
)
from xlagrad.torch.amp import autocast
from xlagrad.torch.amp.switches import (
    clear_autocast_cache,
    get_autocast_cpu_dtype,
    get_autocast_dtype,
    get_autocast_gpu_dtype,
    is_autocast_cache_enabled,
    is_autocast_cpu_enabled,
    is_autocast_enabled,
    set_autocast_cache_enabled,
    set_autocast_cpu_dtype,
    set_autocast_cpu_enabled,
    set_autocast_dtype,
    set_autocast_enabled,
    set_autocast_gpu_dtype,
)
from xlagrad.torch.compiler import compile
from xlagrad.torch.cuda import OutOfMemoryError
from xlagrad.torch.process import (
    are_deterministic_algorithms_enabled,
    compiled_with_cxx11_abi,
    get_deterministic_debug_mode,
    get_device_module,
    get_num_interop_threads,
    is_deterministic_algorithms_warn_only_enabled,
    is_storage,
    is_warn_always_enabled,
    set_default_tensor_type,
    set_deterministic_debug_mode,
    set_flush_denormal,
    set_num_interop_threads,
    set_warn_always,
    typename,
    use_deterministic_algorithms,
)
from xlagrad.torch.serialization import load, save
from xlagrad.torch.settings import (
    get_float32_matmul_precision,
    get_num_threads,
    is_complex,
    is_floating_point,
    is_tensor,
    numel,
    set_float32_matmul_precision,
    set_num_threads,
)
from xlagrad.torch.storage import TypedStorage, UntypedStorage
from xlagrad.torch.torch_version import __version__

float = float32
double = float64
half = float16
short = int16
int = int32
long = int64
bool = _dtypes.bool_
cfloat = complex64
cdouble = complex128
pi, e, inf, nan = _math.pi, _math.e, _math.inf, _math.nan
newaxis = None

__all__ = [
    "Generator",
    "OutOfMemoryError",
    "Size",
    "Tensor",
    "__config__",
    "__version__",
    "amp",
    "are_deterministic_algorithms_enabled",
    "autocast",
    "autograd",
    "backends",
    "bfloat16",
    "bool",
    "can_cast",
    "cdouble",
    "cfloat",
    "clear_autocast_cache",
    "compile",
    "compiled_with_cxx11_abi",
    "compiler",
    "complex64",
    "complex128",
    "cond",
    "cpu",
    "cuda",
    "default_generator",
    "device",
    "distributed",
    "double",
    "dtype",
    "e",
    "enable_grad",
    "fft",
    "finfo",
    "float",
    "float8_e4m3fn",
    "float8_e5m2",
    "float16",
    "float32",
    "float64",
    "func",
    "get_autocast_cpu_dtype",
    "get_autocast_dtype",
    "get_autocast_gpu_dtype",
    "get_default_device",
    "get_default_dtype",
    "get_deterministic_debug_mode",
    "get_device_module",
    "get_float32_matmul_precision",
    "get_num_interop_threads",
    "get_num_threads",
    "get_rng_state",
    "half",
    "hub",
    "iinfo",
    "inf",
    "inference_mode",
    "initial_seed",
    "int",
    "int8",
    "int16",
    "int32",
    "int64",
    "is_autocast_cache_enabled",
    "is_autocast_cpu_enabled",
    "is_autocast_enabled",
    "is_complex",
    "is_deterministic_algorithms_warn_only_enabled",
    "is_floating_point",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "is_storage",
    "is_tensor",
    "is_warn_always_enabled",
    "jit",
    "linalg",
    "load",
    "long",
    "manual_seed",
    "masked",
    "mps",
    "multiprocessing",
    "nan",
    "newaxis",
    "nn",
    "no_grad",
    "numel",
    "onnx",
    "optim",
    "overrides",
    "pi",
    "profiler",
    "promote_types",
    "random",
    "result_type",
    "save",
    "seed",
    "serialization",
    "set_autocast_cache_enabled",
    "set_autocast_cpu_dtype",
    "set_autocast_cpu_enabled",
    "set_autocast_dtype",
    "set_autocast_enabled",
    "set_autocast_gpu_dtype",
    "set_default_device",
    "set_default_dtype",
    "set_default_tensor_type",
    "set_deterministic_debug_mode",
    "set_float32_matmul_precision",
    "set_flush_denormal",
    "set_grad_enabled",
    "set_num_interop_threads",
    "set_num_threads",
    "set_printoptions",
    "set_rng_state",
    "set_warn_always",
    "settings",
    "short",
    "signal",
    "special",
    "TypedStorage",
    "storage",
    "torch_version",
    "typename",
    "types",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "UntypedStorage",
    "use_deterministic_algorithms",
    "utils",
    "version",
    "vmap",
    "while_loop",
]

_operations = names.operations()
globals().update(_operations, **_memory.NAMES)
__all__ += sorted([*_operations, *_memory.NAMES])


# Imported when they are first asked for: they are large, and most programs do without.
_LATE = ("distributions",)


def __getattr__(name: str) -> Any:
    if name in _LATE:
        return importlib.import_module(f"{__name__}.{name}")
    raise names.missing("torch", name, globals())
