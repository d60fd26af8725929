"""Batch normalisation folded into the layer before it, against PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import xlagrad.torch as ours
from tests.core.agreement import agree
from xlagrad.core.errors import ArgumentError, StateError

PAIRS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "conv": (lambda t: (t.nn.Conv2d(2, 3, 2), t.nn.BatchNorm2d(3)), (2, 2, 4, 4)),
    "conv-no-bias": (lambda t: (t.nn.Conv1d(2, 3, 2, bias=False), t.nn.BatchNorm1d(3)), (2, 2, 4)),
    "transposed": (lambda t: (t.nn.ConvTranspose1d(2, 3, 2), t.nn.BatchNorm1d(3)), (2, 2, 4)),
    "linear": (lambda t: (t.nn.Linear(2, 3), t.nn.BatchNorm1d(3)), (4, 2)),
    "not-affine": (lambda t: (t.nn.Linear(2, 3), t.nn.BatchNorm1d(3, affine=False)), (4, 2)),
}


@pytest.mark.parametrize("kind", PAIRS)
def test_the_fused_layer_does_both(kind: str) -> None:
    make, shape = PAIRS[kind]
    torch.manual_seed(0)
    theirs = torch.nn.Sequential(*make(torch))
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    theirs(torch.tensor(x)), theirs.eval()
    mine = ours.nn.Sequential(*make(ours)).eval()
    mine.load_state_dict(theirs.state_dict())

    def program(t: Any) -> Any:
        layer, bn = theirs if t is torch else mine
        utils = t.nn.utils
        if "linear" in kind or "affine" in kind:
            fused = utils.fuse_linear_bn_eval(layer, bn)
        else:
            fused = utils.fuse_conv_bn_eval(layer, bn, kind == "transposed")
        return fused.weight, fused.bias

    if kind != "not-affine":
        agree(program)
    layer, bn = mine
    fuse = ours.nn.utils.fuse_linear_bn_eval if kind in ("linear", "not-affine") else None
    fused = fuse(layer, bn) if fuse else ours.nn.utils.fuse_conv_bn_eval(layer, bn, kind == "transposed")
    got, want = fused(ours.tensor(x)), mine(ours.tensor(x))
    np.testing.assert_allclose(got.numpy(force=True), want.numpy(force=True), rtol=1e-4, atol=1e-5)
    assert fused is not layer


def test_refused() -> None:
    conv, bn = ours.nn.Conv1d(2, 3, 2), ours.nn.BatchNorm1d(3)
    with pytest.raises(StateError, match="fuse_conv_bn_eval: expected both modules in eval mode"):
        ours.nn.utils.fuse_conv_bn_eval(conv, bn)
    untracked = ours.nn.BatchNorm1d(3, track_running_stats=False).eval()
    with pytest.raises(StateError, match="with running statistics"):
        ours.nn.utils.fuse_conv_bn_eval(conv.eval(), untracked)


def test_skip_init_gives_the_module() -> None:
    layer = ours.nn.utils.skip_init(ours.nn.Linear, 2, 3, bias=False)
    assert repr(layer) == "Linear(in_features=2, out_features=3, bias=False)"
    for wrong in (int, ours.nn.ReLU):
        with pytest.raises(ArgumentError, match="skip_init: expected a class"):
            ours.nn.utils.skip_init(wrong)


def test_stateless_functional_call() -> None:
    layer = ours.nn.Linear(2, 1, bias=False)
    got = ours.nn.utils.stateless.functional_call(layer, {"weight": ours.tensor([[1.0, 10.0]])}, ours.ones(2))
    assert got.tolist() == [11.0]
