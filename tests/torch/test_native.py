"""Functions of layers directly under ``torch``: their own arguments and results, against PyTorch."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import tests.ops.compare as compare
import xlagrad.torch as ours
from tests.core.agreement import agree
from tests.ops.compare import integers, tensor

X = tensor(4, 6, 5)
SIGNS = torch.tensor([1, -1, 1, 1])


def check(name: str, *args: Any, grad: bool = True, **kwargs: Any) -> None:
    """Compare a function that may lie in nn.functional."""
    mine, theirs = ours, torch
    for part in name.split("."):
        mine, theirs = getattr(mine, part), getattr(theirs, part)
    compare.check(mine, *args, theirs=theirs, grad=grad, compiled=False, rtol=1e-4, atol=1e-5, **kwargs)  # type: ignore[arg-type]


def _copies(*xs: Any) -> tuple[Any, ...]:
    return tuple(x.clone() if isinstance(x, torch.Tensor) else x for x in xs)


@pytest.mark.parametrize("training", [True, False])
def test_norms_by_batch(training: bool) -> None:
    weights = _copies(tensor(6), tensor(6, seed=1))
    rest = {"training": training, "momentum": 0.0, "eps": 1e-5}
    running = {"running_mean": torch.zeros(6), "running_var": torch.ones(6)}
    check("batch_norm", X.clone(), *weights, **running, **rest, cudnn_enabled=True)
    check("native_batch_norm", X.clone(), *weights, **running, **rest)


def test_norms() -> None:
    weights = _copies(tensor(6), tensor(6, seed=1))
    check("instance_norm", X.clone(), *weights, None, None, True, 0.1, 1e-5, True)
    check("layer_norm", X.clone(), (5,), *_copies(tensor(5), tensor(5)), 1e-5, False)
    check("native_layer_norm", X.clone(), (6, 5), None, None, 1e-5)
    check("group_norm", X.clone(), 3, *weights, 1e-5, False)
    check("native_group_norm", X.clone(), *weights, 4, 6, 5, 3, 1e-5, grad=False)


@pytest.mark.parametrize("name", ["dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout"])
def test_dropout(name: str) -> None:
    check(name, X.clone(), 0.5, False)
    check(name, X.clone(), 1.0, True)
    agree(lambda t: getattr(t, f"{name}_")(t.ones(2, 3), 0.5, False))
    agree(lambda t: getattr(t, name)(t.ones(2, 3), 1.5, True))


def test_native_dropout() -> None:
    ours.manual_seed(0)
    x = ours.ones(100, requires_grad=True)
    out, kept = ours.native_dropout(x, 0.25, True)
    out.sum().backward()
    assert 50 < int(kept.sum()) < 95
    assert (out == kept / 0.75).all()
    assert (x.grad == kept / 0.75).all()


def test_embedding() -> None:
    table, places = tensor(7, 3), torch.tensor([1, 2, 6, 1, 3])
    check("embedding", table.clone(), places, 1, True)
    for mode in (0, 1, 2):
        bags = (places, torch.tensor([0, 2, 2]), False, mode)

        def first(t: Any, *given: Any) -> Any:
            return t.embedding_bag(*given)[0]

        compare.check(
            lambda *given, run=first: run(ours, *given),
            table.clone(),
            *bags,
            theirs=lambda *given, run=first: run(torch, *given),
            compiled=False,
        )
    _, bag, sizes, largest = ours.embedding_bag(*map(compare.ours, (table, *bags)))
    assert bag.tolist() == [0, 0, 2, 2, 2]
    assert sizes.tolist() == [2, 0, 3]
    want = torch.embedding_bag(table, *bags)[3]
    assert largest[2].tolist() == want[2].tolist()
    agree(lambda t: t.embedding_renorm_(t.ones(3, 2), t.tensor([0, 0]), 1.0, 2.0))


@pytest.mark.parametrize("reduction", [0, 1, 2])
def test_losses(reduction: int) -> None:
    probs = torch.rand(4, 6, 5, generator=torch.Generator().manual_seed(0))
    pair = _copies(tensor(4, 3), tensor(4, 3, seed=1))
    check("binary_cross_entropy_with_logits", X.clone(), probs, None, None, reduction)
    check("kl_div", X.clone(), probs, reduction, log_target=True)
    check("cosine_embedding_loss", *pair, SIGNS, 0.1, reduction)
    check("hinge_embedding_loss", tensor(4), SIGNS, 1.0, reduction)
    check("margin_ranking_loss", tensor(4), tensor(4, seed=1), SIGNS, 0.1, reduction)
    check("triplet_margin_loss", *pair, tensor(4, 3, seed=2), 1.0, 2.0, 1e-6, True, reduction)
    check("poisson_nll_loss", X.clone(), probs, True, True, 1e-8, reduction)
    labels = torch.tensor([[1, 2, 2], [3, 4, 0]])
    check("ctc_loss", tensor(8, 2, 5).log_softmax(-1), labels, (8, 7), (3, 2), 0, reduction)


def test_losses_are_not_reduced_unless_asked() -> None:
    agree(lambda t: t.kl_div(t.ones(2), t.ones(2)))
    agree(lambda t: t.margin_ranking_loss(t.ones(2), t.zeros(2), t.ones(2)))


def test_convolutions() -> None:
    check("convolution", tensor(2, 4, 7), tensor(6, 2, 3), tensor(6), [2], [1], [1], False, [0], 2)
    kernel = tensor(4, 3, 3, 3)
    check("convolution", tensor(2, 4, 5, 4), kernel, None, [2, 1], [1, 0], [1, 1], True, [1, 0], 1)
    check("conv_tbc", tensor(7, 2, 3), tensor(3, 3, 4), tensor(4), 1)
    check("native_channel_shuffle", integers(2, 6, 3), 3)


def test_pooling_and_grids() -> None:
    check("adaptive_max_pool1d", tensor(2, 3, 8), 3)
    check("max_pool1d_with_indices", tensor(2, 3, 8), 3)
    check("grid_sampler", tensor(1, 2, 3, 3), tensor(1, 2, 2, 2), 0, 1, True)
    check("grid_sampler_3d", tensor(1, 2, 3, 3, 3), tensor(1, 2, 2, 2, 3), 1, 2, False)
    check("affine_grid_generator", tensor(1, 2, 3), [1, 1, 2, 3], True)
    check("constant_pad_nd", X.clone(), [1, -1, 2, 0], 2.0)


def test_writing() -> None:
    for name in ("celu_", "selu_", "relu_", "rrelu_"):
        agree(lambda t, name=name: getattr(t, name)(t.tensor([-1.0, 2.0])))
    for name in ("elu_", "hardtanh_", "leaky_relu_", "relu_"):
        agree(lambda t, name=name: getattr(t.nn.functional, name)(t.tensor([-1.5, 2.0])))
    agree(lambda t: t.threshold_(t.tensor([-1.0, 2.0]), 0.5, 9.0))


@pytest.mark.parametrize(("name", "gates"), [("lstm", 4), ("gru", 3), ("rnn_tanh", 1), ("rnn_relu", 1)])
def test_recurrent(name: str, gates: int) -> None:
    sizes = [(gates * 3, 5), (gates * 3, 3), (gates * 3,), (gates * 3,)] * 2
    params = [tensor(*s, seed=i) for i, s in enumerate(sizes)]
    state: Any = tensor(2, 2, 3)
    state = (state, tensor(2, 2, 3, seed=1)) if name == "lstm" else state
    check(name, tensor(2, 4, 5), state, params, True, 1, 0.0, False, True, True)
    check(name, tensor(5, 5), torch.tensor([2, 2, 1]), state, params, True, 1, 0.0, False, True)


def test_softmax_without_a_dimension() -> None:
    with pytest.warns(UserWarning, match="pass dim"):
        got = ours.nn.functional.softmax(ours.ones(2, 4, 3))
    assert float(got[0, 0, 0]) == 0.5


@pytest.mark.parametrize("shapes", [((16, 8), (3, 8, 4)), ((3, 8, 4), (4, 16)), ((8, 16), (16, 4))])
def test_grouped_products(shapes: Any) -> None:
    ends = torch.tensor([4, 8, 16], dtype=torch.int32)
    a, b = (tensor(*s).bfloat16() for s in shapes)
    got = ours.nn.functional.grouped_mm(*map(compare.ours, (a, b)), offs=compare.ours(ends))
    start, want = 0, []
    for g, end in enumerate(ends.tolist()):
        left = a[g] if a.ndim == 3 else (a[start:end] if b.ndim == 3 else a[:, start:end])
        right = b[g] if b.ndim == 3 else (b[:, start:end] if a.ndim == 3 else b[start:end])
        want.append(left.float() @ right.float())
        start = end
    joined = torch.cat(want, 1 if a.ndim == 3 else 0) if 3 in (a.ndim, b.ndim) else torch.stack(want)
    assert torch.allclose(torch.tensor(got.float().numpy()), joined, rtol=0.02, atol=0.05)


def test_scaled_products() -> None:
    F = ours.nn.functional
    a, b = ours.ones(2, 3).to(ours.float8_e4m3fn), ours.ones(3, 2).to(ours.float8_e4m3fn)
    rows, columns = ours.tensor([[1.0], [2.0]]), ours.tensor([[1.0, 10.0]])
    row = F.ScalingType.RowWise
    out = F.scaled_mm(a, b, rows, row, columns, row, output_dtype=ours.float32)
    assert out.tolist() == [[3.0, 30.0], [6.0, 60.0]]
    with pytest.raises(NotImplementedError, match=r"torch\.mm"):
        F.scaled_mm(a, b, rows, F.ScalingType.BlockWise1x32, columns, row)
    with pytest.raises(NotImplementedError, match="grouped_mm"):
        F.scaled_grouped_mm(a, b)
