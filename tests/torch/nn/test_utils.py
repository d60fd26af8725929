"""`torch.nn.utils` against PyTorch: clipping of gradients, parameters as a vector."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

import xlagrad.torch as xtorch
from xlagrad.core.errors import ArgumentError, AutogradError, ShapeError


def parameters(package: Any, scale: float = 1.0) -> list[Any]:
    """Two parameters with gradients, and one without."""
    values = np.linspace(-2.0, 3.0, 6, dtype=np.float32)
    made = [
        package.nn.Parameter(package.tensor(v.tolist()))
        for v in (values.reshape(2, 3), values[:2], values[:1])
    ]
    for p in made[:2]:
        p.grad = package.tensor((p.detach().numpy() * scale + 0.5).tolist())
    return made


def grads(made: list[Any]) -> list[Any]:
    return [None if p.grad is None else np.array(p.grad.numpy()) for p in made]


def assert_same(mine: list[Any], torchs: list[Any]) -> None:
    for a, b in zip(grads(mine), grads(torchs), strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-6)


@pytest.mark.parametrize("norm_type", [2.0, 1, 3.5, math.inf, 0.0])
@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_clipping_by_norm(norm_type: float, scale: float) -> None:
    mine, torchs = parameters(xtorch, scale), parameters(torch, scale)
    a = xtorch.nn.utils.clip_grad_norm_(mine, 2.0, norm_type)
    b = torch.nn.utils.clip_grad_norm_(torchs, 2.0, norm_type)
    assert np.isclose(a.item(), b.item(), rtol=1e-6)
    assert_same(mine, torchs)


def test_clipping_by_value_and_of_one_parameter() -> None:
    mine, torchs = parameters(xtorch), parameters(torch)
    xtorch.nn.utils.clip_grad_value_(mine, 0.7)
    torch.nn.utils.clip_grad_value_(torchs, 0.7)
    assert_same(mine, torchs)
    assert xtorch.nn.utils.clip_grad_norm_(mine[0], 0.1).item() > 0.1
    torch.nn.utils.clip_grad_norm_(torchs[0], 0.1)
    assert_same(mine, torchs)


def test_clipping_writes_in_place_and_takes_nothing() -> None:
    mine = parameters(xtorch)
    kept = mine[0].grad
    xtorch.nn.utils.clip_grad_norm_(mine, 0.1)
    assert mine[0].grad is kept
    assert xtorch.nn.utils.clip_grad_norm_([], 1.0).item() == 0.0
    assert xtorch.nn.utils.clip_grad_norm_(mine[2:], 1.0).item() == 0.0


def test_a_norm_that_is_not_finite() -> None:
    mine, torchs = parameters(xtorch), parameters(torch)
    mine[0].grad = xtorch.full((2, 3), float("nan"))
    torchs[0].grad = torch.full((2, 3), float("nan"))
    with pytest.raises(AutogradError, match=r"a finite total norm of order 2\.0, got nan"):
        xtorch.nn.utils.clip_grad_norm_(mine, 1.0, error_if_nonfinite=True)
    with pytest.raises(RuntimeError, match="non-finite"):
        torch.nn.utils.clip_grad_norm_(torchs, 1.0, error_if_nonfinite=True)
    assert_same(mine, torchs)
    assert math.isnan(xtorch.nn.utils.clip_grad_norm_(mine, 1.0).item())


def test_half_precision_is_added_up_in_single() -> None:
    p = xtorch.nn.Parameter(xtorch.zeros(4096))
    p.grad = xtorch.full((4096,), 100.0)
    p.data = p.data.half()
    p.grad = p.grad.half()
    assert xtorch.nn.utils.clip_grad_norm_([p], 1.0).item() == 6400.0
    assert p.grad.dtype == xtorch.float16


def test_parameters_as_a_vector_and_back() -> None:
    mine = parameters(xtorch)
    vector = xtorch.nn.utils.parameters_to_vector(mine)
    assert vector.tolist() == torch.nn.utils.parameters_to_vector(parameters(torch)).tolist()
    vector.sum().backward()
    xtorch.nn.utils.vector_to_parameters(xtorch.arange(9.0), mine)
    assert mine[0].tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert mine[2].tolist() == [8.0]
    with pytest.raises(ShapeError, match="a vector of 9 elements"):
        xtorch.nn.utils.vector_to_parameters(xtorch.arange(8.0), mine)


def test_names_that_are_missing_name_the_nearest() -> None:
    for module, name, near in [
        (xtorch.nn, "Linar", "Linear"),
        (xtorch.nn.functional, "relus", "relu"),
        (xtorch.nn.utils, "clip_grad_norm", "clip_grad_norm_"),
        (xtorch.nn.modules, "Conv2D", "Conv2d"),
    ]:
        with pytest.raises(AttributeError, match=f"the nearest is .*{near}"):
            getattr(module, name)


def test_the_namespaces_hold_what_torchs_hold() -> None:
    assert xtorch.nn.parameter.Parameter is xtorch.nn.Parameter
    assert xtorch.nn.modules.Linear is xtorch.nn.Linear
    assert xtorch.nn.modules.module.Module is xtorch.nn.Module
    assert set(xtorch.nn.__all__) <= set(dir(xtorch.nn))


@pytest.mark.parametrize(
    "options", [{}, {"batch_first": True, "padding_value": 9.0}, {"padding_side": "left"}]
)
def test_sequences_of_different_lengths(options: dict[str, Any]) -> None:
    data = [[[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0], [7.0, 8.0]], [[0.5, 0.5], [1.5, 1.5]]]
    mine = xtorch.nn.utils.rnn.pad_sequence([xtorch.tensor(d) for d in data], **options)
    assert (
        mine.tolist() == torch.nn.utils.rnn.pad_sequence([torch.tensor(d) for d in data], **options).tolist()
    )
    if options.get("padding_side") != "left":
        back = xtorch.nn.utils.rnn.unpad_sequence(mine, [1, 3, 2], options.get("batch_first", False))
        assert [s.tolist() for s in back] == data


def test_sequences_that_do_not_fit() -> None:
    with pytest.raises(ShapeError, match="differ in the first dimension only"):
        xtorch.nn.utils.rnn.pad_sequence([xtorch.zeros(2, 3), xtorch.zeros(2, 4)])
    with pytest.raises(ArgumentError, match="a sequence at least"):
        xtorch.nn.utils.rnn.pad_sequence([])
