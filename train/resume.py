"""Everything that training needs to go on where it stopped."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from xlagrad.core.errors import StateError, message
from xlagrad.core.random import get_rng_state, set_rng_state

_VERSION = 1


def random_state() -> dict[str, Any]:
    """Return the state of our stream, of Python's and of NumPy's."""
    return {
        "stream": np.asarray(get_rng_state().data_array),
        "python": random.getstate(),
        "numpy": np.random.get_state(),
    }


def set_random_state(state: dict[str, Any]) -> None:
    """Put the streams back to where they were."""
    set_rng_state(state["stream"])
    random.setstate(state["python"])
    np.random.set_state(state["numpy"])


def collect(trainer: Any) -> dict[str, Any]:
    """Return the whole state of a trainer: model, optimizer, schedule, metrics, position, randomness."""
    position = {name: getattr(trainer, name) for name in ("epoch", "batch", "step", "seed", "stop_training")}
    return {
        "version": _VERSION,
        "model": dict(trainer.model.state_dict()),
        "optimizer": None if trainer.optimizer is None else trainer.optimizer.state_dict(),
        "scheduler": None if trainer.scheduler is None else trainer.scheduler.state_dict(),
        "metrics": [metric.state_dict() for metric in trainer.trackers],
        "position": position,
        "random": random_state(),
        "epoch_random": trainer.epoch_random,
        "callbacks": trainer.callbacks.state_dict(),
    }


def restore(trainer: Any, state: dict[str, Any]) -> None:
    """Put a trainer into the state that :func:`collect` returned.

    Raises:
        StateError: it is of another version, or of a trainer of other parts.
    """
    if state.get("version") != _VERSION:
        expected = f"a training state of version {_VERSION}"
        raise StateError(message("Trainer.load_state_dict", expected, repr(state.get("version"))))
    for name in ("optimizer", "scheduler"):
        part = getattr(trainer, name)
        if (part is None) != (state[name] is None):
            got = "one without" if state[name] is None else "one with it"
            expected = f"a state {'with' if part is not None else 'without'} a {name}"
            raise StateError(message("Trainer.load_state_dict", expected, got))
    if len(state["metrics"]) != len(trainer.trackers):
        expected = f"{len(trainer.trackers)} metrics, the loss among them"
        raise StateError(message("Trainer.load_state_dict", expected, str(len(state["metrics"]))))
    trainer.model.load_state_dict(state["model"])
    if trainer.optimizer is not None:
        trainer.optimizer.load_state_dict(state["optimizer"])
    if trainer.scheduler is not None:
        trainer.scheduler.load_state_dict(state["scheduler"])
    for metric, sums in zip(trainer.trackers, state["metrics"], strict=True):
        metric.load_state_dict(sums)
    trainer.callbacks.load_state_dict(state["callbacks"])
    for name, value in state["position"].items():
        setattr(trainer, name, value)
    trainer.epoch_random = state["epoch_random"]
    set_random_state(state["random"])
