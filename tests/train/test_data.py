"""Data sets, samplers, loaders and the batches of the training loop."""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch.utils.data as theirs

import xlagrad.torch.utils.data as ours
from xlagrad import Tensor
from xlagrad.core.random import manual_seed
from xlagrad.train.data.batches import ArraySource, Feeder, IterableSource
from xlagrad.train.data.shuffle import epoch_order

Point = collections.namedtuple("Point", "x y")


class Squares(ours.Dataset):
    def __len__(self) -> int:
        return 7

    def __getitem__(self, i: int) -> Any:
        return {"x": np.full(2, i, np.float32), "name": str(i), "pair": (i, float(i) ** 2)}


class Stream(ours.IterableDataset):
    def __iter__(self) -> Iterator[Any]:
        return iter(range(5))

    def __len__(self) -> int:
        return 5


def numbers(n: int) -> ours.TensorDataset:
    return ours.TensorDataset(
        Tensor(np.arange(n, dtype=np.float32)), Tensor(np.arange(n, dtype=np.int32) * 10)
    )


@pytest.mark.parametrize(
    "batch_size,drop", [(1, False), (3, False), (3, True), (7, False), (20, False), (20, True)]
)
def test_loader_in_order(batch_size: int, drop: bool) -> None:
    loader = ours.DataLoader(numbers(7), batch_size=batch_size, drop_last=drop)
    reference = theirs.DataLoader(range(7), batch_size=batch_size, drop_last=drop)  # type: ignore[arg-type]
    want = [b.tolist() for b in reference]
    assert [x.tolist() for x, _ in loader] == want
    assert [y.tolist() for _, y in loader] == [[10 * i for i in b] for b in want]
    assert len(loader) == len(reference)


def test_shuffling_follows_the_stream_and_covers_everything() -> None:
    loader = ours.DataLoader(numbers(50), batch_size=8, shuffle=True)
    manual_seed(3)
    first, second = ([int(v) for x, _ in loader for v in x.tolist()] for _ in range(2))
    manual_seed(3)
    again = [int(v) for x, _ in loader for v in x.tolist()]
    assert first == again != second
    assert sorted(first) == sorted(second) == list(range(50))


def test_samples_of_any_structure() -> None:
    batch = next(iter(ours.DataLoader(Squares(), batch_size=3)))
    assert batch["x"].tolist() == [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]
    assert batch["name"] == ["0", "1", "2"]
    assert batch["pair"][0].tolist() == [0, 1, 2]
    assert batch["pair"][1].tolist() == [0.0, 1.0, 4.0]
    assert batch["pair"][1].dtype.name == "float32"
    single = next(iter(ours.DataLoader(Squares(), batch_size=None)))
    assert single["x"].tolist() == [0.0, 0.0]
    points = ours.default_collate([Point(1, Tensor([2.0])), Point(3, Tensor([4.0]))])
    assert (points.x.tolist(), points.y.tolist()) == ([1, 3], [[2.0], [4.0]])


def test_streams_and_own_collation() -> None:
    assert [b.tolist() for b in ours.DataLoader(Stream(), batch_size=2)] == [[0, 1], [2, 3], [4]]
    assert [b.tolist() for b in ours.DataLoader(Stream(), batch_size=2, drop_last=True)] == [[0, 1], [2, 3]]
    assert len(ours.DataLoader(Stream(), batch_size=2)) == 3
    assert list(ours.DataLoader(Squares(), batch_size=3, collate_fn=len)) == [3, 3, 1]
    assert list(ours.DataLoader(Squares(), batch_sampler=[[0, 1], [5]], collate_fn=len)) == [2, 1]


def test_data_sets() -> None:
    joined = Squares() + Squares()
    assert (len(joined), joined[8]["name"], joined[-1]["name"]) == (14, "1", "6")
    part = ours.Subset(numbers(9), [4, 2])
    assert (len(part), part[1][0].item()) == (2, 2.0)
    manual_seed(0)
    parts = ours.random_split(numbers(10), [0.5, 0.3, 0.2])
    assert [len(p) for p in parts] == [5, 3, 2]
    assert sorted(i for p in parts for i in p.indices) == list(range(10))
    assert [len(p) for p in ours.random_split(numbers(10), [7, 3])] == [7, 3]
    assert [len(p) for p in ours.random_split(numbers(11), [0.5, 0.5])] == [6, 5]


def test_samplers() -> None:
    data = numbers(6)
    assert list(ours.SequentialSampler(data)) == list(range(6))
    assert sorted(ours.RandomSampler(data)) == list(range(6))
    assert len(list(ours.RandomSampler(data, num_samples=15))) == 15
    drawn = list(ours.RandomSampler(data, replacement=True, num_samples=400))
    assert set(drawn) == set(range(6))
    assert sorted(ours.SubsetRandomSampler([3, 1])) == [1, 3]
    weighted = list(ours.WeightedRandomSampler([0.0, 1.0, 3.0], 1000))
    assert 0 not in weighted
    assert 650 < weighted.count(2) < 850
    assert sorted(ours.WeightedRandomSampler([0.0, 1.0, 3.0], 2, replacement=False)) == [1, 2]


BAD: list[tuple[str, Callable[[], Any]]] = [
    (
        "TensorDataset: expected tensors of one length",
        lambda: ours.TensorDataset(Tensor([1.0]), Tensor([1.0, 2.0])),
    ),
    ("TensorDataset: expected tensors of one length", lambda: ours.TensorDataset(Tensor(1.0))),
    ("a positive integer as batch_size, got 0", lambda: ours.DataLoader(numbers(3), batch_size=0)),
    ("mutually exclusive", lambda: ours.DataLoader(numbers(3), shuffle=True, sampler=[0])),
    ("mutually exclusive", lambda: ours.DataLoader(numbers(3), batch_sampler=[[0]], batch_size=2)),
    ("an order of its own", lambda: ours.DataLoader(Stream(), shuffle=True)),
    ("a batch_size for drop_last", lambda: ours.DataLoader(numbers(3), batch_size=None, drop_last=True)),
    ("num_workers of at least 0", lambda: ours.DataLoader(numbers(3), num_workers=-1)),
    ("of equal size, got lengths .1, 2.", lambda: ours.default_collate([[1], [1, 2]])),
    ("batches of tensors, numpy arrays", lambda: ours.default_collate([object()])),
    ("add up to the data set's 3", lambda: ours.random_split(numbers(3), [1, 1])),
    ("at least one data set", lambda: ours.ConcatDataset([])),
    ("a positive integer as num_samples", lambda: ours.RandomSampler([1], num_samples=0)),
    ("a row of weights of at least 0", lambda: ours.WeightedRandomSampler([1.0, -1.0], 2)),
    ("a positive num_samples of at most 1", lambda: ours.WeightedRandomSampler([1.0, 0.0], 2, False)),
]


@pytest.mark.parametrize("text,make", BAD, ids=[f"{i}" for i in range(len(BAD))])
def test_bad_arguments(text: str, make: Callable[[], Any]) -> None:
    with pytest.raises((ValueError, TypeError), match=text):
        make()


# What the training loop is fed with.


def test_epochs_have_orders_of_their_own_that_can_be_taken_up() -> None:
    x = np.arange(10, dtype=np.float32)
    source = ArraySource("f", x, None, None, 4, True, seed=5)
    epochs = [[b[0].tolist() for b in source.batches(e)] for e in range(3)]
    assert epochs[0] != epochs[1] != epochs[2]
    assert all(sorted(v for b in e for v in b) == x.tolist() for e in epochs)
    assert [b[0].tolist() for b in source.batches(1, start=2)] == epochs[1][2:]
    assert source.steps == 3
    assert epoch_order(10, 5, 1).tolist() == [int(v) for b in epochs[1] for v in b]


def test_short_batches_are_filled_with_their_last_sample() -> None:
    source = ArraySource("f", {"a": np.arange(5.0)}, np.arange(5), None, 3, False)
    batches = list(Feeder().feed(source.batches(0), 3))
    assert [b.x["a"].tolist() for b in batches] == [[0.0, 1.0, 2.0], [3.0, 4.0, 4.0]]
    assert [b.y.tolist() for b in batches] == [[0, 1, 2], [3, 4, 4]]
    assert [b.weight.tolist() for b in batches] == [[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]]
    assert [b.samples for b in batches] == [3, 2]
    assert batches[0].x["a"].dtype.name == "float32"
    as_they_are = list(Feeder().feed(source.batches(0), None))
    assert [(b.samples, b.weight) for b in as_they_are] == [(3, None), (2, None)]


def test_iterables() -> None:
    batches = [(np.ones((2, 1), "f4"), np.zeros(2, "i4")), (np.ones((1, 1), "f4"), np.zeros(1, "i4"))]
    assert IterableSource(batches).steps == 2
    assert [b.samples for b in Feeder().feed(IterableSource(batches).batches(0), None)] == [2, 1]
    endless = IterableSource(iter(range(100)), steps=3)
    assert [[b[0] for b in endless.batches(e)] for e in range(2)] == [[0, 1, 2], [3, 4, 5]]
    assert len(list(IterableSource(lambda: iter(batches)).batches(0, start=1))) == 1
    with pytest.raises(ValueError, match=r"batches of x, \(x, y\) or \(x, y, weight\), got one of 4"):
        list(IterableSource([(1, 2, 3, 4)]).batches(0))
    with pytest.raises(ValueError, match=r"with as many samples each, got .*\[3\], .*\[2\]"):
        ArraySource("f", np.arange(3), np.arange(2), None, 2, False)
    with pytest.raises(ValueError, match="at least one sample"):
        ArraySource("f", np.zeros((0, 2)), None, None, 2, False)
    with pytest.raises(TypeError, match="expected numbers, got"):
        ArraySource("f", np.asarray(["a", "b"]), None, None, 2, False)
