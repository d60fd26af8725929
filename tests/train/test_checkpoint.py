"""Checkpoints: exact, atomic, as many as wanted."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from xlagrad import Tensor
from xlagrad.core.errors import ArgumentError, StateError
from xlagrad.train import Checkpoints
from xlagrad.train.tree import join, split

STATE: dict[str, Any] = {
    "model": {
        "0.weight": Tensor([[1.0, 2.0], [3.0, 4.0]]),
        "a/b": Tensor([1]),
        "none": Tensor(np.zeros((0, 3), "f4")),
    },
    "optimizer": {"state": {0: {"step": Tensor(3.0)}}, "param_groups": [{"betas": (0.9, 0.999), "lr": 0.1}]},
    "half": Tensor(jnp.asarray([1.5, 2.5], jnp.bfloat16)),
    "words": np.asarray([1, 2**32 - 1], np.uint32),
    "numbers": [1, -2.5e-300, float("inf"), True, None, "text", np.float32(0.5), np.int64(7)],
    "milestones": Counter([5, 5, 9]),
    "$": {"$": "a key that means something"},
    (1, "x"): (),
}


def assert_same(a: Any, b: Any) -> None:
    if isinstance(a, Tensor):
        assert isinstance(b, Tensor)
        a, b = a.data_array, b.data_array
    if hasattr(a, "dtype") and hasattr(a, "shape") and a.shape != ():
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
    elif isinstance(a, dict):
        assert list(a) == list(b)
        assert isinstance(b, Counter) == isinstance(a, Counter)
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, (list, tuple)):
        assert type(a) is type(b)
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same(x, y)
    else:
        assert a == b


def test_a_structure_comes_back_exactly() -> None:
    document, arrays = split(STATE)
    assert_same(STATE, join(document, arrays))


def test_a_checkpoint_comes_back_exactly(tmp_path: Path) -> None:
    with Checkpoints(tmp_path / "c") as checkpoints:
        checkpoints.save(7, STATE)
    assert_same(STATE, Checkpoints(tmp_path / "c").restore())


def test_the_newest_are_kept(tmp_path: Path) -> None:
    with Checkpoints(tmp_path, keep=2) as checkpoints:
        assert checkpoints.latest() is None
        for step in (1, 5, 9):
            checkpoints.save(step, {"w": Tensor([float(step)])})
        assert checkpoints.steps() == [5, 9]
        assert checkpoints.restore(5)["w"].tolist() == [5.0]
        checkpoints.save(9, {"w": Tensor([0.0])})
        assert checkpoints.restore()["w"].tolist() == [0.0]
        assert checkpoints.steps() == [5, 9]


def test_a_training_that_begins_again_leaves_no_future_behind(tmp_path: Path) -> None:
    with Checkpoints(tmp_path, keep=2) as checkpoints:
        for step in (10, 20):
            checkpoints.save(step, {"w": Tensor([1.0])})
    with Checkpoints(tmp_path, keep=2) as checkpoints:
        checkpoints.save(5, {"w": Tensor([2.0])})
        assert checkpoints.steps() == [5]
        assert checkpoints.restore()["w"].tolist() == [2.0]
        checkpoints.save(6, {"w": Tensor([3.0])})
        checkpoints.save(7, {"w": Tensor([4.0])})
        assert checkpoints.steps() == [6, 7]
    with Checkpoints(tmp_path, keep=None) as checkpoints:
        checkpoints.save(8, {"w": Tensor([5.0])})
        assert checkpoints.steps() == [6, 7, 8]


def test_states_without_arrays(tmp_path: Path) -> None:
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, {"epoch": 3})
        assert checkpoints.restore() == {"epoch": 3}


def test_one_that_was_not_finished_does_not_count(tmp_path: Path) -> None:
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(1, {"w": Tensor([1.0])})
    shutil.copytree(tmp_path / "1", tmp_path / "2.orbax-checkpoint-tmp")
    with Checkpoints(tmp_path) as checkpoints:
        assert checkpoints.steps() == [1]
        assert checkpoints.restore()["w"].tolist() == [1.0]


def test_what_cannot_be_read_or_written(tmp_path: Path) -> None:
    with (
        Checkpoints(tmp_path / "none") as checkpoints,
        pytest.raises(StateError, match="expected a complete checkpoint, got none in"),
    ):
        checkpoints.restore()
    with Checkpoints(tmp_path / "c") as checkpoints:
        with pytest.raises(StateError, match="tensors, dicts and lists at model/fn, got <function"):
            checkpoints.save(1, {"model": {"fn": lambda: 0}})
        assert checkpoints.steps() == []
        checkpoints.save(2, {"w": Tensor([1.0])})
        with pytest.raises(StateError, match="got none of number 1"):
            checkpoints.restore(1)
        shutil.rmtree(tmp_path / "c" / "2" / "arrays")
        with pytest.raises(StateError, match=r"expected a readable checkpoint 2 in .*; delete it"):
            checkpoints.restore(2)
    with pytest.raises(ArgumentError, match="a positive integer as keep, got 0"):
        Checkpoints(tmp_path, keep=0)
