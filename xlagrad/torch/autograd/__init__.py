"""`torch.autograd`: gradients of the tape, functions with a backward of their own, and checks of both."""

from xlagrad.core.modes import enable_grad, inference_mode, no_grad, set_grad_enabled
from xlagrad.core.tensor import Tensor
from xlagrad.torch.autograd import function, functional
from xlagrad.torch.autograd.function import Function
from xlagrad.torch.autograd.gradcheck import gradcheck, gradgradcheck
from xlagrad.torch.autograd.walk import backward, grad

Variable = Tensor

__all__ = [
    "Function",
    "Variable",
    "backward",
    "enable_grad",
    "function",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "no_grad",
    "set_grad_enabled",
]
