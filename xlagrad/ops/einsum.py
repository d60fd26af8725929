"""Products with sums over chosen dimensions: Einstein's convention, and its special case ``tensordot``."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from xlagrad.core import errors
from xlagrad.core.dispatch import Array, Arrays, op
from xlagrad.core.errors import describe, message
from xlagrad.ops.common import dim_of, int64, is_inexact
from xlagrad.ops.composed import composed
from xlagrad.ops.linear import check_product, mismatch

_LETTERS = string.ascii_uppercase + string.ascii_lowercase
# Stands for the ellipsis among the letters of one operand.
_REST = "."


def _bad(expected: str, got: str, fix: str = "") -> errors.ArgumentError:
    return errors.ArgumentError(message("einsum", expected, got, fix))


def _symbols(part: str) -> list[str]:
    """Return the letters of an operand's part of the equation, the ellipsis as one symbol."""
    text = part.replace(" ", "")
    if text.count(".") and (text.count("...") != 1 or text.count(".") != 3):
        raise _bad("at most one '...' for each operand", repr(part))
    symbols = list(text.replace("...", _REST))
    for s in symbols:
        if s not in _LETTERS and s != _REST:
            raise _bad("letters of the alphabet as subscripts", repr(s))
    return symbols


def _labelled(symbols: list[str], x: Array, index: int) -> list[Any]:
    """Return a label for each dimension: letters, and for those of the ellipsis -1 for the last and so on."""
    named = len(symbols) - (_REST in symbols)
    rest = x.ndim - named
    if rest < 0 or (rest and _REST not in symbols):
        want = f"{named} dimensions of operand {index} for {''.join(symbols)!r}"
        raise errors.ShapeError(message("einsum", want, describe(x), "add or drop subscripts, or use '...'"))
    labels: list[Any] = []
    for s in symbols:
        labels += list(range(-rest, 0)) if s == _REST else [s]
    return labels


def _result_labels(output: str | None, inputs: list[list[Any]], rest: int) -> list[Any]:
    """Return the labels of the result; without ``->`` the ellipsis and the letters that appear once."""
    ellipsis: list[Any] = list(range(-rest, 0))
    every = [s for labels in inputs for s in labels]
    if output is None:
        return ellipsis + sorted(s for s in every if isinstance(s, str) and every.count(s) == 1)
    labels: list[Any] = []
    for s in _symbols(output):
        if s == _REST:
            labels += ellipsis
        elif s not in every:
            raise _bad(f"an operand with subscript {s!r} of the result", "none that has it")
        elif s in labels:
            raise _bad("each subscript of the result once", repr(output.strip()))
        else:
            labels.append(s)
    return labels


def _sizes(xs: Sequence[Array], inputs: list[list[Any]], equation: str) -> dict[Any, int]:
    """Return the size of each label; of different ones all but one must be 1."""
    sizes: dict[Any, int] = {}
    for x, labels in zip(xs, inputs, strict=True):
        own: dict[Any, int] = {}
        for label, size in zip(labels, x.shape, strict=True):
            known = sizes.get(label, 1)
            if own.setdefault(label, size) != size or (size != known and 1 not in (size, known)):
                name = repr(label) if isinstance(label, str) else f"dimension {label} of '...'"
                fix = f"the sizes of {name} differ: {known if own[label] == size else own[label]} and {size}"
                got = ", ".join(describe(v) for v in xs)
                raise errors.ShapeError(message("einsum", f"operands that fit {equation!r}", got, fix))
            sizes[label] = size if known == 1 else known
    return sizes


@op
def einsum_of(operands: Arrays, equation: str) -> Array:
    """Σ of products by index letters, the operands as one list. See `einsum`.

    Example:
        >>> einsum_of([jnp.ones((2, 3)), jnp.ones((3, 4))], "ij,jk->ik").shape
        (2, 4)

    Source: ``torch.einsum``.
    """
    left, arrow, right = equation.partition("->")
    parts = left.split(",")
    if len(parts) != len(operands):
        raise _bad(f"{len(parts)} operands for {equation!r}", str(len(operands)), "count the commas")
    if len(operands) > 1:
        check_product("einsum", *operands)
    inputs = [_labelled(_symbols(p), x, i) for i, (p, x) in enumerate(zip(parts, operands, strict=True))]
    rest = max((sum(not isinstance(s, str) for s in labels) for labels in inputs), default=0)
    result = _result_labels(right if arrow else None, inputs, rest)
    sizes = _sizes(operands, inputs, equation)
    return _contracted(list(operands), inputs, result, sizes)


def _contracted(xs: list[Array], inputs: list[list[Any]], result: list[Any], sizes: dict[Any, int]) -> Array:
    """Return the sum of products; dimensions of size 1 that meet larger ones are dropped first."""
    numbers = {label: i for i, label in enumerate(sizes)}
    args: list[Any] = []
    for x, labels in zip(xs, inputs, strict=True):
        drop = tuple(d for d, s in enumerate(labels) if x.shape[d] == 1 != sizes[s])
        args += [jnp.squeeze(x, drop), [numbers[s] for d, s in enumerate(labels) if d not in drop]]
    every = [s for labels in inputs for s in set(labels)]
    alone = any(every.count(s) == 1 and s not in result for s in every)
    if alone and not is_inexact(xs[0]):
        # A sum of integers, over a dimension of one operand, counts in 64 bits.
        args[0] = args[0].astype(int64())
    return jnp.einsum(*args, [numbers[s] for s in result])


def _text(subscripts: Any) -> str:
    """Return the letters for a list of numbers and Ellipsis."""
    found = []
    for s in subscripts:
        if s is not Ellipsis and not (isinstance(s, int) and 0 <= s < len(_LETTERS)):
            raise _bad(f"subscripts in the range [0, {len(_LETTERS)})", describe(s), "renumber them")
        found.append("..." if s is Ellipsis else _LETTERS[s])
    return "".join(found)


def _from_lists(args: Sequence[Any]) -> tuple[str, list[Any]]:
    """Return equation and operands of ``einsum(x, [0, 1], y, [1, 2], [0, 2])``."""
    pairs = len(args) // 2
    operands = [args[2 * i] for i in range(pairs)]
    equation = ",".join(_text(args[2 * i + 1]) for i in range(pairs))
    if len(args) % 2:
        equation += "->" + _text(args[-1])
    return equation, operands


@composed()
def einsum(equation: Any, *operands: Any) -> Any:
    """Σ of products by index letters: Einstein's convention.

    Args:
        equation: letters for the dimensions of each operand, ``"ij,jk->ik"``; letters missing on the right
            are summed over, and ``...`` stands for dimensions that broadcast. Or the first operand,
            followed by its subscripts as a list of numbers, and so on.
        *operands: tensors, or one list of them.

    Raises:
        ShapeError: the operands do not fit the equation.
        ArgumentError: an equation that is none, or another number of operands.
        DtypeError: several operands whose types differ, or are boolean.

    Example:
        >>> import jax.numpy as jnp
        >>> einsum("ij,jk->ik", jnp.ones((2, 3)), jnp.ones((3, 4))).shape
        (2, 4)
        >>> einsum(jnp.ones((2, 3)), [0, 1], [0]).tolist()
        [3.0, 3.0]

    Source: ``torch.einsum``.
    """
    if not isinstance(equation, str):
        equation, found = _from_lists((equation, *operands))
        return einsum_of(found, equation)
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    if not operands:
        raise _bad("at least one operand", "none", "pass tensors")
    return einsum_of(list(operands), equation)


def _paired(a: Array, b: Array, dims: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the dimensions of both that meet, counted from the front."""
    if isinstance(dims, int):
        if not 0 <= dims <= min(a.ndim, b.ndim):
            got = f"{dims} for {describe(a)} and {describe(b)}"
            raise errors.ArgumentError(message("tensordot", "dims that both tensors have", got, "take fewer"))
        return tuple(range(a.ndim - dims, a.ndim)), tuple(range(dims))
    if len(dims) == 1:
        dims = (dims[0], dims[0])
    first, second = ((d,) if isinstance(d, int) else tuple(d) for d in dims)
    if len(first) != len(second):
        got = f"{len(first)} and {len(second)}"
        raise errors.ShapeError(message("tensordot", "as many dims of one as of the other", got, "pair them"))
    one = tuple(dim_of("tensordot", d, a.ndim) for d in first)
    two = tuple(dim_of("tensordot", d, b.ndim) for d in second)
    if len(set(one)) < len(one) or len(set(two)) < len(two):
        raise errors.ArgumentError(message("tensordot", "each dim once", str(dims), "drop the repeated one"))
    return one, two


@op
def tensordot(a: Array, b: Array, dims: Any = 2) -> Array:
    """Σ over pairs of dimensions of ``a`` and ``b``; the remaining ones of both follow each other.

    Args:
        a: first tensor.
        b: second tensor.
        dims: how many of the last of ``a`` meet the first of ``b``, or the two lists of dimensions.

    Raises:
        ShapeError: paired dimensions differ in size.
        ArgumentError: more dimensions than there are, or one twice.
        IndexingError: a dimension is out of range.
        DtypeError: the types differ, or are boolean.

    Example:
        >>> tensordot(jnp.ones((2, 3, 4)), jnp.ones((3, 4, 5))).shape
        (2, 5)

    Source: ``torch.tensordot``.
    """
    check_product("tensordot", a, b)
    one, two = _paired(a, b, dims)
    for i, j in zip(one, two, strict=True):
        # A dimension of size one meets any other, which then counts as its sum.
        if a.shape[i] == 1 != b.shape[j]:
            b = jnp.sum(b, axis=j, keepdims=True, dtype=b.dtype)
        elif b.shape[j] == 1 != a.shape[i]:
            a = jnp.sum(a, axis=i, keepdims=True, dtype=a.dtype)
    if [a.shape[d] for d in one] != [b.shape[d] for d in two]:
        raise mismatch("tensordot", a, b, f"dims {one} of the first to equal dims {two} of the second")
    return jnp.tensordot(a, b, (one, two))
