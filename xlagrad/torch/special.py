"""`torch.special`: the special functions."""

from __future__ import annotations

from typing import Any

from xlagrad.torch import names

FUNCTIONS = """
    airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 chebyshev_polynomial_t chebyshev_polynomial_u
    chebyshev_polynomial_v chebyshev_polynomial_w digamma entr erf erfc erfcx erfinv exp2 expm1 gammainc
    gammaincc hermite_polynomial_h hermite_polynomial_he i0 i0e i1 i1e laguerre_polynomial_l
    legendre_polynomial_p log1p log_ndtr log_softmax logit logsumexp modified_bessel_i0
    modified_bessel_i1 modified_bessel_k0 modified_bessel_k1 ndtr ndtri polygamma round
    scaled_modified_bessel_k0 scaled_modified_bessel_k1 shifted_chebyshev_polynomial_t
    shifted_chebyshev_polynomial_u shifted_chebyshev_polynomial_v shifted_chebyshev_polynomial_w sinc
    softmax spherical_bessel_j0 xlog1py xlogy zeta
""".split()  # noqa: SIM905

# PyTorch's second names for functions of its own.
SAME = {"expit": "sigmoid", "gammaln": "lgamma", "psi": "digamma", "multigammaln": "mvlgamma"}

_same = names.records(SAME.values())
globals().update(names.records(FUNCTIONS, "special_"))
globals().update({name: _same[other] for name, other in SAME.items() if other in _same})


def __getattr__(name: str) -> Any:
    raise names.missing("torch.special", name, globals())
