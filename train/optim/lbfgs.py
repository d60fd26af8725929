"""L-BFGS: Newton's method with a Hessian estimated from the last few gradients."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xlagrad.core import state
from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.modes import enable_grad, no_grad
from xlagrad.core.tensor import Tensor, wrap
from xlagrad.core.view import write_array
from xlagrad.train.optim.linesearch import Point, strong_wolfe
from xlagrad.train.optim.optimizer import Optimizer
from xlagrad.train.optim.stepping import check_numbers


class LBFGS(Optimizer):
    """Step all parameters along -H g, with H from the last changes of g, as often as ``max_iter`` says.

    Args:
        params: parameters; there is one group.
        lr: length of a step, or of the first trial of the line search.
        max_iter: iterations in one call of ``step``.
        max_eval: evaluations of the closure in one call; 1.25 ``max_iter`` if not given.
        tolerance_grad: stop where no element of the gradient is larger.
        tolerance_change: stop where the parameters or the loss change by less.
        history_size: how many changes are remembered.
        line_search_fn: None or ``"strong_wolfe"``.

    Raises:
        ArgumentError: a negative rate, more than one group, or an unknown line search.
        NotImplementedError: ``step`` inside a compiled function, since how often it evaluates the closure
            depends on values. Compile the closure.

    Reference: Nocedal and Wright, Numerical Optimization, algorithm 7.4. Follows ``torch.optim.LBFGS``.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_numbers("LBFGS", lr=lr)
        super().__init__(
            params,
            {
                "lr": lr,
                "max_iter": max_iter,
                "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
                "tolerance_grad": tolerance_grad,
                "tolerance_change": tolerance_change,
                "history_size": history_size,
                "line_search_fn": line_search_fn,
            },
        )
        if len(self.param_groups) != 1:
            expected = "one group (LBFGS doesn't support per-parameter options)"
            raise ArgumentError(message("LBFGS", expected, f"{len(self.param_groups)} parameter groups"))
        self._params = self.param_groups[0]["params"]

    def _guard_state(self) -> Hashable:
        # No trace sees the state, which changes with every evaluation of a closure that may be compiled.
        return tuple(group.signature() for group in self.param_groups), self._common_guards()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Minimize for at most ``max_iter`` iterations.

        Args:
            closure: clears the gradients, computes the loss, calls backward, and returns the loss. Needed.

        Returns:
            The loss before the step.
        """
        if closure is None:
            raise ArgumentError(message("LBFGS.step", "a closure", "None", "pass what computes the loss"))
        if state.tracing():
            fix = "compile the closure instead, and call step outside"
            raise NotImplementedError(message("LBFGS.step", "a call outside compile", "one inside", fix))
        with no_grad():
            return _Search(self, closure).run()


class _Search:
    """One call of ``step``: the closure, and where the search stands."""

    def __init__(self, optimizer: LBFGS, closure: Callable[[], Any]) -> None:
        self.closure = closure
        self.params = optimizer._params
        self.group = optimizer.param_groups[0]
        self.state = optimizer.state[self.params[0]]
        self.state.setdefault("func_evals", 0)
        self.state.setdefault("n_iter", 0)
        self.evaluations = 0

    def evaluate(self) -> tuple[Any, float, jax.Array]:
        """Return the closure's result, the loss as a number, and the gradient as one vector."""
        with enable_grad():
            result = self.closure()
        self.evaluations += 1
        self.state["func_evals"] += 1
        parts = [
            jnp.zeros_like(p.data_array) if (grad := p.grad) is None else grad.data_array for p in self.params
        ]
        return result, float(result), jnp.concatenate([_reals(a) for a in parts])

    def move(self, t: float, direction: jax.Array) -> None:
        """Go along the direction."""
        arrays = _moved([p.data_array for p in self.params], t, direction)
        for p, array in zip(self.params, arrays, strict=True):
            write_array(p, array)

    def run(self) -> Any:
        """Iterate until a tolerance or a limit is met; return the closure's first result."""
        first, loss, gradient = self.evaluate()
        if float(jnp.abs(gradient).max()) <= self.group["tolerance_grad"]:
            return first
        kept, group = self.state, self.group
        rate = float(group["lr"])
        for n in range(1, group["max_iter"] + 1):
            kept["n_iter"] += 1
            direction = self.direction(gradient)
            before = loss
            t = rate
            if kept["n_iter"] == 1:
                t = min(1.0, 1.0 / float(jnp.abs(gradient).sum())) * rate
            kept["prev_flat_grad"], kept["prev_loss"] = wrap(gradient), loss
            slope = float(gradient @ direction)
            kept["d"], kept["t"] = wrap(direction), t
            if slope > -group["tolerance_change"]:
                break
            t, loss, gradient = self.advance(Point(0.0, loss, gradient, slope), t, direction, n)
            kept["t"] = t
            largest = float(jnp.abs(direction).max())
            if (
                n == group["max_iter"]
                or self.evaluations >= group["max_eval"]
                or float(jnp.abs(gradient).max()) <= group["tolerance_grad"]
                or largest * t <= group["tolerance_change"]
                or abs(loss - before) < group["tolerance_change"]
            ):
                break
        return first

    def advance(
        self, here: Point, t: float, direction: jax.Array, iteration: int
    ) -> tuple[float, float, jax.Array]:
        """Move; return the step's length, and the loss and gradient that are known last."""
        search = self.group["line_search_fn"]
        if search is None:
            self.move(t, direction)
            if iteration == self.group["max_iter"]:
                return t, here.value, here.gradient
            _, loss, gradient = self.evaluate()
            return t, loss, gradient
        if search != "strong_wolfe":
            got = f"{search!r} (only 'strong_wolfe' is supported)"
            raise ArgumentError(message("LBFGS", "line_search_fn None or 'strong_wolfe'", got))
        origin = [p.data_array for p in self.params]

        def at(distance: float) -> Point:
            self.move(distance, direction)
            _, loss, gradient = self.evaluate()
            for p, array in zip(self.params, origin, strict=True):
                write_array(p, array)
            return Point(distance, loss, gradient, float(gradient @ direction))

        most = self.group["max_eval"] - self.evaluations
        found, _ = strong_wolfe(at, here, t, float(jnp.abs(direction).max()), 1e-9, most)
        self.move(found.t, direction)
        return found.t, found.value, found.gradient

    def direction(self, gradient: jax.Array) -> jax.Array:
        """Return -H g, after taking in what the last step has shown about H."""
        kept = self.state
        if kept["n_iter"] == 1 or "old_dirs" not in kept:
            kept.update({"old_dirs": [], "old_stps": [], "ro": [], "H_diag": 1})
            return -gradient
        change = gradient - kept["prev_flat_grad"].data_array
        step = kept["d"].data_array * kept["t"]
        curvature = float(change @ step)
        past = [list(kept[name]) for name in ("old_dirs", "old_stps", "ro")]
        if curvature > 1e-10:
            news = (change, step, jnp.asarray(1.0 / curvature, change.dtype))
            for values, new in zip(past, news, strict=True):
                values.append(wrap(new))
                del values[: -self.group["history_size"]]
            kept["old_dirs"], kept["old_stps"], kept["ro"] = past
            kept["H_diag"] = wrap(jnp.asarray(curvature / float(change @ change), change.dtype))
        changes, steps, weights = ([_array(v) for v in values] for values in past)
        direction, shares = -gradient, []
        for y, s, r in zip(reversed(changes), reversed(steps), reversed(weights), strict=True):
            direction, share = _reduce(direction, s, y, r)
            shares.append(share)
        direction = direction * _array(kept["H_diag"])
        for y, s, r, share in zip(changes, steps, weights, reversed(shares), strict=True):
            direction = _extend(direction, s, y, r, share)
        return direction


def _array(value: Any) -> Any:
    return value.data_array if isinstance(value, Tensor) else value


@jax.jit
def _reduce(q: jax.Array, step: jax.Array, change: jax.Array, weight: Any) -> tuple[jax.Array, jax.Array]:
    share = (step @ q) * weight
    return q - share * change, share


@jax.jit
def _extend(r: jax.Array, step: jax.Array, change: jax.Array, weight: Any, share: jax.Array) -> jax.Array:
    return r + (share - (change @ r) * weight) * step


def _reals(a: jax.Array) -> jax.Array:
    return jnp.stack([a.real, a.imag], -1).ravel() if jnp.iscomplexobj(a) else a.ravel()


@jax.jit
def _moved(arrays: list[jax.Array], t: Any, direction: jax.Array) -> list[jax.Array]:
    """Return the parameters after a move along a direction, of which each takes its part."""
    sizes = [2 * a.size if jnp.iscomplexobj(a) else a.size for a in arrays]
    parts = jnp.split(direction, np.cumsum(sizes)[:-1])
    moved = []
    for a, part in zip(arrays, parts, strict=True):
        if jnp.iscomplexobj(a):
            part = jax.lax.complex(part[0::2], part[1::2])
        moved.append((a + t * part.reshape(a.shape)).astype(a.dtype))
    return moved
