"""The base of optimizers: parameter groups, state, hooks, and saving them."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, ClassVar

import jax.numpy as jnp

from xlagrad.core import state
from xlagrad.core.errors import ArgumentError, DtypeError, StateError, describe, message
from xlagrad.core.modes import local
from xlagrad.core.tape import Removable
from xlagrad.core.tensor import Tensor
from xlagrad.train.optim.group import ParamGroup, hashable
from xlagrad.train.optim.saving import load, pack
from xlagrad.train.optim.store import Entries

HOOK_KINDS = (
    "step_pre",
    "step_post",
    "state_dict_pre",
    "state_dict_post",
    "load_state_dict_pre",
    "load_state_dict_post",
)

global_hooks: dict[str, dict[int, Callable[..., Any]]] = {"step_pre": {}, "step_post": {}}


_GUARDED_APART = ("param_groups", "state", "_slots", "_hooks", "_trace", "_stepping", "_opt_called", "_skip")


class Optimizer:
    """What every optimizer has: groups of parameters with their settings, and state for each parameter.

    Derive from it and write ``step`` as for torch. The built-in optimizers derive from
    :class:`~xlagrad.train.optim.stepping.RuleOptimizer`, which updates a whole group at once.

    Args:
        params: parameters, ``(name, parameter)`` pairs, or dicts with ``"params"`` and settings of a group.
        defaults: settings of groups that do not have their own.

    Attributes:
        param_groups: dicts; their numbers may be changed at any time, also between compiled calls.
        state: for each parameter a dict of its slots.

    Raises:
        ArgumentError: no parameters, or one that appears twice.
        DtypeError: something that is no tensor.

    Follows ``torch.optim.Optimizer``.
    """

    numbers: ClassVar[Mapping[str, str]] = {"lr": "rate"}
    optional: ClassVar[frozenset[str]] = frozenset()
    counter: ClassVar[bool] = False
    state: Any
    _hooks: dict[str, dict[int, Callable[..., Any]]]

    def __init__(self, params: Iterable[Any], defaults: Mapping[str, Any]) -> None:
        who = type(self).__name__
        if isinstance(params, Tensor):
            fix = "put it into a list"
            raise DtypeError(message(who, "an iterable of tensors or dicts as params", describe(params), fix))
        self._init_hooks()
        self.defaults = dict(defaults)
        self.param_groups: list[Any] = []
        self.state = Entries()
        groups = list(params)
        if not groups:
            fix = "check that the model has parameters"
            raise ArgumentError(message(who, "parameters", "an empty parameter list", fix))
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def _init_hooks(self) -> None:
        self.__dict__["_hooks"] = {kind: {} for kind in HOOK_KINDS}
        # One that is made inside a trace lives and dies with it: its state is no state of the program's.
        self.__dict__["_trace"] = local.trace
        self.__dict__["_stepping"] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = _hooked(cls.step)  # type: ignore[method-assign]

    def __setattr__(self, name: str, value: Any) -> None:
        if not isinstance(getattr(type(self), name, None), property):
            state.touch(self, self.__dict__, name)
        object.__setattr__(self, name, value)

    def _guard_state(self) -> Hashable:
        groups = tuple(g.signature() if isinstance(g, ParamGroup) else hashable(g) for g in self.param_groups)
        entries = tuple(
            (id(p), tuple((k, hashable(v)) for k, v in e.items())) if isinstance(e, dict) else id(e)
            for p, e in self.state.items()
        )
        return groups, entries, self._common_guards()

    def _common_guards(self) -> Hashable:
        hooks = tuple(id(hook) for table in self._hooks.values() for hook in table.values())
        rest = tuple((k, hashable(v)) for k, v in self.__dict__.items() if k not in _GUARDED_APART)
        return hooks, rest

    def _is_transient(self) -> bool:
        """Whether this optimizer was made inside the trace that is running."""
        trace = self.__dict__["_trace"]
        return trace is not None and trace is local.trace

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, values: dict[str, Any]) -> None:
        if "_hooks" not in self.__dict__:
            self._init_hooks()
        for name, value in values.items():
            setattr(self, name, value)

    def __repr__(self) -> str:
        parts = []
        for i, group in enumerate(self.param_groups):
            settings = [f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params"]
            parts.append("".join([f"\nParameter Group {i}\n", *settings]))
        return f"{type(self).__name__} ({''.join(parts)})"

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Take further parameters, with settings of their own.

        Args:
            param_group: a dict with ``"params"`` and any of the settings.

        Raises:
            ArgumentError: a parameter belongs to a group already, is no leaf, or only some have names.
            DtypeError: not a dict of tensors.
        """
        who = f"{type(self).__name__}.add_param_group"
        if not isinstance(param_group, dict) or "params" not in param_group:
            raise DtypeError(message(who, "a dict with 'params'", describe(param_group)))
        group = {**param_group, **_named_params(who, param_group["params"])}
        for p in group["params"]:
            _check_parameter(who, p, bool(self.defaults.get("differentiable")))
        if len(set(group["params"])) != len(group["params"]):
            text = "optimizer contains a parameter group with duplicate parameters"
            warnings.warn(f"{who}: {text}; each is updated once", stacklevel=3)
            group["params"] = list(dict.fromkeys(group["params"]))
        taken = {p for g in self.param_groups for p in g["params"]}
        if not taken.isdisjoint(group["params"]):
            fix = "give each parameter to one group"
            got = "some parameters appear in more than one parameter group"
            raise ArgumentError(message(who, "new parameters", got, fix))
        if any(("param_names" in g) != ("param_names" in group) for g in self.param_groups):
            expected = "all optimizer param groups with names, or all without"
            raise ArgumentError(message(who, expected, "a group unlike those before", "name all or none"))
        for key, value in self.defaults.items():
            group.setdefault(key, value)
        new = ParamGroup(group, self.numbers, self.optional)
        if state.tracing():
            # Another list, so that undoing a trace that fails brings the old one back.
            self.param_groups = [*self.param_groups, new]
        else:
            state.bump()
            self.param_groups.append(new)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or set them to zero.

        Args:
            set_to_none: drop the gradient tensors instead of overwriting them with zeros.
        """
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                elif (grad := p.grad) is not None:
                    if grad.grad_fn is not None:
                        p.grad = grad = grad.detach().clone()
                    array = grad.data_array
                    grad._write(jnp.zeros(array.shape, array.dtype))

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters once, from their gradients.

        Args:
            closure: clears the gradients, computes the loss, calls backward, and returns the loss.

        Returns:
            What the closure returned.
        """
        raise NotImplementedError(f"{type(self).__name__}.step")

    def state_dict(self) -> dict[str, Any]:
        """Return ``{"state": ..., "param_groups": ...}`` with parameters as numbers, as torch lays it out.

        The tensors in it are the live ones: copy them to keep them.
        """
        for hook in list(self._hooks["state_dict_pre"].values()):
            hook(self)
        packed = pack(self)
        for hook in list(self._hooks["state_dict_post"].values()):
            replaced = hook(self, packed)
            packed = packed if replaced is None else replaced
        return packed

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over settings and state from what ``state_dict`` returned, or torch's.

        Values are copied; floating-point state is cast to its parameter's type and device.

        Raises:
            ArgumentError: the groups do not match in number or size.
            ShapeError: a slot does not fit its parameter. Nothing has changed in either case.
        """
        for hook in list(self._hooks["load_state_dict_pre"].values()):
            replaced = hook(self, state_dict)
            state_dict = state_dict if replaced is None else replaced
        load(self, state_dict)
        for hook in list(self._hooks["load_state_dict_post"].values()):
            hook(self)

    def _saved_like(self, name: str, param: Tensor) -> Any:
        """Return what a saved slot has to be like (its shape and dtype), None where that does not matter."""
        return None

    def _register(self, kind: str, hook: Callable[..., Any], prepend: bool = False) -> Removable:
        state.bump()
        return register(self._hooks[kind], hook, prepend)

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> Removable:
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return new ``(args, kwargs)``."""
        return self._register("step_pre", hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> Removable:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return self._register("step_post", hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Removable:
        """Call ``hook(optimizer)`` before ``state_dict``."""
        return self._register("state_dict_pre", hook, prepend)

    def register_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Removable:
        """Call ``hook(optimizer, state_dict)`` after ``state_dict``; what it returns replaces the result."""
        return self._register("state_dict_post", hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> Removable:
        """Call ``hook(optimizer, state_dict)`` before loading; what it returns is loaded instead."""
        return self._register("load_state_dict_pre", hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> Removable:
        """Call ``hook(optimizer)`` after loading."""
        return self._register("load_state_dict_post", hook, prepend)


def register(table: dict[int, Callable[..., Any]], hook: Callable[..., Any], prepend: bool) -> Removable:
    """Put a hook last, or first, in its table and return the handle that takes it away."""
    handle = Removable(table, hook)
    if prepend:
        others = {key: table.pop(key) for key in list(table) if key != handle.id}
        table.update(others)
    return handle


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> Removable:
    """Call ``hook(optimizer, args, kwargs)`` before each step of any optimizer."""
    state.bump()
    return register(global_hooks["step_pre"], hook, False)


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> Removable:
    """Call ``hook(optimizer, args, kwargs)`` after each step of any optimizer."""
    state.bump()
    return register(global_hooks["step_post"], hook, False)


def _hooked(step: Callable[..., Any]) -> Callable[..., Any]:
    """Run a class's ``step`` with its hooks around it, once also where it calls its base's."""

    @functools.wraps(step)
    def wrapper(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        fields = self.__dict__
        if fields["_stepping"]:
            return step(self, *args, **kwargs)
        if not self._is_transient():
            state.depend(self)
        if state.settled(self):
            fix = "call scheduler.step() last, or compile one step of training at a time"
            got = "one after a schedule's step in the same compiled function"
            raise StateError(message(f"{type(self).__name__}.step", "a step before the schedule's", got, fix))
        fields["_stepping"] = fields["_opt_called"] = True
        try:
            for hook in [*global_hooks["step_pre"].values(), *self._hooks["step_pre"].values()]:
                replaced = hook(self, args, kwargs)
                if replaced is not None:
                    args, kwargs = _checked(self, replaced)
            result = step(self, *args, **kwargs)
            for hook in [*self._hooks["step_post"].values(), *global_hooks["step_post"].values()]:
                hook(self, args, kwargs)
        finally:
            fields["_stepping"] = False
        return result

    return wrapper


def _checked(optimizer: Optimizer, replaced: Any) -> tuple[Any, Any]:
    if isinstance(replaced, tuple) and len(replaced) == 2:
        return replaced
    who = f"{type(optimizer).__name__}.step pre-hook"
    raise DtypeError(message(who, "None or (args, kwargs)", describe(replaced)))


def _named_params(who: str, params: Any) -> dict[str, Any]:
    """Return ``{"params": [...]}``, with ``"param_names"`` where pairs of name and tensor were given."""
    if isinstance(params, Tensor):
        return {"params": [params]}
    if isinstance(params, (set, frozenset)):
        fix = "pass a list: the order of a set changes between runs"
        raise DtypeError(message(who, "parameters in an ordered collection", "a set", fix))
    items = list(params)
    names = [item[0] for item in items if isinstance(item, tuple)]
    if not names:
        return {"params": items}
    if len(names) != len(items):
        expected = "all optimizer params with names, or all without"
        raise ArgumentError(
            message(who, expected, f"{len(names)} names for {len(items)}", "name all or none")
        )
    return {"params": [item[1] for item in items], "param_names": names}


def _check_parameter(who: str, p: Any, differentiable: bool) -> None:
    if not isinstance(p, Tensor):
        raise DtypeError(message(who, "tensors (optimizer can only optimize Tensors)", type(p).__name__))
    if not differentiable and not p.is_leaf and not p.retains_grad:
        fix = "pass what it was computed from, or .detach() it"
        raise ArgumentError(message(who, "leaf tensors", "can't optimize a non-leaf Tensor", fix))
