"""Normalization against PyTorch's, with the running statistics."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
import torch

from tests.layers.functional.against import agree, rand
from xlagrad.core.errors import ArgumentError, DtypeError, ShapeError
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F


def test_features() -> None:
    agree("layer_norm", rand(2, 3, 4), (3, 4), rand(3, 4), rand(3, 4), compiled=True)
    agree("layer_norm", rand(2, 3, 4) * 100 + 1000, (4,), rand(4), atol=2e-3)
    agree("layer_norm", rand(5, 4), [4], eps=0.1)
    agree("rms_norm", rand(2, 5), (5,), rand(5), compiled=True)
    agree("rms_norm", rand(2, 5, 3), (5, 3), eps=0.1)


def test_groups_and_neighbours() -> None:
    agree("group_norm", rand(2, 6, 5), 3, rand(6), rand(6), compiled=True)
    agree("group_norm", rand(3, 4), 2)
    agree("local_response_norm", rand(2, 7, 5), 3, 0.5)
    agree("local_response_norm", rand(2, 7, 2, 2), 4, 0.5, 0.3, 2.0)


@pytest.mark.parametrize("p", [1, 2.0, 3.5, 0.5, float("inf")])
def test_normalize(p: float) -> None:
    x = rand(3, 4) + np.sign(rand(3, 4))
    x[1] = 0
    agree("normalize", x, p, grad=p in (2.0, 3.5))
    agree("normalize", rand(3, 4, 2), p, -1)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 5), (2, 3, 4, 2)])
def test_batches(training: bool, shape: tuple[int, ...]) -> None:
    def options() -> Any:
        return np.arange(3, dtype=np.float32), np.arange(1, 4, dtype=np.float32)

    def run(function: Any, kind: Any) -> Any:
        def apply(x: Any, weight: Any, bias: Any) -> Any:
            mean, var = (kind(v) for v in options())
            return function(x, mean, var, weight, bias, training, 0.3, 1e-3), mean, var

        return apply

    agree(
        "batch_norm",
        rand(*shape),
        rand(3),
        rand(3),
        ours=run(F.batch_norm, Tensor),
        theirs=run(torch.nn.functional.batch_norm, torch.tensor),
    )


def test_batches_without_statistics() -> None:
    agree("batch_norm", rand(4, 3, 5), None, None, training=True)
    _, mean, var = F.batch_norm_stats(jnp.asarray(rand(6, 2)), None, None, None, None, 0.1, True)
    np.testing.assert_allclose(mean, rand(6, 2).mean(0), rtol=1e-5)
    np.testing.assert_allclose(var, rand(6, 2).var(0, ddof=1), rtol=1e-5)


def test_batches_in_half_precision_with_wide_parameters() -> None:
    x = jnp.asarray(rand(64, 3) * 30 + 200, jnp.bfloat16)
    out, mean, _ = F.batch_norm_stats(x, jnp.zeros(3), jnp.ones(3), jnp.ones(3), None, 1.0, True)
    assert out.dtype == jnp.bfloat16 and mean.dtype == jnp.float32
    np.testing.assert_allclose(mean, np.asarray(x, np.float32).mean(0), rtol=1e-5)


@pytest.mark.parametrize("own", [True, False])
def test_instances(own: bool) -> None:
    def run(function: Any, kind: Any) -> Any:
        def apply(x: Any, weight: Any, bias: Any) -> Any:
            mean, var = kind(np.zeros(3, np.float32)), kind(np.ones(3, np.float32))
            return function(x, mean, var, weight, bias, own, 0.3), mean, var

        return apply

    ours, theirs = run(F.instance_norm, Tensor), run(torch.nn.functional.instance_norm, torch.tensor)
    agree("instance_norm", rand(2, 3, 5), rand(3), rand(3), ours=ours, theirs=theirs)


def test_instances_without_statistics() -> None:
    agree("instance_norm", rand(2, 3, 4, 2), compiled=True)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x: F.layer_norm(x, (3,)), ShapeError, r"last dimensions are normalized_shape \(3,\)"),
        (lambda x: F.layer_norm(x, (4,), jnp.ones(3)), ShapeError, r"weight and bias of shape \(4,\)"),
        (lambda x: F.layer_norm(x.astype(int), (4,)), DtypeError, "layer_norm: expected a floating-point"),
        (lambda x: F.rms_norm(x, ()), ShapeError, r"normalized_shape \(\)"),
        (lambda x: F.group_norm(x, 3), ArgumentError, "num_groups that divides the 4 channels"),
        (lambda x: F.group_norm(x[0], 2), ShapeError, r"\(N, C, …\) of at least 2 dimensions"),
        (lambda x: F.group_norm(x, 2, jnp.ones(2)), ShapeError, r"weight of shape \(4,\)"),
        (lambda x: F.batch_norm(x, None, None), ArgumentError, "running_mean and running_var when not"),
        (
            lambda x: F.batch_norm(x[:1], None, None, training=True),
            ShapeError,
            "more than 1 value per channel",
        ),
        (lambda x: F.batch_norm(x, jnp.ones(4), jnp.ones(4), training=True), ArgumentError, "can be written"),
        (lambda x: F.instance_norm(x[..., None]), ShapeError, "more than 1 spatial element"),
        (lambda x: F.local_response_norm(x, 2), ShapeError, "at least 3 dimensions"),
        (lambda x: F.local_response_norm(x[None], 0), ArgumentError, "size of at least 1"),
    ],
)
def test_errors(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call(jnp.asarray(rand(2, 4)))
