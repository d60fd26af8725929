"""Weights that a module computes from others by a recipe, under names of the module's own."""

from __future__ import annotations

from typing import Any, Protocol

from xlagrad.core import state
from xlagrad.core.errors import StateError, message
from xlagrad.core.tensor import Parameter
from xlagrad.layers.parametrize import Computed, computed_class


class Recipe(Protocol):
    """How a weight is computed from other members of its module."""

    def compute(self, module: Any, name: str) -> Any:
        """Return the weight ``name`` of ``module``."""


class Recipes(Computed):
    """What the classes of modules with such weights have before the module's own class."""

    def _compute(self, name: str) -> Any:
        return self.__dict__["_recipes"][name].compute(self, name)

    def _assign(self, name: str, value: Any) -> None:
        want = f"assignments to the tensors that '{name}' is computed from"
        raise StateError(message(type(self).__name__, want, f"one to '{name}'", "remove the recipe first"))


def recipe_of(module: Any, name: str) -> Any:
    """Return by what a weight is computed, None if it is an ordinary one."""
    return module.__dict__.get("_recipes", {}).get(name)


def add_recipe(module: Any, name: str, recipe: Recipe, members: dict[str, Any]) -> None:
    """Compute a parameter by a recipe from now on, from new members of the module.

    Raises:
        StateError: the module is parametrized.
    """
    if isinstance(module, Computed) and not isinstance(module, Recipes):
        want = "a module without parametrizations"
        raise StateError(message(type(module).__name__, want, "a parametrized one", "use parametrizations"))
    names = module._names if isinstance(module, Recipes) else ()
    first = type(module).__bases__[1] if names else type(module)
    delattr(module, name)
    module._recipes = {**module.__dict__.get("_recipes", {}), name: recipe}
    for key, value in members.items():
        register = module.register_parameter if isinstance(value, Parameter) else module.register_buffer
        register(key, value)
    module.__class__ = computed_class(Recipes, first, (*names, name))
    state.bump()


def remove_recipe(module: Any, name: str, members: list[str], value: Parameter) -> None:
    """Make a weight an ordinary parameter again, and remove the members that it was computed from."""
    first, names = type(module).__bases__[1], tuple(n for n in module._names if n != name)
    module._recipes = {key: recipe for key, recipe in module._recipes.items() if key != name}
    for member in members:
        delattr(module, member)
    module.__class__ = computed_class(Recipes, first, names) if names else first
    module.register_parameter(name, value)
    if not names:
        del module._recipes
    state.bump()
