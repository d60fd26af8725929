"""Files that PyTorch wrote are read byte for byte, and PyTorch reads ours."""

from __future__ import annotations

import argparse
import io
import pathlib
import pickle
from collections import Counter, OrderedDict, defaultdict
from typing import Any

import jax
import numpy as np
import pytest
import torch

import xlagrad.torch as ours
from tests.torch.serialization.files import NAMES, ZIP_ONLY, loaded, raw, same, written

OLD = pytest.mark.parametrize("old", [False, True], ids=["zip", "stream"])


def options(old: bool) -> dict[str, Any]:
    return {"_use_new_zipfile_serialization": not old}


def both_ways(value: Any, old: bool = False) -> Any:
    """Check that ours reads what PyTorch writes, and PyTorch what ours writes of it; return ours."""
    found = loaded(ours, written(torch, value, **options(old)))
    same(found, value)
    again = loaded(torch, written(ours, found, **options(old)))
    same(again, value)
    same(loaded(ours, written(ours, found, **options(old))), value)
    return found


@pytest.fixture(autouse=True)
def _sixty_four_bits() -> Any:
    with jax.enable_x64(True):
        yield


EVERY = [pytest.param(name, old, id=f"{name}-{'stream' if old else 'zip'}") for name in NAMES
         for old in ((False,) if name in ZIP_ONLY else (False, True))]  # fmt: skip


@pytest.mark.parametrize(("name", "old"), EVERY)
def test_every_element_type_is_exchanged_byte_for_byte(name: str, old: bool) -> None:
    dtype = getattr(torch, name)
    high = 2 if name == "bool" else 256
    data = torch.randint(0, high, (6 * dtype.itemsize,), dtype=torch.uint8)
    both_ways({"t": data.view(dtype).reshape(2, 3), "dtype": dtype, "empty": torch.zeros(0, 3, dtype=dtype),
               "scalar": data.view(dtype)[0]}, old)  # fmt: skip


def test_views_share_and_keep_their_strides() -> None:
    x = torch.arange(24.0).reshape(2, 3, 4)
    parts = [x, x[1], x.permute(2, 0, 1), x[:, ::2, 1:3], x[0, 0, :1].expand(5, 1), x.flatten()[7:9]]
    found = both_ways(parts)
    found[0][1, 0, 0] = -1.0
    assert found[1][0, 0].item() == found[2][0, 1, 0].item() == -1.0
    found[1][0, 0] = 5.0
    assert found[0][1, 0, 0].item() == 5.0


def test_parts_that_do_not_overlap_are_tensors_of_their_own() -> None:
    x = torch.arange(6.0)
    found = both_ways([x[:2], x[2:6]])
    assert found[0]._view is None
    assert found[1]._view is None


def test_one_object_stays_one() -> None:
    x = torch.ones(2)
    found = both_ways({"a": x, "b": [x, (x,)]})
    assert found["a"] is found["b"][0] is found["b"][1][0]


def test_tied_weights_stay_tied() -> None:
    a = torch.nn.Linear(3, 3, bias=False)
    b = torch.nn.Sequential(a, a)
    found = both_ways(OrderedDict(b.state_dict()))
    found["0.weight"].fill_(7.0)
    assert found["1.weight"].tolist() == [[7.0] * 3] * 3


@OLD
def test_plain_values(old: bool) -> None:
    value = {
        "none": None, "yes": True, "int": -(2**40), "huge": 10**30, "float": 0.1, "nan": float("nan"),
        "text": "ä\u4e2d\ud800", "bytes": b"\x00\xff", "list": [1, [2, []]], "tuple": (1, (2,), ()),
        3: {"set": {1, 2}, "frozen": frozenset({"a"})}, (1, "k"): 2, "complex": 1 + 2j,
        "ordered": OrderedDict([("b", 1), ("a", 2)]), "counter": Counter("aab"),
        "size": torch.Size([2, 3]), "dtype": torch.int64, "device": torch.device("cpu"),
        "bytearray": bytearray(b"abc"),
    }  # fmt: skip
    found = loaded(ours, written(torch, value, **options(old)))
    same(found, value)
    with torch.serialization.safe_globals([frozenset]):
        same(loaded(torch, written(ours, found, **options(old))), value)


@pytest.mark.parametrize("protocol", range(1, 6))
def test_every_pickle_protocol_is_read(protocol: int) -> None:
    value = {"t": torch.arange(3), "p": torch.nn.Parameter(torch.ones(2)), "b": b"\x80", "x": [0.5, 2**70],
             "s": {1}, "np": np.arange(4.0), "d": defaultdict(list, a=[1])}  # fmt: skip
    data = written(torch, value, pickle_protocol=protocol)
    same(loaded(ours, data), value)
    again = loaded(torch, written(ours, loaded(ours, data), pickle_protocol=protocol), weights_only=False)
    same(again, value)


def test_numpy_arrays_and_scalars() -> None:
    value = {
        "f": np.linspace(0, 1, 6).reshape(2, 3).T, "s": np.float32(1.5),
        "b": np.array([True, False]), "u": np.array(["ab", "c"]), "c": np.complex64(1j), "i": np.int64(3),
        "state": np.random.RandomState(0).get_state(), "d": np.dtype("f4"), "zero": np.zeros((0, 3)),
    }  # fmt: skip
    same(loaded(ours, written(torch, value)), value)
    same(loaded(ours, written(ours, value, pickle_protocol=5)), value)
    big = loaded(ours, written(torch, np.arange(3, dtype=">i4")))
    assert big.tolist() == [0, 1, 2]


def test_parameters_attributes_and_conjugates() -> None:
    p = torch.nn.Parameter(torch.ones(2))
    p.tag = "a"
    t = torch.ones(2)
    t.note = [1]
    z = torch.tensor([1 + 2j, 3 - 1j])
    found = both_ways([p, t, torch.ones(1, requires_grad=True), torch.nn.Parameter(t, requires_grad=False)])
    assert (found[0].tag, found[1].note) == ("a", [1])
    same(loaded(ours, written(torch, z.conj())), z.conj().resolve_conj())
    same(loaded(ours, written(torch, z.conj().imag)), -z.imag.clone())


def train(library: Any, state: Any = None) -> tuple[Any, Any]:
    """Return a model and an optimizer after two steps."""
    model = library.nn.Sequential(library.nn.Linear(3, 4), library.nn.BatchNorm1d(4), library.nn.Linear(4, 1))
    if state is not None:
        model.load_state_dict(state)
    optimizer = library.optim.Adam(model.parameters(), lr=0.1)
    x = library.tensor(np.linspace(-1, 1, 15, dtype=np.float32).reshape(5, 3))
    for _ in range(2):
        optimizer.zero_grad()
        model(x).square().sum().backward()
        optimizer.step()
    return model, optimizer


@OLD
def test_models_and_optimizers_continue_in_the_other_library(old: bool) -> None:
    torch.manual_seed(0)
    model, optimizer = train(torch)
    data = written(torch, {"model": model.state_dict(), "opt": optimizer.state_dict()}, **options(old))
    found = loaded(ours, data)
    assert found["model"]._metadata == model.state_dict()._metadata
    other, steps = train(ours, loaded(ours, written(torch, model.state_dict())))
    other.load_state_dict(found["model"])
    steps.load_state_dict(found["opt"])
    back = loaded(
        torch, written(ours, {"model": other.state_dict(), "opt": steps.state_dict()}, **options(old))
    )
    same(back["model"], model.state_dict())
    optimizer.load_state_dict(back["opt"])
    want = optimizer.state_dict()["state"]
    for index, slots in back["opt"]["state"].items():
        for key, value in slots.items():
            assert raw(torch.as_tensor(value)) == raw(want[index][key])


def test_paths_files_and_mapped_files(tmp_path: pathlib.Path) -> None:
    value = {"x": torch.arange(6.0).reshape(2, 3), "y": torch.ones(5, dtype=torch.bfloat16)}
    path = tmp_path / "model.v1.pt"
    torch.save(value, path)
    for source in (path, str(path)):
        same(ours.load(source), value)
        same(ours.load(source, mmap=True), value)
    with open(path, "rb") as file:
        same(ours.load(file), value)
    with open(path, "rb", buffering=0) as file:
        same(ours.load(file), value)
    found = ours.load(path)
    ours.save(found, path)
    assert [p.name for p in tmp_path.iterdir()] == ["model.v1.pt"]
    same(torch.load(path, mmap=True), value)
    with open(tmp_path / "b.pt", "wb") as file:
        ours.save(found, file)
    same(torch.load(tmp_path / "b.pt"), value)


def test_a_mapped_tensor_can_be_written_without_changing_the_file(tmp_path: pathlib.Path) -> None:
    torch.save(torch.zeros(1024), tmp_path / "x.pt")
    before = (tmp_path / "x.pt").read_bytes()
    x = ours.load(tmp_path / "x.pt", mmap=True)
    x.add_(1)
    assert x.sum().item() == 1024
    assert (tmp_path / "x.pt").read_bytes() == before


def test_several_objects_in_one_stream() -> None:
    file = io.BytesIO()
    for i in range(3):
        torch.save(torch.full((2,), i), file, _use_new_zipfile_serialization=False)
    file.seek(0)
    assert [ours.load(file).tolist() for _ in range(3)] == [[0, 0], [1, 1], [2, 2]]


def test_a_failed_save_leaves_the_old_file(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "x.pt"
    ours.save(1, path)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        ours.save([ours.ones(2), lambda: 0], path)
    assert ours.load(path) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["x.pt"]
    with pytest.raises(RuntimeError, match="Parent directory does not exist"):
        ours.save(1, tmp_path / "none" / "x.pt")


def test_memory_of_two_types_is_refused() -> None:
    z = ours.tensor([1 + 2j])
    with pytest.raises(RuntimeError, match="one element type for tensors that share memory"):
        ours.save([z, z.real], io.BytesIO())


def test_allowed_classes_are_built_with_either_value_of_weights_only() -> None:
    data = written(torch, {"args": argparse.Namespace(lr=0.1, layers=[1, 2]), "t": torch.ones(1)})
    for weights_only in (True, False):
        with pytest.raises(pickle.UnpicklingError, match=r"add_safe_globals\(\[argparse.Namespace\]\)"):
            loaded(ours, data, weights_only=weights_only)
        with ours.serialization.safe_globals([argparse.Namespace]):
            assert ours.serialization.get_safe_globals() == [argparse.Namespace]
            found = loaded(ours, data, weights_only=weights_only)
        assert found["args"] == argparse.Namespace(lr=0.1, layers=[1, 2])
    assert ours.serialization.get_safe_globals() == []


class Holder:
    """Looks at its tensor while it is built."""

    def __init__(self, t: Any) -> None:
        self.t = t

    def __getstate__(self) -> Any:
        return {"t": self.t}

    def __setstate__(self, state: Any) -> None:
        self.t, self.sum = state["t"], float(state["t"].sum())


def test_an_allowed_class_finds_its_tensors_filled() -> None:
    x = ours.arange(4.0)
    data = written(ours, [Holder(x), x[1:], x])
    with ours.serialization.safe_globals([Holder]):
        found, rest, whole = loaded(ours, data)
    assert found.sum == 6.0
    found.t[1] = 10.0
    assert rest.tolist() == [10.0, 2.0, 3.0]
    assert whole is found.t


class Net(ours.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = ours.nn.Linear(2, 1)

    def forward(self, x: Any) -> Any:
        return self.layer(x)


def test_a_whole_module_needs_its_classes_allowed() -> None:
    net = Net()
    data = written(ours, net)
    with pytest.raises(pickle.UnpicklingError, match=r"Net.*add_safe_globals"):
        loaded(ours, data, weights_only=False)
    with ours.serialization.safe_globals([Net, ours.nn.Linear]):
        found = loaded(ours, data, weights_only=False)
    x = ours.ones(3, 2)
    assert found(x).tolist() == net(x).tolist()
    torch_net = written(torch, torch.nn.Linear(2, 1))
    with pytest.raises(pickle.UnpicklingError, match=r"save its state_dict\(\) instead"):
        loaded(ours, torch_net, weights_only=False)


def test_without_64_bits_numbers_are_narrowed_or_refused() -> None:
    data = written(torch, [torch.tensor([1, 2]), torch.tensor(5)])
    with jax.enable_x64(False):
        found = loaded(ours, data)
        assert found[0].dtype == ours.int32
        assert found[0].tolist() == [1, 2]
        with pytest.raises(RuntimeError, match="JAX_ENABLE_X64=1"):
            loaded(ours, written(torch, torch.tensor([2**40])))
