"""Saving a module's state under torch's keys and loading it back, all or nothing."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np

from xlagrad.core import state
from xlagrad.core.errors import StateError
from xlagrad.core.handle import is_tracer
from xlagrad.core.modes import no_grad
from xlagrad.core.tensor import Parameter, Tensor, as_array, wrap
from xlagrad.layers.attributes import ModuleAttributes
from xlagrad.layers.hooks import RemovableHandle
from xlagrad.layers.traversal import ModuleTree
from xlagrad.layers.uninitialized import is_lazy

EXTRA_STATE = "_extra_state"

# Under this key of its metadata each module finds the list of what to do once the whole load is valid.
_AFTER = "_after_load"


class IncompatibleKeys(NamedTuple):
    """What ``load_state_dict`` found in the module only, and in the dictionary only."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class StateDict(ModuleTree):
    """``state_dict`` and ``load_state_dict`` of :class:`~xlagrad.layers.module.Module`."""

    _version: int = 1

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """Return parameters and persistent buffers by dotted name, in torch's order.

        Args:
            args: ``destination``, ``prefix`` and ``keep_vars`` by position, as old code passes them.
            destination: a mapping to fill instead of a new ``OrderedDict``.
            prefix: put before every key.
            keep_vars: give the tensors themselves, still attached to the tape, instead of detached ones.

        Example:
            >>> from xlagrad.layers.linear import Linear
            >>> list(Linear(2, 1).state_dict(prefix="head."))
            ['head.weight', 'head.bias']
        """
        given = dict(zip(("destination", "prefix", "keep_vars"), args, strict=False))
        destination = given.get("destination", destination)
        prefix, keep_vars = given.get("prefix", prefix), given.get("keep_vars", keep_vars)
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        local_metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = local_metadata
        for hook in self.__dict__["_state_dict_pre_hooks"].values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if isinstance(module, StateDict):
                module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in self.__dict__["_state_dict_hooks"].values():
            result = hook(self, destination, prefix, local_metadata)
            if getattr(hook, "_from_public_api", False):
                if result is not None:
                    raise StateError("state_dict post-hook must return None")
            elif result is not None:
                destination = result
        saved: dict[str, Any] = destination
        return saved

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy the values of ``state_dict`` into this module and all below it.

        Values may be tensors of ours or of torch, JAX or NumPy arrays. Nothing is loaded unless everything
        fits: torch, after an error, leaves the module half loaded; here it is as it was before.

        Args:
            state_dict: what :meth:`state_dict` returned, or any mapping with such keys.
            strict: whether a missing or an unexpected key is an error.
            assign: put the given tensors into the module instead of copying their values.

        Returns:
            The missing and the unexpected keys.

        Raises:
            TypeError: ``state_dict`` is not a mapping.
            StateError: keys or shapes do not fit; the text is torch's.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        report = _Report([], [], [])
        before = _Snapshot(self)
        options: dict[str, Any] = {_AFTER: [], "assign_to_params_buffers": True} if assign else {_AFTER: []}
        try:
            metadata = getattr(state_dict, "_metadata", None)
            _load(self, OrderedDict(state_dict), "", {} if metadata is None else metadata, options, report)
            report.check(type(self).__name__, strict)
            for run in options[_AFTER]:
                run()
        except BaseException:
            before.restore()
            raise
        return IncompatibleKeys(report.missing, report.unexpected)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Add this module's own entries to ``destination``; override to save something else."""
        for name, tensor in self._own_state():
            destination[prefix + name] = tensor if keep_vars else tensor.detach()
        if type(self).get_extra_state is not StateDict.get_extra_state:
            destination[prefix + EXTRA_STATE] = self.get_extra_state()

    def _own_state(self) -> list[tuple[str, Tensor]]:
        kept = [(k, v) for k, v in self._buffers.items() if k not in self._non_persistent_buffers_set]
        return [(name, value) for name, value in (*self._parameters.items(), *kept) if value is not None]

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Load this module's own entries; override to read old layouts. Problems go into the lists."""
        for hook in self.__dict__["_load_state_dict_pre_hooks"].values():
            hook(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        own = dict(self._own_state())
        assign = local_metadata.get("assign_to_params_buffers", False)
        for name, target in own.items():
            key = prefix + name
            if key in state_dict:
                problem = _load_entry(self, name, target, key, state_dict[key], assign)
                if problem:
                    error_msgs.append(problem)
            elif strict:
                missing_keys.append(key)
        after = local_metadata.get(_AFTER)
        self._load_extra_state(state_dict, prefix + EXTRA_STATE, after, missing_keys, unexpected_keys, strict)
        if strict:
            for key in state_dict:
                if key.startswith(prefix) and key != prefix + EXTRA_STATE:
                    head, dot, _ = key[len(prefix) :].partition(".")
                    if head not in (self._modules if dot else own):
                        unexpected_keys.append(key)

    def _load_extra_state(
        self, entries: Any, key: str, after: Any, missing: list[str], unexpected: list[str], strict: bool
    ) -> None:
        if type(self).set_extra_state is StateDict.set_extra_state:
            if strict and key in entries:
                unexpected.append(key)
        elif key in entries:
            run = functools.partial(self.set_extra_state, entries[key])
            if after is None:
                run()
            else:
                after.append(run)
        elif strict:
            missing.append(key)

    def get_extra_state(self) -> Any:
        """Return what ``state_dict`` shall hold besides tensors; override together with ``set_extra_state``.

        Raises:
            StateError: not overridden.
        """
        raise StateError(f"{type(self).__name__}: expected get_extra_state to be overridden, got none.")

    def set_extra_state(self, state: Any) -> None:
        """Take back what :meth:`get_extra_state` returned.

        Raises:
            StateError: not overridden.
        """
        raise StateError(f"{type(self).__name__}: expected set_extra_state to be overridden, got none.")

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before this module's state is collected."""
        return RemovableHandle(self, "_state_dict_pre_hooks", hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after; it may change the dictionary."""
        hook._from_public_api = True  # type: ignore[attr-defined]
        return RemovableHandle(self, "_state_dict_hooks", hook)

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        if getattr(hook, "_from_public_api", False):
            raise StateError(
                "Cannot register the same function as the state dict post hook that was "
                "previously registered via register_state_dict_post_hook"
            )
        return RemovableHandle(self, "_state_dict_hooks", hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys,
        error_msgs)`` before this module's entries are read; it may change the dictionary.
        """
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], with_module: bool = False
    ) -> RemovableHandle:
        bound = functools.partial(hook, self) if with_module else hook
        return RemovableHandle(self, "_load_state_dict_pre_hooks", bound)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after this module was loaded; it may edit the lists."""
        return RemovableHandle(self, "_load_state_dict_post_hooks", hook)


class _Report(NamedTuple):
    missing: list[str]
    unexpected: list[str]
    errors: list[str]

    def check(self, name: str, strict: bool) -> None:
        """Raise torch's message if there is anything to complain about."""
        lines = list(self.errors)
        kinds = (("Unexpected", self.unexpected), ("Missing", self.missing)) if strict else ()
        for kind, keys in kinds:
            if keys:
                quoted = ", ".join(f'"{key}"' for key in keys)
                lines.insert(0, f"{kind} key(s) in state_dict: {quoted}. ")
        if lines:
            raise StateError("Error(s) in loading state_dict for {}:\n\t{}".format(name, "\n\t".join(lines)))


class _Snapshot:
    """The values and member tables of a module tree: arrays are immutable, so keeping them is free."""

    def __init__(self, root: ModuleTree) -> None:
        modules = list(root.modules())
        self._tables = [(m, t, dict(m.__dict__[t])) for m in modules for t in ("_parameters", "_buffers")]
        tensors = {id(v): v for _, _, table in self._tables for v in table.values() if isinstance(v, Tensor)}
        self._values = [(t, t.data_array) for t in tensors.values() if not is_lazy(t)]

    def restore(self) -> None:
        """Put everything back that has changed since."""
        for module, name, table in self._tables:
            current = module.__dict__[name]
            for key in {*current, *table}:
                if current.get(key) is not table.get(key):
                    state.touch(module, current, key)
            current.clear()
            current.update(table)
        for tensor, array in self._values:
            if tensor.data_array is not array:
                tensor._write(array)


def _load(
    module: StateDict,
    entries: Any,
    prefix: str,
    metadata: Mapping[str, Any],
    options: dict[str, Any],
    report: _Report,
) -> None:
    local_metadata = {**metadata.get(prefix[:-1], {}), **options}
    module._load_from_state_dict(
        entries, prefix, local_metadata, True, report.missing, report.unexpected, report.errors
    )
    for name, child in module._modules.items():
        if isinstance(child, StateDict):
            path = f"{prefix}{name}."
            below = OrderedDict((k, v) for k, v in entries.items() if k.startswith(path))
            _load(child, below, path, metadata, options, report)
    keys = IncompatibleKeys(report.missing, report.unexpected)
    for hook in module.__dict__["_load_state_dict_post_hooks"].values():
        if hook(module, keys) is not None:
            raise AssertionError(
                "Hooks registered with ``register_load_state_dict_post_hook`` are not expected to return new "
                "values, if incompatible_keys need to be modified, it should be done inplace."
            )


def _load_entry(
    module: ModuleAttributes, name: str, target: Tensor, key: str, value: Any, assign: bool
) -> str | None:
    """Write one entry, or return what is wrong with it."""
    if is_lazy(target) and is_lazy(value):
        return None
    if not hasattr(value, "shape") or not hasattr(value, "dtype"):
        return (
            f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from '
            f"checkpoint but received {type(value)}"
        )
    shape, wanted = tuple(value.shape), tuple(target.shape)
    if wanted == () and shape == (1,):
        value, shape = value[0], ()
    if shape != wanted:
        return (
            f"size mismatch for {key}: copying a param with shape {_size(shape)} from checkpoint, the shape "
            f"in current model is {_size(wanted)}."
        )
    try:
        with no_grad():
            if assign:
                _assign(module, name, target, _tensor(value))
            else:
                target._write(_like(target, value))
    except Exception as error:  # whatever a foreign value raises becomes part of the one report
        return (
            f'While copying the parameter named "{key}", whose dimensions in the model are {_size(wanted)} '
            f"and whose dimensions in the checkpoint are {_size(shape)}, "
            f"an exception occurred : {error.args}."
        )
    return None


def _assign(module: ModuleAttributes, name: str, target: Tensor, source: Tensor) -> None:
    if isinstance(target, Parameter):
        if not isinstance(source, Parameter):
            source = Parameter(source, requires_grad=target.requires_grad)
        source.requires_grad_(target.requires_grad)
    setattr(module, name, source)


def _tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else wrap(as_array(_plain(value)))


def _plain(value: Any) -> Any:
    """Return a tensor of torch's as a NumPy array, and what is not one as it is."""
    if isinstance(value, (Tensor, jax.Array, np.ndarray)) or not hasattr(value, "detach"):
        return value
    kept = value.detach().cpu()
    # NumPy has no bfloat16 that torch knows of; float32 holds all its values.
    return (kept.float() if str(kept.dtype) == "torch.bfloat16" else kept).numpy()


def _like(target: Tensor, value: Any) -> jax.Array:
    """Return the value as an array of the target's type and device; on the host no program is needed."""
    old = target.data_array
    value = _plain(value)
    array = value.astype(old.dtype) if isinstance(value, np.ndarray) else as_array(value, old.dtype)
    known = not is_tracer(array) and not is_tracer(old)
    if not known or (isinstance(array, jax.Array) and array.devices() == old.devices()):
        return as_array(array)
    return jax.device_put(array, old.sharding)


def _size(shape: tuple[int, ...]) -> str:
    return f"torch.Size({list(shape)})"
