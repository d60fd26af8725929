"""Parameters and buffers whose shape is not known yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn, Self

import numpy as np

from xlagrad.core import state
from xlagrad.core.devices import as_device
from xlagrad.core.dtypes import as_dtype, as_jax, get_default_dtype
from xlagrad.core.errors import StateError, message
from xlagrad.core.tensor import Parameter, Tensor

_FIX = "call the module once with a batch, which initializes its parameters"


class _Nothing:
    """Stands where a view's origin does, so that whoever reads the value is told that there is none."""

    severed = True

    def refresh(self, t: Tensor) -> NoReturn:
        """Raise: there is no value."""
        raise StateError(
            message(
                type(t).__name__,
                "an initialized parameter or buffer",
                "one whose shape is not known yet (attempted to use an uninitialized parameter)",
                _FIX,
            )
        )


class Uninitialized(Tensor):
    """What uninitialized parameters and buffers share: a device, a type, and no value."""

    _becomes: type[Tensor] = Tensor
    _place: Any
    _type: Any

    def __init__(self, requires_grad: bool = False, device: Any = None, dtype: Any = None) -> None:
        self._set_fields(np.zeros(0, np.float32), False)
        self._requires_grad = requires_grad
        self._view = _Nothing()
        self._place = None if device is None else as_device(device)
        self._type = get_default_dtype() if dtype is None else as_dtype(dtype)

    def materialize(self, shape: Sequence[int], device: Any = None, dtype: Any = None) -> None:
        """Give it a shape and a value of zeros: it becomes an ordinary parameter or buffer, the same object.

        Args:
            shape: the shape.
            device: where; by default what it was made with.
            dtype: of what type; by default what it was made with.
        """
        kind = as_jax(self._type if dtype is None else dtype)
        place = self._place if device is None else as_device(device)
        made = Tensor(np.zeros(tuple(shape), kind), device=place)
        requires_grad = self._requires_grad
        self.__dict__.pop("_place"), self.__dict__.pop("_type")
        self.__class__ = self._becomes  # type: ignore[assignment]
        self._set_fields(made.data_array, False)
        self._requires_grad = requires_grad
        state.bump()

    @property
    def grad_fn(self) -> Any:
        """None: no operation made it."""
        return None

    @property
    def dtype(self) -> Any:
        """The type that it will have."""
        return self._type

    def detach(self) -> Self:
        """Return the tensor itself, so that ``state_dict`` shows that there is no value."""
        return self

    def _moved(self, device: Any, dtype: Any) -> Self:
        """Note where, and of what type, the value shall be."""
        self._place = self._place if device is None else device
        self._type = self._type if dtype is None else dtype
        return self

    def is_floating_point(self) -> bool:
        """Return whether it will be of floating point."""
        return bool(self._type.is_floating_point)

    def is_complex(self) -> bool:
        """Return whether it will be complex."""
        return bool(self._type.is_complex)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self._requires_grad, self._place, self._type)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        place = None if self._place is None else str(self._place)
        return type(self), (self._requires_grad, place, self._type.name)


class UninitializedParameter(Uninitialized, Parameter):
    """A parameter whose shape is not known yet: lazy modules make it, and their first call gives it one.

    Args:
        requires_grad: whether gradients are wanted.
        device: where it shall be made.
        dtype: of what type.

    Example:
        >>> p = UninitializedParameter()
        >>> p.materialize((2, 3))
        >>> type(p).__name__, tuple(p.shape)
        ('Parameter', (2, 3))

    Reference: ``torch.nn.parameter.UninitializedParameter``.
    """

    _becomes = Parameter

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(requires_grad, device, dtype)


class UninitializedBuffer(Uninitialized):
    """A buffer whose shape is not known yet.

    Args:
        requires_grad: whether gradients are wanted.
        device: where it shall be made.
        dtype: of what type.

    Reference: ``torch.nn.parameter.UninitializedBuffer``.
    """


def is_lazy(value: Any) -> bool:
    """Return whether ``value`` is a parameter or buffer without a shape."""
    return isinstance(value, Uninitialized)
