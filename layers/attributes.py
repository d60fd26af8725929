"""Where a module keeps its parameters, buffers and submodules, and how attribute access reaches them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from xlagrad.core import state
from xlagrad.core.tensor import Parameter, Tensor

# Everything that `Module.__init__` puts into `__dict__`, besides `training`: bookkeeping, not user state.
HOOK_TABLES = (
    "_forward_pre_hooks",
    "_forward_hooks",
    "_backward_pre_hooks",
    "_backward_hooks",
    "_state_dict_pre_hooks",
    "_state_dict_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)
MEMBER_TABLES = ("_parameters", "_buffers", "_modules")
INTERNAL = frozenset((*MEMBER_TABLES, *HOOK_TABLES, "_non_persistent_buffers_set", "_compiled_call_impl"))

# Functions that may turn a foreign object (a flax module) into a module of ours when it is assigned.
adopters: list[Callable[[Any], Any]] = []

registration_hooks: dict[str, dict[int, Callable[..., Any]]] = {"module": {}, "parameter": {}, "buffer": {}}


class Buffer(Tensor):
    """A tensor that a module keeps as state but does not train: assigning one registers it.

    Args:
        data: the tensor to hold.
        persistent: whether ``state_dict`` contains it.

    Example:
        >>> from xlagrad.layers.module import Module
        >>> from xlagrad.core.tensor import Tensor
        >>> m = Module()
        >>> m.mean = Buffer(Tensor([0.0]))
        >>> list(m.state_dict())
        ['mean']
    """

    persistent: bool = True

    def __init__(self, data: Any, persistent: bool = True) -> None:
        super().__init__(data)
        self.persistent = persistent


def typename(value: object) -> str:
    """Return the type's dotted name, without the module for builtins, as error messages show it.

    Example:
        >>> typename([1])
        'list'
    """
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


class ModuleAttributes:
    """The storage half of :class:`~xlagrad.layers.module.Module`: three tables and the attribute protocol.

    A :class:`Parameter` assigned to an attribute goes to ``_parameters``, a module to ``_modules``, a
    :class:`Buffer` or a tensor whose name is already a buffer's to ``_buffers``; the rest stays an ordinary
    attribute. Every write is announced to ``state.touch``, which is how a compiled function learns that it
    has to look again at what it depends on.
    """

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, ModuleAttributes | None]
    _non_persistent_buffers_set: set[str]

    def _init_tables(self) -> None:
        fields: dict[str, Any] = {"training": True, "_non_persistent_buffers_set": set()}
        fields.update((name, {}) for name in MEMBER_TABLES)
        fields.update((name, OrderedDict()) for name in HOOK_TABLES)
        self.__dict__.update(fields)

    def _rebuilt(self) -> None:
        """Restore what a copy made field by field does not: called after a pytree was put together."""

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under ``name``; ``None`` reserves the name (as ``bias=False`` does).

        Raises:
            AttributeError: called before ``Module.__init__``.
            KeyError: the name is empty, has a dot, or belongs to another attribute.
            TypeError: ``param`` is not a Parameter.
            ValueError: ``param`` is the result of an operation rather than a leaf.
        """
        self._check_new_name("parameter", name, "_parameters")
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign '{typename(param)}' object to parameter '{name}' "
                    "(torch.nn.Parameter or None required)"
                )
            if param.grad_fn is not None:
                raise ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created "
                    f"explicitly. To express '{name}' as a function of another Tensor, compute the value in "
                    "the forward() method."
                )
            param = _run_registration_hooks("parameter", self, name, param)
        _put(self, self._parameters, name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is state but not trained, such as BatchNorm's ``running_mean``.

        Args:
            name: the attribute under which it is reached.
            tensor: the buffer, or ``None`` to reserve the name.
            persistent: whether ``state_dict`` contains it.

        Raises:
            AttributeError: called before ``Module.__init__``.
            KeyError: the name is empty, has a dot, or belongs to another attribute.
            TypeError: ``tensor`` is not a tensor.
        """
        self._check_new_name("buffer", name, "_buffers")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{typename(tensor)}' object to buffer '{name}' "
                "(torch Tensor or None required)"
            )
        tensor = _run_registration_hooks("buffer", self, name, tensor)
        _put(self, self._buffers, name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Any) -> None:
        """Add a child module under ``name``; ``None`` reserves the name.

        Raises:
            AttributeError: called before ``Module.__init__``.
            KeyError: the name is empty, has a dot, or belongs to another attribute.
            TypeError: ``module`` is not a Module.
        """
        module = _adopt(module)
        if module is not None and not isinstance(module, ModuleAttributes):
            raise TypeError(f"{typename(module)} is not a Module subclass")
        self._check_new_name("module", name, "_modules")
        module = _run_registration_hooks("module", self, name, module)
        _put(self, self._modules, name, module)

    def register_module(self, name: str, module: Any) -> None:
        """Do what :meth:`add_module` does, under torch's second name for it."""
        self.add_module(name, module)

    def _check_new_name(self, kind: str, name: str, table: str) -> None:
        if table not in self.__dict__:
            raise AttributeError(f"cannot assign {kind} before Module.__init__() call")
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {typename(name)}")
        if "." in name:
            shown = f", got: {name}" if kind == "module" else ""
            raise KeyError(f'{kind} name can\'t contain "."{shown}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if name not in self.__dict__[table] and hasattr(self, name):
            raise KeyError(f"attribute '{name}' already exists")

    def __getattr__(self, name: str) -> Any:
        fields = self.__dict__
        for table in MEMBER_TABLES:
            members = fields.get(table)
            if members is not None and name in members:
                if state.tracing():
                    state.depend(self)
                return members[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        fields = self.__dict__
        if isinstance(value, Parameter):
            self._require_tables("parameters")
            self._forget(name, "_buffers", "_modules")
            self.register_parameter(name, value)
        elif isinstance(value, ModuleAttributes):
            self._require_tables("module")
            self._forget(name, "_parameters", "_buffers")
            _put(self, self._modules, name, _run_registration_hooks("module", self, name, value))
        elif name in fields.get("_parameters", ()):
            self._refuse_unless_none(value, f"as parameter '{name}' (torch.nn.Parameter or None expected)")
            self.register_parameter(name, None)
        elif name in fields.get("_modules", ()):
            self._refuse_unless_none(value, f"as child module '{name}' (torch.nn.Module or None expected)")
            _put(self, self._modules, name, None)
        elif isinstance(value, Buffer) or name in fields.get("_buffers", ()):
            self._assign_buffer(name, value)
        elif isinstance(getattr(type(self), name, None), property):
            object.__setattr__(self, name, value)
        else:
            adopted = _adopt(value)
            if adopted is not value and "_modules" in fields:
                self.add_module(name, adopted)
                return
            state.touch(self, fields, name)
            object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        for table in MEMBER_TABLES:
            members = self.__dict__.get(table, {})
            if name in members:
                state.touch(self, members, name)
                del members[name]
                self._non_persistent_buffers_set.discard(name)
                return
        state.touch(self, self.__dict__, name)
        object.__delattr__(self, name)

    def __dir__(self) -> Iterable[str]:
        keys = {*object.__dir__(self), *self._parameters, *self._buffers, *self._modules}
        # Digits are the names of Sequential's children: no attribute can be typed that way.
        return sorted(key for key in keys if not key[0].isdigit())

    def _require_tables(self, kind: str) -> None:
        if "_parameters" not in self.__dict__:
            raise AttributeError(f"cannot assign {kind} before Module.__init__() call")

    def _refuse_unless_none(self, value: Any, where: str) -> None:
        if value is not None:
            raise TypeError(f"cannot assign '{typename(value)}' {where}")

    def _forget(self, name: str, *tables: str) -> None:
        """Remove ``name`` from where a member of another kind may have it."""
        for members in (self.__dict__, *(self.__dict__[table] for table in tables)):
            if name in members:
                state.touch(self, members, name)
                del members[name]
        self._non_persistent_buffers_set.discard(name)

    def _assign_buffer(self, name: str, value: Any) -> None:
        self._require_tables("buffer")
        if value is not None and not isinstance(value, Tensor):
            expected = "(torch.nn.Buffer, torch.Tensor or None expected)"
            raise TypeError(f"cannot assign '{typename(value)}' as buffer '{name}' {expected}")
        if isinstance(value, Buffer):
            persistent = value.persistent
        else:
            persistent = name not in self._non_persistent_buffers_set
        if name not in self._buffers:
            self._forget(name, "_parameters", "_modules")
        self.register_buffer(name, value, persistent)


def _put(owner: ModuleAttributes, table: dict[str, Any], name: str, value: Any) -> None:
    state.touch(owner, table, name)
    table[name] = value


def _adopt(value: Any) -> Any:
    for adopt in adopters:
        value = adopt(value)
    return value


def _run_registration_hooks(kind: str, module: ModuleAttributes, name: str, value: Any) -> Any:
    for hook in tuple(registration_hooks[kind].values()):
        replaced = hook(module, name, value)
        value = value if replaced is None else replaced
    return value
