"""The pickle machine that reads a checkpoint: it calls what a table allows, and nothing else.

Python's own unpickler can be told which globals it may find, but not how much memory a length in the file may
take, nor which objects an attribute may be set on. This one checks both.
"""

from __future__ import annotations

import _compat_pickle
import codecs
import pickle
import pickletools
import struct
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

from xlagrad.torch.serialization.failure import LoadError, failure


class Rules(Protocol):
    """What the machine asks about everything that is not plain data."""

    def find(self, name: str) -> Any:
        """Return the object of a dotted name, or raise."""

    def call(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> Any:
        """Return what calling it gives, or raise."""

    def build(self, target: Any, state: Any) -> None:
        """Give an object its state, or raise."""

    def storage(self, pid: Any) -> Any:
        """Return the storage that a persistent id stands for."""


_CODES = {op.code.encode("latin-1")[0]: op.name for op in pickletools.opcodes}
_SIZED = {
    "BINBYTES": "<I", "BINBYTES8": "<Q", "SHORT_BINBYTES": "<B", "BINUNICODE": "<I", "BINUNICODE8": "<Q",
    "SHORT_BINUNICODE": "<B", "BINSTRING": "<i", "SHORT_BINSTRING": "<B", "BYTEARRAY8": "<Q", "LONG1": "<B",
    "LONG4": "<i",
}  # fmt: skip
_FIXED = {"BININT": "<i", "BININT1": "<B", "BININT2": "<H", "BINFLOAT": ">d"}
_CONSTANT: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_SET": set,
}

# What comes of instructions that find another thing than they expect.
_MALFORMED = (
    AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError, ValueError, struct.error,
)  # fmt: skip

# How deep a key may be nested, and how much it may hold: hashing one follows every path through it.
_KEY_DEPTH, _KEY_ITEMS = 4, 256


class Machine:
    """One pickled object, being read from bytes.

    Args:
        data: the bytes.
        at: where the object begins.
        rules: what may be found, called and built.
        encoding: of the strings of Python 2; ``"bytes"`` leaves them as bytes.
    """

    def __init__(self, data: memoryview, at: int, rules: Rules, encoding: str) -> None:
        self.data, self.at, self.rules, self.encoding = data, at, rules, encoding
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def load(self) -> Any:
        """Return the object; ``at`` is then the place behind it.

        Raises:
            LoadError: the bytes are no pickle, or one that asks for more than data.
        """
        try:
            return self._run()
        except LoadError:
            raise
        except _MALFORMED as error:
            got = f"{type(error).__name__} ({str(error)[:120]}) at byte {self.at}"
            raise failure("a well-formed pickle", got, "save or copy the file again") from error

    def _run(self) -> Any:
        while True:
            code = self._take(1)[0]
            name = _CODES.get(code)
            if name == "STOP":
                found = self.stack.pop()
                self.memo.clear()
                return found
            if name in _CONSTANT:
                self.stack.append(_CONSTANT[name]())
            elif name in _FIXED:
                form = _FIXED[name]
                self.stack.append(struct.unpack(form, self._take(struct.calcsize(form)))[0])
            elif name in _SIZED:
                self._sized(name)
            else:
                step = getattr(self, f"_{name.lower()}", None) if name else None
                if step is None:
                    got = f"the instruction {name or hex(code)} at byte {self.at - 1}"
                    raise failure("a pickle of data as torch.save writes it", got, "save it with torch.save")
                step()

    # Bytes.

    def _take(self, count: int) -> memoryview:
        if count < 0 or count > len(self.data) - self.at:
            got = f"one that ends where {count} more bytes should be"
            raise failure("a complete pickle", got, "save or copy the file again")
        self.at += count
        return self.data[self.at - count : self.at]

    def _number(self, form: str) -> int:
        return int(struct.unpack(form, self._take(struct.calcsize(form)))[0])

    def _line(self) -> str:
        end = self.at
        while self._take(1)[0] != 10:
            if self.at - end > 4096:
                raise failure("a line of at most 4096 characters", "a longer one")
        return bytes(self.data[end : self.at - 1]).decode("utf-8")

    def _sized(self, name: str) -> None:
        data = bytes(self._take(self._number(_SIZED[name])))
        value: Any = data
        if "UNICODE" in name:
            value = data.decode("utf-8", "surrogatepass")
        elif "STRING" in name:
            value = self._old(data)
        elif "LONG" in name:
            value = int.from_bytes(data, "little", signed=True)
        elif name == "BYTEARRAY8":
            value = bytearray(data)
        self.stack.append(value)

    def _old(self, data: bytes) -> Any:
        """Return a string of Python 2."""
        return data if self.encoding == "bytes" else data.decode(self.encoding)

    def _proto(self) -> None:
        protocol = self._take(1)[0]
        if protocol > pickle.HIGHEST_PROTOCOL:
            raise failure(f"pickle protocol {pickle.HIGHEST_PROTOCOL} or lower", str(protocol))

    def _frame(self) -> None:
        size = self._number("<Q")
        if size > len(self.data) - self.at:
            raise failure("a complete pickle", f"a frame of {size} bytes that is not all there")

    # Text forms of protocol 0.

    def _int(self) -> None:
        text = self._line()
        self.stack.append({"00": False, "01": True}[text] if text in ("00", "01") else int(text))

    def _long(self) -> None:
        self.stack.append(int(self._line().removesuffix("L")))

    def _float(self) -> None:
        self.stack.append(float(self._line()))

    def _unicode(self) -> None:
        self.stack.append(codecs.decode(self._line().encode("latin-1"), "raw-unicode-escape"))

    def _string(self) -> None:
        text = self._line()
        if len(text) < 2 or text[0] != text[-1] or text[0] not in "\"'":
            raise ValueError("a string without quotes")
        self.stack.append(self._old(codecs.escape_decode(text[1:-1].encode("latin-1"))[0]))

    # The stack.

    def _mark(self) -> None:
        self.marks.append(len(self.stack))

    def _since_mark(self) -> list[Any]:
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def _pop(self) -> None:
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self.stack.pop()

    def _pop_mark(self) -> None:
        self._since_mark()

    def _dup(self) -> None:
        self.stack.append(self.stack[-1])

    # The memo.

    def _put(self) -> None:
        self.memo[int(self._line())] = self.stack[-1]

    def _binput(self) -> None:
        self.memo[self._number("<B")] = self.stack[-1]

    def _long_binput(self) -> None:
        self.memo[self._number("<I")] = self.stack[-1]

    def _memoize(self) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def _get(self) -> None:
        self.stack.append(self.memo[int(self._line())])

    def _binget(self) -> None:
        self.stack.append(self.memo[self._number("<B")])

    def _long_binget(self) -> None:
        self.stack.append(self.memo[self._number("<I")])

    # Containers.

    def _tuple(self) -> None:
        self.stack.append(tuple(self._since_mark()))

    def _tuple1(self) -> None:
        self.stack[-1:] = [(self.stack[-1],)]

    def _tuple2(self) -> None:
        self.stack[-2:] = [(self.stack[-2], self.stack[-1])]

    def _tuple3(self) -> None:
        self.stack[-3:] = [(self.stack[-3], self.stack[-2], self.stack[-1])]

    def _list(self) -> None:
        self.stack.append(self._since_mark())

    def _dict(self) -> None:
        items = self._since_mark()
        self.stack.append({})
        self._put_items(items)

    def _frozenset(self) -> None:
        items = self._since_mark()
        for item in items:
            check_key(item)
        self.stack.append(frozenset(items))

    def _append(self) -> None:
        item = self.stack.pop()
        self._target(list, "append").append(item)

    def _appends(self) -> None:
        items = self._since_mark()
        self._target(list, "extend").extend(items)

    def _setitem(self) -> None:
        items = [self.stack.pop(-2), self.stack.pop()]
        self._put_items(items)

    def _setitems(self) -> None:
        self._put_items(self._since_mark())

    def _put_items(self, items: list[Any]) -> None:
        target = self._target(dict, "set items of")
        for key, value in zip(items[::2], items[1::2], strict=True):
            check_key(key)
            target[key] = value

    def _additems(self) -> None:
        items = self._since_mark()
        for item in items:
            check_key(item)
        self._target(set, "add to").update(items)

    def _target(self, kind: type, what: str) -> Any:
        """Return the container on top, one of Python's own or an allowed class that derives from it."""
        target = self.stack[-1]
        if not isinstance(target, kind):
            raise failure(f"a {kind.__name__} to {what}", type(target).__name__)
        return target

    # What only the rules know.

    def _global(self) -> None:
        module, name = self._line(), self._line()
        self._find(module, name)

    def _stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise failure("the name of a global", f"{type(module).__name__} and {type(name).__name__}")
        self._find(module, name)

    def _find(self, module: str, name: str) -> None:
        if (module, name) in _compat_pickle.NAME_MAPPING:
            module, name = _compat_pickle.NAME_MAPPING[module, name]
        module = _compat_pickle.IMPORT_MAPPING.get(module, module)
        self.stack.append(self.rules.find(f"{module}.{name}"))

    def _reduce(self) -> None:
        args, function = self.stack.pop(), self.stack.pop()
        self._call(function, args, None)

    def _newobj(self) -> None:
        args, kind = self.stack.pop(), self.stack.pop()
        self._call(kind, args, {})

    def _newobj_ex(self) -> None:
        kwargs, args, kind = self.stack.pop(), self.stack.pop(), self.stack.pop()
        if type(kwargs) is not dict:
            raise failure("keyword arguments in a dict", type(kwargs).__name__)
        self._call(kind, args, kwargs)

    def _call(self, function: Any, args: Any, kwargs: dict[str, Any] | None) -> None:
        if type(args) is not tuple:
            raise failure("arguments in a tuple", type(args).__name__)
        self.stack.append(self.rules.call(function, args, kwargs))

    def _build(self) -> None:
        state = self.stack.pop()
        self.rules.build(self.stack[-1], state)

    def _binpersid(self) -> None:
        self.stack.append(self.rules.storage(self.stack.pop()))


def check_key(key: Any) -> None:
    """Refuse a key whose hash would take long to compute."""
    left = _KEY_ITEMS
    level = [key]
    for _ in range(_KEY_DEPTH):
        level = [item for inner in level if isinstance(inner, (tuple, frozenset)) for item in inner]
        left -= len(level)
        if left < 0 or not level:
            break
    if level:
        raise failure("keys that are names, numbers or small tuples", f"{type(key).__name__} of tuples")


def ordered(pairs: Any) -> OrderedDict[Any, Any]:
    """Return an OrderedDict of pairs, as Python 2 pickled one."""
    if not isinstance(pairs, (list, tuple)):
        raise failure("pairs for an OrderedDict", type(pairs).__name__)
    for pair in pairs:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise failure("pairs for an OrderedDict", type(pair).__name__)
        check_key(pair[0])
    return OrderedDict((key, value) for key, value in pairs)
