"""Every module in PyTorch's own database does here what it does there, eagerly and compiled.

Each day has its share of the modules, as the operations have.
"""

from __future__ import annotations

import zlib
from typing import Any

import pytest
import torch

import xlagrad.torch as ours
from tests.conformance.database import Untranslatable, copied, translated
from tests.conformance.running import compare, gradients, tensors
from tests.conformance.test_operations import DAYS
from xlagrad.core.compile import compile

from torch.testing._internal.common_modules import module_db  # isort: skip  (after the stub of its base class)

# Some samples ask for 64-bit types, which are of 32 bits here.
pytestmark = pytest.mark.filterwarnings("ignore:dtype. expected a 32-bit type:UserWarning")

#: How many cases of a module are tried.
CASES = 3

#: Their cases have numbers of double precision, which these tests run without.
DOUBLE = {"nn.FractionalMaxPool2d", "nn.FractionalMaxPool3d"}

MODULES: dict[str, Any] = {i.name.removeprefix("nn."): i for i in module_db if i.name not in DOUBLE}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Choose the day's modules."""
    if "name" not in metafunc.fixturenames:
        return
    choice, day = metafunc.config.option.slow, metafunc.config.option.slow_day
    days = {"all": 1, "share": DAYS, "none": 10 * DAYS}[choice]
    chosen = [name for name in MODULES if zlib.crc32(name.encode()) % days == day % days]
    metafunc.parametrize("name", chosen)
    metafunc.parametrize("training", [True, False], ids=["train", "eval"])


def _cases(name: str, training: bool) -> list[Any]:
    torch.manual_seed(0)
    info = MODULES[name]
    found = info.module_inputs_func(
        info, device="cpu", dtype=torch.float32, requires_grad=True, training=training
    )
    kept = [case for case in found if case.forward_input is not None]
    return kept[:: max(1, len(kept) // CASES)][:CASES]


class _Pair:
    """A module of PyTorch's and ours of the same arguments and state."""

    def __init__(self, name: str, case: Any, training: bool) -> None:
        built, memo = case.constructor_input, {}
        self.theirs = getattr(torch.nn, name)(*copied(built.args, {}), **copied(built.kwargs, {}))
        self.ours = getattr(ours.nn, name)(*translated(built.args, memo), **translated(built.kwargs, memo))
        given = case.forward_input
        if "Lazy" in name:
            self.theirs(*copied(given.args, {}), **copied(given.kwargs, {}))
            self.ours(*translated(given.args, {}), **translated(given.kwargs, {}))
        for module in (self.theirs, self.ours):
            for child in module.modules():
                # What remains random would differ: the streams of the two libraries do.
                if isinstance(getattr(child, "dropout", None), float):
                    child.dropout = 0.0
                if type(child).__name__ == "Dropout":
                    child.p = 0.0
            module.train(training)
        self.ours.load_state_dict(self.theirs.state_dict())
        self.call = (given.args, given.kwargs)

    def run(self, library: Any, compiled: bool = False) -> dict[str, Any]:
        """Return the results, the gradients of inputs and parameters, and the state afterwards."""
        module = self.theirs if library is torch else self.ours
        convert = copied if library is torch else translated
        memo: dict[int, Any] = {}
        args, kwargs = convert(self.call[0], memo), convert(self.call[1], memo)
        inputs = [t for t in tensors([args, kwargs]) if t.requires_grad] + list(module.parameters())
        call = compile(lambda *a, **k: module(*a, **k)) if compiled else module
        out = call(*args, **kwargs)
        return {
            "result": out,
            "gradients": gradients(library, out, inputs),
            "state": list(module.state_dict().values()),
        }


def _check(got: dict[str, Any], want: dict[str, Any]) -> None:
    for what, value in want.items():
        found = compare(got[what], value)
        assert found is None, f"{what}: {found}"


def test_modules_do_what_those_of_pytorch_do(name: str, training: bool) -> None:
    tried = 0
    for case in _cases(name, training):
        try:
            pair = _Pair(name, case, training)
            want = pair.run(torch)
        except (Untranslatable, NotImplementedError):
            continue
        tried += 1
        assert repr(pair.ours) == repr(pair.theirs)
        assert list(pair.ours.state_dict()) == list(pair.theirs.state_dict())
        _check(pair.run(ours), want)
        again = _Pair(name, case, training)
        again.ours.load_state_dict(again.theirs.state_dict())
        want = again.run(torch)
        _check(again.run(ours, compiled=True), want)
    assert tried, "no case of the module could be run"
