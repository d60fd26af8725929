"""Parametrized tensors: a parameter of a module computed from others each time it is looked at."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator, Sequence
from typing import Any

from xlagrad.core import state
from xlagrad.core.errors import ArgumentError, StateError, describe, message
from xlagrad.core.modes import no_grad
from xlagrad.core.tensor import Parameter, Tensor
from xlagrad.layers.container import ModuleDict, ModuleList
from xlagrad.layers.module import Module

# The classes of modules with computed tensors, by what they add, their first class and the names of those
# tensors: as many exist as there are kinds of modules.
_classes: dict[tuple[type[Module], type[Module], tuple[str, ...]], type[Module]] = {}


class _Cache:
    """The tensors that were computed inside :func:`cached`."""

    depth = 0
    values: dict[tuple[int, str], Any]

    def __init__(self) -> None:
        self.values = {}


_cache = _Cache()


@contextlib.contextmanager
def cached() -> Iterator[None]:
    """Compute every parametrized tensor once within this context, however often it is looked at.

    Reference: ``torch.nn.utils.parametrize.cached``.
    """
    _cache.depth += 1
    try:
        yield
    finally:
        _cache.depth -= 1
        if not _cache.depth:
            _cache.values = {}


class ParametrizationList(ModuleList):
    """The modules that compute a tensor, one after the other, and what they compute it from.

    The parameter is ``original``; where the first module's ``right_inverse`` returns several tensors they are
    ``original0``, ``original1``, ….

    Args:
        modules: the parametrizations.
        original: the tensor before.
        unsafe: allow other shapes and types.

    Raises:
        ArgumentError: ``right_inverse`` does not give tensors, or the computed tensor has another shape or
            type than the one before.

    Reference: ``torch.nn.utils.parametrize.ParametrizationList``.
    """

    original: Any

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if not modules:
            raise ArgumentError(message("ParametrizationList", "a parametrization at least", "none"))
        super().__init__(modules)
        self.unsafe = unsafe
        new: Any = original
        with no_grad():
            for module in reversed(list(self.children())):
                if hasattr(module, "right_inverse"):
                    try:
                        new = module.right_inverse(new)
                    except NotImplementedError:
                        # PyTorch's convention for a map that cannot be inverted.
                        continue
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if self.is_tensor else len(new)
        for name, value in zip(self._names(), [new] if self.is_tensor else new, strict=True):
            self._keep(name, original, value)
        self._check(original)

    def _names(self) -> list[str]:
        return ["original"] if self.is_tensor else [f"original{i}" for i in range(self.ntensors)]

    def _keep(self, name: str, original: Tensor, value: Any) -> None:
        if not isinstance(value, Tensor):
            want = "right_inverse to return a tensor or a sequence of tensors"
            raise ArgumentError(message("ParametrizationList", want, f"{type(value).__name__}"))
        if isinstance(original, Parameter):
            made: Any = value
            if not isinstance(value, Parameter):
                made = Parameter(value.detach(), requires_grad=original.requires_grad)
            self.register_parameter(name, made)
        else:
            self.register_buffer(name, value)

    def _check(self, original: Tensor) -> None:
        with no_grad():
            now = self()
        if not isinstance(now, Tensor):
            want = "a parametrization that returns a tensor"
            raise ArgumentError(message("register_parametrization", want, type(now).__name__))
        if self.unsafe:
            return
        if now.dtype != original.dtype or tuple(now.shape) != tuple(original.shape):
            want = f"a parametrized tensor like the original {describe(original)}"
            fix = "pass unsafe=True if that is meant"
            raise ArgumentError(message("register_parametrization", want, describe(now), fix))

    def _originals(self) -> list[Any]:
        return [getattr(self, name) for name in self._names()]

    def right_inverse(self, value: Tensor) -> None:
        """Set the originals so that the parametrized tensor becomes ``value``.

        Raises:
            StateError: a parametrization has no ``right_inverse``.
        """
        new: Any = value
        with no_grad():
            for module in reversed(list(self.children())):
                if not hasattr(module, "right_inverse"):
                    want = f"a right_inverse in {type(module).__name__}, since the tensor is assigned to"
                    raise StateError(message("parametrize", want, "none", "define right_inverse"))
                new = module.right_inverse(new)
            for original, part in zip(self._originals(), [new] if self.is_tensor else new, strict=True):
                if tuple(original.shape) == tuple(part.shape) and original.dtype == part.dtype:
                    original.copy_(part)
                else:
                    original.data = part

    def forward(self) -> Any:
        """Return the parametrized tensor."""
        modules: list[Any] = list(self.children())
        value = modules[0](*self._originals())
        for module in modules[1:]:
            value = module(value)
        return value


class Computed(Module):
    """What the classes of modules with computed tensors have before the module's own class.

    A subclass defines how a tensor is computed, :meth:`_compute`, and what assigning to it does.
    """

    _names: tuple[str, ...] = ()

    def _compute(self, name: str) -> Any:
        raise NotImplementedError

    def _assign(self, name: str, value: Any) -> None:
        raise NotImplementedError

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._names:
            self._assign(name, value)
        else:
            super().__setattr__(name, value)

    def __reduce_ex__(self, protocol: Any) -> Any:
        kind, first = type(self).__bases__
        return _rebuild, (kind, first, self._names), self.__getstate__()


def computed_class(kind: type[Module], first: type[Module], names: tuple[str, ...]) -> type[Module]:
    """Return the class of a module of class ``first`` whose tensors of these names ``kind`` computes."""
    key = (kind, first, names)
    if key not in _classes:
        members: dict[str, Any] = {name: _property(name) for name in names}
        members |= {"_names": names, "__module__": first.__module__}
        title = f"Parametrized{first.__name__}" if kind is Parametrized else first.__name__
        _classes[key] = type(title, (kind, first), members)
    return _classes[key]


def _property(name: str) -> property:
    return property(lambda self: self._compute(name), doc="Computed from other tensors at each look.")


def _rebuild(kind: type[Module], first: type[Module], names: tuple[str, ...]) -> Module:
    made = computed_class(kind, first, names)
    return made.__new__(made)


class Parametrized(Computed):
    """What the classes of parametrized modules have before the module's own class."""

    parametrizations: Any

    def _compute(self, name: str) -> Any:
        if not _cache.depth or state.tracing():
            return self.parametrizations[name]()
        key = (id(self), name)
        if key not in _cache.values:
            _cache.values[key] = self.parametrizations[name]()
        return _cache.values[key]

    def _assign(self, name: str, value: Any) -> None:
        self.parametrizations[name].right_inverse(value)
        _cache.values.pop((id(self), name), None)


def _class(first: type[Module], names: tuple[str, ...]) -> type[Module]:
    return computed_class(Parametrized, first, names)


def _names(module: Module) -> tuple[str, ...]:
    return module._names if isinstance(module, Parametrized) else ()


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Compute a tensor of a module by ``parametrization(original)`` from now on; return the module.

    A further parametrization of the same tensor takes the first one's result. A ``right_inverse`` method of
    the parametrization gives the original for the present value, and for values assigned later.

    Args:
        module: the module.
        tensor_name: name of its parameter or buffer.
        parametrization: a module from the original (or originals) to the tensor.
        unsafe: allow another shape or type, and do not look at what it returns.

    Raises:
        ArgumentError: no such tensor, or a parametrization that changes its shape or type.

    Example:
        >>> from xlagrad.layers.linear import Linear
        >>> class Symmetric(Module):
        ...     def forward(self, x):
        ...         return x.triu() + x.triu(1).mT
        >>> layer = register_parametrization(Linear(2, 2), "weight", Symmetric())
        >>> bool((layer.weight == layer.weight.mT).all())
        True

    Reference: ``torch.nn.utils.parametrize.register_parametrization``.
    """
    names = _names(module)
    if tensor_name in names:
        _append(module, tensor_name, parametrization, unsafe)
        return module
    found = module._parameters.get(tensor_name, module._buffers.get(tensor_name))
    if found is None:
        want = f"a parameter or buffer of {type(module).__name__}, or a parametrized tensor"
        raise ArgumentError(message("register_parametrization", want, repr(tensor_name)))
    parametrization.train(module.training)
    made = ParametrizationList([parametrization], found, unsafe)
    if made.is_tensor and made.original is not found:
        # The same object goes on, for optimizers that hold it.
        found.data = made.original.detach()
        made.original = found
    delattr(module, tensor_name)
    if not names:
        module.parametrizations = ModuleDict()
    module.__class__ = _class(type_before_parametrizations(module), (*names, tensor_name))
    module.parametrizations[tensor_name] = made
    state.bump()
    return module


def _append(module: Any, name: str, parametrization: Module, unsafe: bool) -> None:
    """Add a further parametrization to a tensor that has one."""
    found: ParametrizationList = module.parametrizations[name]
    before = getattr(module, name)
    parametrization.train(module.training)
    with no_grad():
        now = parametrization(before)
        if not unsafe and (now.dtype != before.dtype or tuple(now.shape) != tuple(before.shape)):
            want = f"a parametrized tensor like {describe(before)}"
            fix = "pass unsafe=True if that is meant"
            raise ArgumentError(message("register_parametrization", want, describe(now), fix))
    found.append(parametrization)
    found.unsafe |= unsafe


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Return whether a module, or its tensor of that name, is parametrized.

    Reference: ``torch.nn.utils.parametrize.is_parametrized``.
    """
    names = _names(module)
    return bool(names) if tensor_name is None else tensor_name in names


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make a parametrized tensor an ordinary one again; return the module.

    Args:
        module: the module.
        tensor_name: name of the tensor.
        leave_parametrized: keep its present value; False brings the original back.

    Raises:
        ArgumentError: it is not parametrized, or the original is more than one tensor.

    Reference: ``torch.nn.utils.parametrize.remove_parametrizations``.
    """
    if not is_parametrized(module, tensor_name):
        want = f"a parametrized tensor of {type(module).__name__}"
        raise ArgumentError(message("remove_parametrizations", want, repr(tensor_name)))
    found: Any = module.parametrizations[tensor_name]
    if not found.is_tensor and not leave_parametrized:
        want = "leave_parametrized=True for a tensor that is computed from several"
        raise ArgumentError(message("remove_parametrizations", want, "False"))
    original = found._originals()[0]
    if leave_parametrized:
        with no_grad():
            value = getattr(module, tensor_name).detach()
        if found.is_tensor:
            # As above: the same object.
            original.data = value
        else:
            trained = isinstance(original, Parameter)
            original = Parameter(value, original.requires_grad) if trained else value
    names = tuple(name for name in _names(module) if name != tensor_name)
    first = type_before_parametrizations(module)
    del module.parametrizations[tensor_name]
    if not names:
        del module.parametrizations
    module.__class__ = _class(first, names) if names else first
    if isinstance(original, Parameter):
        module.register_parameter(tensor_name, original)
    else:
        module.register_buffer(tensor_name, original)
    state.bump()
    return module


def type_before_parametrizations(module: Module) -> type[Module]:
    """Return the class that a module had before it was parametrized.

    Reference: ``torch.nn.utils.parametrize.type_before_parametrizations``.
    """
    return type(module).__bases__[1] if isinstance(module, Parametrized) else type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Copy parametrizations, and the values that they compute from, to another module; return that.

    Args:
        from_module: the module that has them.
        to_module: the module that gets them.
        tensor_name: of this tensor only.

    Raises:
        ArgumentError: ``from_module`` has none.

    Reference: ``torch.nn.utils.parametrize.transfer_parametrizations_and_params``.
    """
    names = _names(from_module)
    if not names or (tensor_name is not None and tensor_name not in names):
        got = type(from_module).__name__
        raise ArgumentError(message("transfer_parametrizations_and_params", "a parametrized module", got))
    for name in names if tensor_name is None else (tensor_name,):
        source: Any = from_module.parametrizations[name]
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(source().detach()))
        for parametrization in source.children():
            register_parametrization(to_module, name, copy.deepcopy(parametrization), unsafe=True)
        target: Any = to_module.parametrizations[name]
        with no_grad():
            for new, old in zip(target._originals(), source._originals(), strict=True):
                new.data = old.detach().clone()
    return to_module
