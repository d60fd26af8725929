"""Training: losses over data, optimizers, schedules, metrics and the loop that joins them."""

from xlagrad.train import callbacks, data, metrics, optim, schedule
from xlagrad.train.callbacks import (
    BackupAndRestore,
    Callback,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ProgressBar,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from xlagrad.train.checkpoint import Checkpoints
from xlagrad.train.plots import plot_history
from xlagrad.train.trainer import Trainer
from xlagrad.train.weights import load_metadata, load_weights, save_weights

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "Checkpoints",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgressBar",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
    "Trainer",
    "callbacks",
    "data",
    "load_metadata",
    "load_weights",
    "metrics",
    "optim",
    "plot_history",
    "save_weights",
    "schedule",
]
