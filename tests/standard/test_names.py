"""The namespace has the names of the array API 2025.12, with its arguments and defaults."""

from __future__ import annotations

import ast
import inspect
from typing import Any

import pytest

import xlagrad as xg
from xlagrad.core.errors import ArgumentError

CONSTANTS = ["e", "inf", "nan", "newaxis", "pi"]
TYPES = """
    bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float32 float64 complex64 complex128
""".split()  # noqa: SIM905
ATTRIBUTES = ["dtype", "device", "mT", "ndim", "shape", "size", "T"]
METHODS = """
    abs add and array_namespace bool complex dlpack dlpack_device eq float floordiv ge getitem gt index int
    invert le lshift lt matmul mod mul ne neg or pos pow rshift setitem sub truediv xor iadd isub imul
    itruediv ifloordiv ipow imod iand ior ixor ilshift irshift radd rsub rmul rtruediv rfloordiv rpow
    rmatmul rmod rand ror rxor rlshift rrshift
""".split()  # noqa: SIM905

ONE = """
    abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1 floor imag isfinite isinf
    isnan log log10 log1p log2 logical_not negative positive real reciprocal round sign signbit sin sinh
    sqrt square tan tanh trunc matrix_transpose nonzero unique_all unique_counts unique_inverse unique_values
""".split()  # noqa: SIM905
TWO = """
    add atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign divide equal
    floor_divide greater greater_equal hypot less less_equal logaddexp logical_and logical_or logical_xor
    matmul maximum minimum multiply nextafter not_equal pow remainder subtract
""".split()  # noqa: SIM905
OTHERS = """
    __array_namespace_info__()
    all(x, /, *, axis=None, keepdims=False)
    any(x, /, *, axis=None, keepdims=False)
    arange(start, /, stop=None, step=1, *, dtype=None, device=None)
    argmax(x, /, *, axis=None, keepdims=False)
    argmin(x, /, *, axis=None, keepdims=False)
    argsort(x, /, *, axis=-1, descending=False, stable=True)
    asarray(obj, /, *, dtype=None, device=None, copy=None)
    astype(x, dtype, /, *, copy=True, device=None)
    broadcast_arrays(*arrays)
    broadcast_shapes(*shapes)
    broadcast_to(x, /, shape)
    can_cast(from_, to, /)
    clip(x, /, min=None, max=None)
    concat(arrays, /, *, axis=0)
    count_nonzero(x, /, *, axis=None, keepdims=False)
    cumulative_prod(x, /, *, axis=None, dtype=None, include_initial=False)
    cumulative_sum(x, /, *, axis=None, dtype=None, include_initial=False)
    diff(x, /, *, axis=-1, n=1, prepend=None, append=None)
    empty(shape, *, dtype=None, device=None)
    empty_like(x, /, *, dtype=None, device=None)
    expand_dims(x, /, axis)
    eye(n_rows, n_cols=None, /, *, k=0, dtype=None, device=None)
    finfo(type, /)
    flip(x, /, *, axis=None)
    from_dlpack(x, /, *, device=None, copy=None)
    full(shape, fill_value, *, dtype=None, device=None)
    full_like(x, /, fill_value, *, dtype=None, device=None)
    iinfo(type, /)
    isdtype(dtype, kind)
    isin(x1, x2, /, *, invert=False)
    linspace(start, stop, /, num, *, dtype=None, device=None, endpoint=True)
    max(x, /, *, axis=None, keepdims=False)
    mean(x, /, *, axis=None, keepdims=False)
    meshgrid(*arrays, indexing='xy')
    min(x, /, *, axis=None, keepdims=False)
    moveaxis(x, source, destination, /)
    ones(shape, *, dtype=None, device=None)
    ones_like(x, /, *, dtype=None, device=None)
    permute_dims(x, /, axes)
    prod(x, /, *, axis=None, dtype=None, keepdims=False)
    repeat(x, repeats, /, *, axis=None)
    reshape(x, /, shape, *, copy=None)
    result_type(*arrays_and_dtypes)
    roll(x, /, shift, *, axis=None)
    searchsorted(x1, x2, /, *, side='left', sorter=None)
    sort(x, /, *, axis=-1, descending=False, stable=True)
    squeeze(x, /, axis)
    stack(arrays, /, *, axis=0)
    std(x, /, *, axis=None, correction=0.0, keepdims=False)
    sum(x, /, *, axis=None, dtype=None, keepdims=False)
    take(x, indices, /, *, axis=None)
    take_along_axis(x, indices, /, *, axis=-1)
    tensordot(x1, x2, /, *, axes=2)
    tile(x, repetitions, /)
    tril(x, /, *, k=0)
    triu(x, /, *, k=0)
    unstack(x, /, *, axis=0)
    var(x, /, *, axis=None, correction=0.0, keepdims=False)
    vecdot(x1, x2, /, *, axis=-1)
    where(condition, x1, x2, /)
    zeros(shape, *, dtype=None, device=None)
    zeros_like(x, /, *, dtype=None, device=None)
    fft.fft(x, /, *, n=None, axis=-1, norm='backward')
    fft.fftfreq(n, /, *, d=1.0, dtype=None, device=None)
    fft.fftn(x, /, *, s=None, axes=None, norm='backward')
    fft.fftshift(x, /, *, axes=None)
    fft.hfft(x, /, *, n=None, axis=-1, norm='backward')
    fft.ifft(x, /, *, n=None, axis=-1, norm='backward')
    fft.ifftn(x, /, *, s=None, axes=None, norm='backward')
    fft.ifftshift(x, /, *, axes=None)
    fft.ihfft(x, /, *, n=None, axis=-1, norm='backward')
    fft.irfft(x, /, *, n=None, axis=-1, norm='backward')
    fft.irfftn(x, /, *, s=None, axes=None, norm='backward')
    fft.rfft(x, /, *, n=None, axis=-1, norm='backward')
    fft.rfftfreq(n, /, *, d=1.0, dtype=None, device=None)
    fft.rfftn(x, /, *, s=None, axes=None, norm='backward')
    linalg.cholesky(x, /, *, upper=False)
    linalg.cross(x1, x2, /, *, axis=-1)
    linalg.det(x, /)
    linalg.diagonal(x, /, *, offset=0)
    linalg.eig(x, /)
    linalg.eigh(x, /)
    linalg.eigvals(x, /)
    linalg.eigvalsh(x, /)
    linalg.inv(x, /)
    linalg.matmul(x1, x2, /)
    linalg.matrix_norm(x, /, *, keepdims=False, ord='fro')
    linalg.matrix_power(x, n, /)
    linalg.matrix_rank(x, /, *, rtol=None)
    linalg.matrix_transpose(x, /)
    linalg.outer(x1, x2, /)
    linalg.pinv(x, /, *, rtol=None)
    linalg.qr(x, /, *, mode='reduced')
    linalg.slogdet(x, /)
    linalg.solve(x1, x2, /)
    linalg.svd(x, /, *, full_matrices=True)
    linalg.svdvals(x, /)
    linalg.tensordot(x1, x2, /, *, axes=2)
    linalg.trace(x, /, *, offset=0, dtype=None)
    linalg.vecdot(x1, x2, /, *, axis=-1)
    linalg.vector_norm(x, /, *, axis=None, keepdims=False, ord=2)
"""
SIGNATURES = [line.strip() for line in OTHERS.strip().splitlines()]
SIGNATURES += [f"{name}(x, /)" for name in ONE] + [f"{name}(x1, x2, /)" for name in TWO]


def _found(name: str) -> Any:
    value: Any = xg
    for part in name.split("."):
        value = getattr(value, part)
    return value


@pytest.mark.parametrize("text", SIGNATURES, ids=[text.partition("(")[0] for text in SIGNATURES])
def test_signature(text: str) -> None:
    name, _, arguments = text.partition("(")
    wanted = ast.parse(f"def f({arguments}: pass").body[0]
    assert isinstance(wanted, ast.FunctionDef)
    function = _found(name)
    assert function.__doc__
    ours = list(inspect.signature(function).parameters.values())
    by_name = {p.name: p for p in ours}
    given = wanted.args
    for i, arg in enumerate([*given.posonlyargs, *given.args]):
        assert ours[i].kind in (ours[i].POSITIONAL_ONLY, ours[i].POSITIONAL_OR_KEYWORD), arg.arg
        if arg in given.args and len(given.args) and arg.arg != "kind":
            assert ours[i].name == arg.arg
    if given.vararg:
        assert ours[0].kind is ours[0].VAR_POSITIONAL
    for arg, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        assert default is not None
        found = by_name[arg.arg]
        assert found.kind in (found.KEYWORD_ONLY, found.POSITIONAL_OR_KEYWORD)
        assert found.default == ast.literal_eval(default)


def test_names() -> None:
    for name in [*CONSTANTS, *TYPES]:
        assert hasattr(xg, name), name
    for name in ATTRIBUTES:
        assert hasattr(xg.Tensor, name), name
    for name in METHODS:
        assert hasattr(xg.Tensor, f"__{name}__"), name
    assert hasattr(xg.Tensor, "to_device")
    assert {text.partition("(")[0].split(".")[0] for text in SIGNATURES} <= set(xg.__all__)
    assert xg.pi == pytest.approx(3.14159265)
    assert xg.newaxis is None


def test_versions() -> None:
    assert xg.__array_api_version__ == "2025.12"
    x = xg.asarray([1.0])
    for version in (None, "2021.12", "2022.12", "2023.12", "2024.12", "2025.12"):
        assert x.__array_namespace__(api_version=version) is xg
    with pytest.raises(ArgumentError, match=r"__array_namespace__: .*, got '2019.01'"):
        x.__array_namespace__(api_version="2019.01")
