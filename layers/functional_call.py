"""Calling a module with other tensors in the place of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.tensor import Tensor, as_array, wrap
from xlagrad.layers.module import Module

Values = Mapping[str, Any]


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: Values | Sequence[Values],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Run ``module(*args, **kwargs)`` with the given tensors as its parameters and buffers.

    The module itself is left as it is. What the call writes to a buffer is written to the tensor given in
    its place.

    Args:
        module: the module to call.
        parameter_and_buffer_dicts: tensors or arrays by dotted name, in one mapping or in several with no
            name in common. Those not named keep the module's own.
        args: the positional arguments, a tuple, or a single argument.
        kwargs: the keyword arguments.
        tie_weights: give a value named once to every name of a tied tensor.
        strict: require all names.

    Raises:
        ArgumentError: a name that the module does not have, one given twice, two values for tied names, or
            with ``strict`` a missing one.

    Example:
        >>> import xlagrad.layers as nn
        >>> from xlagrad.core.tensor import Tensor
        >>> layer = nn.Linear(2, 1, bias=False)
        >>> functional_call(layer, {"weight": Tensor([[1.0, 10.0]])}, Tensor([3.0, 4.0])).tolist()
        [43.0]

    Reference: ``torch.func.functional_call``.
    """
    values = _merge(parameter_and_buffer_dicts)
    arguments = () if args is None else args if isinstance(args, tuple) else (args,)
    with swapped(module, values, tie_weights=tie_weights, strict=strict):
        return module(*arguments, **(kwargs or {}))


@contextlib.contextmanager
def swapped(
    module: Module, values: Values, *, tie_weights: bool = True, strict: bool = False
) -> Iterator[None]:
    """Put ``values`` in the place of the module's own tensors during a ``with`` block."""
    places = _places(module)
    _check_names(values, places, strict)
    chosen = _tie(values, places) if tie_weights else dict(values)
    before = []
    try:
        for name, value in chosen.items():
            table, key = places[name]
            before.append((table, key, table[key]))
            # Around `__setattr__` and the guards: after the block nothing has changed.
            table[key] = value if isinstance(value, Tensor) else wrap(as_array(value))
        yield
    finally:
        for table, key, old in reversed(before):
            table[key] = old


def _merge(dicts: Values | Sequence[Values]) -> Values:
    if isinstance(dicts, Mapping):
        return dicts
    merged: dict[str, Any] = {}
    for part in dicts:
        twice = sorted(set(part) & set(merged))
        if twice:
            raise ArgumentError(message("functional_call", "each name in one dictionary", f"{twice} in two"))
        merged.update(part)
    return merged


def _places(module: Module) -> dict[str, tuple[dict[str, Any], str]]:
    """Return for every dotted name, tied ones included, the table and key that hold its tensor."""
    found = {}
    for path, part in module.named_modules(remove_duplicate=False):
        for table in (part._parameters, part._buffers):
            for key in table:
                found[f"{path}.{key}" if path else key] = (table, key)
    return found


def _check_names(values: Values, places: Mapping[str, Any], strict: bool) -> None:
    unknown = sorted(set(values) - set(places))
    missing = sorted(set(places) - set(values)) if strict else []
    if unknown or missing:
        got = [f"unexpected {unknown}"] if unknown else []
        got += [f"missing {missing}"] if missing else []
        expected = "the names of the module's parameters and buffers"
        raise ArgumentError(message("functional_call", expected, " and ".join(got), "see named_parameters()"))


def _tie(values: Values, places: Mapping[str, tuple[dict[str, Any], str]]) -> dict[str, Any]:
    """Extend ``values`` to all names of the tensors that they name."""
    names: dict[int, list[str]] = {}
    for name, (table, key) in places.items():
        if table[key] is not None:
            names.setdefault(id(table[key]), []).append(name)
    chosen = dict(values)
    for group in names.values():
        given = [name for name in group if name in values]
        if given:
            if any(values[name] is not values[given[0]] for name in given):
                raise ArgumentError(
                    message("functional_call", "one value for tied weights", f"several for {given}")
                )
            chosen.update((name, values[given[0]]) for name in group)
    return chosen
