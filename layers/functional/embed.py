"""Rows of a table by their indices, alone and in bags."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core.dispatch import Array, op
from xlagrad.core.errors import ArgumentError, DtypeError, ShapeError, describe, message
from xlagrad.core.handle import Handle, read
from xlagrad.layers.functional.reduction import check_classes


@op(name="_embedding")
def _embedding(input: Array, weight: Array, padding_idx: int | None, by_frequency: bool) -> Array:
    """Rows of the table."""
    if by_frequency:
        weight = _shared(weight, input)
    rows = _rows(weight, input)
    if padding_idx is None:
        return rows
    # The padding row is looked up but never trained.
    return jnp.where((input == padding_idx)[..., None], jax.lax.stop_gradient(rows), rows)


def _rows(weight: jax.Array, index: jax.Array) -> jax.Array:
    # Indices were checked where their values are at hand; XLA takes the nearest row for others.
    return weight.at[index].get(mode="promise_in_bounds", wrap_negative_indices=False)


@jax.custom_jvp
def _shared(weight: Any, index: Any) -> Any:
    return weight


@_shared.defjvp
def _shared_jvp(primals: Any, tangents: Any) -> Any:
    weight, index = primals
    count = jnp.zeros(weight.shape[0], weight.dtype).at[index.reshape(-1)].add(1)
    return weight, tangents[0] / jnp.maximum(count, 1)[:, None]


def _padding(padding_idx: int | None, rows: int) -> int | None:
    if padding_idx is None:
        return None
    if not -rows <= padding_idx < rows:
        raise ArgumentError(message("embedding", f"padding_idx within {rows} embeddings", str(padding_idx)))
    return padding_idx % rows


def limit(weight: Any, input: Any, max_norm: float, norm_type: float) -> None:
    """Scale the rows that are looked up, and exceed ``max_norm``, down to it, in the table itself."""
    table, index = read(weight), read(input) if isinstance(input, Handle) else input
    norms = jnp.sum(jnp.abs(table) ** norm_type, axis=1, keepdims=True) ** (1 / norm_type)
    used = jnp.zeros(table.shape[0], bool).at[index.reshape(-1)].set(True)[:, None]
    scale = jnp.where(used & (norms > max_norm), max_norm / (norms + 1e-7), 1)
    weight._write((table * scale).astype(table.dtype))


def _check(who: str, input: Any, weight: Any) -> None:
    if not jnp.issubdtype((read(input) if isinstance(input, Handle) else input).dtype, jnp.integer):
        raise DtypeError(message(who, "integer indices", describe(input), "use .long()"))
    if len(weight.shape) != 2:
        raise ShapeError(message(who, "a table (embeddings, features)", describe(weight)))
    check_classes(who, input, weight.shape[0])


def embedding(
    input: Any,
    weight: Any,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Any:
    """Return ``weight[input]``.

    Args:
        input: integer indices of any shape.
        weight: (num_embeddings, embedding_dim).
        padding_idx: row that no gradient reaches.
        max_norm: rows that are looked up and longer are first scaled to it, in ``weight`` itself.
        norm_type: which norm.
        scale_grad_by_freq: divide a row's gradient by how often it is looked up.
        sparse: accepted; gradients are dense.

    Raises:
        IndexingError: an index is out of range; looked for where its value is at hand, on CPU and outside of
            compiled functions.
        DtypeError: the indices are no integers.
        ShapeError: the table is not two-dimensional.
        ArgumentError: ``padding_idx`` is out of range.

    Example:
        >>> embedding(jnp.array([1, 0]), jnp.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
        [[3.0, 4.0], [1.0, 2.0]]

    Source: ``torch.nn.functional.embedding``.
    """
    _check("embedding", input, weight)
    padding = _padding(padding_idx, weight.shape[0])
    if max_norm is not None:
        limit(weight, input, max_norm, norm_type)
    return _embedding(input, weight, padding_idx=padding, by_frequency=scale_grad_by_freq)


@op(name="_embedding_bag")
def _embedding_bag(
    input: Array,
    weight: Array,
    offsets: Array | None,
    factors: Array | None,
    mode: str,
    padding_idx: int | None,
    by_frequency: bool,
    last: bool,
) -> Array:
    """Sum, mean or maximum of the rows of each bag."""
    if by_frequency:
        weight = _shared(weight, input)
    flat = input.reshape(-1)
    bags, n = _bags(input, offsets, last)
    rows = _rows(weight, flat)
    counts = flat != padding_idx if padding_idx is not None else jnp.ones(flat.shape, bool)
    if mode == "max":
        low = jnp.where(counts[:, None], rows, -jnp.inf)
        best = jax.ops.segment_max(low, bags, n)
        return jnp.where(jnp.isfinite(best), best, 0)
    if factors is not None:
        rows = rows * factors.reshape(-1)[:, None]
    total = jax.ops.segment_sum(jnp.where(counts[:, None], rows, 0), bags, n)
    if mode == "sum":
        return total
    size = jax.ops.segment_sum(counts.astype(total.dtype), bags, n)
    return total / jnp.maximum(size, 1)[:, None]


@op(name="_bag_places")
def bag_places(
    input: Array, weight: Array, offsets: Array | None, out: Array, mode: str, last: bool
) -> tuple[Array, Array, Array]:
    """The bag of each index, the size of each bag, and the index of the row that is its maximum by feature.

    The last is zero in other modes than ``max``. Arguments as `embedding_bag`, with its result ``out``.
    """
    flat, (bags, n) = input.reshape(-1), _bags(input, offsets, last)
    sizes = jax.ops.segment_sum(jnp.ones_like(flat), bags, n)
    if mode != "max":
        return bags.astype(flat.dtype), sizes, jnp.zeros(out.shape, flat.dtype)
    found = jnp.where(_rows(weight, flat) == out[bags], flat[:, None], weight.shape[0])
    best = jax.ops.segment_min(found, bags, n)
    return bags.astype(flat.dtype), sizes, jnp.where(sizes[:, None] > 0, best, 0)


def _bags(input: Array, offsets: Array | None, last: bool) -> tuple[Array, int]:
    """Return the bag of each index, and how many bags there are."""
    if offsets is None:
        return jnp.repeat(jnp.arange(input.shape[0]), input.shape[1]), input.shape[0]
    n = offsets.shape[0] - int(last)
    return jnp.searchsorted(offsets[:n], jnp.arange(input.size), side="right") - 1, n


def _check_bags(input: Any, weight: Any, offsets: Any, mode: str, factors: Any) -> None:
    who = "embedding_bag"
    _check(who, input, weight)
    if mode not in ("sum", "mean", "max"):
        raise ArgumentError(message(who, "mode 'sum', 'mean' or 'max'", repr(mode), "pass one of these"))
    if factors is not None and mode != "sum":
        fix = "pass mode='sum' or drop the factors"
        raise ArgumentError(message(who, "mode='sum' with per_sample_weights", repr(mode), fix))
    if (len(input.shape) == 1) != (offsets is not None):
        fix = "drop the offsets, or flatten the indices"
        got = f"{describe(input)} and offsets {describe(offsets)}"
        raise ShapeError(message(who, "2-d indices, or 1-d ones with offsets", got, fix))


def embedding_bag(
    input: Any,
    weight: Any,
    offsets: Any = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Any:
    """Return the sum, mean or maximum of the rows of each bag of indices.

    Args:
        input: (bags, length), or one dimension with ``offsets``.
        weight: (num_embeddings, embedding_dim).
        offsets: where each bag begins.
        max_norm: see `embedding`.
        norm_type: see `embedding`.
        scale_grad_by_freq: see `embedding`.
        mode: "sum", "mean" or "max".
        sparse: accepted; gradients are dense.
        per_sample_weights: a factor for each index, in mode "sum".
        include_last_offset: whether ``offsets`` ends with the number of indices.
        padding_idx: index that counts in no bag.

    Raises:
        ArgumentError: an unknown mode, or factors in another mode than "sum".
        ShapeError: offsets are missing or superfluous, or the table is not two-dimensional.
        IndexingError: an index is out of range, as in `embedding`.
        DtypeError: the indices are no integers.

    Example:
        >>> embedding_bag(jnp.array([[0, 1]]), jnp.array([[1.0], [3.0]])).tolist()
        [[2.0]]

    Source: ``torch.nn.functional.embedding_bag``.
    """
    _check_bags(input, weight, offsets, mode, per_sample_weights)
    padding = _padding(padding_idx, weight.shape[0])
    if max_norm is not None:
        limit(weight, input, max_norm, norm_type)
    return _embedding_bag(
        input,
        weight,
        offsets,
        per_sample_weights,
        mode=mode,
        padding_idx=padding,
        by_frequency=scale_grad_by_freq,
        last=include_last_offset,
    )
