"""Every layer against PyTorch's: the same weights give the same outputs and gradients, and print the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import xlagrad.layers as nn
from tests.layers.models import ours
from xlagrad.core.tensor import Tensor

Make = Callable[[Any], Any]


def x(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(shape, generator=generator).requires_grad_()


def index(*shape: int, high: int = 5) -> torch.Tensor:
    return torch.randint(0, high, shape, generator=torch.Generator().manual_seed(1))


def positive(*shape: int) -> torch.Tensor:
    return (torch.rand(shape, generator=torch.Generator().manual_seed(2)) * 0.8 + 0.1).requires_grad_()


def signs(*shape: int) -> torch.Tensor:
    return torch.where(x(*shape).detach() > 0, 1.0, -1.0)


TRAINED: dict[str, tuple[Make, tuple[Any, ...]]] = {
    "Linear": (lambda p: p.Linear(3, 4), (x(2, 5, 3),)),
    "Linear without bias": (lambda p: p.Linear(3, 4, bias=False), (x(3),)),
    "Bilinear": (lambda p: p.Bilinear(3, 4, 2), (x(5, 3), x(5, 4))),
    "Conv1d": (lambda p: p.Conv1d(2, 4, 3, stride=2, padding=1, dilation=2, groups=2), (x(2, 2, 9),)),
    "Conv1d same": (lambda p: p.Conv1d(2, 3, 4, padding="same"), (x(2, 2, 7),)),
    "Conv2d": (lambda p: p.Conv2d(3, 4, (3, 2), padding=(1, 0)), (x(2, 3, 6, 5),)),
    "Conv2d reflected": (
        lambda p: p.Conv2d(2, 3, 3, padding=1, padding_mode="reflect", bias=False),
        (x(1, 2, 5, 5),),
    ),
    "Conv2d circular": (
        lambda p: p.Conv2d(2, 3, 3, padding="same", padding_mode="circular"),
        (x(1, 2, 5, 5),),
    ),
    "Conv3d": (lambda p: p.Conv3d(2, 2, 2, stride=2), (x(1, 2, 4, 4, 4),)),
    "ConvTranspose1d": (
        lambda p: p.ConvTranspose1d(2, 4, 3, stride=2, output_padding=1, groups=2),
        (x(2, 2, 5),),
    ),
    "ConvTranspose2d": (lambda p: p.ConvTranspose2d(2, 3, 3, stride=2, padding=1), (x(1, 2, 4, 4), [8, 8])),
    "ConvTranspose3d": (lambda p: p.ConvTranspose3d(1, 2, 2, dilation=2), (x(1, 1, 3, 3, 3),)),
    "BatchNorm1d": (lambda p: p.BatchNorm1d(3), (x(4, 3),)),
    "BatchNorm1d over length": (lambda p: p.BatchNorm1d(3, momentum=None), (x(4, 3, 5),)),
    "BatchNorm2d": (lambda p: p.BatchNorm2d(3, eps=1e-3, momentum=0.3), (x(2, 3, 4, 4),)),
    "BatchNorm2d plain": (
        lambda p: p.BatchNorm2d(3, affine=False, track_running_stats=False),
        (x(2, 3, 4, 4),),
    ),
    "BatchNorm2d without bias": (lambda p: p.BatchNorm2d(3, bias=False), (x(2, 3, 4, 4),)),
    "BatchNorm3d": (lambda p: p.BatchNorm3d(2), (x(2, 2, 2, 3, 3),)),
    "InstanceNorm1d": (lambda p: p.InstanceNorm1d(3, affine=True), (x(2, 3, 6),)),
    "InstanceNorm1d unbatched": (lambda p: p.InstanceNorm1d(3), (x(3, 6),)),
    "InstanceNorm2d": (lambda p: p.InstanceNorm2d(3, track_running_stats=True), (x(2, 3, 4, 4),)),
    "InstanceNorm3d": (lambda p: p.InstanceNorm3d(2), (x(1, 2, 2, 3, 3),)),
    "LayerNorm": (lambda p: p.LayerNorm((3, 4)), (x(2, 3, 4),)),
    "LayerNorm without bias": (lambda p: p.LayerNorm(4, eps=1e-3, bias=False), (x(2, 3, 4),)),
    "RMSNorm": (lambda p: p.RMSNorm(4), (x(2, 3, 4),)),
    "GroupNorm": (lambda p: p.GroupNorm(2, 4), (x(2, 4, 5),)),
    "LocalResponseNorm": (lambda p: p.LocalResponseNorm(3), (x(2, 5, 4, 4),)),
    "Embedding": (lambda p: p.Embedding(5, 3, padding_idx=1), (index(2, 4),)),
    "Embedding by frequency": (lambda p: p.Embedding(5, 3, scale_grad_by_freq=True), (index(2, 4),)),
    "Embedding limited": (lambda p: p.Embedding(5, 3, max_norm=1.0), (index(2, 4),)),
    "EmbeddingBag": (lambda p: p.EmbeddingBag(5, 3), (index(2, 4),)),
    "EmbeddingBag with offsets": (
        lambda p: p.EmbeddingBag(5, 3, mode="sum"),
        (index(7), torch.tensor([0, 3, 3])),
    ),
    "EmbeddingBag max": (lambda p: p.EmbeddingBag(5, 3, mode="max", padding_idx=2), (index(2, 4),)),
    "PReLU": (lambda p: p.PReLU(3), (x(2, 3, 4),)),
    "RNN": (lambda p: p.RNN(3, 4, 2), (x(5, 2, 3),)),
    "RNN relu": (lambda p: p.RNN(3, 4, nonlinearity="relu", bias=False), (x(5, 3),)),
    "LSTM": (lambda p: p.LSTM(3, 4, 2, batch_first=True, bidirectional=True), (x(2, 5, 3),)),
    "LSTM projected": (lambda p: p.LSTM(3, 4, proj_size=2), (x(5, 2, 3), (x(1, 2, 2), x(1, 2, 4)))),
    "LSTM unbatched": (lambda p: p.LSTM(3, 4), (x(5, 3),)),
    "GRU": (lambda p: p.GRU(3, 4, 2, bidirectional=True), (x(5, 2, 3), x(4, 2, 4))),
    "GRU unbatched": (lambda p: p.GRU(3, 4, batch_first=True), (x(5, 3), x(1, 4))),
    "RNNCell": (lambda p: p.RNNCell(3, 4, nonlinearity="relu"), (x(2, 3),)),
    "LSTMCell": (lambda p: p.LSTMCell(3, 4, bias=False), (x(2, 3), (x(2, 4), x(2, 4)))),
    "LSTMCell unbatched": (lambda p: p.LSTMCell(3, 4), (x(3),)),
    "GRUCell": (lambda p: p.GRUCell(3, 4), (x(2, 3), x(2, 4))),
}

PLAIN: dict[str, tuple[Make, tuple[Any, ...]]] = {
    "Identity": (lambda p: p.Identity(3), (x(2, 3),)),
    "Flatten": (lambda p: p.Flatten(), (x(2, 3, 4),)),
    "Unflatten": (lambda p: p.Unflatten(1, (2, -1)), (x(2, 6, 3),)),
    "PixelShuffle": (lambda p: p.PixelShuffle(2), (x(1, 8, 2, 3),)),
    "PixelUnshuffle": (lambda p: p.PixelUnshuffle(2), (x(1, 2, 4, 6),)),
    "MaxPool1d": (lambda p: p.MaxPool1d(2, return_indices=True), (x(2, 3, 7),)),
    "MaxPool2d": (lambda p: p.MaxPool2d(3, 2, padding=1, ceil_mode=True), (x(2, 3, 6, 6),)),
    "MaxPool3d": (lambda p: p.MaxPool3d(2), (x(1, 2, 4, 4, 4),)),
    "AvgPool1d": (lambda p: p.AvgPool1d(3, 2, padding=1, count_include_pad=False), (x(2, 3, 7),)),
    "AvgPool2d": (lambda p: p.AvgPool2d(2, ceil_mode=True, divisor_override=3), (x(2, 3, 5, 5),)),
    "AvgPool3d": (lambda p: p.AvgPool3d(2), (x(1, 2, 4, 4, 4),)),
    "AdaptiveAvgPool1d": (lambda p: p.AdaptiveAvgPool1d(3), (x(2, 3, 7),)),
    "AdaptiveAvgPool2d": (lambda p: p.AdaptiveAvgPool2d((None, 2)), (x(2, 3, 5, 5),)),
    "AdaptiveAvgPool3d": (lambda p: p.AdaptiveAvgPool3d(1), (x(1, 2, 3, 3, 3),)),
    "AdaptiveMaxPool1d": (lambda p: p.AdaptiveMaxPool1d(3), (x(2, 3, 7),)),
    "AdaptiveMaxPool2d": (lambda p: p.AdaptiveMaxPool2d((2, 3), return_indices=True), (x(2, 3, 5, 5),)),
    "AdaptiveMaxPool3d": (lambda p: p.AdaptiveMaxPool3d(2), (x(1, 2, 3, 3, 3),)),
    "ConstantPad1d": (lambda p: p.ConstantPad1d((1, 2), 3.5), (x(2, 3, 4),)),
    "ZeroPad2d": (lambda p: p.ZeroPad2d((1, 0, -1, 2)), (x(1, 2, 4, 5),)),
    "ReflectionPad2d": (lambda p: p.ReflectionPad2d(2), (x(1, 2, 4, 5),)),
    "ReplicationPad3d": (lambda p: p.ReplicationPad3d(1), (x(1, 1, 2, 3, 3),)),
    "CircularPad1d": (lambda p: p.CircularPad1d((1, 2)), (x(2, 3, 4),)),
    "Dropout without effect": (lambda p: p.Dropout(0.0), (x(2, 3),)),
    "CosineSimilarity": (lambda p: p.CosineSimilarity(), (x(4, 3), x(4, 3) * 2)),
    "PairwiseDistance": (lambda p: p.PairwiseDistance(keepdim=True), (x(4, 3), x(1, 3))),
    "Softmax2d": (lambda p: p.Softmax2d(), (x(2, 3, 2, 2),)),
    "GLU": (lambda p: p.GLU(1), (x(2, 4, 3),)),
}

PLAINLY = [
    "ReLU", "ReLU6", "SiLU", "Mish", "SELU", "Hardswish", "Hardsigmoid", "Sigmoid", "Tanh", "LogSigmoid",
    "Softsign",
    "Tanhshrink", "ELU", "CELU", "LeakyReLU", "Hardtanh", "GELU", "Softplus", "Hardshrink", "Softshrink",
]  # fmt: skip

ACTIVATIONS: dict[str, Make] = {
    **{name: (lambda p, name=name: getattr(p, name)()) for name in PLAINLY},
    "ELU in place": lambda p: p.ELU(0.5, inplace=True),
    "ReLU in place": lambda p: p.ReLU(inplace=True),
    "Hardswish in place": lambda p: p.Hardswish(inplace=True),
    "GELU tanh": lambda p: p.GELU(approximate="tanh"),
    "Threshold": lambda p: p.Threshold(0.1, -2.0),
    "Softmax": lambda p: p.Softmax(-1),
    "Softmin": lambda p: p.Softmin(dim=0),
    "LogSoftmax": lambda p: p.LogSoftmax(dim=1),
    "RReLU in evaluation": lambda p: p.RReLU().eval(),
}

LABELS = torch.tensor([[1, 3, -1, 0], [0, -1, 1, 2]])
A, B, C = x(3, 4), x(4, 3).reshape(3, 4), x(2, 6).reshape(4, 3)

LOSSES: dict[str, tuple[Make, tuple[Any, ...]]] = {
    "L1Loss": (lambda p: p.L1Loss(), (A, B)),
    "MSELoss": (lambda p: p.MSELoss(reduction="sum"), (A, B)),
    "SmoothL1Loss": (lambda p: p.SmoothL1Loss(beta=0.5), (A, B)),
    "HuberLoss": (lambda p: p.HuberLoss(reduction="none", delta=0.7), (A, B)),
    "CrossEntropyLoss": (
        lambda p: p.CrossEntropyLoss(label_smoothing=0.1, ignore_index=2),
        (x(6, 5), index(6)),
    ),
    "CrossEntropyLoss of probabilities": (lambda p: p.CrossEntropyLoss(), (x(4, 3), positive(4, 3))),
    "NLLLoss": (lambda p: p.NLLLoss(), (x(6, 5), index(6))),
    "BCELoss": (lambda p: p.BCELoss(), (positive(3, 2), positive(2, 3).reshape(3, 2).detach())),
    "BCEWithLogitsLoss": (lambda p: p.BCEWithLogitsLoss(), (x(3, 2), positive(3, 2))),
    "KLDivLoss": (lambda p: p.KLDivLoss(reduction="batchmean"), (x(3, 4), positive(3, 4).detach())),
    "PoissonNLLLoss": (lambda p: p.PoissonNLLLoss(full=True), (x(3, 4), positive(3, 4).detach() * 5)),
    "GaussianNLLLoss": (lambda p: p.GaussianNLLLoss(full=True), (A, B, positive(3, 4))),
    "CTCLoss": (
        lambda p: p.CTCLoss(),
        (x(8, 2, 5), index(2, 3, high=4) + 1, torch.tensor([8, 7]), torch.tensor([3, 2])),
    ),
    "HingeEmbeddingLoss": (lambda p: p.HingeEmbeddingLoss(), (x(3, 4), signs(3, 4))),
    "CosineEmbeddingLoss": (lambda p: p.CosineEmbeddingLoss(0.1), (x(4, 3), A.reshape(4, 3), signs(4))),
    "MarginRankingLoss": (lambda p: p.MarginRankingLoss(0.2), (x(5), x(5) * 2, signs(5))),
    "SoftMarginLoss": (lambda p: p.SoftMarginLoss(), (x(3, 4), signs(3, 4))),
    "MultiLabelMarginLoss": (lambda p: p.MultiLabelMarginLoss(), (x(2, 4), LABELS)),
    "MultiLabelSoftMarginLoss": (lambda p: p.MultiLabelSoftMarginLoss(), (x(3, 4), (A > 0).float())),
    "MultiMarginLoss": (lambda p: p.MultiMarginLoss(p=2, margin=0.5), (x(3, 5), index(3))),
    "TripletMarginLoss": (lambda p: p.TripletMarginLoss(swap=True), (x(4, 3), A.reshape(4, 3), C)),
    "TripletMarginWithDistanceLoss": (
        lambda p: p.TripletMarginWithDistanceLoss(swap=True),
        (x(4, 3), A.reshape(4, 3), C),
    ),
}


def leaves(value: Any) -> list[Any]:
    return [t for v in value for t in leaves(v)] if isinstance(value, (tuple, list)) else [value]


def fresh(value: Any) -> Any:
    """Return copies that are leaves, so that gradients of an earlier run do not add up."""
    if isinstance(value, (tuple, list)):
        return type(value)(fresh(v) for v in value)
    if isinstance(value, torch.Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    return value


def close(mine: Any, torchs: Any, what: str) -> None:
    if not isinstance(torchs, torch.Tensor):
        assert mine == torchs, what
        return
    assert tuple(mine.shape) == tuple(torchs.shape), what
    a, b = mine.detach().numpy(), torchs.detach().numpy()
    np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5, err_msg=what)


def run(module: Any, args: Any, shift: bool) -> tuple[list[Any], list[Any]]:
    """Return the results and the gradients of all inputs that want one."""
    inputs = [t for t in leaves(args) if getattr(t, "requires_grad", False)]
    # In place on a leaf is an error: what an in-place layer is given comes from an operation.
    given = tuple(a + 0 if shift and hasattr(a, "requires_grad") and a.requires_grad else a for a in args)
    out = leaves(module(*given))
    total = sum((o * o).sum() for o in out if o.requires_grad)
    if hasattr(total, "backward"):
        total.backward()
    return out, [t.grad for t in inputs]


def compare(
    make: Make, args: tuple[Any, ...], modes: tuple[bool, ...] = (True, False), shift: bool = False
) -> None:
    torch.manual_seed(0)
    reference, module = make(torch.nn), make(nn)
    assert repr(module) == repr(reference)
    module.load_state_dict(reference.state_dict())
    assert list(module.state_dict()) == list(reference.state_dict())
    for training in modes:
        module.train(training)
        reference.train(training)
        torchs_args = fresh(args)
        mine_out, mine_grads = run(module, ours(torchs_args, requires_grad=True), shift)
        torchs_out, torchs_grads = run(reference, torchs_args, shift)
        assert len(mine_out) == len(torchs_out)
        for a, b in zip(mine_out, torchs_out, strict=True):
            close(a, b, "output")
        for a, b in zip(mine_grads, torchs_grads, strict=True):
            close(a, b, "gradient of an input")
        for (name, p), q in zip(module.named_parameters(), reference.parameters(), strict=True):
            assert (p.grad is None) == (q.grad is None), name
            if q.grad is not None:
                close(p.grad, q.grad, name)
        for (name, b), c in zip(module.named_buffers(), reference.buffers(), strict=True):
            close(b, c, name)
        module.zero_grad()
        reference.zero_grad()


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN:UserWarning")
@pytest.mark.parametrize("name", TRAINED)
def test_layers_with_parameters(name: str) -> None:
    make, args = TRAINED[name]
    stateful = "Norm" in name
    compare(make, args, modes=(True, False) if stateful else (True,))


@pytest.mark.parametrize("name", PLAIN)
def test_layers_without_parameters(name: str) -> None:
    compare(*PLAIN[name], modes=(True,))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str) -> None:
    make = ACTIVATIONS[name]
    modes = (False,) if "evaluation" in name else (True,)
    compare(make, (x(3, 4),), modes=modes, shift="in place" in name)


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name: str) -> None:
    compare(*LOSSES[name], modes=(True,))


def test_weighted_losses_keep_their_weights_as_buffers() -> None:
    weight = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    for name, args in {
        "CrossEntropyLoss": (x(6, 5), index(6)),
        "NLLLoss": (x(6, 5), index(6)),
        "MultiMarginLoss": (x(6, 5), index(6)),
        "BCEWithLogitsLoss": (x(6, 5), positive(6, 5).detach()),
    }.items():

        def make(p: Any, name: str = name) -> Any:
            return getattr(p, name)(weight=weight if p is torch.nn else Tensor(weight.numpy()))

        compare(make, args, modes=(True,))


def test_deprecated_arguments_of_losses_warn() -> None:
    with pytest.warns(UserWarning, match="please use reduction='sum' instead"):
        assert nn.MSELoss(size_average=False).reduction == "sum"
    with pytest.warns(UserWarning, match="please use reduction='none' instead"):
        assert nn.L1Loss(reduce=False).reduction == "none"


@pytest.mark.parametrize(
    "name", ["Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"]
)
def test_dropout_drops_in_training_only(name: str) -> None:
    layer = getattr(nn, name)(0.4)
    assert repr(layer) == repr(getattr(torch.nn, name)(0.4))
    shape = {"Dropout1d": (20, 30, 4), "Dropout3d": (20, 30, 2, 2, 2)}.get(name, (20, 30, 3, 3))
    ones = Tensor(np.ones(shape, np.float32))
    out = layer(ones).numpy()
    whole = "1d" in name or "2d" in name or "3d" in name or "Feature" in name
    channels = out.reshape(20, 30, -1)
    assert (channels == channels[..., :1]).all() == whole
    kept = out.max()
    assert 0.3 < (out != kept).mean() < 0.5
    if "Alpha" not in name:
        assert np.isclose(kept, 1 / 0.6)
        assert set(np.unique(out)) == {0.0, kept}
    assert layer.eval()(ones).numpy().tolist() == ones.tolist()
    assert (getattr(nn, name)(1.0)(ones).numpy() == 0).all() or "Alpha" in name
    with pytest.raises(ValueError, match=f"{name}: expected a dropout probability between 0 and 1, got 1.5"):
        getattr(nn, name)(1.5)
