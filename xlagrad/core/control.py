"""Control flow on values that may be traced: cond, while_loop, scan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from xlagrad.core.dispatch import registry
from xlagrad.core.errors import AutogradError, ShapeError, message
from xlagrad.core.handle import Handle, is_tracer, read
from xlagrad.core.lift import Lift, arrays, flatten, is_handle, tensors, traced
from xlagrad.core.modes import local


def cond(pred: Any, true_fn: Callable[..., Any], false_fn: Callable[..., Any], *operands: Any) -> Any:
    """Return ``true_fn(*operands)`` where ``pred`` holds, else ``false_fn(*operands)``.

    With a known ``pred`` the chosen function simply runs. Under a trace both are traced into the program,
    and one runs. Gradients pass, also to tensors that the functions close over; writes to such tensors are
    carried out of the branch.

    Args:
        pred: a bool, or a tensor with one element.
        true_fn: function of the operands.
        false_fn: the same, with results of the same structure, shapes and dtypes.
        operands: structures of tensors.

    Raises:
        ShapeError: the branches' results differ in structure or type.
    """
    value = read(pred) if isinstance(pred, Handle) else pred
    if not is_tracer(value):
        return true_fn(*operands) if bool(value) else false_fn(*operands)
    lift = Lift((true_fn, false_fn), (operands, operands))
    if lift.trees[0] != lift.trees[1]:
        raise ShapeError(
            message("cond", f"branches with results of one structure, {lift.trees[0]}", f"{lift.trees[1]}")
        )

    def body(outside: Any, test: Any, given: Any) -> Any:
        def branch(i: int) -> Any:
            return lambda values, args: lift.call(i, values, args)

        try:
            return jax.lax.cond(jnp.reshape(test, ()).astype(bool), branch(0), branch(1), outside, given)
        except TypeError as error:
            raise ShapeError(
                message("cond", "branches with results of the same types", str(error))
            ) from error

    return lift.run("cond", body, pred, [tensors(o) for o in operands])


def while_loop(cond_fn: Callable[..., Any], body_fn: Callable[..., Any], carried: Any) -> Any:
    """Return the carry after ``body_fn`` ran on it as long as ``cond_fn`` held.

    With known values it is a Python loop, on the tape. Under a trace it is one loop of the program; gradients
    do not pass backwards through it, since its length is not known: use :func:`scan`, or ``no_grad``.

    Args:
        cond_fn: function of the carry to a bool.
        body_fn: function of the carry to the next carry, of the same structure and types.
        carried: the first carry: a tuple is passed as separate arguments, as torch does.

    Raises:
        AutogradError: under a trace, gradients are being recorded and the carry requires them.
        ShapeError: the carry changes its structure or types.
    """
    spread = isinstance(carried, (tuple, list))

    def call(fn: Callable[..., Any], value: Any) -> Any:
        return fn(*value) if spread else fn(value)

    if not traced(carried):
        value = carried
        while bool(call(cond_fn, value)):
            value = call(body_fn, value)
        return value
    leaves, _ = flatten(carried)
    if local.grad and any(is_handle(x) and x._requires_grad for x in leaves):
        raise AutogradError(
            message("while_loop", "a carry that does not require grad", "one that does",
                    "use xg.scan, whose length is known, or wrap the loop in no_grad()")
        )  # fmt: skip
    start = arrays(carried)
    lift = Lift((lambda c: call(cond_fn, c), lambda c: call(body_fn, c)), ((start,), (start,)))

    def body(outside: Any, given: Any) -> Any:
        def test(state: Any) -> Any:
            return jnp.reshape(lift.call(0, state[1], (state[0],))[0], ()).astype(bool)

        def step(state: Any) -> Any:
            out, written = lift.call(1, state[1], (state[0],))
            at = {id(t): v for t, v in zip(lift.written, written, strict=True)}
            return out, [at.get(id(t), v) for t, v in zip(lift.outside, state[1], strict=True)]

        try:
            out, values = jax.lax.while_loop(test, step, (given, outside))
        except TypeError as error:
            raise ShapeError(message("while_loop", "a carry of constant types", str(error))) from error
        places = {id(t): i for i, t in enumerate(lift.outside)}
        return out, [values[places[id(t)]] for t in lift.written]

    return lift.run("while_loop", body, jax.tree.map(jax.lax.stop_gradient, start))


def scan(
    f: Callable[..., Any], init: Any, xs: Any = None, length: int | None = None, reverse: bool = False
) -> tuple[Any, Any]:
    """Return the last carry and the stacked outputs of ``carry, y = f(carry, x)`` over the first dimension.

    With known values it is a Python loop, on the tape. Under a trace it is one loop of the program, and
    gradients pass, also to tensors that ``f`` closes over; writes to such tensors carry from step to step.

    Args:
        f: function ``(carry, x) -> (carry, y)``.
        init: the first carry.
        xs: structure of tensors to run over, or None.
        length: how many steps, needed without ``xs``.
        reverse: run from the end.

    Raises:
        ShapeError: the lengths differ or are not given.
    """
    leaves, tree = flatten(xs)
    lengths = {int(x.shape[0]) for x in leaves} | ({length} if length is not None else set())
    if len(lengths) != 1:
        raise ShapeError(
            message(
                "scan", "one length for all of xs", f"{sorted(lengths) or 'none'}", "pass length= without xs"
            )
        )
    steps = lengths.pop()
    if not traced(init, xs):
        return _loop(f, init, leaves, tree, steps, reverse)
    start = tensors(init)
    first = jax.tree.unflatten(tree, [x[0] for x in leaves])
    lift = Lift((f,), ((start, first),))

    def body(outside: Any, carry: Any, rest: Any) -> Any:
        def step(state: Any, x: Any) -> Any:
            (new, y), written = lift.call(0, state[1], (state[0], x))
            at = {id(t): v for t, v in zip(lift.written, written, strict=True)}
            values = [at.get(id(t), v) for t, v in zip(lift.outside, state[1], strict=True)]
            return (new, values), y

        try:
            (out, values), ys = jax.lax.scan(step, (carry, outside), rest, length=steps, reverse=reverse)
        except TypeError as error:
            raise ShapeError(message("scan", "a carry of constant types", str(error))) from error
        places = {id(t): i for i, t in enumerate(lift.outside)}
        return (out, ys), [values[places[id(t)]] for t in lift.written]

    result: tuple[Any, Any] = lift.run("scan", body, start, tensors(xs))
    return result


def _loop(f: Any, init: Any, leaves: list[Any], tree: Any, steps: int, reverse: bool) -> tuple[Any, Any]:
    """Run a scan as a Python loop."""
    carry, outputs = init, []
    for i in reversed(range(steps)) if reverse else range(steps):
        carry, y = f(carry, jax.tree.unflatten(tree, [x[i] for x in leaves]))
        outputs.append(y)
    if reverse:
        outputs.reverse()
    if not outputs:
        return carry, None
    _, out_tree = flatten(outputs[0])
    columns = zip(*[flatten(y)[0] for y in outputs], strict=True)
    stack = registry["stack"]
    return carry, jax.tree.unflatten(out_tree, [stack(tensors(list(c))) for c in columns])
