"""The torch namespace has PyTorch's names, and says what is nearest to one it lacks."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch as reference

import xlagrad.torch as torch
from xlagrad.ops import absent, attributes
from xlagrad.torch import legacy, names, native

MODULES = {"torch": torch, "torch.linalg": torch.linalg, "torch.special": torch.special}


def test_every_name_is_one_of_pytorchs() -> None:
    ours = {"settings", "names"}
    assert [n for n in torch.__all__ if not hasattr(reference, n) and n not in ours] == []
    for name in ("linalg", "special", "autograd", "func", "cuda", "random"):
        module, other = getattr(torch, name), getattr(reference, name)
        public = getattr(module, "__all__", [n for n in vars(module) if callable(vars(module)[n])])
        assert [n for n in public if not n.startswith("_") and not hasattr(other, n) and n != "Any"] == [], (
            name
        )


def test_all_names_resolve() -> None:
    assert [n for n in torch.__all__ if not hasattr(torch, n)] == []
    assert len(set(torch.__all__)) == len(torch.__all__) > 300


@pytest.mark.parametrize(
    "name", ["add", "relu", "cat", "zeros", "reshape", "chunk", "softmax", "where", "einsum"]
)
def test_operations_are_there(name: str) -> None:
    assert callable(getattr(torch, name))


@pytest.mark.parametrize(
    ("module", "name", "nearest"),
    [
        ("torch", "rellu", "torch.relu"),
        ("torch", "zeroes", "torch.zeros"),
        ("torch", "no_grads", "torch.no_grad"),
        ("torch.linalg", "choleski", "torch.linalg.cholesky"),
        ("torch.special", "erfs", "torch.special.erf"),
    ],
)
def test_a_missing_name_says_which_is_nearest(module: str, name: str, nearest: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(MODULES[module], name)
    text = str(caught.value)
    assert f"{module}.{name}: expected a name that xlagrad.{module} has, got '{name}'" in text
    assert text.endswith(f"the nearest is {nearest}.")


def test_a_name_like_no_other_points_to_dir() -> None:
    with pytest.raises(AttributeError, match=r"dir\(torch\) lists what there is"):
        _ = torch.qqqqqqq


def test_hasattr_and_inspect_work_on_the_module() -> None:
    assert not hasattr(torch, "qqqqqqq")
    assert not hasattr(torch, "__wrapped__")
    assert inspect.unwrap(torch) is torch  # type: ignore[arg-type]


def test_helpers_of_records_stay_out() -> None:
    assert not {"max_dim", "choose", "_cast", "_reshape", "gather_along"} & set(torch.__all__)
    listed = {*names.FUNCTIONS, *names.INPLACE, *attributes.FUNCTIONS, *absent.FUNCTIONS, *legacy.CLASSES}
    assert set(names.operations()) <= listed | set(native.FUNCTIONS)


def test_constants_and_types_equal_pytorchs() -> None:
    for name in ("pi", "e", "inf"):
        assert getattr(torch, name) == getattr(reference, name)
    for name in ("float", "double", "half", "short", "int", "long", "bool", "cfloat", "cdouble", "bfloat16"):
        assert repr(getattr(torch, name)) == repr(getattr(reference, name))
    assert isinstance(torch.float32, torch.dtype)
    assert isinstance(torch.device("cpu"), torch.device)
    assert isinstance(torch.zeros(2).shape, torch.Size)


def test_small_questions() -> None:
    x: Any = torch.tensor([1.0])
    assert torch.is_tensor(x) and not torch.is_tensor(1.0)
    assert torch.is_floating_point(x) and not torch.is_complex(x) and torch.is_nonzero(x)
    assert torch.numel(torch.zeros(2, 3)) == 6
    with pytest.raises(ValueError, match="is_nonzero: expected a tensor with one element"):
        torch.is_nonzero(torch.zeros(2))


def test_settings_are_truthful() -> None:
    assert torch.cuda.is_available() == (torch.cuda.device_count() > 0)
    assert torch.backends.mps.is_available() is False
    assert torch.get_num_threads() >= 1
    with pytest.raises(ValueError, match="set_num_threads: expected a positive integer, got 0"):
        torch.set_num_threads(0)
    assert torch.get_float32_matmul_precision() == "highest"
    torch.set_float32_matmul_precision("high")
    try:
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision("highest")
    with pytest.raises(ValueError, match="'highest', 'high' or 'medium', got 'low'"):
        torch.set_float32_matmul_precision("low")
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match=r"torch\.cuda: expected a GPU, got only"):
            torch.cuda.current_device()
