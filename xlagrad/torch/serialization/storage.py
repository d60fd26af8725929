"""Storages: the bytes of a file that tensors lie in, and those tensors, which share what they shared."""

from __future__ import annotations

import itertools
import math
import weakref
from typing import Any, NamedTuple

import numpy as np

from xlagrad.core import devices, dtypes
from xlagrad.core.data import from_numpy
from xlagrad.core.devices import Device, as_device
from xlagrad.core.dtypes import DType
from xlagrad.core.handle import Handle, wrap
from xlagrad.core.tensor import Tensor
from xlagrad.core.view import attach, is_contiguous
from xlagrad.ops.strided import severed
from xlagrad.torch.serialization.elements import read_numbers
from xlagrad.torch.serialization.failure import failure, shown

#: What views that overlap may take beyond the size of the file: each is an array of its own here.
ALLOWANCE = 1 << 24

#: More elements than any memory has; products of sizes stop there.
_HUGE = 1 << 56

MAX_DIMENSIONS = 64


class Placed(NamedTuple):
    """Where the elements of a tensor are in a storage."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int
    dtype: DType

    @property
    def numel(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def last(self) -> int:
        """The place behind the last element."""
        return self.offset + sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True)) + 1


class Storage:
    """The bytes that tensors of one file share.

    What ``map_location`` is called with; ``storage.cuda()`` and ``storage.cpu()`` name another place.

    Attributes:
        key: its name in the file.
        dtype: type of the elements, None where only tensors say it.
        location: where it was when it was saved.
        order: the order of the bytes of a number.
    """

    def __init__(self, key: str, dtype: DType | None, location: str, nbytes: int) -> None:
        self.key, self.dtype, self.location, self._nbytes = key, dtype, location, nbytes
        self.order = "little"
        self.place: Device | None = None
        self.data: memoryview | None = None
        self.in_place = False
        self._members: list[tuple[weakref.ref[Any], Placed]] = []
        self._settled = 0

    @property
    def device(self) -> Device:
        """Where its tensors are put."""
        return as_device(self.place)

    def nbytes(self) -> int:
        """Return the number of bytes."""
        return self._nbytes

    def size(self) -> int:
        """Return the number of elements."""
        return self._nbytes // (self.dtype.itemsize if self.dtype else 1)

    def __len__(self) -> int:
        return self.size()

    def on(self, place: Device) -> Storage:
        """Return the storage with its tensors put on another device."""
        other = Storage(self.key, self.dtype, self.location, self._nbytes)
        other.__dict__.update(self.__dict__, place=place)
        return other

    def cpu(self) -> Storage:
        """Return the storage, on the CPU."""
        return self.on(Device("cpu"))

    def cuda(self, device: Any = None) -> Storage:
        """Return the storage, on a GPU."""
        return self.on(Device("cuda", device if isinstance(device, int) else None))

    def to(self, *, device: Any) -> Storage:
        """Return the storage, on a device."""
        return self.on(as_device(device))

    def tensor(self) -> Any:
        """Return all elements as a tensor."""
        dtype = self.dtype or dtypes.uint8
        return wrap(self._array(Placed((self.size(),), (1,), 0, dtype)))

    def tolist(self) -> list[Any]:
        """Return the elements as Python's numbers."""
        elements: list[Any] = self.tensor().tolist()
        return elements

    def __reduce__(self) -> Any:
        raise TypeError("a storage of a loaded file cannot be pickled; save the tensors that lie in it")

    def member(self, at: Placed) -> Any:
        """Return a tensor for the elements at a place, whose value :meth:`settle` fills in."""
        blank = np.broadcast_to(np.zeros((), at.dtype.dtype), at.shape)
        made: Any = Tensor.__new__(Tensor)
        made._set_fields(blank, False)
        self._members.append((weakref.ref(made), at))
        return made

    def settle(self) -> None:
        """Give the tensors made so far their values; those that overlap become views of one."""
        if self._settled == len(self._members):
            return
        alive = [(t, at) for ref, at in self._members if (t := ref()) is not None]
        fresh = {id(t) for ref, _ in self._members[self._settled :] if (t := ref()) is not None}
        self._settled = len(self._members)
        full = [(t, at) for t, at in alive if at.numel]
        for t, at in alive:
            if not at.numel and id(t) in fresh:
                t._data = self._array(at)
        if _apart([at for _, at in full]):
            for t, at in full:
                if id(t) in fresh:
                    t._data = self._array(at)
        else:
            self._share(full)

    def _share(self, members: list[tuple[Any, Placed]]) -> None:
        kinds = {at.dtype for _, at in members}
        if len(kinds) > 1:
            got = f"storage {self.key!r} read as {' and '.join(sorted(str(k) for k in kinds))}"
            raise failure("one element type for tensors that share memory", got)
        dtype = kinds.pop()
        count = self._nbytes // dtype.itemsize
        base: Handle = wrap(self._array(Placed((count,), (1,), 0, dtype)))
        made: dict[Placed, Any] = {}
        for t, at in members:
            if at not in made:
                made[at] = self._array(at)
            view = wrap(made[at])
            attach(view, base, severed(at.shape, at.strides, at.offset))
            t._data, t._view = view._data, view._view

    def _array(self, at: Placed) -> Any:
        assert self.data is not None
        numbers = read_numbers(self.data, at.dtype, at.shape, at.strides, at.offset, self.order)
        plain = numbers.flags.c_contiguous and numbers.flags.aligned
        if self.in_place and plain and dtypes.canonical(at.dtype) is at.dtype:
            array: Any = devices.from_host(numbers)
        else:
            array = from_numpy("torch.load", numbers)
        return devices.place(array, self.place)


def _apart(places: list[Placed]) -> bool:
    """Tell whether tensors are dense, and no two have an element in common."""
    if not all(is_contiguous(at.shape, at.strides) for at in places):
        return False
    ordered = sorted((at.offset * at.dtype.itemsize, at.last * at.dtype.itemsize) for at in places)
    return all(left[1] <= right[0] for left, right in itertools.pairwise(ordered))


class Budget:
    """How many bytes the tensors of a file may take together."""

    def __init__(self, limit: int) -> None:
        self.limit, self.taken = limit, 0
        self._seen: set[tuple[str, Placed]] = set()

    def take(self, storage: Storage, at: Placed) -> None:
        """Count a tensor, once for each place.

        Raises:
            LoadError: that is more than the file can account for.
        """
        if (storage.key, at) in self._seen:
            return
        self._seen.add((storage.key, at))
        self.taken += at.numel * at.dtype.itemsize
        if self.taken > self.limit:
            got = (
                f"expanded or overlapping ones of {self.taken} bytes in a file that accounts for {self.limit}"
            )
            raise failure("tensors as large as their storage", got, "save .contiguous() copies of them")


def check_place(storage: Storage, dtype: DType | None, offset: Any, size: Any, stride: Any) -> Placed:
    """Return where a tensor lies in its storage.

    Raises:
        LoadError: not whole numbers of zero or more, or outside of the storage.
    """
    if not isinstance(storage, Storage):
        raise failure("a storage under each tensor", type(storage).__name__)
    kind = dtype or storage.dtype
    if kind is None:
        raise failure("an element type for each tensor", f"none for storage {storage.key!r}")
    shape, strides = _whole("sizes", size), _whole("strides", stride)
    (first,) = _whole("an offset", (offset,))
    if len(shape) != len(strides):
        raise failure("one stride for each size", f"{len(shape)} sizes and {len(strides)} strides")
    at = Placed(shape, strides, first, kind)
    last = first if 0 in shape else at.last
    if _product(shape) > _HUGE or last * kind.itemsize > storage.nbytes():
        got = f"size {_short(shape)}, strides {_short(strides)} and offset {first} of {kind}"
        raise failure(f"elements within the {storage.nbytes()} bytes of storage {storage.key!r}", got)
    return at


def _product(shape: tuple[int, ...]) -> int:
    """Return the product of the lengths that are not 0, or something above the limit."""
    product = 1
    for n in shape:
        product *= max(n, 1)
        if product > _HUGE:
            break
    return product


def _whole(what: str, values: Any) -> tuple[int, ...]:
    if not isinstance(values, (tuple, list)) or len(values) > MAX_DIMENSIONS:
        raise failure(f"{what} in a tuple of at most {MAX_DIMENSIONS}", type(values).__name__)
    if not all(type(n) is int and 0 <= n <= _HUGE for n in values):
        raise failure(f"{what} of zero or more", shown(values))
    return tuple(values)


def _short(values: tuple[int, ...]) -> str:
    text = str(values)
    return text if len(text) <= 60 else text[:57] + "..."
