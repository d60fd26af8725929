"""`torch.distributions.exp_family`: the base class of exponential families."""

from __future__ import annotations

from xlagrad.torch.distributions.distribution import ExponentialFamily

__all__ = ["ExponentialFamily"]
