"""Walking a module tree: parameters, buffers and submodules with their dotted names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from xlagrad.core.tensor import Parameter, Tensor
from xlagrad.layers.attributes import ModuleAttributes

M = TypeVar("M", bound="ModuleTree")


class ModuleTree(ModuleAttributes):
    """The iterators and look-ups of :class:`~xlagrad.layers.module.Module`, with torch's names and orders.

    A member reached by two paths is listed once, under the first name, unless ``remove_duplicate=False``.
    """

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, ModuleTree]]:
        """Iterate over this module and all below it, as (dotted name, module); this one's name is ``prefix``.

        Example:
            >>> from xlagrad.layers.container import Sequential
            >>> from xlagrad.layers.activation import ReLU
            >>> [name for name, _ in Sequential(ReLU()).named_modules()]
            ['', '0']
        """
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                inner = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, inner, remove_duplicate)

    def modules(self) -> Iterator[ModuleTree]:
        """Iterate over this module and all below it."""
        for _, module in self.named_modules():
            yield module

    def named_children(self) -> Iterator[tuple[str, ModuleTree]]:
        """Iterate over the direct submodules as (name, module)."""
        seen: set[int] = set()
        for name, module in self._modules.items():
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, module  # type: ignore[misc]

    def children(self) -> Iterator[ModuleTree]:
        """Iterate over the direct submodules."""
        for _, module in self.named_children():
            yield module

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Iterate over parameters as (dotted name, parameter); tied ones come once.

        Args:
            prefix: put before every name, with a dot.
            recurse: whether submodules are included.
            remove_duplicate: whether a parameter reached by two names comes once.

        Example:
            >>> from xlagrad.layers.linear import Linear
            >>> [(name, tuple(p.shape)) for name, p in Linear(3, 2).named_parameters()]
            [('weight', (2, 3)), ('bias', (2,))]
        """
        yield from self._named_members(lambda m: m._parameters.items(), prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Iterate over parameters, tied ones once: what an optimizer is given."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Iterate over buffers, persistent or not, as (dotted name, buffer)."""
        yield from self._named_members(lambda m: m._buffers.items(), prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Iterate over buffers."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def _named_members(
        self,
        members: Callable[[Any], Iterable[tuple[str, Any]]],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules: Iterable[tuple[str, ModuleTree]] = [(prefix, self)]
        if recurse:
            modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        for path, module in modules:
            for name, member in members(module):
                if member is None or id(member) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(member))
                yield (f"{path}.{name}" if path else name), member

    def get_submodule(self, target: str) -> ModuleTree:
        """Return the submodule at a dotted path; the empty path is this module.

        Raises:
            AttributeError: a step of the path does not exist or is not a module.
        """
        module: Any = self
        for step in target.split(".") if target else ():
            if not hasattr(module, step):
                raise AttributeError(f"{module._get_name()} has no attribute `{step}`")
            module = getattr(module, step)
            if not isinstance(module, ModuleTree):
                raise AttributeError(f"`{step}` is not an nn.Module")
        found: ModuleTree = module
        return found

    def set_submodule(self, target: str, module: ModuleTree, strict: bool = False) -> None:
        """Put ``module`` at a dotted path, replacing what is there.

        Args:
            target: the path; its parent must exist.
            module: the new submodule.
            strict: refuse a path at which no submodule exists yet.

        Raises:
            ValueError: the path is empty, or ``module`` is not a module.
            AttributeError: the parent does not exist, or with ``strict`` the path itself.
        """
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, ModuleTree):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict and not hasattr(parent, name):
            raise AttributeError(f"{parent._get_name()} has no attribute `{name}`")
        if hasattr(parent, name) and not isinstance(getattr(parent, name), ModuleTree):
            raise AttributeError(f"`{name}` is not an nn.Module")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """Return the parameter at a dotted path.

        Raises:
            AttributeError: the path does not exist or is not a parameter's.
        """
        owner, name = self._owner(target)
        found = getattr(owner, name)
        if not isinstance(found, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return found

    def get_buffer(self, target: str) -> Tensor:
        """Return the buffer at a dotted path.

        Raises:
            AttributeError: the path does not exist or is not a buffer's.
        """
        owner, name = self._owner(target)
        if name not in owner._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        found: Tensor = getattr(owner, name)
        return found

    def _owner(self, target: str) -> tuple[ModuleTree, str]:
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        if not hasattr(owner, name):
            raise AttributeError(f"{owner._get_name()} has no attribute `{name}`")
        return owner, name

    def _get_name(self) -> str:
        return type(self).__name__
