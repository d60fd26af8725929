"""Callbacks: what happens at points of training."""

from xlagrad.train.callbacks.base import Callback, Callbacks
from xlagrad.train.callbacks.files import BackupAndRestore, CSVLogger, ModelCheckpoint
from xlagrad.train.callbacks.history import History
from xlagrad.train.callbacks.monitor import EarlyStopping, Monitor, ReduceLROnPlateau
from xlagrad.train.callbacks.progress import ProgressBar
from xlagrad.train.callbacks.simple import LambdaCallback, LearningRateScheduler, TerminateOnNaN

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "Callbacks",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "Monitor",
    "ProgressBar",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]
