"""Learning-rate schedules, with PyTorch's names and numbers."""

from xlagrad.train.schedule.base import LRScheduler
from xlagrad.train.schedule.combine import ChainedScheduler, SequentialLR
from xlagrad.train.schedule.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from xlagrad.train.schedule.cycle import CyclicLR, OneCycleLR
from xlagrad.train.schedule.decay import (
    ConstantLR,
    ExponentialLR,
    LinearLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from xlagrad.train.schedule.lambdas import LambdaLR, MultiplicativeLR
from xlagrad.train.schedule.plateau import ReduceLROnPlateau
from xlagrad.train.schedule.swa import SWALR

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SWALR",
    "SequentialLR",
    "StepLR",
]
