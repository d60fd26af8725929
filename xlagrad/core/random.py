"""Random state: generators whose state is one tensor, so that compiled functions carry it like any other.

The state is three 32-bit words: a threefry key, which the seed fixes, and the number of draws made. A draw
folds the count into the key and adds one to it. Eager and compiled runs therefore draw the same numbers.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from xlagrad.core import devices, errors, state, view
from xlagrad.core.devices import Device
from xlagrad.core.handle import Handle, is_tracer, read, wrap
from xlagrad.core.tensor import Tensor

# What PyTorch seeds a new generator with.
_FIRST_SEED = 67280421310721
_BYTES = 12


def key_of(data: jax.Array) -> jax.Array:
    """Return raw key data as a typed threefry key, whatever generator JAX is configured to prefer."""
    return jax.random.wrap_key_data(data, impl="threefry2x32")


def _advance(words: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the state after a draw, and the draw's key data."""
    key = jax.random.key_data(jax.random.fold_in(key_of(words[:2]), words[2]))
    count = words[2] + np.uint32(1)
    # After 2**32 draws the count starts over under another key.
    carried = words[1] + (count == 0).astype(jnp.uint32)
    return jnp.stack([words[0], carried, count]), key


_next = jax.jit(_advance)


@functools.partial(jax.jit, static_argnums=(0, 1))
def _sample(fn: Callable[..., Any], statics: tuple[Any, ...], words: Any, *operands: Any) -> Any:
    words, key = _advance(words)
    return words, fn(key_of(key), *map(lax.stop_gradient, operands), *statics)


class Generator:
    """A stream of random numbers with a seed of its own.

    Args:
        device: where its numbers are made; by default, wherever tensors are made by default. Generators
            of the same seed on different devices draw different numbers.

    Attributes:
        device: as given.

    Example:
        >>> g = Generator().manual_seed(3)
        >>> g.initial_seed()
        3

    Source: ``torch.Generator``. Deviation: the numbers themselves, which come from threefry.
    """

    def __init__(self, device: Any = None) -> None:
        self._device = None if device is None else devices.as_device(device)
        if self._device is not None:
            self._device = devices.as_device(self._device.jax)
        self._seed = _FIRST_SEED
        self._tensor: Tensor | None = None

    @property
    def device(self) -> Device:
        """Where its numbers are made."""
        return devices.default_device() if self._device is None else self._device

    @property
    def tensor(self) -> Tensor:
        """The state: uint32[3]. Made at first use, so that importing initialises no device."""
        if self._tensor is None:
            with state.outside():
                self._tensor = wrap(self._fresh())
        return self._tensor

    def _fresh(self) -> jax.Array:
        """Return the state that the seed starts from."""
        words = np.array([self._seed >> 32, self._seed & 0xFFFFFFFF, 0], np.uint32)
        if self._device is None or self._device == devices.jax_default():
            return devices.from_host(words)
        salt = np.uint32(zlib.crc32(str(self._device).encode()))
        key = jax.random.key_data(jax.random.fold_in(key_of(devices.from_host(words[:2])), salt))
        return devices.place(jnp.concatenate([key, jnp.zeros(1, jnp.uint32)]), self._device)

    def manual_seed(self, seed: Any) -> Generator:
        """Start the stream of a seed; return the generator.

        Args:
            seed: an integer of 64 bits; a negative one counts down from 2**64.

        Raises:
            ArgumentError: it does not fit 64 bits.
        """
        number = int(seed)
        if not -(2**63) <= number < 2**64:
            raise errors.ArgumentError(errors.message("manual_seed", "a seed of 64 bits", str(number)))
        old = None if self._tensor is None and not state.tracing() else self.tensor
        state.touch(self, self.__dict__, "_seed")
        self._seed = number % 2**64
        if old is not None:
            old._write(self._fresh())
        return self

    def seed(self) -> int:
        """Start the stream of a seed that the operating system draws; return the seed."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little"))
        return self._seed

    def initial_seed(self) -> int:
        """Return the seed that the stream started from."""
        return self._seed

    def get_state(self) -> Tensor:
        """Return the state, uint8[12]: a copy that `set_state` takes."""
        return wrap(_to_bytes(read(self.tensor)))

    def set_state(self, new_state: Any) -> None:
        """Go on where the generator stood when `get_state` returned this.

        Raises:
            DtypeError: not a uint8 tensor.
            ShapeError: not of 12 elements.
        """
        data = new_state.data_array if isinstance(new_state, Tensor) else jnp.asarray(new_state)
        if data.dtype != np.uint8:
            got = errors.describe(data)
            raise errors.DtypeError(errors.message("set_state", "a uint8 tensor from get_state", got))
        if data.shape != (_BYTES,):
            got = errors.describe(data)
            raise errors.ShapeError(errors.message("set_state", f"uint8[{_BYTES}] from get_state", got))
        words = _from_bytes(data)
        self.tensor._write(words if is_tracer(words) else devices.place(words, self._device))

    def clone_state(self) -> Generator:
        """Return another generator that goes on from where this one stands."""
        other = Generator(self._device)
        other._seed = self._seed
        other.set_state(self.get_state())
        return other

    def __reduce__(self) -> tuple[Any, ...]:
        device = None if self._device is None else str(self._device)
        return _rebuild, (device, self._seed, self.get_state().tolist())

    def __repr__(self) -> str:
        return f"<Generator device={self.device} seed={self._seed}>"


def _rebuild(device: str | None, seed: int, words: list[int]) -> Generator:
    generator = Generator(device)
    generator._seed = seed
    generator.set_state(np.array(words, np.uint8))
    return generator


@jax.jit
def _to_bytes(words: jax.Array) -> jax.Array:
    return lax.bitcast_convert_type(words, jnp.uint8).reshape(_BYTES)


@jax.jit
def _from_bytes(data: jax.Array) -> jax.Array:
    return lax.bitcast_convert_type(data.reshape(3, 4), jnp.uint32)


def _unseeded() -> Generator:
    generator = Generator()
    generator._seed = int.from_bytes(os.urandom(8), "little")
    return generator


default_generator = _unseeded()
# Between reading a state and writing the next one no other thread may draw.
_lock = threading.RLock()
_others: dict[Device, Generator] = {}


def generator_for(generator: Generator | None = None, device: Device | None = None) -> Generator:
    """Return the generator that a draw on a device uses: the one given, or the device's default one.

    Raises:
        DeviceError: the one given belongs to another kind of device.
        DtypeError: it is no generator.
    """
    if generator is not None:
        if not isinstance(generator, Generator):
            got = errors.describe(generator)
            raise errors.DtypeError(errors.message("generator", "a Generator or None", got))
        if device is not None and device.type != generator.device.type:
            expected, got = f"a generator on '{device.type}'", f"one on '{generator.device}'"
            fix = f"make it with Generator(device='{device.type}')"
            raise errors.DeviceError(errors.message("generator", expected, got, fix))
        return generator
    wanted = devices.chosen_device() if device is None else device
    if wanted is None:
        return default_generator
    wanted = devices.as_device(wanted.jax)
    if wanted == devices.jax_default():
        return default_generator
    if wanted not in _others:
        other = _others[wanted] = Generator(wanted)
        other._seed = default_generator._seed
    return _others[wanted]


def next_key(generator: Generator | None = None) -> jax.Array:
    """Return fresh key data, uint32[2], and advance the generator: one dispatch.

    `key_of` makes a typed key of it; ``jax.random``'s functions also take it as it is.
    """
    t = generator_for(generator).tensor
    with _lock:
        words, key = _next(read(t))
        view.write_array(t, words)
    return key


def draw(
    fn: Callable[..., Any],
    statics: tuple[Any, ...],
    *operands: Any,
    generator: Generator | None = None,
    device: Device | None = None,
) -> jax.Array:
    """Return ``fn(key, *operands, *statics)`` for a fresh key, and advance the generator: one dispatch.

    Args:
        fn: pure function, the same object at each call, since it is part of the cache key.
        statics: hashable arguments, such as shape and dtype.
        operands: arrays, tensors and numbers; no gradient flows to them.
        generator: the stream to draw from; by default the device's.
        device: where to draw.
    """
    t = generator_for(generator, device).tensor
    arrays = [read(x) if isinstance(x, Handle) else x for x in operands]
    with _lock:
        words, sample = _sample(fn, statics, read(t), *arrays)
        view.write_array(t, words)
    return sample


def manual_seed(seed: Any) -> Generator:
    """Seed the default generators of all devices; return the one of the default device.

    Raises:
        ArgumentError: the seed does not fit 64 bits.

    Source: ``torch.manual_seed``.
    """
    default_generator.manual_seed(seed)
    for other in _others.values():
        other.manual_seed(default_generator._seed)
    return default_generator


def seed() -> int:
    """Seed the default generators from the operating system; return the seed."""
    manual_seed(int.from_bytes(os.urandom(8), "little"))
    return default_generator.initial_seed()


def initial_seed() -> int:
    """Return the seed of the default generator."""
    return default_generator.initial_seed()


def get_rng_state(device: Any = None) -> Tensor:
    """Return the state of a device's default generator: a copy that `set_rng_state` takes."""
    return generator_for(device=None if device is None else devices.as_device(device)).get_state()


def set_rng_state(new_state: Any, device: Any = None) -> None:
    """Go on where a device's default generator stood when `get_rng_state` returned this."""
    generator_for(device=None if device is None else devices.as_device(device)).set_state(new_state)


@contextlib.contextmanager
def fork_rng(devices: Any = None, enabled: bool = True) -> Iterator[None]:
    """Draw as one likes inside the block; afterwards the default generators stand where they did before.

    Args:
        devices: taken for PyTorch's sake; all default generators are kept.
        enabled: False does nothing.

    Source: ``torch.random.fork_rng``.
    """
    if not enabled:
        yield
        return
    kept = [(g, g._seed, read(g.tensor)) for g in (default_generator, *_others.values())]
    try:
        yield
    finally:
        for generator, number, words in kept:
            state.touch(generator, generator.__dict__, "_seed")
            generator._seed = number
            generator.tensor._write(words)
