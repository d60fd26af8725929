"""`torch.special`: the special functions that exist so far."""

from __future__ import annotations

from typing import Any

from xlagrad.torch import names

FUNCTIONS = """
    airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 digamma entr erf erfc erfcx erfinv exp2 expm1 gammainc
    gammaincc i0 i0e i1 i1e log1p log_ndtr log_softmax logit logsumexp modified_bessel_i0 modified_bessel_i1
    modified_bessel_k0 modified_bessel_k1 ndtr ndtri polygamma round sinc softmax spherical_bessel_j0 xlog1py
    xlogy zeta
""".split()  # noqa: SIM905

# PyTorch's second names for functions of its own.
SAME = {"expit": "sigmoid", "gammaln": "lgamma", "psi": "digamma", "multigammaln": "mvlgamma"}

_same = names.records(SAME.values())
globals().update(names.records(FUNCTIONS, "special_"))
globals().update({name: _same[other] for name, other in SAME.items() if other in _same})


def __getattr__(name: str) -> Any:
    raise names.missing("torch.special", name, globals())
