"""Activation checkpointing under PyTorch's names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import xlagrad.torch as xt


def gradient(t: Any, **options: Any) -> np.ndarray:
    x = t.tensor([0.5, -1.0, 2.0], requires_grad=True)
    scale = t.tensor(3.0)
    y = t.utils.checkpoint.checkpoint(
        lambda a, *, k: (a * k).sin(), x, k=scale, use_reentrant=False, **options
    )
    y.sum().backward()
    return np.asarray(x.grad)


@pytest.mark.parametrize("options", [{}, {"preserve_rng_state": False}], ids=["plain", "options"])
def test_gradients_equal_torch(options: dict[str, Any]) -> None:
    np.testing.assert_allclose(gradient(xt, **options), gradient(torch, **options), rtol=1e-5)


def test_a_sequence_in_parts() -> None:
    x = xt.tensor([0.5, -1.0], requires_grad=True)
    parts = [xt.sin, xt.exp, xt.tanh]
    xt.utils.checkpoint.checkpoint_sequential(parts, 2, x, use_reentrant=False).sum().backward()
    y = xt.tensor([0.5, -1.0], requires_grad=True)
    xt.tanh(xt.exp(xt.sin(y))).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-6)
    with pytest.raises(ValueError, match="1 to 3 segments"):
        xt.utils.checkpoint.checkpoint_sequential(parts, 4, x)
