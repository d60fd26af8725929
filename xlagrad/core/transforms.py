"""Functional transformations of functions of tensors, pytrees and modules: JAX's, carrying state."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core.errors import ArgumentError, ShapeError, StateError, describe, message
from xlagrad.core.handle import Handle, is_tracer, read, wrap
from xlagrad.core.modes import Switch, local
from xlagrad.core.trace import Saved


class Scope:
    """Catches what a transformed function writes to tensors from outside, to carry it out as a result.

    Inside, reads see the tensors' own values. At the end the writes are undone and their values become
    outputs of the transformation; afterwards they are written for good. Nested in a compile trace (or in
    another scope), what comes from outside is read through it.
    """

    def __init__(self, reads: dict[int, Handle] | None = None) -> None:
        self.outer = local.trace
        self._reads = reads
        self.touched: dict[int, Handle] = {}
        self.saved: dict[int, Saved] = {}
        self.written: dict[int, Handle] = {}
        self._born: set[int] = set()
        self._alive: list[Handle] = []
        self.device = getattr(self.outer, "device", None)

    def born(self, t: Handle) -> None:
        """Note that ``t`` was made inside; it is held, so that its id stays its own."""
        self._born.add(id(t))
        self._alive.append(t)

    def is_born(self, t: Handle) -> bool:
        """Return whether ``t`` was made inside."""
        return id(t) in self._born

    def read(self, t: Handle) -> Any:
        """Return the value of ``t``."""
        if self._reads is not None and id(t) not in self._born:
            self._reads[id(t)] = t
        if self.outer is None or id(t) in self._born or id(t) in self.written:
            return t._data
        return self.outer.read(t)

    def keep(self, t: Handle) -> None:
        """Save the fields of a tensor from outside before they change."""
        if id(t) not in self._born and id(t) not in self.saved:
            if self.outer is not None:
                self.outer.keep(t)
            self.saved[id(t)] = Saved(t)

    def write(self, t: Handle) -> None:
        """Note that the value of ``t`` is about to be replaced."""
        if id(t) not in self._born:
            self.read(t)
            self.keep(t)
            self.written[id(t)] = self.touched[id(t)] = t

    def read_grad(self, t: Handle) -> None:
        """Let the outer trace know; gradients are no state of a transformation."""
        if self.outer is not None:
            self.outer.read_grad(t)

    add_to_grad = read_grad

    def write_grad(self, t: Handle) -> None:
        """Refuse to set ``grad`` of a tensor from outside: its value could not leave."""
        if id(t) not in self._born:
            raise StateError(
                message("backward", "tensors of the transformed function", "a leaf from outside it",
                        "take the gradient with xg.grad, or call backward outside")
            )  # fmt: skip

    def journal(self, owner: Any, store: dict[Any, Any], key: Any) -> None:
        """Pass on that an entry of a stateful object is set."""
        if self.outer is not None:
            self.outer.journal(owner, store, key)

    def depend(self, obj: Any) -> None:
        """Pass on that a stateful object is used."""
        if self.outer is not None:
            self.outer.depend(obj)

    def take(self) -> tuple[list[Handle], list[Any]]:
        """Undo the writes; return the tensors and the values that they were given."""
        tensors = list(self.written.values())
        values = [t._data for t in tensors]
        for saved in self.saved.values():
            saved.restore()
        return tensors, values


def _arrays(tree: Any) -> Any:
    return jax.tree.map(lambda x: read(x) if isinstance(x, Handle) else x, tree, is_leaf=_is_handle)


def _is_handle(x: Any) -> bool:
    return isinstance(x, Handle)


class Pure:
    """A function of tensors as a pure function of pytrees of arrays, its writes to outside tensors apart.

    Attributes:
        tensors: whether the arguments held any tensor; if none did, neither does the result.
        originals: the tensors in the arguments, which the function sees copies of.
        written: tensors from outside, and originals, that the last call wrote.
    """

    def __init__(self, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.fn = fn
        self.kwargs = kwargs
        leaves = jax.tree.leaves((args, kwargs), is_leaf=_is_handle)
        self.tensors = any(map(_is_handle, leaves)) or not leaves
        self.originals = _handles(args)
        self.written: list[Handle] = []

    def __call__(self, *args: Any) -> tuple[Any, list[Any]]:
        """Return the result and the values written to tensors from outside."""
        scope = Scope()
        before, local.trace = local.trace, scope
        try:
            self.begin(scope)
            with Switch(grad=True):
                out = self.fn(*_inputs(args), **self.kwargs)
            out = jax.tree.map(lambda x: read(x) if _is_handle(x) else x, out, is_leaf=_is_handle)
        finally:
            local.trace = before
            written, values = scope.take()
        # What is written to a copy is meant for the tensor that it is a copy of.
        twins = dict(zip(map(id, _handles(args)), self.originals, strict=True))
        self.written = [twins.get(id(t), t) for t in written]
        return out, values

    def begin(self, scope: Scope) -> None:
        """Prepare the scope; for subclasses."""

    def commit(self, values: Sequence[Any]) -> None:
        """Write the values that left the transformation."""
        for t, value in zip(self.written, values, strict=True):
            t._write(value)  # type: ignore[attr-defined]

    def result(self, tree: Any) -> Any:
        """Return a result with tensors for arrays if the arguments had tensors."""
        if not self.tensors:
            return tree
        return jax.tree.map(lambda x: x if _is_handle(x) else wrap(x), tree, is_leaf=_is_handle)


def _handles(tree: Any) -> list[Handle]:
    return [x for x in jax.tree.leaves(tree, is_leaf=_is_handle) if _is_handle(x)]


def _inputs(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the arguments with tensors that record nothing: JAX differentiates here, not the tape."""
    for t in _handles(args):
        t._requires_grad = False
    return args


def _has_module(args: Any) -> bool:
    """Return whether there is a module, whose counters do not take part in differentiation."""
    kept = jax.tree.leaves(args, is_leaf=lambda x: hasattr(type(x), "_guard_state"))
    return any(hasattr(type(x), "_guard_state") for x in kept)


def _own_zero(grad: Any) -> Any:
    """Return an integer's gradient, which JAX gives a type without values, as integers of value 0."""
    return jnp.zeros(grad.shape, jnp.int32) if grad.dtype == jax.dtypes.float0 else grad


def _check_argnums(who: str, argnums: Any, count: int) -> None:
    for i in argnums if isinstance(argnums, (tuple, list)) else (argnums,):
        if isinstance(i, bool) or not isinstance(i, int) or not -count <= i < count:
            raise ArgumentError(
                message(who, f"argnums among {count} positional arguments", describe(argnums))
            )


def value_and_grad(fn: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """Return a function that returns ``(f(x), ∇f(x))``.

    Args:
        fn: function to a scalar, of tensors, arrays, pytrees of them, or modules.
        argnums: which positional arguments to differentiate.
        has_aux: ``fn`` returns ``(scalar, aux)``; the result is ``((value, aux), gradient)``.

    State that the function writes (running statistics, the random state) is written as if it had been
    called once. The gradient has the structure of its argument.

    Raises:
        ShapeError: the result is no scalar.

    Example:
        >>> from xlagrad.core.tensor import Tensor
        >>> value, slope = value_and_grad(lambda x: x * x)(Tensor(3.0))
        >>> value.item(), slope.item()
        (9.0, 6.0)
    """

    @functools.wraps(fn)
    def inner(*args: Any, **kwargs: Any) -> Any:
        _check_argnums("grad", argnums, len(args))
        pure = Pure(fn, args, kwargs)

        def scalar(*given: Any) -> Any:
            out, written = pure(*given)
            value, aux = out if has_aux else (out, None)
            if jnp.shape(value) != ():
                raise ShapeError(
                    message(
                        "grad", "a function to a scalar", describe(value), "reduce it with .sum() or .mean()"
                    )
                )
            return value, (aux, written)

        index = tuple(argnums) if isinstance(argnums, (tuple, list)) else argnums
        both = jax.value_and_grad(scalar, index, has_aux=True, allow_int=_has_module(args))
        (value, (aux, written)), grads = both(*args)
        grads = jax.tree.map(_own_zero, grads)
        pure.commit(written)
        value = pure.result(value)
        return ((value, pure.result(aux)) if has_aux else value), pure.result(grads)

    return inner


def grad(fn: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """Return a function that returns the gradient of ``fn``; see :func:`value_and_grad`.

    Example:
        >>> from xlagrad.core.tensor import Tensor
        >>> grad(grad(lambda x: x * x * x))(Tensor(2.0)).item()
        12.0
    """
    both = value_and_grad(fn, argnums, has_aux)

    @functools.wraps(fn)
    def inner(*args: Any, **kwargs: Any) -> Any:
        value, grads = both(*args, **kwargs)
        return (grads, value[1]) if has_aux else grads

    return inner


def jvp(fn: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Return ``(f(x), J·v)``.

    Args:
        fn: function of tensors or pytrees.
        primals: its arguments.
        tangents: one for each, of the same structure.
    """
    pure = Pure(fn, tuple(primals), {})
    out, slope, written = jax.jvp(pure, tuple(primals), tuple(_like(primals, tangents)), has_aux=True)
    pure.commit(written)
    return pure.result(out), pure.result(slope)


def _like(primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """Return the tangents with the structure of the primals, tensors or not."""
    tree = jax.tree.structure(tuple(primals))
    return jax.tree.unflatten(tree, jax.tree.leaves(tuple(tangents)))


def vjp(fn: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """Return ``(f(x), v ↦ vᵀ·J)``, and the auxiliary output if there is one."""
    pure = Pure(fn, primals, {})

    def both(*given: Any) -> Any:
        out, written = pure(*given)
        value, aux = out if has_aux else (out, None)
        return value, (aux, written)

    out, pull, (aux, written) = jax.vjp(both, *primals, has_aux=True)
    pure.commit(written)
    tree = jax.tree.structure(out)

    def backward(*cotangents: Any) -> Any:
        given = cotangents[0] if len(cotangents) == 1 else cotangents
        return pure.result(pull(jax.tree.unflatten(tree, jax.tree.leaves(_arrays(given)))))

    result = (pure.result(out), backward)
    return (*result, pure.result(aux)) if has_aux else result


def _jacobian(transform: Any, fn: Callable[..., Any], argnums: Any, has_aux: bool) -> Callable[..., Any]:
    @functools.wraps(fn)
    def inner(*args: Any, **kwargs: Any) -> Any:
        _check_argnums("jacobian", argnums, len(args))
        given_args = _bare(args)
        pure = Pure(fn, given_args, kwargs)
        pure.tensors = any(map(_is_handle, args)) or pure.tensors

        def both(*given: Any) -> Any:
            out, written = pure(*given)
            value, aux = out if has_aux else (out, None)
            return value, (aux, written)

        index = tuple(argnums) if isinstance(argnums, (tuple, list)) else argnums
        rows, (aux, written) = transform(both, argnums=index, has_aux=True)(*given_args)
        pure.commit(written)
        return (pure.result(rows), pure.result(aux)) if has_aux else pure.result(rows)

    return inner


def _bare(args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return arguments with arrays for tensors that stand alone: their Jacobians are plain arrays."""
    return tuple(_arrays(a) if _is_handle(a) else a for a in args)


def jacrev(fn: Callable[..., Any], argnums: Any = 0, *, has_aux: bool = False) -> Callable[..., Any]:
    """Return a function that returns the Jacobian of ``fn``, row by row (reverse mode).

    The result has the shape of the output followed by that of the argument.
    """
    return _jacobian(jax.jacrev, _rewrapped(fn), argnums, has_aux)


def jacfwd(fn: Callable[..., Any], argnums: Any = 0, has_aux: bool = False) -> Callable[..., Any]:
    """Return a function that returns the Jacobian of ``fn``, column by column (forward mode)."""
    return _jacobian(jax.jacfwd, _rewrapped(fn), argnums, has_aux)


def hessian(fn: Callable[..., Any], argnums: Any = 0) -> Callable[..., Any]:
    """Return a function that returns the matrix of second derivatives of ``fn``, forward over reverse."""
    return jacfwd(jacrev(fn, argnums), argnums)


def _rewrapped(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function of tensors take bare tracers, which Jacobians are taken with respect to."""

    @functools.wraps(fn)
    def inner(*args: Any, **kwargs: Any) -> Any:
        return fn(*[wrap(a) if is_tracer(a) else a for a in args], **kwargs)

    return inner


def jit(fn: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """Compile a pure function of tensors, arrays and pytrees: ``jax.jit`` that knows tensors.

    For functions that write no state; :func:`xlagrad.compile` carries state.

    Args:
        fn: a pure function.
        options: those of ``jax.jit``, such as ``static_argnums`` and ``donate_argnums``.

    Raises:
        StateError: the function writes a tensor from outside.
    """

    @functools.wraps(fn)
    def pure(*args: Any, **kwargs: Any) -> Any:
        scope = Scope()
        before, local.trace = local.trace, scope
        try:
            out = fn(*args, **kwargs)
        finally:
            local.trace = before
            written, _ = scope.take()
        if written:
            raise StateError(
                message("jit", "a pure function", f"one that writes to a {describe(written[0])} from outside",
                        "use xg.compile, which carries state, or return the value")
            )  # fmt: skip
        return out

    return jax.jit(pure, **options)


__all__ = ["grad", "hessian", "jacfwd", "jacrev", "jit", "jvp", "value_and_grad", "vjp"]
