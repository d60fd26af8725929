"""Convolution as three bilinear maps, each the derivative of the others, lowered for each platform.

The arrays are channels last: images ``x`` (N, *S, C), kernels ``w`` (*K, C / groups, O), results ``y``
(N, *T, O). ``correlate`` gives y from x and w; ``spread`` is its transpose in x and ``gather_kernel`` its
transpose in w. On GPU and TPU they are XLA's convolutions. On CPU those are slow for gradients, few channels
and groups, so there each map has lowerings of its own (`convolution_cpu`). Being
primitives, not functions with custom derivatives, they differentiate in both modes, any number of times.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from xlagrad.layers.functional import convolution_cpu as cpu
from xlagrad.layers.functional import convolution_xla as xla
from xlagrad.layers.functional.window import Window


def _bind(primitive: Primitive, first: jax.Array, second: jax.Array, **params: Any) -> jax.Array:
    """Apply a primitive; inside ``shard_map`` an operand that all shards share is marked as varying first."""
    axes = xla.varying(first) | xla.varying(second)
    if axes:
        first, second = (
            lax.pcast(x, tuple(axes - xla.varying(x)), to="varying") if axes - xla.varying(x) else x
            for x in (first, second)
        )
    return primitive.bind(first, second, **params)


def _new(name: str, standard: Callable[..., Any], fast: Callable[..., Any]) -> Primitive:
    primitive = Primitive(name)
    compiled = functools.cache(lambda **params: jax.jit(functools.partial(standard, **params)))
    primitive.def_impl(lambda first, second, **params: compiled(**params)(first, second))

    def abstract(first: Any, second: Any, **params: Any) -> Any:
        return jax.make_jaxpr(functools.partial(standard, **params))(first, second).out_avals[0]

    primitive.def_abstract_eval(abstract)
    plain = mlir.lower_fun(standard, multiple_results=False)
    tuned = mlir.lower_fun(fast, multiple_results=False)

    def on_cpu(ctx: Any, *args: Any, **params: Any) -> Any:
        # XLA knows how to partition its own convolution over devices, but not loops over the batch.
        whole = getattr(ctx.module_context.axis_context, "num_devices", 1) in (None, 1)
        return (tuned if whole else plain)(ctx, *args, **params)

    mlir.register_lowering(primitive, plain)
    mlir.register_lowering(primitive, on_cpu, platform="cpu")
    return primitive


_correlate_p = _new("xg_correlate", xla.correlate, cpu.correlate)
_spread_p = _new("xg_spread", xla.spread, cpu.spread)
_gather_kernel_p = _new("xg_gather_kernel", xla.gather_kernel, cpu.gather_kernel)


def correlate(x: jax.Array, w: jax.Array, window: Window) -> jax.Array:
    """y[n, t, o] = Σ_k,c x[n, t · stride + k · dilation - padding, c] w[k, c, o].

    Args:
        x: (N, *S, C).
        w: (*K, C / groups, O), of the same type.
        window: how the kernel moves.
    """
    return _bind(_correlate_p, x, w, window=window)


def spread(y: jax.Array, w: jax.Array, window: Window, size: tuple[int, ...]) -> jax.Array:
    """Return the transpose of `correlate` in x: the sum over all positions of the kernel weighted by y.

    Args:
        y: (N, *T, O).
        w: (*K, C / groups, O), of the same type.
        window: how the kernel moves.
        size: spatial shape S of the result, for which `correlate` would give T.
    """
    return _bind(_spread_p, y, w, window=window, size=size)


def gather_kernel(x: jax.Array, y: jax.Array, window: Window, kernel: tuple[int, ...]) -> jax.Array:
    """Return the transpose of `correlate` in w.

    Args:
        x: (N, *S, C).
        y: (N, *T, O), of the same type.
        window: how the kernel moves.
        kernel: spatial shape K of the result.
    """
    return _bind(_gather_kernel_p, x, y, window=window, kernel=kernel)


def _spatial(x: Any) -> tuple[int, ...]:
    return tuple(x.aval.shape[1:-1])


def _kernel(w: Any) -> tuple[int, ...]:
    return tuple(w.aval.shape[:-2])


ad.defbilinear(
    _correlate_p,
    lambda ct, x, w, *, window: spread(ct, w, window, _spatial(x)),
    lambda ct, x, w, *, window: gather_kernel(x, ct, window, _kernel(w)),
)
ad.defbilinear(
    _spread_p,
    lambda ct, y, w, *, window, size: correlate(ct, w, window),
    lambda ct, y, w, *, window, size: gather_kernel(ct, y, window, _kernel(w)),
)
ad.defbilinear(
    _gather_kernel_p,
    lambda ct, x, y, *, window, kernel: spread(y, ct, window, _spatial(x)),
    lambda ct, x, y, *, window, kernel: correlate(x, ct, window),
)


def _fold(x: jax.Array, into: int) -> jax.Array:
    """Merge the leading dimension into dimension ``into`` of the rest."""
    moved = jnp.moveaxis(x, 0, into)
    merged = moved.shape[into] * moved.shape[into + 1]
    return moved.reshape(*moved.shape[:into], merged, *moved.shape[into + 2 :])


def _unfold(x: jax.Array, at: int, count: int) -> jax.Array:
    """Split ``count`` off dimension ``at``, and move it to the front."""
    at %= x.ndim
    return jnp.moveaxis(x.reshape(*x.shape[:at], count, x.shape[at] // count, *x.shape[at + 1 :]), at, 0)


def _widened(window: Window, count: int) -> Window:
    return window._replace(groups=window.groups * count)


def _batched_groups(
    map_: Callable[..., jax.Array], args: Any, dims: Any, window: Window, **params: Any
) -> tuple[jax.Array, int]:
    """Run a batch of maps as one map with that many more groups of channels."""
    count = next(x.shape[d] for x, d in zip(args, dims, strict=True) if d is not None)
    wide = []
    for x, d in zip(args, dims, strict=True):
        lead = jnp.broadcast_to(x, (count, *x.shape)) if d is None else jnp.moveaxis(x, d, 0)
        wide.append(_fold(lead, x.ndim - 1 - (d is not None)))
    return _unfold(map_(*wide, window=_widened(window, count), **params), -1, count), 0


def _batch_images(
    map_: Callable[..., jax.Array], args: Any, dims: Any, *, window: Window, **params: Any
) -> tuple[jax.Array, int]:
    """Batch `correlate` and `spread`: a batch of images alone joins their own batch."""
    x, w = args
    if dims[1] is not None:
        return _batched_groups(map_, args, dims, window, **params)
    count = x.shape[dims[0]]
    out = map_(_fold(jnp.moveaxis(x, dims[0], 0), 0), w, window=window, **params)
    return _unfold(out, 0, count), 0


batching.primitive_batchers[_correlate_p] = functools.partial(_batch_images, correlate)
batching.primitive_batchers[_spread_p] = functools.partial(_batch_images, spread)
batching.primitive_batchers[_gather_kernel_p] = lambda args, dims, *, window, **params: _batched_groups(
    gather_kernel, args, dims, window, **params
)
