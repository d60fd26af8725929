"""Activation functions as layers."""

from __future__ import annotations

from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F
from xlagrad.layers.creation import new_parameter
from xlagrad.layers.module import Module


def _marked(text: str, inplace: bool) -> str:
    """Append torch's mark of an in-place layer."""
    return ", ".join(part for part in (text, "inplace=True" if inplace else "") if part)


class _Plain(Module):
    """An activation without arguments."""


class _InPlace(Module):
    """An activation whose only argument is ``inplace``: write the result to the input."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        """Return the argument where it is set."""
        return _marked("", self.inplace)


class ReLU(_InPlace):
    """max(x, 0).

    Example:
        >>> ReLU(inplace=True)
        ReLU(inplace=True)

    Reference: ``torch.nn.ReLU``.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.relu(input, inplace=self.inplace)
        return out


class ReLU6(_InPlace):
    """min(max(x, 0), 6). Reference: ``torch.nn.ReLU6``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.relu6(input, inplace=self.inplace)
        return out


class SiLU(_InPlace):
    """x · sigmoid(x), also called swish. Reference: ``torch.nn.SiLU``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.silu(input, inplace=self.inplace)
        return out


class Mish(_InPlace):
    """x · tanh(softplus(x)). Reference: ``torch.nn.Mish``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.mish(input, inplace=self.inplace)
        return out


class SELU(_InPlace):
    """scale · (x if x > 0 else alpha · (eˣ - 1)), which keeps activations normalised.

    Reference: ``torch.nn.SELU``.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.selu(input, inplace=self.inplace)
        return out


class Hardswish(_InPlace):
    """x · min(max(x + 3, 0), 6) / 6. Reference: ``torch.nn.Hardswish``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.hardswish(input, inplace=self.inplace)
        return out

    def extra_repr(self) -> str:
        """Return nothing, as torch does even in place."""
        return ""


class Hardsigmoid(_InPlace):
    """min(max(x + 3, 0), 6) / 6. Reference: ``torch.nn.Hardsigmoid``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.hardsigmoid(input, inplace=self.inplace)
        return out

    def extra_repr(self) -> str:
        """Return nothing, as torch does even in place."""
        return ""


class Sigmoid(_Plain):
    """1 / (1 + e⁻ˣ). Reference: ``torch.nn.Sigmoid``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.sigmoid(input)
        return out


class Tanh(_Plain):
    """tanh(x). Reference: ``torch.nn.Tanh``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.tanh(input)
        return out


class LogSigmoid(_Plain):
    """log(1 / (1 + e⁻ˣ)). Reference: ``torch.nn.LogSigmoid``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.logsigmoid(input)
        return out


class Softsign(_Plain):
    """x / (1 + |x|). Reference: ``torch.nn.Softsign``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.softsign(input)
        return out


class Tanhshrink(_Plain):
    """x - tanh(x). Reference: ``torch.nn.Tanhshrink``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.tanhshrink(input)
        return out


class ELU(Module):
    """x if x > 0 else alpha · (eˣ - 1).

    Args:
        alpha: minus the limit at -∞.
        inplace: write the result to the input.

    Reference: ``torch.nn.ELU``; Clevert et al. 2015.
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.elu(input, self.alpha, inplace=self.inplace)
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        return _marked(f"alpha={self.alpha}", self.inplace)


class CELU(ELU):
    """x if x > 0 else alpha · (e^(x/alpha) - 1). Reference: ``torch.nn.CELU``; Barron 2017."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.celu(input, self.alpha, inplace=self.inplace)
        return out


class LeakyReLU(Module):
    """x if x > 0 else negative_slope · x.

    Args:
        negative_slope: slope below zero.
        inplace: write the result to the input.

    Reference: ``torch.nn.LeakyReLU``.
    """

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.leaky_relu(input, self.negative_slope, inplace=self.inplace)
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        return _marked(f"negative_slope={self.negative_slope}", self.inplace)


class PReLU(Module):
    """x if x > 0 else weight · x, with a trained weight.

    Args:
        num_parameters: 1, or one for each channel (dimension 1 of the input).
        init: the weight's first value.
        device: where it is made.
        dtype: its type.

    Reference: ``torch.nn.PReLU``; He et al. 2015.
    """

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = new_parameter((num_parameters,), init, device, dtype)

    def reset_parameters(self) -> None:
        """Set the weight to its first value."""
        self.weight.detach().fill_(self.init)

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.prelu(input, self.weight)
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"num_parameters={self.num_parameters}"


class RReLU(Module):
    """x if x > 0 else a · x, with a drawn from U(lower, upper) in training, their mean in evaluation.

    Args:
        lower: least slope.
        upper: greatest slope.
        inplace: write the result to the input.

    Reference: ``torch.nn.RReLU``; Xu et al. 2015.
    """

    def __init__(self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False) -> None:
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.rrelu(input, self.lower, self.upper, self.training, self.inplace)
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        return _marked(f"lower={self.lower}, upper={self.upper}", self.inplace)


class Threshold(Module):
    """x if x > threshold else value.

    Args:
        threshold: the bound.
        value: what stands below it.
        inplace: write the result to the input.

    Reference: ``torch.nn.Threshold``.
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.threshold(input, self.threshold, self.value, inplace=self.inplace)
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        return _marked(f"threshold={self.threshold}, value={self.value}", self.inplace)


class Hardtanh(Module):
    """min(max(x, min_val), max_val).

    Args:
        min_val: least value.
        max_val: greatest value.
        inplace: write the result to the input.

    Raises:
        ArgumentError: ``max_val`` is not above ``min_val``.

    Reference: ``torch.nn.Hardtanh``.
    """

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        if not max_val > min_val:
            raise ArgumentError(message("Hardtanh", "max_val > min_val", f"{max_val} and {min_val}"))
        self.min_val = min_val
        self.max_val = max_val
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.hardtanh(input, self.min_val, self.max_val, inplace=self.inplace)
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        return _marked(f"min_val={self.min_val}, max_val={self.max_val}", self.inplace)


class GELU(Module):
    """x · Φ(x), with Φ the normal distribution function.

    Args:
        approximate: ``none`` for the exact function, ``tanh`` for the usual approximation.

    Reference: ``torch.nn.GELU``; Hendrycks & Gimpel 2016.
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.gelu(input, approximate=self.approximate)
        return out

    def extra_repr(self) -> str:
        """Return the argument."""
        return f"approximate={self.approximate!r}"


class Softplus(Module):
    """log(1 + e^(beta · x)) / beta; x itself where beta · x > threshold.

    Args:
        beta: sharpness.
        threshold: where the function is taken as linear.

    Reference: ``torch.nn.Softplus``.
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.softplus(input, self.beta, self.threshold)
        return out

    def extra_repr(self) -> str:
        """Return the arguments."""
        return f"beta={self.beta}, threshold={self.threshold}"


class _Shrink(Module):
    """A threshold at ±``lambd``."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def extra_repr(self) -> str:
        """Return the argument."""
        return str(self.lambd)


class Hardshrink(_Shrink):
    """x where |x| > lambd, else 0. Reference: ``torch.nn.Hardshrink``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.hardshrink(input, self.lambd)
        return out


class Softshrink(_Shrink):
    """x moved by lambd towards 0, and 0 where |x| ≤ lambd. Reference: ``torch.nn.Softshrink``."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the function of each element."""
        out: Tensor = F.softshrink(input, self.lambd)
        return out


class GLU(Module):
    """a · sigmoid(b) for the halves a and b of the input along ``dim``.

    Args:
        dim: the dimension to halve.

    Reference: ``torch.nn.GLU``; Dauphin et al. 2016.
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Return the gated half."""
        out: Tensor = F.glu(input, self.dim)
        return out

    def extra_repr(self) -> str:
        """Return the argument."""
        return f"dim={self.dim}"
