"""`torch.masked`: reductions and normalizations of the elements at which a mask holds."""

from __future__ import annotations

from typing import Any

from xlagrad.core.errors import message
from xlagrad.ops import masked_normalize, masked_reduce
from xlagrad.torch import names

FUNCTIONS = """
    amax amin argmax argmin cumprod cumsum log_softmax logaddexp logsumexp mean median norm normalize prod
    softmax softmin std sum var
""".split()  # noqa: SIM905

__all__ = [*FUNCTIONS, "MaskedTensor", "as_masked_tensor", "is_masked_tensor", "masked_tensor"]

globals().update(
    {
        name: getattr(masked_normalize, f"masked_{name}", None) or getattr(masked_reduce, f"masked_{name}")
        for name in FUNCTIONS
    }
)


def _refused(who: str) -> NotImplementedError:
    fix = "keep the mask beside the tensor: pass mask= to torch.masked.sum and its kin, or use torch.where"
    return NotImplementedError(message(f"torch.masked.{who}", "a tensor and a mask", "a masked tensor", fix))


class MaskedTensor:
    """PyTorch's tensor with a mask, of which there are none here."""

    def __new__(cls, *args: Any, **kwargs: Any) -> MaskedTensor:
        raise _refused("MaskedTensor")


def masked_tensor(data: Any, mask: Any, requires_grad: bool = False) -> MaskedTensor:
    """Raise a ``NotImplementedError``: functions here take the mask as an argument."""
    raise _refused("masked_tensor")


def as_masked_tensor(data: Any, mask: Any) -> MaskedTensor:
    """Raise a ``NotImplementedError``: functions here take the mask as an argument."""
    raise _refused("as_masked_tensor")


def is_masked_tensor(obj: Any) -> bool:
    """Return whether an object is a masked tensor."""
    return isinstance(obj, MaskedTensor)


def __getattr__(name: str) -> Any:
    raise names.missing("torch.masked", name, globals())
