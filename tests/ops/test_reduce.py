"""Reductions and running sums against PyTorch."""

from __future__ import annotations

import pytest
import torch

from tests.core.agreement import agree
from tests.ops.compare import EDGES, Tensor, check, integers, tensor
from xlagrad.core.dispatch import registry
from xlagrad.core.errors import ArgumentError, DtypeError, IndexingError, ShapeError


@pytest.mark.parametrize("name", ["sum", "mean", "amax", "amin", "std", "var"])
def test_dims_and_gradients(name: str) -> None:
    check(name, tensor(3, 2, 4), dim=(0, -1), second=name in ("std", "var"), rtol=1e-4)
    # Of dim=() PyTorch's gradient of the variance is infinite.
    for dim in ([0], -1) if name in ("std", "var") else ([0], -1, ()):
        check(name, tensor(3, 2, 4), dim, keepdim=True, compiled=False)
    check(name, tensor(4, 3).t(), compiled=False)
    check(name, tensor(), compiled=False) if name not in ("std", "var") else None


@pytest.mark.parametrize(
    "name", ["sum", "prod", "mean", "any", "all", "amax", "amin", "nansum", "count_nonzero"]
)
def test_types(name: str) -> None:
    kinds = [torch.float16, torch.bfloat16] if name == "mean" else [torch.int32, torch.bool, torch.uint8]
    for dtype in kinds:
        check(name, integers(3, 2, low=0, dtype=dtype), grad=False, compiled=False)
    check(name, tensor(4).half(), grad=False, compiled=False, rtol=2e-3)
    check(name, torch.tensor(EDGES), grad=False, compiled=False)


def test_asked_types() -> None:
    check("sum", integers(4), dtype=torch.float32, compiled=False)
    check("mean", integers(4), dtype=torch.float32, compiled=False)
    for name in ("sum", "prod"):
        check(name, tensor(4), dtype=torch.int32, grad=False, compiled=False)
    check("cumsum", integers(4), 0, dtype=torch.float32, compiled=False)
    check("mean", torch.full((70000,), 3.0).half(), grad=False, compiled=False)


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "any", "all", "std", "var"])
@pytest.mark.filterwarnings("ignore:.*degrees of freedom")
def test_of_nothing(name: str) -> None:
    check(name, tensor(0), compiled=False)
    check(name, tensor(0, 3), dim=0, compiled=False)
    check(name, tensor(0, 3), dim=1, compiled=False)


def test_products_with_zeros() -> None:
    for x in ([2.0, 3.0, 4.0], [0.0, 3.0, 4.0], [0.0, 0.0, 4.0]):
        check("prod", torch.tensor(x), second=True, compiled=False)
        check("cumprod", torch.tensor(x), 0, second=x[1] > 0, compiled=False)
    check("prod", tensor(3, 4), 1, True)


@pytest.mark.filterwarnings("ignore:.*degrees of freedom")
def test_spread() -> None:
    x = tensor(3, 4)
    for name in ("var", "std"):
        check(name, x, correction=0, compiled=False)
        check(name, x, 0, False, compiled=False)
        check(name, x, False, compiled=False)
        check(name, x, dim=1, unbiased=True, keepdim=True, compiled=False)
        check(name, tensor(1), compiled=False)
        check(name, torch.complex(x, x + 1), grad=False, compiled=False)
    check("std", torch.ones(3), compiled=False)
    check("var_mean", x, 1)
    check("std_mean", x, 1, compiled=False)
    with pytest.raises(ArgumentError, match="var: expected unbiased or correction, got both"):
        Tensor([1.0]).var(unbiased=True, correction=1)


def test_nan_aware() -> None:
    x = torch.tensor([[1.0, float("nan")], [3.0, 4.0]])
    check("nansum", x, 0, compiled=False)
    check("nanmean", x, 0)
    check("nanmedian", x, 0, compiled=False)
    check("nanmedian", x, compiled=False)


def test_logsumexp() -> None:
    check("logsumexp", tensor(3, 4) * 100, (0, 1), compiled=False, atol=1e-5)
    check("logsumexp", tensor(3, 4), 1, True, second=True)
    check(
        "logsumexp", torch.tensor([[float("-inf")] * 2, [float("inf"), 1.0]]), 1, grad=False, compiled=False
    )
    check("logsumexp", tensor(0, 3), 0, compiled=False)
    check("logsumexp", integers(3), 0, compiled=False)


@pytest.mark.parametrize("name", ["max", "min", "median"])
def test_values_and_indices(name: str) -> None:
    check(name, tensor(3, 4), 1, compiled=name != "min")
    check(name, tensor(3, 4), 0, True, compiled=False)
    check(name, tensor(3, 5).t(), compiled=False)
    check(name, tensor(), 0, compiled=False)
    check(name, integers(3, 4), 1, compiled=False)
    check(name, torch.tensor([[1.0, float("nan"), 2.0], [3.0, 1.0, 1.0]]), 1, compiled=False)
    got = registry[name](Tensor([[1.0, 2.0]]), 1)
    assert got.values.tolist() == ([2.0] if name == "max" else [1.0])
    assert got.indices.tolist() == ([1] if name == "max" else [0])


def test_ties() -> None:
    x = torch.tensor([1.0, 3.0, 3.0, 0.0])
    for name in ("max", "amax", "median"):
        check(name, x, compiled=False)
    check("max", x, 0, compiled=False)
    check("max", x, torch.tensor([1.0, 3.0, 2.0, 1.0]), compiled=False)
    check("max", torch.tensor([1.0, float("nan")]), compiled=False)


def test_positions() -> None:
    for name in ("argmax", "argmin"):
        check(name, tensor(3, 4), grad=False)
        check(name, tensor(3, 4), 1, True, grad=False, compiled=False)
        check(name, integers(3, 4), -2, compiled=False)
        check(name, torch.tensor([1.0, float("nan"), 2.0]), grad=False, compiled=False)
        check(name, tensor(), grad=False, compiled=False)
    check("aminmax", tensor(3, 4), dim=1, compiled=False)
    check("kthvalue", tensor(3, 4), 2, compiled=False)
    check("kthvalue", tensor(3, 4), 3, 0, True, compiled=False)
    with pytest.raises(ArgumentError, match=r"kthvalue: expected k from 1 to 4, got 5"):
        Tensor([[1.0] * 4]).kthvalue(5)


@pytest.mark.parametrize("name", ["cumsum", "cumprod", "logcumsumexp", "cummax", "cummin"])
def test_running(name: str) -> None:
    check(name, tensor(3, 4), 1, rtol=1e-4, second=name in ("cumsum", "logcumsumexp"))
    check(name, tensor(), 0, compiled=False)
    check(name, tensor(0, 3), 0, compiled=False)
    if name != "logcumsumexp":
        check(name, integers(4), 0, compiled=False)
        check(name, torch.tensor([1.0, 3.0, 3.0, 2.0, float("nan"), 5.0]), 0, grad=False, compiled=False)
        check(name, torch.tensor([1.0, 3.0, 3.0, 2.0, 0.0]), 0, compiled=False)


def test_errors() -> None:
    x = Tensor([[1.0, 2.0]])
    with pytest.raises(
        IndexingError, match=r"sum: expected dim in the range \[-2, 1\], got 5; the tensor has 2"
    ):
        x.sum(5)
    with pytest.raises(IndexError, match=r"dim in the range \[-1, 0\], got 1"):
        Tensor(1.0).cumsum(1)
    with pytest.raises(ArgumentError, match="sum: expected each dim once, got"):
        x.sum((0, 0))
    with pytest.raises(DtypeError, match="mean: expected a floating-point or complex tensor, got int"):
        Tensor([1, 2]).mean()
    with pytest.raises(IndexingError, match="amax: expected at least one element along dim 0"):
        Tensor([]).amax()
    with pytest.raises(DtypeError, match="argmax: expected a numeric tensor, got bool"):
        Tensor([True]).argmax()


def test_differences() -> None:
    check("diff", tensor(3, 4))
    check("diff", tensor(3, 4), 2, 0, compiled=False)
    check("diff", tensor(3, 4), prepend=tensor(3, 1), append=tensor(3, 2), grad=False, compiled=False)
    check("diff", torch.tensor([True, False, False]), compiled=False)
    check("diff", tensor(2), 5, compiled=False)


def test_sums_to_a_size() -> None:
    check(lambda x: x.sum_to_size(3, 1), tensor(2, 3, 4), compiled=False)
    check(lambda x: x.sum_to_size(2, 3, 4), tensor(2, 3, 4), compiled=False)
    with pytest.raises(ShapeError, match=r"sum_to_size: expected a tensor to which \(2,\) broadcasts"):
        Tensor([1.0, 2.0, 3.0]).sum_to_size(2)


def test_numpys_names_of_arguments() -> None:
    x = tensor(3, 4)
    check(lambda v: v.sum(axis=0, keepdims=True), x, compiled=False)
    check(lambda v: v.max(axis=1, keepdims=True), x, compiled=False)
    check(lambda v: v.mean(axis=(0, 1)), x, compiled=False)
    check("amax", x, axis=1, compiled=False)


def test_running_logarithm_of_complex_numbers() -> None:
    x = torch.complex(5 * tensor(4, 3), 9 * tensor(4, 3, seed=1))
    check("logcumsumexp", x, 0, rtol=1e-4, atol=1e-5)
    x[1, 0] = complex(float("-inf"), 0)
    check("logcumsumexp", x, 0, grad=False, compiled=False, rtol=1e-4, atol=1e-5)
    x[2, 1] = complex(float("nan"), 0)
    check("logcumsumexp", x, 0, grad=False, compiled=False, rtol=1e-4, atol=1e-5)
    check("logcumsumexp", x[:0], 0, grad=False, compiled=False)


def test_no_dimensions_named() -> None:
    x = torch.tensor([[1.0, 0.0], [2.0, 3.0]])
    for name in ("any", "all", "sum", "amax", "mean"):
        check(name, x, dim=(), grad=False, compiled=False)
    for name in ("any", "all"):
        check(name, torch.tensor([[1j, 0], [2, 1j]]), dim=1, grad=False, compiled=False)


def test_types_refused() -> None:
    for program in (
        lambda torch: torch.nansum(torch.tensor([1j])),
        lambda torch: torch.logcumsumexp(torch.tensor([1, 2]), 0),
        lambda torch: torch.kthvalue(torch.tensor([True, False]), 1),
    ):
        agree(program)
