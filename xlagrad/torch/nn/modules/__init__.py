"""`torch.nn.modules`: where some code imports modules from instead of `torch.nn`."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from xlagrad import layers
from xlagrad.layers import *  # noqa: F403
from xlagrad.layers import __all__ as _layers
from xlagrad.layers import batchnorm, conv, hooks, loss
from xlagrad.torch.names import missing
from xlagrad.torch.nn.modules import utils

# Which modules PyTorch defines in which file.
_FILES = {
    "activation": """CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid
        LogSoftmax Mish MultiheadAttention PReLU ReLU ReLU6 RReLU SELU SiLU Sigmoid Softmax Softmax2d
        Softmin Softplus Softshrink Softsign Tanh Tanhshrink Threshold""",
    "adaptive": "AdaptiveLogSoftmaxWithLoss",
    "batchnorm": """BatchNorm1d BatchNorm2d BatchNorm3d LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d
        SyncBatchNorm""",
    "channelshuffle": "ChannelShuffle",
    "container": "ModuleDict ModuleList ParameterDict ParameterList Sequential",
    "conv": """Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d LazyConv1d LazyConv2d
        LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d""",
    "distance": "CosineSimilarity PairwiseDistance",
    "dropout": "AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout",
    "flatten": "Flatten Unflatten",
    "fold": "Fold Unfold",
    "instancenorm": """InstanceNorm1d InstanceNorm2d InstanceNorm3d LazyInstanceNorm1d LazyInstanceNorm2d
        LazyInstanceNorm3d""",
    "lazy": "LazyModuleMixin",
    "linear": "Bilinear Identity LazyLinear Linear",
    "loss": """BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss GaussianNLLLoss
        HingeEmbeddingLoss HuberLoss KLDivLoss L1Loss LinearCrossEntropyLoss MSELoss MarginRankingLoss
        MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss NLLLoss NLLLoss2d PoissonNLLLoss
        SmoothL1Loss SoftMarginLoss TripletMarginLoss TripletMarginWithDistanceLoss""",
    "module": "Module",
    "normalization": "CrossMapLRN2d GroupNorm LayerNorm LocalResponseNorm RMSNorm",
    "padding": """CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d
        ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d
        ZeroPad1d ZeroPad2d ZeroPad3d""",
    "pixelshuffle": "PixelShuffle PixelUnshuffle",
    "pooling": """AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d AdaptiveMaxPool2d
        AdaptiveMaxPool3d AvgPool1d AvgPool2d AvgPool3d FractionalMaxPool2d FractionalMaxPool3d LPPool1d
        LPPool2d LPPool3d MaxPool1d MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d""",
    "rnn": "GRU GRUCell LSTM LSTMCell RNN RNNBase RNNCell RNNCellBase",
    "sparse": "Embedding EmbeddingBag",
    "transformer": """Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder
        TransformerEncoderLayer""",
    "upsampling": "Upsample UpsamplingBilinear2d UpsamplingNearest2d",
}

# Base classes that PyTorch does not call public, but that much code asks for.
_BASES: dict[str, dict[str, Any]] = {
    "batchnorm": {"_BatchNorm": batchnorm._BatchNorm, "_NormBase": batchnorm._NormBase},
    "conv": {"_ConvNd": conv.ConvBase, "_ConvTransposeNd": conv._ConvTranspose},
    "instancenorm": {"_InstanceNorm": batchnorm._InstanceNorm},
    "loss": {"_Loss": loss.Loss, "_WeightedLoss": loss.WeightedLoss},
    "module": {name: value for name, value in vars(hooks).items() if name.startswith("register_module")},
}


def _file(name: str) -> ModuleType:
    """Return `torch.nn.modules.<name>`, known to the import system."""
    made = ModuleType(f"{__name__}.{name}", f"`torch.nn.modules.{name}`: names of `torch.nn`.")
    members = {member: getattr(layers, member) for member in _FILES[name].split()}
    made.__dict__.update(members | _BASES.get(name, {}), __all__=list(members))
    made.__dict__["__getattr__"] = lambda wanted: _missing(name, wanted, members)
    sys.modules[made.__name__] = made
    return made


def _missing(file: str, name: str, members: dict[str, Any]) -> Any:
    raise missing(f"torch.nn.modules.{file}", name, members)


globals().update({name: _file(name) for name in _FILES})

__all__ = [*_layers, *_FILES, "utils"]


def __getattr__(name: str) -> Any:
    raise missing("torch.nn.modules", name, __all__)
