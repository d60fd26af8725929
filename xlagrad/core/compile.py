"""``compile``: a function of tensors as one XLA executable, with the state that it reads and writes."""

from __future__ import annotations

import functools
import inspect
import time
import types
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
from jax.extend import core as jex

from xlagrad.core import persist, state
from xlagrad.core.arguments import Flat, parameter_names, types_of, walk
from xlagrad.core.devices import as_device
from xlagrad.core.dtypes import get_default_dtype
from xlagrad.core.errors import ArgumentError, describe, message
from xlagrad.core.guards import Collector, Guards
from xlagrad.core.handle import Handle, NotKept
from xlagrad.core.keeping import gradients_are_read
from xlagrad.core.modes import flag, local
from xlagrad.core.plot import Plot
from xlagrad.core.program import Program
from xlagrad.core.trace import Trace, run_traced


class RetraceWarning(UserWarning):
    """A compiled function is traced again and again."""


class Retrace(NamedTuple):
    """One trace of a compiled function: why, for what, and how long it took."""

    reason: str
    signature: str
    seconds: float


class Explanation(tuple[Retrace, ...]):
    """The traces of a compiled function, first to last; printed, a line each."""

    name: str

    def __str__(self) -> str:
        lines = [f"{self.name}: {len(self)} trace{'s' if len(self) != 1 else ''}"]
        lines += [f"  {i}. {r.reason}  [{r.signature}]  {r.seconds:.2f} s" for i, r in enumerate(self, 1)]
        return "\n".join(lines)

    __repr__ = __str__


with jex.take_current_trace() as _here:
    pass
with jex.set_current_trace(_here), jex.take_current_trace() as _eager_trace:
    pass


def _transformed() -> bool:
    """Return whether a JAX transformation is running."""
    with jex.take_current_trace() as current:
        return current is not _eager_trace


class Compiled:
    """A function that runs as one executable for each signature and state of what it depends on.

    Made by :func:`compile`. Calling it runs the executable; under the eager flag, inside another compiled
    function and inside JAX transformations it is the plain function.
    """

    def __init__(self, fn: Callable[..., Any], donate: bool, keep_grads: bool | None) -> None:
        functools.update_wrapper(self, fn, updated=())
        self._fn = fn
        self._donate = donate
        self._keep_grads = keep_grads
        self._name = getattr(fn, "__qualname__", type(fn).__name__)
        self._programs: dict[Any, list[Program]] = {}
        self._watched: set[int] = set()
        self._log: list[Retrace] = []
        self._signatures: list[tuple[Any, list[str], list[str]]] = []
        self._kept: list[Any] = []
        self._link = False
        self._warned = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if flag.on or local.trace is not None or _transformed():
            return self._fn(*args, **kwargs)
        flat = Flat(args, kwargs, self._watched, self._link)
        programs = self._programs.get((local.grad, get_default_dtype(), local.autocast, flat.key))
        if programs is not None and programs[0].fits():
            return programs[0].run(flat.leaves)
        program, flat = self._program(flat, args, kwargs)
        return program.run(flat.leaves)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)

    def _program(self, flat: Flat, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Program, Flat]:
        """Return a program that fits, tracing the function if there is none yet, and its flat arguments."""
        collector = self._collect(flat)
        flat = Flat(args, kwargs, self._watched, self._link)
        key = (local.grad, get_default_dtype(), local.autocast, flat.key)
        programs = self._programs.get(key, [])
        for i, program in enumerate(programs):
            if not program.once and program.fits():
                programs.insert(0, programs.pop(i))
                return program, flat
        reason = self._reason(key, flat, programs)
        start = time.perf_counter()
        program = self._trace(flat, args, kwargs, collector)
        if not self._link and program.shares(flat.leaves):
            # What one argument writes, another sees: trace again with the views as views.
            self._link = True
            return self._program(flat, args, kwargs)
        self._note(key, flat, reason, time.perf_counter() - start)
        self._kept.extend(flat.objects)
        self._watched |= {id(t) for t in program.sources.donated + program.sources.fixed}
        key = (*key[:3], Flat(args, kwargs, self._watched, self._link).key)
        self._programs[key] = [program, *[p for p in self._programs.get(key, []) if not p.once]]
        return program, flat

    def _collect(self, flat: Flat) -> Collector:
        """Find what the function, and the objects among its arguments, name."""
        collector = Collector()
        collector.function(self._fn)
        for obj in flat.objects:
            if not isinstance(obj, Handle):
                collector.argument(obj, self._fn)
        self._watched |= collector.tensors
        return collector

    def _trace(
        self, flat: Flat, args: tuple[Any, ...], kwargs: dict[str, Any], collector: Collector
    ) -> Program:
        persist.enable()
        arrays = types_of(flat.arrays())
        trace = Trace(_device_of(arrays))
        plots: list[Plot] = []
        keep = self._keep_grads
        if keep is None:
            keep = gradients_are_read(collector.codes)
        dropped = None if keep else NotKept(self._name)

        def body(*tracers: Any) -> list[Any]:
            for place, (leaf, tracer) in enumerate(zip(flat.leaves, tracers, strict=True)):
                if isinstance(leaf, Handle):
                    trace.argument(leaf, None if place in flat.linked else tracer, place)
            by_id = {id(leaf): tracer for leaf, tracer in zip(flat.leaves, tracers, strict=True)}

            def stand_in(x: Any) -> Any:
                return x if isinstance(x, Handle) else by_id[id(x)]

            # The result is not bound to a name here: what it alone keeps alive is no state that lives on.
            plot = Plot(trace, self._fn(*walk(args, stand_in), **walk(kwargs, stand_in)), dropped)
            plots.append(plot)
            plot.close()
            return plot.arrays

        closed = run_traced(trace, body, arrays)
        for *_, old in plots[0].stores:
            if isinstance(old, Handle):
                state.brand(old)
        stateful = {**collector.stateful, **trace.depends}
        return Program(
            trace, plots[0], closed, Guards(collector.checks, list(stateful.values())), self._donate
        )

    # The log.

    def _labels(self, flat: Flat) -> list[str]:
        names = parameter_names(self._fn)
        labels = []
        for label in flat.labels:
            head = label.split("[")[0].split(".")[0]
            if head.isdigit() and int(head) < len(names):
                label = names[int(head)] + label[len(head) :]
            labels.append(label)
        return labels

    def _note(self, key: Any, flat: Flat, reason: str, seconds: float) -> None:
        types_ = [describe(a) for a in flat.arrays()]
        signature = ", ".join(f"{n}: {t}" for n, t in zip(self._labels(flat), types_, strict=True))
        self._log.append(Retrace(reason, signature, seconds))
        self._signatures.append((key, self._labels(flat), types_))
        shapes = sum(r.reason.startswith("shape") for r in self._log)
        if not self._warned and (shapes == 2 or len(self._log) == 10):
            self._warned = True
            advice = (
                "pad the data to one shape, or drop the last partial batch"
                if shapes == 2
                else "keep what changes from call to call in a tensor; xg.explain(fn) lists the traces"
            )
            warnings.warn(
                f"{self._name}: traced {len(self._log)} times, last because of {reason}; {advice}.",
                RetraceWarning,
                stacklevel=4,
            )

    def _reason(self, key: Any, flat: Flat, programs: list[Program]) -> str:
        if not self._log:
            return "first call"
        if programs:
            program = programs[0]
            if program.once:
                return "the trace before left tensors outside, which only another trace can renew"
            return program.difference()
        old_key, old_labels, old_types = self._signatures[-1]
        types_ = [describe(a) for a in flat.arrays()]
        labels = self._labels(flat)
        for label, a, b in zip(labels, old_types, types_, strict=False):
            if a != b and labels == old_labels:
                return _change(label, a, b)
        if old_key[0] != key[0]:
            return "gradients were switched on or off"
        if old_key[2] != key[2]:
            return "autocast was switched on or off, or to another type"
        return "an argument that is no tensor, or its requires_grad, changed"

    def explanation(self) -> Explanation:
        """Return why each trace happened."""
        found = Explanation(self._log)
        found.name = self._name
        return found

    def cache_size(self) -> int:
        """Return how many executables there are."""
        return sum(map(len, self._programs.values()))

    # Looking at the program.

    def _prepared(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Program, list[Any]]:
        program, flat = self._program(Flat(args, kwargs, self._watched, self._link), args, kwargs)
        return program, program.sources.arrays() + flat.arrays()

    def lower(self, *args: Any, **kwargs: Any) -> Any:
        """Return JAX's lowered program for these arguments, without running it.

        ``.as_text()`` is its StableHLO; ``.compile()`` has ``cost_analysis()`` and ``memory_analysis()``.
        """
        program, arrays = self._prepared(args, kwargs)
        return program.executable.lower(*arrays)

    def as_text(self, *args: Any, **kwargs: Any) -> str:
        """Return the traced program for these arguments as a jaxpr."""
        return str(self._prepared(args, kwargs)[0].closed)

    def cost_analysis(self, *args: Any, **kwargs: Any) -> Any:
        """Return XLA's estimate of the work: ``flops``, ``bytes accessed`` and more."""
        return self.lower(*args, **kwargs).compile().cost_analysis()

    def memory_analysis(self, *args: Any, **kwargs: Any) -> dict[str, int]:
        """Return the bytes of arguments, outputs, temporaries, aliased (donated) buffers, and their peak."""
        found = self.lower(*args, **kwargs).compile().memory_analysis()
        sizes = {
            name: int(getattr(found, f"{name}_size_in_bytes"))
            for name in ("argument", "output", "temp", "alias")
        }
        return sizes | {"peak": sizes["argument"] + sizes["output"] + sizes["temp"] - sizes["alias"]}

    def __repr__(self) -> str:
        return f"<compiled {self._name}: {self.cache_size()} executables>"


def _change(label: str, old: str, new: str) -> str:
    """Return in words how the type of an argument changed, with the dimension if it is one."""
    kind, shape = old.rstrip("]").split("[")
    new_kind, new_shape = new.rstrip("]").split("[")
    if kind != new_kind:
        return f"dtype of '{label}': {old} became {new}"
    before, after = shape.split(", "), new_shape.split(", ")
    moved = [str(i) for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b]
    where = f" (dimension {', '.join(moved)})" if len(before) == len(after) and moved else ""
    return f"shape of '{label}'{where}: {old} became {new}"


def _device_of(arrays: list[Any]) -> Any:
    for a in arrays:
        if isinstance(a, jax.Array) and not isinstance(a, jax.core.Tracer):
            return as_device(next(iter(a.devices())))
    return as_device(None)


def compile(
    fn: Any = None, *, donate: bool = True, keep_grads: bool | None = None, dynamic: bool | None = None
) -> Any:
    """Make a function of tensors run as one XLA executable, state and all.

    The function may do what it likes to tensors: read parameters, call ``backward``, step an optimizer, write
    buffers, draw random numbers. It is traced once for each signature (shapes, dtypes, values of arguments
    that are no tensors) and state of what it depends on; every tensor from before the call that it reads is
    an input of the executable, and every one that it writes an output, whose old buffer is donated.

    A change of what the trace depended on traces anew: a module's mode or attributes, ``requires_grad``,
    shapes and dtypes, closure variables, globals and plain objects that the code names, the grad mode. An
    exception inside leaves all state as it was. :func:`explain` says why each trace happened.

    Args:
        fn: a function, method or module; without it, a decorator is returned.
        donate: whether the executable may reuse the buffers of state that it replaces.
        keep_grads: whether ``.grad`` of a gradient that the function itself computed and consumed (by an
            optimizer's step, say) can be looked at after the call. By default it can if code around the call
            mentions ``.grad`` or clips gradients; otherwise looking raises, and the memory is saved.
        dynamic: True and False are accepted for torch's sake; each shape has an executable of its own.

    Returns:
        A :class:`Compiled`; for a module, a module that runs compiled.

    Raises:
        ArgumentError: ``fn`` cannot be called, or is a generator or coroutine function.
        NotImplementedError: ``dynamic="bucket"``.

    Python side effects (prints, appends) happen while tracing only, as with ``jax.jit``. With the eager flag
    on, the function itself runs.

    Example:
        >>> from xlagrad.core.tensor import Tensor
        >>> total = Tensor(0.0)
        >>> @compile
        ... def add(x):
        ...     total._write(total.data_array + x.data_array)
        >>> add(Tensor(2.0)), add(Tensor(3.0)), total.item()
        (None, None, 5.0)
    """
    if dynamic not in (None, True, False):
        fix = "pad the data to a few shapes yourself, with a mask in the loss"
        raise NotImplementedError(message("compile", "dynamic None, True or False", repr(dynamic), fix))
    if fn is None:
        return functools.partial(compile, donate=donate, keep_grads=keep_grads, dynamic=dynamic)
    if isinstance(fn, Compiled):
        return fn
    own = getattr(type(fn), "__xg_compile__", None)
    if own is not None:
        return own(fn, donate=donate, keep_grads=keep_grads)
    if not callable(fn) or isinstance(fn, type):
        raise ArgumentError(message("compile", "a function, a method or a module", describe(fn)))
    if inspect.isgeneratorfunction(fn) or inspect.iscoroutinefunction(fn):
        raise ArgumentError(message("compile", "an ordinary function", f"{fn}", "compile what one step does"))
    return Compiled(fn, donate, keep_grads)


def explain(fn: Any) -> Explanation:
    """Return why each trace of a compiled function happened.

    Raises:
        ArgumentError: ``fn`` is not compiled.
    """
    inner = getattr(fn, "__func__", fn)
    if not isinstance(inner, Compiled):
        inner = getattr(fn, "_compiled_call_impl", None) or inner
        inner = getattr(inner, "__func__", inner)
    if not isinstance(inner, Compiled):
        raise ArgumentError(
            message("explain", "a compiled function", describe(fn), "pass what compile returned")
        )
    return inner.explanation()
