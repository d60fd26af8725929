"""The base class of all layers and models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from xlagrad.core import state
from xlagrad.core.compile import compile as compile_function
from xlagrad.layers import pytree
from xlagrad.layers.attributes import INTERNAL
from xlagrad.layers.guard import Guarded, depend_on_all
from xlagrad.layers.hooks import call_with_hooks, global_hooks
from xlagrad.layers.placement import Placement
from xlagrad.layers.state_dict import StateDict


class Module(StateDict, Placement, Guarded):
    """A function with parameters: PyTorch's ``nn.Module``, and a JAX pytree.

    Subclasses call ``super().__init__()``, assign parameters, buffers and submodules to attributes, and
    define ``forward``. Every subclass is a pytree whose leaves are all tensors below it, so ``jax.grad``,
    ``jax.vmap`` (an ensemble of stacked modules) and ``jax.jit`` take modules as they are.

    Attributes:
        training: whether layers such as dropout behave as in training; set by :meth:`train` and :meth:`eval`.

    Example:
        >>> import xlagrad.layers as nn
        >>> class Net(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.head = nn.Linear(3, 2, bias=False)
        ...
        ...     def forward(self, x):
        ...         return self.head(x).relu()
        >>> Net()
        Net(
          (head): Linear(in_features=3, out_features=2, bias=False)
        )
    """

    call_super_init: bool = False
    dump_patches: bool = False
    _compiled_call_impl: Callable[..., Any] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init and (args or kwargs):
            name = type(self).__name__
            if kwargs:
                raise TypeError(
                    f"{name}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'"
                )
            raise TypeError(f"{name}.__init__() takes 1 positional argument but {len(args) + 1} were given")
        self._init_tables()
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        pytree.register(cls)

    def _forward(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    # Assigned, not defined, so that subclasses may give `forward` any signature.
    forward: Callable[..., Any] = _forward

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run ``forward`` between the hooks."""
        if state.tracing():
            depend_on_all(self)
        compiled = self._compiled_call_impl
        if compiled is not None:
            return compiled(*args, **kwargs)
        return self._call_impl(*args, **kwargs)

    def _call_impl(self, *args: Any, **kwargs: Any) -> Any:
        fields = self.__dict__
        if (
            fields["_forward_pre_hooks"]
            or fields["_forward_hooks"]
            or fields["_backward_pre_hooks"]
            or fields["_backward_hooks"]
            or global_hooks
        ):
            return call_with_hooks(self, self.forward, args, kwargs)
        return self.forward(*args, **kwargs)

    def compile(self, **options: Any) -> None:
        """Compile the calls of this module from now on, in place; the options are those of ``xg.compile``."""
        self._compiled_call_impl = compile_function(self._call_impl, **options)

    def __xg_compile__(self, **options: Any) -> Any:
        """Return what ``xg.compile(module)`` gives: a module that shares this one's state."""
        return CompiledModule(self, **options)

    def train(self, mode: bool = True) -> Self:
        """Set training behaviour here and in all submodules; return the module.

        Raises:
            ValueError: ``mode`` is not a bool.
        """
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """Set evaluation behaviour here and in all submodules; return the module."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Ask for gradients of all parameters, or freeze them; return the module."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or with ``set_to_none=False`` fill them with zeros."""
        for parameter in self.parameters():
            if parameter.grad is None:
                continue
            if set_to_none:
                parameter.grad = None
            else:
                # Zeros that were made by no operation: history kept in .grad would go on through later sums.
                parameter.grad = parameter.grad.detach()
                parameter.grad.zero_()

    def apply(self, fn: Callable[[Any], Any]) -> Self:
        """Call ``fn`` on every submodule, children before parents, then on this; return the module.

        Example:
            >>> import xlagrad.layers as nn
            >>> def init(m):
            ...     if isinstance(m, nn.Linear):
            ...         nn.init.zeros_(m.weight)
            >>> _ = nn.Sequential(nn.Linear(2, 2)).apply(init)
        """
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def extra_repr(self) -> str:
        """Return what stands between the parentheses of the module's ``repr``; override to show arguments."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        inner = [f"({name}): {_indent(repr(module))}" for name, module in self._modules.items()]
        name = self._get_name()
        if not inner and len(lines) <= 1:
            return f"{name}({''.join(lines)})"
        return f"{name}(\n  " + "\n  ".join(lines + inner) + "\n)"

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_compiled_call_impl"}

    def __setstate__(self, fields: dict[str, Any]) -> None:
        # The tables first: a module pickled by an earlier version may lack one.
        self._init_tables()
        self.__dict__.update(fields)


class CompiledModule(Module):
    """A module whose calls are compiled; parameters, buffers, hooks and attributes are the original's own.

    Its ``state_dict`` has the original's keys, without the ``_orig_mod.`` that torch puts before them;
    ``load_state_dict`` takes both.

    Args:
        module: the module to run, reachable as ``_orig_mod``.
        options: those of ``xg.compile``.
    """

    _orig_mod: Module

    def __init__(self, module: Module, **options: Any) -> None:
        self.__dict__.update(_orig_mod=module, _options=options)
        self._rebuilt()

    def _rebuilt(self) -> None:
        original = self.__dict__["_orig_mod"]
        self.__dict__.update((key, original.__dict__[key]) for key in INTERNAL if key in original.__dict__)
        self.__dict__["_compiled_call_impl"] = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the original's call, hooks included, compiled."""
        if self._compiled_call_impl is None:
            self.__dict__["_compiled_call_impl"] = compile_function(self._orig_mod.__call__, **self._options)
        assert self._compiled_call_impl is not None
        return self._compiled_call_impl(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the original's ``forward`` as plain Python."""
        return self._orig_mod.forward(*args, **kwargs)

    @property
    def training(self) -> bool:  # type: ignore[override]
        """The original's flag."""
        return self._orig_mod.training

    def __getitem__(self, index: Any) -> Any:
        return self._orig_mod[index]  # type: ignore[index]

    def __getattr__(self, name: str) -> Any:
        if "_orig_mod" not in self.__dict__:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        return getattr(self._orig_mod, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._orig_mod, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._orig_mod, name)

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """Return the original's ``state_dict``."""
        return self._orig_mod.state_dict(*args, destination=destination, prefix=prefix, keep_vars=keep_vars)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        long = prefix + "_orig_mod."
        for key in [key for key in state_dict if key.startswith(long)]:
            state_dict[prefix + key[len(long) :]] = state_dict.pop(key)
        self._orig_mod._load_from_state_dict(state_dict, prefix, *rest)

    def __repr__(self) -> str:
        return f"CompiledModule(\n  (_orig_mod): {_indent(repr(self._orig_mod))}\n)"

    def __setstate__(self, fields: dict[str, Any]) -> None:
        self.__dict__.update(fields)
        self._rebuilt()


pytree.register(Module)


def _indent(text: str) -> str:
    return text.replace("\n", "\n  ")
