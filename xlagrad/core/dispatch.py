"""The one record of an operation, and how a call of it runs: eagerly on the tape, or into a trace."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, overload

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core.errors import XLAGRAD_ERRORS, ArgumentError, DtypeError, ShapeError, describe, message
from xlagrad.core.handle import Handle, read, wrap
from xlagrad.core.modes import local
from xlagrad.core.signature import Signature, inspect_operation
from xlagrad.core.tape import Edge, Node, edge

Array = jax.Array
ArrayLike = jax.Array | float | int | bool | complex
Arrays = Sequence[jax.Array]

registry: dict[str, Op] = {}


def _strong(x: Any) -> Any:
    # Results that kept JAX's weak type would promote like Python scalars in later operations.
    if getattr(x, "weak_type", False):
        return jax.lax.convert_element_type(x, x.dtype)
    return x if isinstance(x, jax.Array) else jnp.asarray(x)


def _differentiable(x: Any) -> bool:
    return bool(jnp.issubdtype(x.dtype, jnp.inexact))


class Plan:
    """An operation with its static arguments and the layout of its operands fixed: one forward function.

    Attributes:
        label: name for errors and ``grad_fn``.
        body: pure function of the flat operands, which returns an array or a tuple of arrays.
        run: ``body`` under jit.
    """

    __slots__ = ("__weakref__", "body", "label", "recorded", "run", "signatures")

    def __init__(self, label: str, body: Callable[..., Any]) -> None:
        self.label = label
        self.body = body

        def strong_body(*operands: Any) -> Any:
            out = body(*operands)
            if isinstance(out, jax.Array):
                return _strong(out)
            return jax.tree.map(_strong, out)

        strong_body.__name__ = strong_body.__qualname__ = label
        self.run = jax.jit(strong_body)
        self.signatures: dict[Any, Pair] = {}
        self.recorded: dict[Any, Plan] = {}

    def pair(self, mask: int, arrays: Sequence[Any]) -> Pair:
        """Return the jitted forward-with-residuals and backward for these operands' types."""
        key = (mask, *[a.aval if isinstance(a, jax.Array) else type(a) for a in arrays])
        pair = self.signatures.get(key)
        if pair is None:
            pair = self.signatures[key] = Pair(self, mask, len(arrays))
        return pair

    def gradient(self, mask: int, count: int, present: tuple[bool, ...]) -> Plan:
        """Return the backward of this plan as a plan of the original operands and the cotangents."""
        key = (mask, present)
        plan = self.recorded.get(key)
        if plan is None:
            wanted = [i for i in range(count) if mask >> i & 1]

            def body(*operands: Any) -> tuple[Any, ...]:
                arrays, given = list(operands[:count]), list(operands[count:])
                outs, pull = jax.vjp(_restrict(self.body, arrays, wanted), *[arrays[i] for i in wanted])
                given.reverse()
                full = [
                    given.pop() if p else jnp.zeros(o.shape, o.dtype)
                    for p, o in zip(present, outs, strict=True)
                ]
                return tuple(pull(tuple(full)))

            plan = self.recorded[key] = Plan(f"{self.label}_backward", body)
        return plan


def _restrict(body: Callable[..., Any], arrays: Sequence[Any], wanted: Sequence[int]) -> Callable[..., Any]:
    """Return ``body`` as a function of the wanted operands to its differentiable outputs."""

    def restricted(*chosen: Any) -> tuple[Any, ...]:
        full = list(arrays)
        for i, value in zip(wanted, chosen, strict=True):
            full[i] = value
        out = jax.tree.map(_strong, body(*full))
        return tuple(o for o in jax.tree.leaves(out) if _differentiable(o))

    return restricted


class Pair:
    """Forward with residuals, and backward, of one plan for one set of operand types.

    The residuals of ``jax.vjp`` leave the jitted forward as a flat list. Those that are an operand or an
    output of the forward are not returned a second time (jit would copy them) but picked from there.
    """

    __slots__ = ("_sources", "_tree", "avals", "count", "forward", "mask", "plan", "pulls", "wanted")

    def __init__(self, plan: Plan, mask: int, count: int) -> None:
        self.plan = plan
        self.mask = mask
        self.count = count
        self.wanted = [i for i in range(count) if mask >> i & 1]
        self._tree: Any = None
        self._sources: list[tuple[str, int]] = []
        self.avals: tuple[Any, ...] = ()
        self.pulls: dict[tuple[bool, ...], Callable[..., Any]] = {}
        forward = self._forward
        self.forward = jax.jit(_named(lambda *arrays: forward(arrays), plan.label))

    def _forward(self, arrays: Sequence[Any]) -> tuple[Any, list[Any]]:
        def split(*chosen: Any) -> tuple[tuple[Any, ...], Any]:
            full = list(arrays)
            for i, value in zip(self.wanted, chosen, strict=True):
                full[i] = value
            out = jax.tree.map(_strong, self.plan.body(*full))
            return tuple(o for o in jax.tree.leaves(out) if _differentiable(o)), out

        diff, pull, out = jax.vjp(split, *[arrays[i] for i in self.wanted], has_aux=True)
        residuals, self._tree = jax.tree.flatten(pull)
        # A later trace of the same types must find nothing of an earlier one's.
        self._sources, self.avals, kept = [], tuple((o.shape, o.dtype) for o in diff), []
        outs = jax.tree.leaves(out)
        for leaf in residuals:
            place = _find(leaf, arrays)
            if place is not None:
                self._sources.append(("operand", place))
                continue
            place = _find(leaf, outs)
            if place is not None:
                self._sources.append(("output", place))
                continue
            self._sources.append(("kept", len(kept)))
            kept.append(leaf)
        return out, kept

    def residuals(self, arrays: Sequence[Any], outs: Sequence[Any], kept: Sequence[Any]) -> list[Any]:
        """Return the flat residuals, gathered from where each one is."""
        where = {"operand": arrays, "output": outs, "kept": kept}
        return [where[kind][i] for kind, i in self._sources]

    def pull(self, residuals: list[Any], cotangents: Sequence[Any]) -> Sequence[Any]:
        """Return the gradients of the wanted operands."""
        present = tuple([c is not None for c in cotangents])
        fn = self.pulls.get(present)
        if fn is None:
            tree, avals = self._tree, self.avals

            def backward(leaves: list[Any], given: list[Any]) -> Any:
                rest = iter(given)
                full = [next(rest) if p else jnp.zeros(*a) for p, a in zip(present, avals, strict=True)]
                typed = [c.astype(a[1]) for c, a in zip(full, avals, strict=True)]
                return jax.tree.unflatten(tree, leaves)(tuple(typed))

            fn = self.pulls[present] = jax.jit(_named(backward, f"{self.plan.label}_backward"))
        return fn(residuals, [c for c in cotangents if c is not None])


def _find(leaf: Any, among: Sequence[Any]) -> int | None:
    for i, x in enumerate(among):
        if x is leaf:
            return i
    return None


def _named(fn: Callable[..., Any], name: str) -> Callable[..., Any]:
    fn.__name__ = fn.__qualname__ = name
    return fn


class OpNode(Node):
    """The tape's node of an operation."""

    __slots__ = ("arrays", "pair", "saved")

    def __init__(self, pair: Pair, arrays: list[Any], edges: list[Edge], saved: list[Any]) -> None:
        super().__init__(pair.plan.label, edges, pair.avals)
        self.pair = pair
        self.arrays: list[Any] | None = arrays
        self.saved: list[Any] | None = saved

    def name(self) -> str:
        """Return the label in torch's style."""
        return "".join(w.capitalize() for w in self.label.split("_")) + "Backward0"

    def pull(self, cotangents: list[Any]) -> Sequence[Any]:
        """Run the jitted backward on the residuals."""
        assert self.saved is not None
        return self.pair.pull(self.saved, cotangents)

    def pull_recorded(self, cotangents: list[Any]) -> Sequence[Any]:
        """Run the backward as an operation on the original inputs and the cotangents."""
        pair = self.pair
        present = tuple([c is not None for c in cotangents])
        assert self.arrays is not None
        operands: list[Any] = list(self.arrays)
        for i, to in zip(pair.wanted, self.edges, strict=True):
            assert to is not None
            operands[i] = attached(operands[i], to)
        plan = pair.plan.gradient(pair.mask, pair.count, present)
        return call_plan(plan, operands + [c for c in cotangents if c is not None])  # type: ignore[no-any-return]

    def release(self) -> None:
        """Let the residuals and inputs go."""
        self.released = True
        self.arrays = self.saved = None


def attached(array: Any, to: Edge) -> Any:
    """Return a tensor of ``array`` whose gradient takes an edge that exists already."""
    t = wrap(array, True)
    t._node, t._slot = to
    return t


def _result(out: Any, node: Node | None, trees: bool) -> Any:
    """Wrap the arrays of a result, and attach the differentiable ones to their node."""
    if not trees:
        t = wrap(out)
        if node is not None:
            t._node = node
            t._requires_grad = True
        return t
    slot = 0
    tensors = []
    leaves, tree = jax.tree.flatten(out)
    for leaf in leaves:
        t = wrap(leaf)
        if node is not None and _differentiable(leaf):
            t._node, t._slot, t._requires_grad = node, slot, True
            slot += 1
        tensors.append(t)
    return jax.tree.unflatten(tree, tensors)


def call_plan(plan: Plan, operands: Sequence[Any]) -> Any:
    """Run a plan on tensors, arrays and Python scalars; return tensors, on the tape where one is needed."""
    mask, edges, arrays = 0, [], []
    trace = local.trace
    grad = local.grad
    for i, x in enumerate(operands):
        if isinstance(x, Handle):
            array = x._data if x._view is None and trace is None else read(x)
            if x._requires_grad:
                if grad:
                    mask |= 1 << i
                    edges.append(edge(x))
                elif trace is not None:
                    # The trace may be differentiated as a whole later; torch sees no gradient here.
                    array = jax.lax.stop_gradient(array)
            arrays.append(array)
        else:
            arrays.append(x)
    try:
        if mask == 0:
            out = plan.run(*arrays)
            return _result(out, None, False) if isinstance(out, jax.Array) else _result(out, None, True)
        pair = plan.pair(mask, arrays)
        out, kept = pair.forward(*arrays)
    except XLAGRAD_ERRORS:
        raise
    except (TypeError, ValueError) as error:
        raise _explain(plan.label, arrays, error) from error
    single = isinstance(out, jax.Array)
    if not pair.avals:
        return _result(out, None, not single)
    saved = pair.residuals(arrays, (out,) if single else jax.tree.leaves(out), kept)
    return _result(out, OpNode(pair, arrays, edges, saved), not single)


def _explain(label: str, arrays: Sequence[Any], error: Exception) -> Exception:
    """Return our error for one that JAX raised about the operands."""
    text = " ".join(str(error).split())
    got = ", ".join(describe(a) for a in arrays)
    kind = ShapeError if "shape" in text or "dimension" in text else ArgumentError
    if isinstance(error, TypeError) and "dtype" in text:
        kind = DtypeError
    return kind(message(label, "operands that fit together", got, text.rstrip(".")))


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
    """

    def __init__(
        self, fn: Callable[..., Any], name: str, aliases: tuple[str, ...], method: bool, inplace: bool
    ) -> None:
        self.fn = fn
        self.name = self.__name__ = self.__qualname__ = name
        self.__doc__ = fn.__doc__
        self.__module__ = fn.__module__
        self.__wrapped__ = fn
        self.aliases = aliases
        self.method = method
        self.inplace = inplace
        self.signature: Signature = inspect_operation(name, fn)
        self._plans: dict[Any, Plan] = {}
        self._flat = not any(self.signature.lists)
        self._count = len(self.signature.operands)
        self._simple: Plan | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not kwargs and self._flat and len(args) == self._count and not self.signature.variadic:
            operands: Sequence[Any] = args
            statics = self.signature.static_defaults
            simple = True
        else:
            operands, statics = self.signature.bind(args, kwargs)
            simple = statics == self.signature.static_defaults and not self.signature.statics
        for x in operands:
            if isinstance(x, Handle) or (type(x) in (list, tuple) and any(isinstance(v, Handle) for v in x)):
                break
        else:
            return self._pure(args, kwargs)
        if simple and self._flat and None not in map(_none, operands):
            plan = self._simple
            if plan is None:
                plan = self._simple = self._plan(statics, (1,) * self._count)
            return call_plan(plan, operands)
        return call_plan(*self._general(operands, statics))

    def _pure(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run on plain arrays; NumPy arrays and lists become arrays first."""
        head = [jnp.asarray(a) if isinstance(a, np.ndarray) else a for a in args[: self._count]]
        return self.fn(*head, *args[self._count :], **kwargs)

    def _general(self, operands: Sequence[Any], statics: tuple[Any, ...]) -> tuple[Plan, list[Any]]:
        """Flatten lists and absent operands; return the plan for this layout and the flat operands."""
        flat: list[Any] = []
        layout: list[Any] = []
        for x, is_list in zip(operands, self.signature.lists, strict=True):
            if x is None:
                layout.append(0)
            elif is_list:
                items = list(x)
                layout.append((len(items),))
                flat.extend(_operand(self.name, v) for v in items)
            else:
                layout.append(1)
                flat.append(_operand(self.name, x))
        key = (statics, tuple(layout), tuple(map(type, statics)), tuple(_inner_types(statics)))
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
        sig, fn = self.signature, self.fn

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
            if sig.variadic:
                return fn(*operands, *statics[0], **dict(zip(sig.statics[1:], statics[1:], strict=True)))
            return fn(*operands, **dict(zip(sig.statics, statics, strict=True)))

        return Plan(self.name, body)

    def __repr__(self) -> str:
        return f"<operation {self.signature.text()}>"

    def __reduce__(self) -> Any:
        return _lookup, (self.name,)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """Bind as a method does, so that a record can be a method of ``Tensor``."""
        return self if instance is None else functools.partial(self, instance)


def _none(x: Any) -> Any:
    return None if x is None or type(x) in (list, np.ndarray) else 1


def _lookup(name: str) -> Op:
    return registry[name]


def _inner_types(statics: tuple[Any, ...]) -> Any:
    # 1, 1.0 and True are equal as keys but not as arguments.
    for s in statics:
        if type(s) is tuple:
            yield tuple(map(type, s))


def _operand(who: str, x: Any) -> Any:
    if isinstance(x, (Handle, jax.Array, int, float, complex)):
        return x
    if isinstance(x, (np.ndarray, np.generic, list)) or hasattr(x, "__jax_array__"):
        return jnp.asarray(x)
    raise DtypeError(message(who, "a tensor, an array or a number", f"{type(x).__name__} {describe(x)}"))


@overload
def op(fn: Callable[..., Any]) -> Op: ...


@overload
def op(
    *, name: str | None = None, method: bool = False, inplace: bool = False, aliases: tuple[str, ...] = ()
) -> Callable[[Callable[..., Any]], Op]: ...


def op(
    fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    method: bool = False,
    inplace: bool = False,
    aliases: tuple[str, ...] = (),
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

    Raises:
        ArgumentError: the name is taken.
    """
    if fn is None:
        return functools.partial(op, name=name, method=method, inplace=inplace, aliases=aliases)
    record = Op(fn, name or fn.__name__, aliases, method or inplace, inplace)
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

__all__ = ["Array", "ArrayLike", "Arrays", "Op", "Plan", "apply_pure", "call_plan", "op", "registry"]
