"""Pruning: weights multiplied by masks of zeros and ones."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any

from xlagrad.core.errors import (
    ArgumentError,
    DtypeError,
    IndexingError,
    ShapeError,
    StateError,
    describe,
    message,
)
from xlagrad.core.modes import no_grad
from xlagrad.layers.module import Module
from xlagrad.layers.recipe import add_recipe, recipe_of, remove_recipe
from xlagrad.ops.create import ones_like, zeros_like
from xlagrad.ops.join import cat
from xlagrad.ops.random import rand, rand_like


class BasePruningMethod(ABC):
    """A way to choose what of a weight is pruned; subclasses define ``PRUNING_TYPE`` and ``compute_mask``.

    A pruned weight is ``<name>_orig * <name>_mask``, computed when it is looked at, from a parameter and a
    buffer of the module.

    Attributes:
        PRUNING_TYPE: ``unstructured`` (looks at the entries that are left), ``structured`` (at the channels
            along ``self.dim`` that are left) or ``global`` (at all).

    Reference: ``torch.nn.utils.prune.BasePruningMethod``. Deviation: no hook recomputes the weight, it is
    computed when it is looked at.
    """

    PRUNING_TYPE: str
    _tensor_name: str

    @abstractmethod
    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask for ``t``, given the one that there is."""

    def compute(self, module: Any, name: str) -> Any:
        """Return the pruned weight."""
        mask = getattr(module, f"{name}_mask")
        original = getattr(module, f"{name}_orig")
        return mask.to(original.dtype) * original

    def apply_mask(self, module: Module) -> Any:
        """Return the pruned weight of a module that this method was applied to."""
        return self.compute(module, self._tensor_name)

    def prune(self, t: Any, default_mask: Any = None, importance_scores: Any = None) -> Any:
        """Return ``t`` pruned, by its own values or by ``importance_scores`` of its shape.

        Raises:
            ShapeError: scores of another shape.
        """
        scores = _scores("prune", t, importance_scores)
        mask = ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(scores, default_mask=mask)

    @classmethod
    def apply(
        cls, module: Any, name: str, *args: Any, importance_scores: Any = None, **kwargs: Any
    ) -> BasePruningMethod:
        """Prune a weight of a module; one that is pruned already is pruned further.

        Args:
            module: the module.
            name: name of its parameter.
            args: arguments of the method's class.
            importance_scores: prune by these instead of the weight's values.
            kwargs: further arguments of the class.

        Returns:
            The method, or what combines it with those that were applied before.
        """
        method = cls(*args, **kwargs)
        method._tensor_name = name
        before = recipe_of(module, name)
        if before is not None and not isinstance(before, BasePruningMethod):
            want = f"a weight '{name}' without a norm"
            raise StateError(message("prune", want, "a normalised one", "prune before it is normalised"))
        if before is None and name not in module._parameters:
            raise ArgumentError(message("prune", f"a parameter of {type(module).__name__}", repr(name)))
        with no_grad():
            original = getattr(module, f"{name}_orig" if before else name)
            scores = _scores("prune", original, importance_scores)
            if before is None:
                mask = method.compute_mask(scores, default_mask=ones_like(original))
                add_recipe(module, name, method, {f"{name}_orig": original, f"{name}_mask": mask})
                return method
            both = PruningContainer(*before if isinstance(before, PruningContainer) else (before,))
            both._tensor_name = name
            both.add_pruning_method(method)
            mask = both.compute_mask(scores, default_mask=getattr(module, f"{name}_mask"))
            setattr(module, f"{name}_mask", mask)
        module._recipes = {**module._recipes, name: both}
        return both

    def remove(self, module: Module) -> None:
        """Make pruning permanent: the parameter takes the pruned values, and the mask goes away."""
        name = self._tensor_name
        if recipe_of(module, name) is not self:
            want = f"a module whose '{name}' was pruned by this method"
            raise ArgumentError(message("remove", want, type(module).__name__))
        original = getattr(module, f"{name}_orig")
        with no_grad():
            original.data = self.compute(module, name).detach()
        remove_recipe(module, name, [f"{name}_orig", f"{name}_mask"], original)


def _scores(who: str, t: Any, scores: Any) -> Any:
    if scores is not None and tuple(scores.shape) != tuple(t.shape):
        want = f"importance_scores of the same shape as the tensor, {tuple(t.shape)}"
        raise ShapeError(message(who, want, describe(scores)))
    return (t if scores is None else scores).detach()


class PruningContainer(BasePruningMethod):
    """Several methods, applied one after the other to what the ones before have left.

    Args:
        args: the methods, all of the same weight.

    Reference: ``torch.nn.utils.prune.PruningContainer``.
    """

    PRUNING_TYPE = "container"

    def __init__(self, *args: BasePruningMethod) -> None:
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        for method in args:
            self._tensor_name = method._tensor_name
            self.add_pruning_method(method)

    def add_pruning_method(self, method: Any) -> None:
        """Add a method.

        Raises:
            DtypeError: it is none.
            ArgumentError: it prunes another weight.
        """
        if not isinstance(method, BasePruningMethod):
            raise DtypeError(message("PruningContainer", "a BasePruningMethod", type(method).__name__))
        if method._tensor_name != self._tensor_name:
            want = f"methods of the tensor '{self._tensor_name}'"
            raise ArgumentError(message("PruningContainer", want, f"one of '{method._tensor_name}'"))
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: int) -> BasePruningMethod:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return ``default_mask`` with the last method's mask in the part that it looks at."""
        method, mask = self._pruning_methods[-1], default_mask.to(t.dtype).clone()
        part: Any
        if method.PRUNING_TYPE == "unstructured":
            part = mask == 1
        elif method.PRUNING_TYPE == "structured":
            dim = _dim(method.dim, t.ndim)  # type: ignore[attr-defined]
            left = mask.sum(tuple(d for d in range(t.ndim) if d != dim)) != 0
            part = (*[slice(None)] * dim, left)
        elif method.PRUNING_TYPE == "global":
            part = ()
        else:
            want = "PRUNING_TYPE among unstructured, structured and global"
            raise ArgumentError(message(type(method).__name__, want, repr(method.PRUNING_TYPE)))
        mask[part] = method.compute_mask(t[part], default_mask=mask[part]).to(mask.dtype)
        return mask


class Identity(BasePruningMethod):
    """Prunes nothing, but brings mask and original. Reference: ``torch.nn.utils.prune.Identity``."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask as it is."""
        return default_mask


class _Amount(BasePruningMethod):
    """A method that prunes an amount: a share in [0, 1] as a float, or a number of entries or channels."""

    def __init__(self, amount: float) -> None:
        who = type(self).__name__
        if isinstance(amount, bool) or not isinstance(amount, (int, float)):
            raise DtypeError(message(who, "amount as an int or a float", f"{amount!r}"))
        if amount < 0 or (isinstance(amount, float) and amount > 1):
            want = "amount as a float in the range [0, 1] or a non-negative integer"
            raise ArgumentError(message(who, want, str(amount)))
        self.amount = amount

    def _count(self, size: int) -> int:
        """Return how many of ``size`` to prune."""
        count = self.amount if isinstance(self.amount, int) else round(self.amount * size)
        if count > size:
            want = f"amount of at most {size}, the number of parameters to prune"
            raise ArgumentError(message(type(self).__name__, want, str(self.amount)))
        return count

    def _lowest(self, scores: Any, default_mask: Any) -> Any:
        """Return the mask with zeros where the scores are lowest."""
        mask, count = default_mask.clone(), self._count(scores.numel())
        if count:
            mask.view(-1)[scores.reshape(-1).topk(count, largest=False).indices] = 0
        return mask

    def _lowest_channels(self, scores: Any, shape: Any, dim: int, default_mask: Any) -> Any:
        """Return the mask with zeros in the channels whose scores are lowest."""
        count = self._count(shape[dim])
        if not count:
            return default_mask
        mask = zeros_like(default_mask)
        keep = scores.topk(shape[dim] - count, largest=True).indices
        mask[(*[slice(None)] * dim, keep)] = 1
        return mask * default_mask


class RandomUnstructured(_Amount):
    """Prunes entries at random. Reference: ``torch.nn.utils.prune.RandomUnstructured``."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask with zeros at random places."""
        return self._lowest(rand_like(t), default_mask)


class L1Unstructured(_Amount):
    """Prunes the entries closest to zero. Reference: ``torch.nn.utils.prune.L1Unstructured``."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask with zeros where |t| is least."""
        return self._lowest(t.abs(), default_mask)


def _dim(dim: int, ndim: int) -> int:
    if ndim <= 1:
        want = "a tensor with channels: structured pruning is for multidimensional tensors"
        raise ShapeError(message("prune", want, f"{ndim} dimensions"))
    if not -ndim <= dim < ndim:
        raise IndexingError(message("prune", f"dim in [-{ndim}, {ndim - 1}]", str(dim)))
    return dim % ndim


class RandomStructured(_Amount):
    """Prunes channels along ``dim`` at random. Reference: ``torch.nn.utils.prune.RandomStructured``."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, dim: int = -1) -> None:
        super().__init__(amount)
        self.dim = dim

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask with zeros in channels at random."""
        dim = _dim(self.dim, t.ndim)
        return self._lowest_channels(rand(t.shape[dim]), t.shape, dim, default_mask)


class LnStructured(_Amount):
    """Prunes the channels along ``dim`` with the least norms.

    Args:
        amount: the share or number of channels.
        n: order of the norm.
        dim: the dimension of channels.

    Reference: ``torch.nn.utils.prune.LnStructured``.
    """

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, n: Any, dim: int = -1) -> None:
        super().__init__(amount)
        self.n = n
        self.dim = dim

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask with zeros in the channels of least norm."""
        dim = _dim(self.dim, t.ndim)
        norms = t.norm(self.n, tuple(d for d in range(t.ndim) if d != dim))
        return self._lowest_channels(norms, t.shape, dim, default_mask)


class CustomFromMask(BasePruningMethod):
    """Prunes by a given mask. Reference: ``torch.nn.utils.prune.CustomFromMask``."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Any) -> None:
        self.mask = mask

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the given mask within the one that there is."""
        return default_mask * self.mask.to(default_mask.dtype)


def identity(module: Module, name: str) -> Module:
    """Give a weight a mask of ones; return the module."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Module, name: str, amount: float) -> Module:
    """Prune entries of a weight at random; return the module."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: Module, name: str, amount: float, importance_scores: Any = None) -> Module:
    """Prune the entries of a weight that are closest to zero; return the module.

    Example:
        >>> from xlagrad.layers.linear import Linear
        >>> layer = l1_unstructured(Linear(4, 2), "weight", amount=3)
        >>> int((layer.weight == 0).sum()), sorted(layer.state_dict())
        (3, ['bias', 'weight_mask', 'weight_orig'])
    """
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: Module, name: str, amount: float, dim: int) -> Module:
    """Prune channels of a weight at random; return the module."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Module, name: str, amount: float, n: Any, dim: int, importance_scores: Any = None
) -> Module:
    """Prune the channels of a weight with the least norms of order ``n``; return the module."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Module, name: str, mask: Any) -> Module:
    """Prune a weight by a given mask; return the module."""
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Any, str]],
    pruning_method: type[BasePruningMethod],
    importance_scores: dict[tuple[Any, str], Any] | None = None,
    **kwargs: Any,
) -> None:
    """Prune the weights of several modules as if they were one vector.

    Args:
        parameters: pairs of module and name.
        pruning_method: an unstructured method's class.
        importance_scores: scores by pair; the weights' values by default.
        kwargs: arguments of the class, such as ``amount``.

    Raises:
        DtypeError: another kind of method, or no iterable.
    """
    if not isinstance(parameters, Iterable):
        got = type(parameters).__name__
        raise DtypeError(message("global_unstructured", "pairs of module and name", got))
    pairs, scores = list(parameters), importance_scores or {}
    method = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        got = f"{pruning_method.__name__} of type {method.PRUNING_TYPE}"
        raise DtypeError(message("global_unstructured", "a method of PRUNING_TYPE unstructured", got))
    method._tensor_name = "all"
    with no_grad():
        values = [_scores("global_unstructured", getattr(m, n), scores.get((m, n))) for m, n in pairs]
        masks = [getattr(m, f"{n}_mask", None) for m, n in pairs]
        before = [ones_like(v) if k is None else k for v, k in zip(values, masks, strict=True)]
        flat = cat([v.reshape(-1) for v in values])
        mask = PruningContainer(method).compute_mask(flat, cat([k.reshape(-1) for k in before]))
        for (module, name), part, value in zip(
            pairs, mask.split([v.numel() for v in values]), values, strict=True
        ):
            custom_from_mask(module, name, part.reshape(value.shape))


def is_pruned(module: Any) -> bool:
    """Return whether a module, or one below it, has a pruned weight."""
    return any(
        isinstance(recipe, BasePruningMethod)
        for m in module.modules()
        for recipe in m.__dict__.get("_recipes", {}).values()
    )


def remove(module: Module, name: str) -> Module:
    """Make the pruning of a weight permanent; return the module.

    Raises:
        ArgumentError: it is not pruned.
    """
    method = recipe_of(module, name)
    if not isinstance(method, BasePruningMethod):
        want = f"a pruned parameter of {type(module).__name__}"
        raise ArgumentError(message("remove", want, repr(name), "prune it first"))
    method.remove(module)
    return module
