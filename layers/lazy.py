"""Modules that learn the sizes of their parameters from the first input."""

from __future__ import annotations

from typing import Any

from xlagrad.core import state
from xlagrad.core.errors import ShapeError, describe, message
from xlagrad.core.modes import no_grad
from xlagrad.core.tensor import Tensor
from xlagrad.layers.hooks import RemovableHandle
from xlagrad.layers.module import Module
from xlagrad.layers.uninitialized import is_lazy


class LazyModuleMixin(Module):
    """Mixin of modules with :class:`UninitializedParameter` members, which the first call gives shapes.

    A subclass defines ``initialize_parameters(*args, **kwargs)``, which is called with the arguments of the
    first call, and ``cls_to_become``, the class that the module has afterwards (None: its own).

    Make the optimizer after the first call, or after loading weights: before, the parameters have no shape.

    Reference: ``torch.nn.modules.lazy.LazyModuleMixin``.
    """

    cls_to_become: type[Module] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._load_hook = self._register_load_state_dict_pre_hook(self._lazy_load_hook)
        self._initialize_hook = self.register_forward_pre_hook(_infer_parameters, with_kwargs=True)

    def _lazy_load_hook(self, state_dict: Any, prefix: str, *_: Any) -> None:
        """Give parameters the shapes that the loaded ones have."""
        for name, member in [*self._parameters.items(), *self._buffers.items()]:
            found = state_dict.get(prefix + name)
            if is_lazy(member) and found is not None and not is_lazy(found):
                with no_grad():
                    member.materialize(tuple(found.shape))  # type: ignore[union-attr]

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give the parameters their shapes; subclasses define it."""
        name = type(self).__name__
        raise NotImplementedError(f"initialize_parameters is not implemented for {name}: define it there")

    def has_uninitialized_params(self) -> bool:
        """Return whether a parameter or buffer has no shape yet."""
        return any(map(is_lazy, (*self._parameters.values(), *self._buffers.values())))

    def __getstate__(self) -> dict[str, Any]:
        fields = super().__getstate__()
        if "_initialize_hook" in fields:
            # Hooks hold the module itself; a copy registers its own.
            hook, load = fields.pop("_initialize_hook"), fields.pop("_load_hook")
            for table, handle in (("_forward_pre_hooks", hook), ("_load_state_dict_pre_hooks", load)):
                fields[table] = type(fields[table])(
                    (k, v) for k, v in fields[table].items() if k != handle.id
                )
            fields["_lazy"] = True
        return fields

    def __setstate__(self, fields: dict[str, Any]) -> None:
        lazy = fields.pop("_lazy", False)
        super().__setstate__(fields)
        if lazy:
            self._load_hook = self._register_load_state_dict_pre_hook(self._lazy_load_hook)
            self._initialize_hook = self.register_forward_pre_hook(_infer_parameters, with_kwargs=True)


def _infer_parameters(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Initialize the module from its first input; the hooks that did it go away."""
    with state.outside():
        module.initialize_parameters(*args, **kwargs)
    if module.has_uninitialized_params():
        got = "some that still have none"
        raise ShapeError(
            message(type(module).__name__, "initialize_parameters to give every member its shape", got)
        )
    for name in ("_initialize_hook", "_load_hook"):
        handle: RemovableHandle = module.__dict__[name]
        handle.remove()
        delattr(module, name)
    if module.cls_to_become is not None:
        module.__class__ = module.cls_to_become
    state.bump()


def dimension(module: Module, input: Tensor, dim: int, ranks: tuple[int, ...]) -> int:
    """Return the size of a dimension of an input, whose number of dimensions is checked.

    Raises:
        ShapeError: another number of dimensions.
    """
    if ranks and input.ndim not in ranks:
        wanted = f"{' or '.join(f'{n}D' for n in ranks)} input"
        raise ShapeError(message(type(module).__name__, wanted, f"{input.ndim}D input {describe(input)}"))
    return int(input.shape[dim])
