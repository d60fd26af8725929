"""The one record of an operation, and how a call of it runs: eagerly on the tape, or into a trace."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, overload

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core.errors import ArgumentError, DtypeError, describe, message
from xlagrad.core.handle import Handle
from xlagrad.core.plan import Plan, attached, call_plan
from xlagrad.core.signature import _MISSING, Signature, inspect_operation

Array = jax.Array
ArrayLike = jax.Array | float | int | bool | complex
Arrays = Sequence[jax.Array]

registry: dict[str, Op] = {}

# What may stand beside tensors and arrays as it is.
_NUMBERS = (float, int, bool, complex)


class Delivery:
    """How results get into ``out=``; ``xlagrad.ops.out`` fills it in, since it needs operations itself."""

    write: Callable[..., Any]


class Op:
    """An operation: one pure function on arrays, from which every face of the library derives its name.

    Call it with tensors and it runs on the tape; call it with plain arrays and it is the pure function.

    Attributes:
        name: unique name.
        fn: the pure function.
        signature: how its parameters divide into operands and statics.
        aliases: further names.
        method: whether ``Tensor`` has it as a method.
        inplace: whether ``Tensor`` has the variant with a trailing underscore.
        differentiable: whether a result requires grad if an operand does.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        name: str,
        aliases: tuple[str, ...],
        method: bool,
        inplace: bool,
        differentiable: bool = True,
    ) -> None:
        self.fn = fn
        self.name = self.__name__ = self.__qualname__ = name
        self.__doc__ = fn.__doc__
        self.__module__ = fn.__module__
        self.__wrapped__ = fn
        self.aliases = aliases
        self.method = method
        self.inplace = inplace
        self.differentiable = differentiable
        self.signature: Signature = inspect_operation(name, fn)
        self._plans: dict[Any, Plan] = {}
        self._flat = not any(self.signature.lists)
        self._count = len(self.signature.operands)
        self._direct = self._direct_counts()
        self._simple: dict[int, Plan] = {}

    def _direct_counts(self) -> range:
        """Return for how many positional arguments, all of them operands, a call needs no binding."""
        sig = self.signature
        if not self._flat or sig.variadic or _MISSING in sig.static_defaults:
            return range(0)
        needed = self._count
        while needed and sig.defaults[needed - 1] is None:
            needed -= 1
        return range(needed, self._count + 1)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        count = len(args)
        if not kwargs and count in self._direct:
            found = False
            for x in args:
                if isinstance(x, Handle):
                    found = True
                elif type(x) not in _NUMBERS and not isinstance(x, jax.Array):
                    break
            else:
                if not found:
                    return self._pure(args, kwargs)
                plan = self._simple.get(count)
                if plan is None:
                    layout = (1,) * count + (0,) * (self._count - count)
                    plan = self._simple[count] = self._plan(self.signature.static_defaults, layout)
                return call_plan(plan, args)
        if "out" in kwargs and "out" not in self.signature.statics:
            return self._into(args, kwargs)
        operands, statics = self.signature.bind(args, kwargs)
        for x in operands:
            if isinstance(x, Handle) or (type(x) in (list, tuple) and any(isinstance(v, Handle) for v in x)):
                return call_plan(*self._general(operands, statics))
        return self._pure(args, kwargs)

    def _into(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run, and write the result into the tensors given as ``out``."""
        names = {name: value for name, value in kwargs.items() if name != "out"}
        out = kwargs["out"]
        if out is None:
            return self(*args, **names)
        return Delivery.write(self.name, self, args, names, out, "dtype" in self.signature.statics)

    def _pure(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run on plain arrays; NumPy arrays, lists and lone numbers become arrays first."""
        head = args[: self._count]
        if any(isinstance(a, jax.Array) for a in head):
            head = tuple([jnp.asarray(a) if isinstance(a, np.ndarray) else a for a in head])
            return self.fn(*head, *args[self._count :], **kwargs)
        operands, statics = self.signature.bind(args, kwargs)
        arrays = any(isinstance(a, jax.Array) for a in operands)
        plain: list[Any] = []
        for x, is_list in zip(operands, self.signature.lists, strict=True):
            if is_list and x is not None:
                plain.append([_operand(self.name, v) for v in _items(self.name, x)])
            else:
                plain.append(x if x is None or arrays else jnp.asarray(_operand(self.name, x)))
        return self._apply(plain, statics)

    def _apply(self, operands: Sequence[Any], statics: tuple[Any, ...]) -> Any:
        """Call the function with all that it takes."""
        sig = self.signature
        if sig.variadic:
            return self.fn(*operands, *statics[0], **dict(zip(sig.statics[1:], statics[1:], strict=True)))
        return self.fn(*operands, **dict(zip(sig.statics, statics, strict=True)))

    def _general(self, operands: Sequence[Any], statics: tuple[Any, ...]) -> tuple[Plan, list[Any]]:
        """Flatten lists and absent operands; return the plan for this layout and the flat operands."""
        flat: list[Any] = []
        layout: list[Any] = []
        for x, is_list in zip(operands, self.signature.lists, strict=True):
            if x is None:
                layout.append(0)
            elif is_list:
                items = _items(self.name, x)
                layout.append((len(items),))
                flat.extend(_operand(self.name, v) for v in items)
            else:
                layout.append(1)
                flat.append(_operand(self.name, x))
        key = (statics, tuple(layout), tuple(map(_kind, statics)))
        try:
            plan = self._plans.get(key)
        except TypeError as error:
            raise DtypeError(
                message(self.name, "static arguments that can be hashed", str(error), self.signature.text())
            ) from error
        if plan is None:
            plan = self._plans[key] = self._plan(statics, tuple(layout))
        return plan, flat

    def _plan(self, statics: tuple[Any, ...], layout: tuple[Any, ...]) -> Plan:
        def body(*flat: Any) -> Any:
            rest = iter(flat)
            operands: list[Any] = []
            for kind in layout:
                if kind == 0:
                    operands.append(None)
                elif kind == 1:
                    operands.append(next(rest))
                else:
                    operands.append([next(rest) for _ in range(kind[0])])
            return self._apply(operands, statics)

        return Plan(self.name, body, self.differentiable)

    def __repr__(self) -> str:
        return f"<operation {self.signature.text()}>"

    def __reduce__(self) -> Any:
        return _lookup, (self.name,)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """Bind as a method does, so that a record can be a method of ``Tensor``."""
        return self if instance is None else functools.partial(self, instance)


def _lookup(name: str) -> Op:
    return registry[name]


def _kind(static: Any) -> Any:
    # 1, 1.0 and True are equal as keys but not as arguments, nor are 0.0 and -0.0.
    if type(static) is tuple:
        return tuple(map(_kind, static))
    return math.copysign(1.0, static) if type(static) is float and static == 0.0 else type(static)


def _items(who: str, x: Any) -> list[Any]:
    """Return the members of a sequence of operands."""
    try:
        return list(x)
    except TypeError:
        got = f"{type(x).__name__} {describe(x)}"
        raise DtypeError(message(who, "a list or tuple of tensors", got, "put it into a list")) from None


def _operand(who: str, x: Any) -> Any:
    if isinstance(x, (Handle, jax.Array, int, float, complex)):
        return x
    if isinstance(x, (np.ndarray, np.generic, list)) or hasattr(x, "__jax_array__"):
        try:
            return jnp.asarray(x)
        except (TypeError, ValueError) as error:
            got = f"{type(x).__name__} of {x.dtype}" if isinstance(x, np.ndarray) else describe(x)
            raise DtypeError(message(who, "numbers", got, "convert them to numbers first")) from error
    raise DtypeError(message(who, "a tensor, an array or a number", f"{type(x).__name__} {describe(x)}"))


@overload
def op(fn: Callable[..., Any]) -> Op: ...


@overload
def op(
    *,
    name: str | None = None,
    method: bool = False,
    inplace: bool = False,
    aliases: tuple[str, ...] = (),
    differentiable: bool = True,
) -> Callable[[Callable[..., Any]], Op]: ...


def op(
    fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    method: bool = False,
    inplace: bool = False,
    aliases: tuple[str, ...] = (),
    differentiable: bool = True,
) -> Any:
    """Make a pure function on arrays an operation.

    Parameters annotated ``Array``, ``ArrayLike``, ``Arrays`` (or those with ``| None``) are operands and
    come first; all others are static and part of the cache key. See :class:`Op`.

    Args:
        fn: the pure function.
        name: its unique name; the function's own if not given.
        method: install it as a method of ``Tensor``.
        inplace: also install the method with a trailing underscore, which writes to the tensor.
        aliases: further names.
        differentiable: False for functions whose results are constants to the tape, as PyTorch has them.

    Raises:
        ArgumentError: the name is taken.
    """
    if fn is None:
        return functools.partial(
            op, name=name, method=method, inplace=inplace, aliases=aliases, differentiable=differentiable
        )
    record = Op(fn, name or fn.__name__, aliases, method or inplace, inplace, differentiable)
    for key in (record.name, *aliases):
        if key in registry:
            raise ArgumentError(message("op", "a name that is not taken", f"'{key}'", "give it another name"))
        registry[key] = record
    return record


def apply_pure(name: str, fn: Callable[..., Any], *args: Any) -> Any:
    """Run a pure function of pytrees of arrays on the tape, and return its result with tensors for arrays.

    For foreign code, such as a flax module's ``apply``. Nothing is cached beyond what JAX caches for
    ``fn`` itself: pass the same function object each time.

    Args:
        name: label for errors and ``grad_fn``.
        fn: pure function of arrays, jittable.
        args: pytrees whose leaves are tensors, arrays or numbers.
    """
    leaves, tree = jax.tree.flatten(args, is_leaf=lambda x: isinstance(x, Handle))
    key = (fn, tree)
    plan = _pure_plans.get(key)
    if plan is None:
        plan = _pure_plans[key] = Plan(name, lambda *flat: fn(*jax.tree.unflatten(tree, flat)))
    return call_plan(plan, leaves)


_pure_plans: dict[Any, Plan] = {}

__all__ = [
    "Array",
    "ArrayLike",
    "Arrays",
    "Op",
    "Plan",
    "apply_pure",
    "attached",
    "call_plan",
    "op",
    "registry",
]
