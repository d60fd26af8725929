"""Special functions against PyTorch: values, gradients, edges, refusals."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import xlagrad.torch as ours
from tests.core.agreement import agree
from tests.ops.compare import EDGES, check, tensor
from xlagrad.core.dispatch import registry
from xlagrad.core.errors import ArgumentError, AutogradError, DtypeError

# Each where it is smooth and far from zeros, and the relative precision there.
SMOOTH = {
    "erfcx": (-3, 8), "entr": (0.1, 3), "i0e": (-4, 4), "i1": (-4, 4), "i1e": (0.1, 4), "log_ndtr": (-6, 2),
    "ndtr": (-3, 3), "ndtri": (0.05, 0.95),
}  # fmt: skip
CONSTANT = {
    "airy_ai": (-9, 5), "bessel_j0": (-30, 30), "bessel_j1": (-30, 30), "bessel_y0": (0.01, 30),
    "bessel_y1": (0.1, 30), "modified_bessel_i0": (-8, 8), "modified_bessel_i1": (-8, 8),
    "modified_bessel_k0": (0.01, 8), "modified_bessel_k1": (0.01, 8), "scaled_modified_bessel_k0": (0.01, 30),
    "scaled_modified_bessel_k1": (0.01, 30), "spherical_bessel_j0": (-20, 20),
}  # fmt: skip
POLYNOMIALS = [
    *[f"chebyshev_polynomial_{kind}" for kind in "tuvw"],
    *[f"shifted_chebyshev_polynomial_{kind}" for kind in "tuvw"],
    "hermite_polynomial_h",
    "hermite_polynomial_he",
    "laguerre_polynomial_l",
    "legendre_polynomial_p",
]


def special(name: str) -> Any:
    return getattr(torch.special, name)


@pytest.mark.parametrize("name", sorted(SMOOTH))
def test_values_and_gradients(name: str) -> None:
    low, high = SMOOTH[name]
    x = tensor(40, low=low, high=high)
    twice = name in ("erfcx", "log_ndtr")
    check(name, x, theirs=special(name), second=twice, compiled=twice, rtol=2e-5, atol=1e-5)
    # 1e30 and its like are left out where PyTorch's own differences of large numbers lose all digits.
    edges = torch.tensor([x for x in EDGES if not 1e20 < abs(x) < 1e40])
    check(name, edges, theirs=special(name), grad=False, compiled=False)


@pytest.mark.parametrize("name", sorted(CONSTANT))
def test_values_without_gradients(name: str) -> None:
    low, high = CONSTANT[name]
    # PyTorch's Bessel functions are off by up to 9e-7 just above 5.
    edges = torch.tensor([x for x in EDGES if abs(x) != 1e30])
    x = torch.cat([tensor(60, low=low, high=high), edges])
    check(name, x, theirs=special(name), compiled=False, rtol=2e-5, atol=2e-6)
    x = ours.tensor([1.0], requires_grad=True)
    assert not registry[name](x).requires_grad


def test_bessel_functions_are_zero_at_their_zeros() -> None:
    assert abs(ours.special.bessel_j0(ours.tensor(2.404825557695773)).item()) < 1e-7
    assert abs(ours.special.bessel_j1(ours.tensor(3.8317059702075125)).item()) < 1e-7


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_polynomials(name: str) -> None:
    x = torch.tensor([[-1.0], [-0.7], [0.0], [0.3], [0.5], [1.0], [1.5]])
    degrees = torch.tensor([-1.0, 0.0, 1.0, 2.7, 3.0, 6.0, 7.0, 9.0, 12.0])
    check(name, x, degrees, theirs=special(name), compiled=False, rtol=1e-4, atol=1e-4)


def test_arguments_of_polynomials() -> None:
    for name in ("legendre_polynomial_p", "chebyshev_polynomial_t"):
        check(name, tensor(3), 4, theirs=special(name), atol=1e-5)
    name = "hermite_polynomial_h"
    check(name, 2, torch.tensor([3]), theirs=special(name), compiled=False)
    check(name, tensor(0), torch.tensor([3.0]), theirs=special(name), compiled=False)
    check("i0e", torch.arange(3), theirs=torch.special.i0e, grad=False)
    check("i0e", tensor(), theirs=torch.special.i0e, grad=False, compiled=False)


def test_zeta() -> None:
    q = torch.tensor([[0.5], [3.0], [40.0], [-0.3], [-2.6], [-30.5]])
    for s in ([1.0, 2.0, 3.0, 7.0], [0.5, 1.5, 2.5, 30.0]):
        check("zeta", torch.tensor(s), q, theirs=torch.special.zeta, grad=False, compiled=False, rtol=5e-5)
    edges = torch.tensor([0.0, -0.0, -1.0, 1.0, float("nan"), -float("inf")])
    check("zeta", 2.0, edges, theirs=torch.special.zeta, grad=False, compiled=False)
    check("zeta", 2.5, tensor(5, low=0.5, high=4), theirs=torch.special.zeta, rtol=5e-5)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_polygamma(n: int) -> None:
    mine = registry["polygamma"]
    x = torch.cat([tensor(9, low=0.3, high=6), torch.tensor([-0.6, -3.3, -7.2, 0.0, 3.0, float("nan")])])
    check(lambda x: mine(n, x), x, theirs=lambda x: torch.polygamma(n, x), compiled=n == 2, rtol=2e-4)


def test_forms_of_polygamma() -> None:
    agree(lambda torch: torch.tensor([1.0, 2.5]).polygamma(2))
    agree(lambda torch: torch.special.polygamma(1, torch.tensor([1, 2])))
    agree(lambda torch: torch.tensor([1.0, 2.5]).polygamma_(1))
    agree(lambda torch: torch.polygamma(-1, torch.tensor([1.0])))
    with pytest.raises(ArgumentError, match="polygamma: expected n >= 0, got -1"):
        ours.polygamma(-1, ours.tensor([1.0]))


def test_multivariate_gamma() -> None:
    check("mvlgamma", tensor(6, low=2, high=6), 4, rtol=1e-4)
    check("mvlgamma", torch.tensor([0.2, 1.0, 3.0, float("inf")]), 3, grad=False, compiled=False)
    agree(lambda torch: torch.special.multigammaln(torch.tensor([2, 3]), 2))
    with pytest.raises(ArgumentError, match="mvlgamma: expected p >= 1, got 0"):
        ours.mvlgamma(ours.tensor([2.0]), 0)


@pytest.mark.parametrize("name", ["igamma", "igammac"])
def test_incomplete_gamma(name: str) -> None:
    a = torch.tensor([[0.3], [1.0], [4.0], [60.0]])
    x = torch.tensor([0.1, 1.0, 5.0, 40.0, 80.0])
    check(name, a, x, grad=False, compiled=False, rtol=2e-4)
    edges = torch.tensor([-1.0, 0.0, 1.0, float("inf")])
    check(name, edges[:, None], edges[[0, 1, 2, 3, 3]], grad=False, compiled=False)
    agree(lambda torch: getattr(torch, name)(torch.tensor([1, 2]), torch.tensor([1, 2])))

    def slope(torch: Any) -> Any:
        value = torch.tensor([0.5, 3.0], requires_grad=True)
        getattr(torch, name)(torch.tensor([2.0, 2.5]), value).sum().backward()
        return value.grad

    agree(slope, rtol=1e-4)
    first = ours.tensor([2.0], requires_grad=True)
    out = getattr(ours, name)(first, ours.tensor([1.0]))
    with pytest.raises(AutogradError, match=f"{name}: the derivative with respect to input is not"):
        out.sum().backward()


@pytest.mark.parametrize("name", ["xlogy", "xlog1py"])
def test_products_with_logarithms(name: str) -> None:
    x = torch.tensor([[0.0], [1.0], [-2.0], [float("nan")]])
    y = torch.tensor([-1.0, 0.0, 2.0, float("inf"), float("nan")])
    check(name, x, y, theirs=special(name), compiled=False)
    check(name, tensor(6), tensor(6, low=0.2), theirs=special(name), second=name == "xlogy")
    check(name, 2, torch.tensor([1, 3]), theirs=special(name), compiled=False)


def test_refused() -> None:
    z = ours.tensor([1 + 1j])
    for name in ("erfcx", "bessel_j0", "ndtri", "i1"):
        with pytest.raises(DtypeError, match=f"{name}: expected a real tensor, got complex64"):
            getattr(ours.special, name)(z)
    x = ours.tensor([2.0], requires_grad=True)
    with pytest.raises(AutogradError, match="zeta: the derivative with respect to input is not implemented"):
        ours.special.zeta(x, 2.0).sum().backward()


def test_every_name_of_torch_special() -> None:
    wanted = {n for n in torch.special.__all__ if not n.startswith("_")}
    assert not {n for n in wanted if not hasattr(ours.special, n)}


def test_half_precision_is_computed_in_single() -> None:
    for name in ("i0e", "entr", "lgamma", "digamma", "ndtr"):
        x = tensor(8, low=0.2, high=4).bfloat16()
        check(
            name,
            x,
            theirs=special({"lgamma": "gammaln"}.get(name, name)),
            grad=False,
            compiled=False,
            rtol=2e-2,
        )
