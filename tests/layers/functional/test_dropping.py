"""Dropout: what it drops, what it keeps, its gradients, and the draws of compiled functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.layers.functional.against import rand
from xlagrad.core import random
from xlagrad.core.compile import compile
from xlagrad.core.errors import ArgumentError, ShapeError
from xlagrad.core.tensor import Tensor
from xlagrad.layers import functional as F

ELEMENTS = ["dropout", "alpha_dropout"]
CHANNELS = ["dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"]
SHAPES = {"dropout1d": (40, 50, 3), "dropout2d": (40, 50, 2, 2), "dropout3d": (40, 50, 2, 1, 2)}


def _ones(name: str) -> Tensor:
    return Tensor(np.ones(SHAPES.get(name, (40, 50, 3)), np.float32))


@pytest.mark.parametrize("name", [*ELEMENTS, *CHANNELS])
def test_drops_the_share_asked_for(name: str) -> None:
    random.manual_seed(0)
    out = getattr(F, name)(_ones(name), 0.3, True).numpy()
    low, high = np.unique(out)
    assert abs((out == low).mean() - 0.3) < 0.03
    if "alpha" not in name:
        assert low == 0 and high == pytest.approx(1 / 0.7)
    if name in CHANNELS:
        flat = out.reshape(40, 50, -1)
        assert (flat == flat[..., :1]).all()


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    random.manual_seed(0)
    out = F.alpha_dropout(Tensor(rand(200, 200)), 0.4, True).numpy()
    assert abs(out.mean()) < 0.02 and abs(out.var() - 1) < 0.03


@pytest.mark.parametrize("name", [*ELEMENTS, *CHANNELS])
def test_extremes(name: str) -> None:
    x = _ones(name)
    function = getattr(F, name)
    assert (function(x, 0.0, True).numpy() == 1).all() and (function(x, 0.5, False).numpy() == 1).all()
    assert (function(x, 1.0, True).numpy() == 0).all()


def test_gradient_follows_the_mask() -> None:
    x = Tensor(rand(30, 30)).requires_grad_()
    out = F.dropout(x, 0.5)
    out.sum().backward()
    np.testing.assert_allclose(x.grad.numpy() * x.detach().numpy(), out.detach().numpy(), rtol=1e-6)


def test_in_place() -> None:
    x = _ones("dropout")
    assert F.dropout(x, 0.5, inplace=True) is x
    assert set(np.unique(x.numpy())) == {0, 2}


def test_eager_and_compiled_draw_the_same_and_never_twice() -> None:
    def draw() -> Any:
        return F.dropout(x, 0.5)

    x = _ones("dropout")
    fast = compile(draw)
    random.manual_seed(3)
    eager = [draw().numpy() for _ in range(3)]
    random.manual_seed(3)
    for want in eager:
        assert (fast().numpy() == want).all()
    assert (eager[0] != eager[1]).any() and (eager[1] != eager[2]).any()


def test_errors() -> None:
    with pytest.raises(ArgumentError, match="dropout probability"):
        F.dropout(_ones("dropout"), 1.5)
    with pytest.raises(ShapeError, match="dropout2d: expected 3 or 4 dimensions"):
        F.dropout2d(Tensor(rand(3, 4)))
