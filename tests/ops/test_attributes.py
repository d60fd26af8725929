"""What one can ask of a tensor, Python functions on its elements, and what is refused with a way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

import xlagrad as xg
import xlagrad.torch as ours
from tests.core.agreement import agree
from tests.ops.compare import check, tensor
from xlagrad.core.errors import AutogradError, TraceError
from xlagrad.ops import absent

PROGRAMS: dict[str, Callable[[Any], Any]] = {
    "is_signed": lambda t: [t.ones(2, dtype=d).is_signed() for d in (t.float32, t.int8, t.uint8, t.bool)],
    "is_same_size": lambda t: (t.is_same_size(t.ones(2), t.ones(2)), t.ones(2).is_same_size(t.ones(1, 2))),
    "is_conj": lambda t: (t.ones(2).is_conj(), t.is_neg(t.ones(2)), t.is_inference(t.ones(2))),
    "is_nonzero": lambda t: (t.is_nonzero(t.ones(1)), t.zeros(()).is_nonzero()),
    "is_nonzero of several": lambda t: t.ones(2).is_nonzero(),
    "get_device": lambda t: (t.ones(2).get_device(), t.get_device(t.ones(2))),
    "kinds": lambda t: [getattr(t.ones(2), f"is_{k}") for k in "cpu meta mps quantized sparse xla".split()],  # noqa: SIM905
    "layout": lambda t: (repr(t.ones(2).layout), t.ones(2).layout is t.strided),
    "layout classes": lambda t: (
        isinstance(t.strided, t.layout) and isinstance(t.channels_last, t.memory_format)
    ),
    "dim_order": lambda t: (t.ones(2, 3).dim_order(), t.ones(2, 3, 4).permute(2, 0, 1).dim_order()),
    "channels_last": lambda t: [
        x.is_contiguous(memory_format=t.channels_last)
        for x in (t.ones(2, 3, 4, 5), t.ones(2, 3, 4, 5).permute(0, 3, 1, 2), t.ones(2, 3))
    ],
    "dense": lambda t: (t.ones(2, 3).dense_dim(), t.ones(2, 3).sparse_dim(), t.ones(2).to_dense()),
    "is_set_to": lambda t: (lambda x: (x[:].is_set_to(x), x[1:].is_set_to(x), x.is_set_to(x + 0)))(t.ones(3)),
    "data_ptr": lambda t: (lambda x: x[1, 1:].data_ptr() - x.data_ptr())(t.ones(3, 4)),
    "data_ptr of complex": lambda t: (lambda x: x.imag[1:].data_ptr() - x.data_ptr())(t.ones(3) + 1j),
    "grad_dtype": lambda t: t.ones(2).grad_dtype.itemsize,
    "name": lambda t: (t.ones(2).name, t.ones(2).volatile, t.ones(2).is_shared(), t.ones(2).is_pinned()),
    "apply_": lambda t: t.arange(6).view(2, 3).t().apply_(lambda x: x * x),
    "map_": lambda t: t.ones(2).map_(t.arange(2.0), lambda x, y: 10 * x + y),
    "map2_": lambda t: t.ones(2).map2_(t.arange(2.0), t.ones(2), lambda x, y, z: 10 * x + y + 100 * z),
    "apply_ in a graph": lambda t: t.ones(2, requires_grad=True).apply_(abs),
    "new": lambda t: (t.ones(2).new(2, 3).shape, t.ones(2).new([2, 3]), t.ones(2).new().shape),
    "resolve_conj": lambda t: t.resolve_conj(t.tensor([1 + 2j]).conj()),
    "conj_physical_": lambda t: t.tensor([1 + 2j]).conj_physical_(),
    "FloatTensor": lambda t: (t.FloatTensor(2, 3).shape, t.FloatTensor([1, 2]), t.LongTensor([[1], [2]])),
    "instances": lambda t: [isinstance(t.ones(2), k) for k in (t.FloatTensor, t.LongTensor, t.Tensor)],
    "IntTensor of floats": lambda t: t.IntTensor(t.ones(2)),
    "IntTensor of integers": lambda t: t.IntTensor(t.ones(2, dtype=t.int32)),
    "ByteTensor": lambda t: (t.ByteTensor(), t.BoolTensor([True])),
    "nonzero_static": lambda t: t.nonzero_static(t.tensor([[0, 1], [2, 3]]), size=2),
    "nonzero_static longer": lambda t: t.tensor([0.0, 1.0]).nonzero_static(size=3, fill_value=-7),
    "nonzero_static of a number": lambda t: t.nonzero_static(t.tensor(2), size=2),
    "nonzero_static of nothing": lambda t: t.nonzero_static(t.ones(2, 0), size=2),
    "nonzero_static negative": lambda t: t.nonzero_static(t.ones(2), size=-1),
    "real is a view": lambda t: (lambda x: (t.real(x).mul_(3), x))(t.tensor([1 + 2j])),
    "binomial": lambda t: t.binomial(t.tensor([3.0, 5.0]), t.tensor([1.0, 0.0])),
    "binomial of types": lambda t: t.binomial(t.tensor([3]), t.tensor([1.0])),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs(name: str) -> None:
    agree(PROGRAMS[name])


def test_python_functions_need_values() -> None:
    with pytest.raises(TraceError, match="apply_"):
        xg.compile(lambda x: (x * 1).apply_(abs))(ours.ones(2))
    with pytest.raises(TraceError, match="data_ptr"):
        xg.compile(lambda x: x * x.data_ptr())(ours.ones(2))
    with pytest.raises(AutogradError, match="does not require grad"):
        (ours.ones(2, requires_grad=True) * 2).apply_(abs)


def test_a_subclass_shares_the_elements() -> None:
    class Named(ours.Tensor):
        """A tensor of another class."""

    x = ours.zeros(2)
    named = x.as_subclass(Named)
    named += 1
    assert type(named) is Named
    assert x.tolist() == [1.0, 1.0]


def test_from_file_reads_numbers(tmp_path: Any) -> None:
    path = tmp_path / "numbers"
    torch.arange(5, dtype=torch.int32).numpy().tofile(path)
    assert ours.from_file(str(path), size=3, dtype=ours.int32).tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="a file of 9 int32 numbers"):
        ours.from_file(str(path), size=9, dtype=ours.int32)
    with pytest.raises(NotImplementedError, match=r"numpy\.memmap"):
        ours.from_file(str(path), shared=True, size=1)


@pytest.mark.parametrize("name", sorted(absent.METHODS))
def test_methods_that_cannot_be_say_what_can(name: str) -> None:
    with pytest.raises(NotImplementedError, match=rf"^{name}: expected .*, got .*; \w+ .*\.$"):
        getattr(ours.ones(2), name)()


@pytest.mark.parametrize("name", sorted(absent.FUNCTIONS))
def test_functions_that_cannot_be_say_what_can(name: str) -> None:
    with pytest.raises(NotImplementedError, match=rf"^{name}: expected .*, got .*; \w+ .*\.$"):
        getattr(ours, name)(ours.ones(2))


def test_binomial_has_its_mean_and_variance() -> None:
    ours.manual_seed(0)
    count, prob = ours.full((20_000,), 9.0), ours.full((20_000,), 0.3)
    drawn = ours.binomial(count, prob)
    assert abs(drawn.mean().item() - 2.7) < 0.05
    assert abs(drawn.var().item() - 1.89) < 0.08
    assert drawn.min().item() >= 0
    generator = ours.Generator().manual_seed(3)
    first = ours.binomial(count[:50], prob[:50], generator=generator)
    again = ours.binomial(count[:50], prob[:50], generator=ours.Generator().manual_seed(3))
    assert first.tolist() == again.tolist()


@pytest.mark.parametrize("reduce", ["sum", "mean", "prod", "max", "min"])
def test_segment_reduce(reduce: str) -> None:
    lengths = torch.tensor([2, 0, 3])
    check("segment_reduce", tensor(5, 2), reduce, lengths=lengths, initial=1.5)
    check("segment_reduce", tensor(5), reduce, offsets=torch.tensor([0, 1, 4, 5]))
    check(
        "segment_reduce", tensor(2, 4, 2), reduce, lengths=torch.tensor([[1, 3], [4, 0]]), axis=1, initial=0.5
    )


SEGMENTS: dict[str, Callable[[Any], Any]] = {
    "empty runs": lambda t: [
        t.segment_reduce(t.ones(2), r, lengths=t.tensor([2, 0]))
        for r in ("sum", "mean", "prod", "max", "min")
    ],
    "neither": lambda t: t.segment_reduce(t.ones(3), "sum"),
    "reduction": lambda t: t.segment_reduce(t.ones(3), "median", lengths=t.tensor([3])),
    "sum": lambda t: t.segment_reduce(t.ones(3), "sum", lengths=t.tensor([1, 1])),
    "negative": lambda t: t.segment_reduce(t.ones(3), "sum", lengths=t.tensor([4, -1])),
    "shape": lambda t: t.segment_reduce(t.ones(2, 3), "sum", lengths=t.tensor([3]), axis=1),
}


@pytest.mark.parametrize("name", SEGMENTS)
def test_runs(name: str) -> None:
    agree(SEGMENTS[name])
