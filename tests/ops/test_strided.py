"""Views by strides, windows, complex views and bits: values, gradients, writes, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

import xlagrad.torch as ours
from tests.core.agreement import agree
from tests.ops.compare import check, tensor
from xlagrad.core.errors import StateError

X = tensor(3, 4)
Z = torch.complex(tensor(2, 3), tensor(2, 3, seed=1))

VIEWS: dict[str, Callable[[Any], Any]] = {
    "as_strided": lambda x: x.as_strided((2, 3), (4, 1), 1),
    "as_strided that repeats": lambda x: x.as_strided((3, 3), (1, 1)),
    "as_strided with stride 0": lambda x: x.as_strided((2, 3), (0, 2)),
    "as_strided to a number": lambda x: x.as_strided((), (), 5),
    "as_strided to nothing": lambda x: x.as_strided((0, 3), (1, 1)),
    "as_strided of a view": lambda x: x[1].as_strided((2, 2), (2, 1)),
    "as_strided of a transposed": lambda x: x.t().as_strided((4,), (3,)),
    "unfold": lambda x: x.unfold(1, 2, 1),
    "unfold with gaps": lambda x: x.unfold(0, 1, 2),
    "unfold twice": lambda x: x.unfold(0, 2, 1).unfold(1, 3, 1),
    "unfold to nothing": lambda x: x.unfold(-1, 0, 2),
    "unfold a number": lambda x: x.sum().unfold(0, 1, 1),
    "tensor_split": lambda x: x.tensor_split(3, 1),
    "tensor_split at places": lambda x: x.tensor_split((1, -1, 9), -1),
    "hsplit": lambda x: x.hsplit(2),
    "vsplit": lambda x: x.vsplit([1]),
    "dsplit": lambda x: x.view(1, 3, 4).dsplit(4),
    "unsafe_chunk": lambda x: x.unsafe_chunk(2, 1),
    "unsafe_split": lambda x: x.unsafe_split(2),
    "unsafe_split_with_sizes": lambda x: x.unsafe_split_with_sizes([1, 3], 1),
    "narrow_copy": lambda x: x.narrow_copy(1, 1, 2),
}


@pytest.mark.parametrize("name", VIEWS)
def test_views(name: str) -> None:
    check(VIEWS[name], X.clone())


COMPLEX: dict[str, Callable[[Any], Any]] = {
    "view_as_real": lambda t: lambda z: t.view_as_real(z),
    "view_as_complex": lambda t: lambda z: t.view_as_complex(t.view_as_real(z).movedim(0, 1)),
    "real": lambda t: lambda z: t.real(z) * 2,
    "imag": lambda t: lambda z: t.imag(z) * 2,
    "conj_physical": lambda t: lambda z: t.conj_physical(z),
}


@pytest.mark.parametrize("name", COMPLEX)
def test_views_of_complex_numbers(name: str) -> None:
    check(COMPLEX[name](ours), Z.clone(), theirs=COMPLEX[name](torch), second=True)


def scatter(name: str, *args: Any) -> Callable[[Any], Any]:
    return lambda t: lambda x, src: getattr(t, name)(x, src, *args)


SCATTERS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "select_scatter": (scatter("select_scatter", 1, -2), (3,)),
    "slice_scatter": (scatter("slice_scatter", 1, 1, None, 2), (3, 2)),
    "slice_scatter of all": (scatter("slice_scatter"), (3, 4)),
    "slice_scatter of nothing": (scatter("slice_scatter", 0, 2, 1), (0, 4)),
    "diagonal_scatter": (scatter("diagonal_scatter", -1), (2,)),
    "diagonal_scatter turned": (scatter("diagonal_scatter", 1, 1, 0), (2,)),
}


@pytest.mark.parametrize("name", SCATTERS)
def test_copies_with_a_part_replaced(name: str) -> None:
    make, shape = SCATTERS[name]
    check(make(ours), X.clone(), tensor(*shape), theirs=make(torch), second=True)


def test_as_strided_scatter_passes_the_gradient_of_what_stays() -> None:
    args = (2, 2), (4, 2), 1
    make = scatter("as_strided_scatter", *args)
    check(make(ours), X.clone(), tensor(2, 2), theirs=make(torch), grad=False)
    x, src = ours.zeros(5, requires_grad=True), ours.ones(2, requires_grad=True)
    ours.as_strided_scatter(x, src, (2,), (2,), 1).backward(ours.arange(1.0, 6.0))
    assert (x.grad.tolist(), src.grad.tolist()) == ([1.0, 0.0, 3.0, 0.0, 5.0], [2.0, 4.0])


def test_as_strided_scatter_keeps_the_place_of_a_view() -> None:
    agree(lambda t: t.as_strided_scatter(t.arange(6.0)[2:], t.ones(2), (2,), (2,)))
    agree(lambda t: t.as_strided_scatter(t.arange(6.0).view(2, 3).t(), t.ones(2), (2,), (3,), 1))


PLACES: dict[str, Callable[[Any, Any], Any]] = {
    "as_strided": lambda t, x: x.as_strided((2, 2), (4, 2), 1),
    "as_strided of a view": lambda t, x: x[1:].t().as_strided((3,), (2,), 1),
    "as_strided of a detached": lambda t, x: x.detach()[0].as_strided((3,), (4,)),
    "unfold": lambda t, x: x.unfold(1, 2, 2)[:, 1],
    "tensor_split": lambda t, x: x.tensor_split(2)[1],
    "unsafe_split": lambda t, x: x.unsafe_split(2)[0],
    "unsafe_chunk": lambda t, x: x.unsafe_chunk(2, 1)[1],
    "view_as_complex": lambda t, x: t.view_as_complex(x.view(3, 2, 2))[0],
    "real of complex": lambda t, x: t.view_as_complex(x.view(3, 2, 2)).imag[1:],
    "strided parts": lambda t, x: t.view_as_complex(x.view(3, 2, 2)).real.as_strided((3,), (4,)),
    "strided complex": lambda t, x: t.view_as_complex(x.view(3, 2, 2)).as_strided((2,), (3,)),
    "bits": lambda t, x: x.view(t.int32)[1],
    "atleast_3d": lambda t, x: t.atleast_3d(x)[0],
    "real": lambda t, x: t.real(x)[0],
}


@pytest.mark.parametrize("name", PLACES)
def test_writes_go_through(name: str) -> None:
    def program(t: Any) -> Any:
        x = t.arange(12.0).reshape(3, 4)
        part = PLACES[name](t, x)
        part.mul_(2)
        part += 1
        x.add_(1)
        return x, part

    agree(program)


@pytest.mark.parametrize("name", ["as_strided", "unfold", "tensor_split", "view_as_complex", "strided parts"])
def test_writes_go_through_with_gradients(name: str) -> None:
    def program(t: Any) -> Any:
        leaf = t.arange(12.0).reshape(3, 4).detach().requires_grad_()
        x = leaf * 3
        PLACES[name](t, x).mul_(2)
        (x * x).sum().backward()
        return x.detach(), leaf.grad

    agree(program)


def test_a_slice_finds_what_it_is_a_slice_of() -> None:
    agree(lambda t: (lambda x: t.slice_inverse(x[1:], x).mul_(2))(t.arange(6.0).view(2, 3)))


def test_a_repeated_element_is_not_written() -> None:
    agree(lambda t: t.zeros(4).as_strided((3, 2), (0, 1)).add_(1))
    with pytest.raises(StateError, match="memory location"):
        ours.zeros(4).as_strided((2, 2), (0, 1)).zero_()


BITS: dict[str, Callable[[Any], Any]] = {
    "as wide": lambda t: t.arange(4.0).view(t.int32),
    "narrower": lambda t: t.arange(4, dtype=t.int32).view(t.uint8),
    "wider": lambda t: t.arange(4, dtype=t.int16).view(t.int32),
    "complex": lambda t: t.arange(4.0).view(t.complex64),
    "of complex": lambda t: (t.arange(4.0) + 0j).view(t.float32),
    "of truth": lambda t: t.tensor([True, False]).view(t.uint8),
    "as truth": lambda t: t.tensor([1, 0], dtype=t.uint8).view(t.bool),
    "by name": lambda t: t.arange(4.0).view(dtype=t.int32),
    "a number": lambda t: t.tensor(3.0).view(t.int32),
    "a number, wider": lambda t: t.tensor(3, dtype=t.int16).view(t.int32),
    "no whole number": lambda t: t.arange(3, dtype=t.int16).view(t.int32),
    "not side by side": lambda t: t.zeros(2, 2, dtype=t.int16).t().view(t.int32),
}


@pytest.mark.parametrize("name", BITS)
def test_bits_as_another_type(name: str) -> None:
    agree(BITS[name])


REFUSED: dict[str, Callable[[Any], Any]] = {
    "as_strided outside": lambda t: t.zeros(4).as_strided((2, 2), (3, 1)),
    "as_strided before": lambda t: t.zeros(4).as_strided((2,), (1,), -1),
    "as_strided backwards": lambda t: t.zeros(4).as_strided((2,), (-1,), 2),
    "as_strided lengths": lambda t: t.zeros(4).as_strided((2, 2), (1,)),
    "as_strided negative": lambda t: t.zeros(4).as_strided((-1,), (1,)),
    "as_strided_scatter": lambda t: t.as_strided_scatter(t.zeros(4), t.zeros(3), (2,), (1,)),
    "unfold too long": lambda t: t.zeros(4).unfold(0, 5, 1),
    "unfold step": lambda t: t.zeros(4).unfold(0, 2, 0),
    "unfold dim": lambda t: t.zeros(4).unfold(1, 2, 1),
    "view_as_real": lambda t: t.view_as_real(t.zeros(2)),
    "view_as_complex": lambda t: t.view_as_complex(t.zeros(2, 3)),
    "view_as_complex integers": lambda t: t.view_as_complex(t.zeros(2, 2, dtype=t.int32)),
    "view_as_complex turned": lambda t: t.view_as_complex(t.zeros(2, 2).t()),
    "tensor_split none": lambda t: t.zeros(4).tensor_split(0),
    "tensor_split number": lambda t: t.tensor(1.0).tensor_split(1),
    "tensor_split floats": lambda t: t.zeros(4).tensor_split(t.tensor([1.0])),
    "hsplit uneven": lambda t: t.zeros(2, 3).hsplit(2),
    "vsplit vector": lambda t: t.zeros(3).vsplit(1),
    "dsplit matrix": lambda t: t.zeros(3, 3).dsplit(1),
    "select_scatter index": lambda t: t.select_scatter(t.zeros(2, 3), t.zeros(3), 0, 2),
    "select_scatter shape": lambda t: t.select_scatter(t.zeros(2, 3), t.zeros(2), 0, 0),
    "select_scatter number": lambda t: t.select_scatter(t.tensor(1.0), t.tensor(1.0), 0, 0),
    "slice_scatter shape": lambda t: t.slice_scatter(t.zeros(5), t.zeros(3), 0, 1, None, 2),
    "slice_scatter step": lambda t: t.slice_scatter(t.zeros(5), t.zeros(2), 0, 1, 3, -1),
    "diagonal_scatter shape": lambda t: t.diagonal_scatter(t.zeros(3, 3), t.zeros(3), 1),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_torch_refuses_we_refuse(name: str) -> None:
    agree(REFUSED[name])


COPIES: dict[str, Callable[[Any], Any]] = {
    "alias_copy": lambda t: t.alias_copy,
    "as_strided_copy": lambda t: lambda x: t.as_strided_copy(x, (2, 2), (1, 4)),
    "detach_copy": lambda t: t.detach_copy,
    "diagonal_copy": lambda t: lambda x: t.diagonal_copy(x, 1),
    "expand_copy": lambda t: lambda x: t.expand_copy(x, (2, 3, 4)),
    "permute_copy": lambda t: lambda x: t.permute_copy(x, (1, 0)),
    "select_copy": lambda t: lambda x: t.select_copy(x, 0, 1),
    "slice_copy": lambda t: lambda x: t.slice_copy(x, 1, 1, None, 2),
    "split_copy": lambda t: lambda x: t.split_copy(x, 2),
    "split_with_sizes_copy": lambda t: lambda x: t.split_with_sizes_copy(x, [1, 2]),
    "squeeze_copy": lambda t: lambda x: t.squeeze_copy(x[:1]),
    "t_copy": lambda t: t.t_copy,
    "transpose_copy": lambda t: lambda x: t.transpose_copy(x, 0, 1),
    "unbind_copy": lambda t: t.unbind_copy,
    "unfold_copy": lambda t: lambda x: t.unfold_copy(x, 0, 2, 1),
    "unsqueeze_copy": lambda t: lambda x: t.unsqueeze_copy(x, 0),
    "view_copy": lambda t: lambda x: t.view_copy(x, (4, 3)),
}


@pytest.mark.parametrize("name", COPIES)
def test_copies_have_values_of_their_own(name: str) -> None:
    def program(t: Any) -> Any:
        x = t.arange(12.0).reshape(3, 4)
        found = COPIES[name](t)(x)
        for part in found if isinstance(found, tuple) else (found,):
            part += 100
        leaf = t.arange(12.0).reshape(3, 4).detach().requires_grad_()
        found = COPIES[name](t)(leaf)
        part = found[0] if isinstance(found, tuple) else found
        if name != "detach_copy":
            (part * part).sum().backward()
        return x, part.detach(), leaf.grad

    agree(program)
