"""Convolutions against PyTorch's, and their derivatives against those of a plain sum over the kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.layers.functional.against import agree, rand
from xlagrad.core.errors import ArgumentError, DtypeError, ShapeError
from xlagrad.layers import functional as F
from xlagrad.layers.functional import convolution_cpu as cpu
from xlagrad.layers.functional.convolution import correlate
from xlagrad.layers.functional.window import Window, shifted


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 2},
        {"padding": 1, "stride": (2, 1)},
        {"padding": (0, 2), "dilation": 2},
        {"padding": "same", "dilation": 2},
        {"padding": "valid"},
        {"padding": [1]},
    ],
)
def test_arguments(options: dict[str, Any]) -> None:
    agree("conv2d", rand(2, 5, 8, 9), rand(6, 5, 3, 2), rand(6), **options)


@pytest.mark.parametrize(
    ("channels", "out", "groups", "kernel"),
    [(1, 3, 1, 3), (3, 4, 1, 3), (8, 4, 1, 1), (4, 4, 4, 3), (4, 8, 4, 3), (6, 4, 2, 3), (40, 40, 20, 3)],
)
def test_channels(channels: int, out: int, groups: int, kernel: int) -> None:
    image, weight = rand(2, channels, 7, 6), rand(out, channels // groups, kernel, kernel)
    agree("conv2d", image, weight, padding=kernel // 2, stride=2, groups=groups, compiled=groups == 1)


def test_other_dimensions() -> None:
    agree("conv1d", rand(2, 3, 10), rand(4, 3, 3), rand(4), padding=1, stride=2)
    agree("conv1d", rand(3, 10), rand(3, 1, 4), groups=3, dilation=2)
    agree("conv3d", rand(1, 2, 4, 5, 6), rand(3, 2, 2, 3, 2), rand(3), padding=(1, 0, 1))
    agree("conv2d", rand(3, 8, 8), rand(4, 3, 1, 1))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 2},
        {"padding": 1, "output_padding": 1, "stride": 2},
        {"dilation": 2, "output_padding": 1},
        {"stride": 3, "padding": 1, "output_padding": (2, 0)},
        {"groups": 2, "stride": 2},
    ],
)
def test_transposed(options: dict[str, Any]) -> None:
    agree(
        "conv_transpose2d", rand(2, 4, 5, 4), rand(4, 3, 3, 2), rand(3 * options.get("groups", 1)), **options
    )


def test_transposed_in_other_dimensions() -> None:
    agree("conv_transpose1d", rand(4, 5), rand(4, 2, 3), groups=2)
    agree("conv_transpose3d", rand(1, 2, 3, 2, 3), rand(2, 3, 2, 2, 2), rand(3), stride=2)


def test_empty_batch() -> None:
    agree("conv2d", rand(0, 3, 5, 5), rand(4, 3, 3, 3), rand(4))


@pytest.fixture
def _small_limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let small images take the ways that large ones do."""
    jax.clear_caches()
    monkeypatch.setattr(cpu, "_CHUNK", 5000)
    monkeypatch.setattr(cpu, "_LARGEST_IMAGE", 4500)
    monkeypatch.setattr(cpu, "_SMALL", 100)
    yield
    jax.clear_caches()


@pytest.mark.usefixtures("_small_limits")
@pytest.mark.parametrize(("channels", "size"), [(2, 6), (2, 12), (7, 5), (7, 9)])
def test_large_images(channels: int, size: int) -> None:
    agree("conv2d", rand(6, channels, size, size), rand(5, channels, 3, 3), rand(5), padding=1)


def _plain(x: Any, w: Any, window: Window) -> Any:
    """The convolution as a sum over the elements of the kernel."""
    kernel, g = w.shape[:-2], window.groups
    count = window.positions(x.shape[1:-1], kernel)
    x = jnp.pad(x, ((0, 0), *window.padding, (0, 0)))
    total = 0.0
    for k in np.ndindex(*kernel):
        offset = tuple(i * d for i, d in zip(k, window.dilation, strict=True))
        tap = shifted(x, offset, window.stride, count, 1)
        tap, weight = tap.reshape(*tap.shape[:-1], g, -1), w[k].reshape(w.shape[-2], g, -1)
        total = total + jnp.einsum("...gc,cgo->...go", tap, weight)
    return total.reshape(x.shape[0], *count, -1)


def _second_order(fn: Any) -> Any:
    def loss(x: Any, w: Any) -> Any:
        return jnp.sum(jnp.sin(fn(x, w)))

    return jax.jit(lambda x, w, v: jax.jvp(jax.grad(loss, (0, 1)), (x, w), v))


CASES = [(1, 3, 1, 2), (6, 4, 1, 1), (4, 4, 4, 2), (6, 4, 2, 1)]


@pytest.mark.parametrize(("channels", "out", "groups", "stride"), CASES)
def test_second_derivatives_in_mixed_mode(channels: int, out: int, groups: int, stride: int) -> None:
    window = Window((stride, stride), ((1, 0), (1, 1)), (1, 1), groups)
    x, w = jnp.asarray(rand(2, 5, 6, channels)), jnp.asarray(rand(3, 2, channels // groups, out))
    along = (jnp.asarray(rand(2, 5, 6, channels, seed=1)), jnp.ones_like(w))
    got = _second_order(lambda x, w: correlate(x, w, window))(x, w, along)
    want = _second_order(lambda x, w: _plain(x, w, window))(x, w, along)
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("channels", "out", "groups", "stride"), CASES[1:3])
@pytest.mark.parametrize("axes", [(0, None), (None, -1), (0, -1)])
def test_vmap(channels: int, out: int, groups: int, stride: int, axes: Any) -> None:
    window = Window((stride,), ((1, 1),), (1,), groups)
    x, w = rand(2, 7, channels), rand(3, channels // groups, out)
    xs = np.stack([x, x + 1, 2 * x]) if axes[0] is not None else x
    ws = np.stack([w, w - 1, 3 * w], -1) if axes[1] is not None else w

    def both(fn: Any) -> Any:
        grad = jax.grad(lambda x, w: jnp.sum(jnp.sin(fn(x, w))), (0, 1))
        return jax.jit(jax.vmap(lambda x, w: (fn(x, w), grad(x, w)), axes))(xs, ws)

    got, want = (
        both(lambda x, w: correlate(x, w, window)),
        both(lambda x, w: _plain(x, w, window)),
    )
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3)


def test_half_precision() -> None:
    x, w = jnp.asarray(rand(1, 3, 6, 6), jnp.bfloat16), jnp.asarray(rand(4, 3, 3, 3), jnp.bfloat16)
    out = F.conv2d(x, w)
    assert out.dtype == jnp.bfloat16
    np.testing.assert_allclose(
        out.astype(jnp.float32), F.conv2d(x.astype(jnp.float32), w.astype(jnp.float32)), rtol=0.05, atol=0.05
    )


def _arrays(*shapes: tuple[int, ...]) -> list[jax.Array]:
    return [jnp.zeros(shape) for shape in shapes]


@pytest.mark.parametrize(
    ("shapes", "options", "error", "text"),
    [
        (((1, 3, 8, 8), (4, 2, 3, 3)), {}, ShapeError, r"expected an input with 2 channels to match weight"),
        (((3, 8), (4, 3, 3, 3)), {}, ShapeError, r"conv2d: expected 3-d or 4-d input \(N, C, H, W\)"),
        (((1, 3, 8, 8), (4, 3, 3)), {}, ShapeError, "a weight of 4 dimensions"),
        (((1, 3, 2, 2), (4, 3, 3, 3)), {}, ShapeError, r"that a kernel of \(3, 3\) fits in"),
        (((1, 3, 8, 8), (4, 3, 3, 3), (5,)), {}, ShapeError, r"a bias of shape \(4,\), got float32\[5\]"),
        (((1, 3, 8, 8), (4, 3, 3, 3)), {"groups": 3}, ArgumentError, "groups that divide the 4"),
        (((1, 3, 8, 8), (4, 3, 3, 3)), {"stride": 0}, ArgumentError, "stride of at least 1"),
        (((1, 3, 8, 8), (4, 3, 3, 3)), {"padding": -1}, ArgumentError, "padding of at least 0"),
        (((1, 3, 8, 8), (4, 3, 3, 3)), {"padding": "some"}, ArgumentError, "'same', 'valid'"),
        (((1, 3, 8, 8), (4, 3, 3, 3)), {"padding": "same", "stride": 2}, ArgumentError, "stride 1 with"),
        (((1, 3, 8, 8), (4, 3, 3, 3)), {"dilation": (1, 2, 3)}, ArgumentError, "with 1 or 2 integers"),
        (((1, 3, 8, 8), (4, 3, 3, 3)), {"stride": 1.5}, DtypeError, "stride as an integer"),
    ],
)
def test_errors(shapes: Any, options: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        F.conv2d(*_arrays(*shapes), **options)


def test_errors_of_types_and_transposes() -> None:
    x, w = _arrays((1, 3, 8, 8), (3, 4, 3, 3))
    with pytest.raises(DtypeError, match="weight of the input's dtype float16, got float32"):
        F.conv2d(x.astype(jnp.float16), w)
    with pytest.raises(DtypeError, match="conv2d: expected a floating-point tensor, got int32"):
        F.conv2d(x.astype(int), w)
    with pytest.raises(ArgumentError, match="an output_padding smaller than stride"):
        F.conv_transpose2d(x, w, output_padding=1)
    with pytest.raises(ShapeError, match="an input with 3 channels"):
        F.conv_transpose2d(jnp.zeros((1, 4, 8, 8)), w)
