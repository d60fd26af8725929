"""Products, triangles and einsum against PyTorch."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.ops.compare import Tensor, check, integers, tensor
from xlagrad.core.dispatch import registry
from xlagrad.core.errors import ArgumentError, DtypeError, IndexingError, ShapeError


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((5, 2, 3), (3,)),
        ((5, 2, 3), (3, 4)), ((3,), (5, 3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (5, 3, 4)),
        ((2, 1, 2, 3), (5, 3, 4)), ((2, 5, 2, 3), (3, 4)),
        ((0, 2, 3), (3, 4)), ((2, 0), (0, 3)), ((5, 2, 3), (1, 3, 4)),
    ],
)  # fmt: skip
def test_matmul(left: Any, right: Any) -> None:
    once = left == (5, 2, 3) and right == (3, 4)
    check("matmul", tensor(*left), tensor(*right), second=once, compiled=once)


def test_matmul_of_views_and_integers() -> None:
    check("matmul", tensor(3, 2).t(), tensor(4, 3).t(), compiled=False)
    check("matmul", integers(2, 3), integers(3, 4), compiled=False)
    z = torch.complex(tensor(2, 3), tensor(2, 3, seed=1))
    check("matmul", z, z.mT.clone(), compiled=False)


def test_named_products() -> None:
    v, w, m, n, b, c = (
        tensor(3),
        tensor(3, seed=1),
        tensor(2, 3),
        tensor(3, 4),
        tensor(5, 2, 3),
        tensor(5, 3, 4),
    )
    check("mm", m, n, compiled=False)
    check("bmm", b, c, compiled=False)
    check("mv", m, v, compiled=False)
    check("dot", v, w, compiled=False)
    check("vdot", v, w, compiled=False)
    check("vdot", torch.complex(v, w), torch.complex(w, v), compiled=False)
    check("inner", m, tensor(4, 3), compiled=False)
    check("inner", m, tensor(), compiled=False)
    check("outer", v, tensor(4), compiled=False)
    check("kron", m, tensor(2, 2), compiled=False)
    check(lambda x, y: x @ y, m, n, compiled=False)


def test_blended_products() -> None:
    m, n, b, c = tensor(2, 3), tensor(3, 4), tensor(5, 2, 3), tensor(5, 3, 4)
    check("addmm", tensor(4), m, n, beta=0.5, alpha=2)
    check("addmm", torch.full((2, 4), float("nan")), m, n, beta=0, grad=False, compiled=False)
    check("addmv", tensor(2), m, tensor(3), alpha=2, compiled=False)
    check("addr", tensor(2, 3), tensor(2), tensor(3), beta=2, compiled=False)
    check("baddbmm", tensor(5, 2, 4), b, c, compiled=False)
    check("addbmm", tensor(2, 4), b, c, beta=2, compiled=False)


def test_tensordot() -> None:
    x, y = tensor(2, 3, 4), tensor(4, 3, 5)
    check("tensordot", x, tensor(3, 4, 5))
    check("tensordot", x, y, dims=([1, 2], [1, 0]), compiled=False)
    check("tensordot", x, y, dims=0, compiled=False)
    with pytest.raises(ShapeError, match=r"dims \(2,\) of the first to equal dims \(1,\)"):
        registry["tensordot"](ours_zeros(2, 3, 4), ours_zeros(4, 3, 5), dims=([2], [1]))
    with pytest.raises(ArgumentError, match="dims that both tensors have"):
        registry["tensordot"](ours_zeros(2), ours_zeros(2), dims=3)


def ours_zeros(*shape: int) -> Any:
    return Tensor(torch.zeros(shape).numpy())


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]), ("ij,jk", [(2, 3), (3, 4)]), ("ii->i", [(3, 3)]), ("ii", [(3, 3)]),
        ("bij,bjk->bik", [(2, 3, 4), (2, 4, 5)]), ("...ij,...jk->...ik", [(2, 3, 4), (4, 5)]),
        ("i,j->ij", [(3,), (4,)]), ("bhqd,bhkd->bhqk", [(2, 2, 3, 4), (2, 2, 5, 4)]),
        ("ij->ji", [(2, 3)]), ("i,i,i->", [(3,), (3,), (3,)]), (" i j -> j ", [(2, 3)]),
        ("Aa,ab", [(2, 3), (3, 4)]),
    ],
)  # fmt: skip
def test_einsum(equation: str, shapes: Any) -> None:
    xs = [tensor(*s, seed=i) for i, s in enumerate(shapes)]
    check(
        lambda *v: registry["einsum"](equation, *v), *xs, theirs=lambda *v: torch.einsum(equation, *v),
        compiled=equation.startswith("bh"),
    )  # fmt: skip


def test_einsum_with_lists() -> None:
    x, y = tensor(2, 3), tensor(3, 4)
    forms = [
        lambda f: lambda a, b: f(a, [0, 1], b, [1, 2], [0, 2]),
        lambda f: lambda a, b: f(a, [..., 0, 1], b, [1, 2]),
        lambda f: lambda a, b: f("ij,jk", [a, b]),
    ]
    for form in forms:
        check(form(registry["einsum"]), x, y, theirs=form(torch.einsum), compiled=False)
    with pytest.raises(ShapeError, match=r"einsum: expected operands that fit 'ij,jk', got float32\[2, 3\]"):
        registry["einsum"]("ij,jk", ours_zeros(2, 3), ours_zeros(2, 3))


def test_triangles() -> None:
    for name in ("tril", "triu"):
        check(name, tensor(2, 3, 4), -1)
        check(name, integers(3, 3), 1, compiled=False)
        check(name, torch.tensor([[True, True], [True, True]]), compiled=False)
    check("trace", tensor(3, 4), compiled=False)
    check("trace", integers(3, 3), compiled=False)
    check("diag_embed", tensor(2, 3), 1, compiled=False)
    check("diag_embed", tensor(2, 3), -1, 0, 2, compiled=False)
    check("diagflat", tensor(2, 3), -1, compiled=False)
    with pytest.raises(ShapeError, match="tril: expected a tensor of at least 2 dimensions, got float32"):
        Tensor([1.0]).tril()
    with pytest.raises(IndexingError, match=r"diag_embed: expected dim in the range \[-2, 1\], got 4"):
        Tensor([1.0]).diag_embed(dim2=4)


def test_errors_name_both_operands() -> None:
    with pytest.raises(ShapeError, match=r"matmul: .*\(3\) .*\(4\), got float32\[2, 3\] and float32\[4, 5\]"):
        ours_zeros(2, 3) @ ours_zeros(4, 5)
    with pytest.raises(ShapeError, match="batch dimensions that broadcast"):
        ours_zeros(2, 2, 3) @ ours_zeros(3, 3, 4)
    with pytest.raises(ShapeError, match="at least one dimension"):
        ours_zeros() @ ours_zeros(2)
    with pytest.raises(DtypeError, match=r"matmul: expected tensors of one dtype, got float32\[2\] and int"):
        ours_zeros(2) @ Tensor([1, 2])
    with pytest.raises(DtypeError, match="matmul: expected numeric tensors, got bool"):
        Tensor([True]) @ Tensor([True])
    with pytest.raises(ShapeError, match=r"mm: expected a matrix \(2-d\), got float32\[2\]"):
        ours_zeros(2).mm(ours_zeros(2, 2))
    with pytest.raises(ShapeError, match="bmm: expected batches of equal length"):
        ours_zeros(2, 2, 2).bmm(ours_zeros(3, 2, 2))
    with pytest.raises(ShapeError, match="addmm: expected an input that broadcasts to the product"):
        ours_zeros(3).addmm(ours_zeros(2, 2), ours_zeros(2, 2))


def test_products_along_a_dimension() -> None:
    vecdot = torch.linalg.vecdot
    check("linalg_vecdot", tensor(2, 3), tensor(3), theirs=vecdot, compiled=False)
    check("linalg_vecdot", tensor(2, 3), tensor(2, 3, seed=1), dim=0, theirs=vecdot)
    check("cross", tensor(2, 3), tensor(2, 3, seed=1), dim=1, compiled=False)
    check(lambda x: x.cross(x * x, dim=-1), tensor(2, 3), compiled=False)
    check("diag", tensor(3), 1, compiled=False)
    check("diag", tensor(3, 4), -1, compiled=False)
    with pytest.raises(ShapeError, match="cross: expected a dimension of size 3"):
        Tensor([1.0]).cross(Tensor([1.0]))
