"""Weight and spectral normalisation under their older names: ``weight_g``, ``weight_v``, ``weight_orig``."""

from __future__ import annotations

from typing import Any, NamedTuple

from xlagrad.core.errors import ArgumentError, message
from xlagrad.core.modes import no_grad
from xlagrad.core.tensor import Parameter
from xlagrad.layers import functional as F
from xlagrad.layers.module import Module
from xlagrad.layers.parametrizations import matrix_of, output_dim
from xlagrad.layers.recipe import add_recipe, recipe_of, remove_recipe
from xlagrad.ops.norm import norm_except_dim


class _WeightNorm(NamedTuple):
    """w = g · v / ‖v‖ from the parameters ``<name>_g`` and ``<name>_v``."""

    dim: int

    def compute(self, module: Any, name: str) -> Any:
        """Return the weight."""
        g, v = getattr(module, f"{name}_g"), getattr(module, f"{name}_v")
        return v * (g / norm_except_dim(v, 2, self.dim))


class _SpectralNorm(NamedTuple):
    """w / σ(w) from the parameter ``<name>_orig`` and the buffers ``<name>_u`` and ``<name>_v``."""

    dim: int
    steps: int
    eps: float

    def compute(self, module: Any, name: str) -> Any:
        """Return the weight; in training, better the estimate of σ first."""
        weight = getattr(module, f"{name}_orig")
        u, v = getattr(module, f"{name}_u"), getattr(module, f"{name}_v")
        matrix = matrix_of(weight, self.dim)
        if module.training:
            with no_grad():
                rows = matrix.detach()
                for _ in range(self.steps):
                    right = F.normalize(rows.t().mv(u), dim=0, eps=self.eps)
                    left = F.normalize(rows.mv(right), dim=0, eps=self.eps)
                    u.copy_(left)
                    v.copy_(right)
        return weight / u.clone().dot(matrix.mv(v.clone()))


def _remove(who: str, module: Any, name: str, kind: type[Any], suffixes: tuple[str, ...]) -> None:
    if not isinstance(recipe_of(module, name), kind):
        want = f"a module with {who.removeprefix('remove_')} of '{name}'"
        raise ArgumentError(message(who, want, type(module).__name__))
    training = module.training
    module.training = False
    with no_grad():
        value = getattr(module, name).detach()
    module.training = training
    trained = any(getattr(module, f"{name}_{s}").requires_grad for s in suffixes)
    remove_recipe(module, name, [f"{name}_{s}" for s in suffixes], Parameter(value, requires_grad=trained))


def _weight(who: str, module: Any, name: str) -> Any:
    found = module._parameters.get(name)
    if found is None:
        want = f"a parameter '{name}' of {type(module).__name__} that is not normalised yet"
        raise ArgumentError(message(who, want, "none"))
    return found


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Compute a weight as g · v / ‖v‖ from parameters ``weight_g`` and ``weight_v``; return the module.

    Args:
        module: the module.
        name: name of its weight.
        dim: the dimension whose entries have a magnitude each; None for one magnitude in all.

    Reference: ``torch.nn.utils.weight_norm``, which newer code replaces by
    ``torch.nn.utils.parametrizations.weight_norm``. Deviation: computed when it is looked at, not by a hook.
    """
    weight = _weight("weight_norm", module, name)
    axis = -1 if dim is None else dim
    with no_grad():
        g = norm_except_dim(weight.detach(), 2, axis)
    members = {f"{name}_g": Parameter(g), f"{name}_v": Parameter(weight.detach())}
    add_recipe(module, name, _WeightNorm(axis), members)
    return module


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Make the weight an ordinary parameter again; return the module.

    Raises:
        ArgumentError: it is not computed by :func:`weight_norm`.

    Reference: ``torch.nn.utils.remove_weight_norm``.
    """
    _remove("remove_weight_norm", module, name, _WeightNorm, ("g", "v"))
    return module


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """Divide a weight by its largest singular value, from a parameter ``weight_orig``; return the module.

    Args:
        module: the module.
        name: name of its weight.
        n_power_iterations: steps of the estimate at each look in training.
        eps: keeps norms away from zero.
        dim: the dimension of outputs; by default 1 for transposed convolutions, else 0.

    Raises:
        ArgumentError: no such weight, or no step.

    Reference: ``torch.nn.utils.spectral_norm``; Miyato et al. 2018. Deviation: computed when it is looked at,
    not by a hook.
    """
    weight = _weight("spectral_norm", module, name)
    if n_power_iterations <= 0:
        want = "n_power_iterations to be positive"
        raise ArgumentError(message("spectral_norm", want, str(n_power_iterations)))
    axis = output_dim(module) if dim is None else dim
    with no_grad():
        matrix = matrix_of(weight.detach(), axis)
        u = F.normalize(matrix.new_empty(matrix.shape[0]).normal_(), dim=0, eps=eps)
        v = F.normalize(matrix.new_empty(matrix.shape[1]).normal_(), dim=0, eps=eps)
    members = {f"{name}_orig": weight, f"{name}_u": u, f"{name}_v": v}
    add_recipe(module, name, _SpectralNorm(axis, n_power_iterations, eps), members)
    return module


def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Make the weight an ordinary parameter again; return the module.

    Raises:
        ArgumentError: it is not computed by :func:`spectral_norm`.

    Reference: ``torch.nn.utils.remove_spectral_norm``.
    """
    _remove("remove_spectral_norm", module, name, _SpectralNorm, ("orig", "u", "v"))
    return module
