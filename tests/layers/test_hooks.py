"""Hooks on calls and gradients, compared with PyTorch's where both can tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

import xlagrad.layers as nn
from xlagrad.core.compile import compile
from xlagrad.core.errors import AutogradError, StateError
from xlagrad.core.tensor import Parameter, Tensor
from xlagrad.layers import hooks

nn_of = {"ours": (nn, Tensor, Parameter), "torch": (torch.nn, torch.tensor, torch.nn.Parameter)}


def times(package: Any, tensor: Any, parameter: Any) -> Any:
    class Times(package.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.w = parameter(tensor([2.0, 3.0]))

        def forward(self, x: Any, scale: float = 1.0, other: Any = None) -> Any:
            y = self.w * x * scale
            return y if other is None else (y, other * 2)

    return Times()


def both(run: Callable[[Any, Any, Any], Any]) -> None:
    """Assert that ``run(module, tensor, log)`` logs the same in ours and in torch's."""
    logs = []
    for package, tensor, parameter in nn_of.values():
        log: list[Any] = []
        run(times(package, tensor, parameter), tensor, log)
        logs.append(log)
    assert logs[0] == logs[1]
    assert logs[0]


def plain(x: Any) -> Any:
    if isinstance(x, (tuple, list)):
        return tuple(map(plain, x))
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    return x.tolist() if hasattr(x, "tolist") else x


def leaf(tensor: Any, values: Any) -> Any:
    t = tensor(values)
    t.requires_grad_()
    return t


def test_forward_hooks_see_and_replace() -> None:
    def run(m: Any, tensor: Any, log: list[Any]) -> None:
        m.register_forward_pre_hook(lambda m, args: (args[0] + 1,))
        m.register_forward_pre_hook(lambda m, args: log.append(plain(args)))
        m.register_forward_hook(lambda m, args, out: out * 10)
        m.register_forward_hook(lambda m, args, out: log.append(plain(out)))
        log.append(plain(m(tensor([1.0, 1.0]))))

    both(run)


def test_forward_hooks_with_keywords_and_order() -> None:
    def run(m: Any, tensor: Any, log: list[Any]) -> None:
        m.register_forward_pre_hook(lambda m, a, k: (a, {"scale": k["scale"] + 1}), with_kwargs=True)
        m.register_forward_pre_hook(lambda m, a: log.append("first"), prepend=True)
        m.register_forward_hook(lambda m, a, k, out: log.append(plain(k)), with_kwargs=True)
        handle = m.register_forward_hook(lambda m, a, out: log.append("once"), prepend=True)
        log.append(plain(m(tensor([1.0, 1.0]), scale=2.0)))
        handle.remove()
        m(tensor([1.0, 1.0]), scale=2.0)

    both(run)


def test_hooks_that_are_always_called() -> None:
    def run(m: Any, tensor: Any, log: list[Any]) -> None:
        m.register_forward_hook(lambda m, a, out: log.append(("always", out)), always_call=True)
        m.register_forward_hook(lambda m, a, out: log.append("not reached"))
        with pytest.raises(Exception):  # noqa: B017
            m(tensor([1.0, 1.0]), scale="x")

    both(run)


def test_a_pre_hook_with_a_wrong_result_is_refused() -> None:
    m = times(*nn_of["ours"])
    m.register_forward_pre_hook(lambda m, a, k: 3, with_kwargs=True)
    with pytest.raises(StateError, match="None or a tuple of"):
        m(Tensor([1.0, 1.0]))


def test_full_backward_hooks_see_and_replace() -> None:
    def run(m: Any, tensor: Any, log: list[Any]) -> None:
        m.register_full_backward_hook(lambda m, gi, go: log.append((plain(gi), plain(go))))
        m.register_full_backward_hook(lambda m, gi, go: tuple(g if g is None else g * 100 for g in gi))
        m.register_full_backward_pre_hook(lambda m, go: tuple(g * 5 for g in go))
        x = leaf(tensor, [1.0, 4.0])
        m(x).sum().backward()
        log.append(plain(x.grad))
        log.append(plain(m.w.grad))

    both(run)


def test_full_backward_hooks_with_several_inputs_and_outputs() -> None:
    def run(m: Any, tensor: Any, log: list[Any]) -> None:
        m.register_full_backward_hook(lambda m, gi, go: log.append((plain(gi), plain(go))))
        x, y = leaf(tensor, [1.0, 4.0]), leaf(tensor, [1.0])
        a, b = m(x, 2.0, y)
        (a.sum() + b.sum()).backward()
        log.append((plain(x.grad), plain(y.grad)))

    both(run)


@pytest.mark.filterwarnings("ignore:Full backward hook is firing:UserWarning")
def test_full_backward_hooks_without_gradients_of_inputs() -> None:
    def run(m: Any, tensor: Any, log: list[Any]) -> None:
        m.register_full_backward_hook(lambda m, gi, go: log.append((plain(gi), plain(go))))
        m(tensor([1.0, 4.0])).sum().backward()

    both(run)


@pytest.mark.filterwarnings("ignore:Using backward:UserWarning")
def test_backward_hooks_under_double_backward() -> None:
    def run(m: Any, tensor: Any, log: list[Any]) -> None:
        m.register_full_backward_hook(lambda m, gi, go: log.append(plain(gi)))
        x = leaf(tensor, [1.0, 4.0])
        (m(x) ** 2).sum().backward(create_graph=True)
        x.grad.sum().backward()
        log.append(plain(x.grad))

    both(run)


def test_a_backward_hook_with_too_many_results_is_refused() -> None:
    m = times(*nn_of["ours"])
    m.register_full_backward_hook(lambda m, gi, go: (*gi, None))
    with pytest.raises(AutogradError, match="1 values of grad_input, got 2"):
        m(leaf(Tensor, [1.0, 1.0])).sum().backward()


def test_backward_hooks_want_tensors_as_output() -> None:
    class Named(nn.Module):
        def forward(self, x: Any) -> Any:
            return {"y": x * 2}

    m = Named()
    m.register_full_backward_hook(lambda m, gi, go: None)
    with pytest.warns(UserWarning, match="module output should be a Tensor or a tuple of Tensors"):
        m(leaf(Tensor, [1.0]))


def test_hooks_run_while_compiling_and_retrace_when_they_change() -> None:
    m = times(*nn_of["ours"])
    step = compile(lambda x: m(x))
    x = Tensor([1.0, 1.0])
    assert step(x).tolist() == [2.0, 3.0]
    handle = m.register_forward_hook(lambda m, args, out: out + 1)
    assert step(x).tolist() == [3.0, 4.0]
    handle.remove()
    assert step(x).tolist() == [2.0, 3.0]


def test_global_hooks_run_for_every_module() -> None:
    m = nn.Sequential(times(*nn_of["ours"]), times(*nn_of["ours"]))
    seen: list[str] = []
    with hooks.register_module_forward_hook(lambda m, args, out: seen.append(type(m).__name__)):
        m(Tensor([1.0, 1.0]))
    m(Tensor([1.0, 1.0]))
    assert seen == ["Times", "Times", "Sequential"]
    with hooks.register_module_forward_pre_hook(lambda m, args: (args[0] * 0,)):
        assert m(Tensor([1.0, 1.0])).tolist() == [0.0, 0.0]
    with hooks.register_module_full_backward_hook(lambda m, gi, go: seen.append("back")):
        m(leaf(Tensor, [1.0, 1.0])).sum().backward()
    assert seen[3:] == ["back"] * 3


def test_registration_hooks_see_and_replace() -> None:
    seen: list[str] = []
    with hooks.register_module_parameter_registration_hook(lambda m, name, p: seen.append(name)):
        nn.Linear(1, 1)
    with hooks.register_module_module_registration_hook(lambda m, name, child: nn.Identity()):
        m = nn.Sequential(nn.ReLU())
    with hooks.register_module_buffer_registration_hook(lambda m, name, b: seen.append(name)):
        nn.BatchNorm1d(1)
    assert seen == ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    assert isinstance(m[0], nn.Identity)
