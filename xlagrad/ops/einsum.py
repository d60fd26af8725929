"""The forms in which ``einsum`` is called."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

from xlagrad.core import errors
from xlagrad.core.errors import describe, message
from xlagrad.ops.composed import composed
from xlagrad.ops.linear import einsum_of


def _letters(subscripts: Any) -> str:
    """Return the index letters for a list of numbers and Ellipsis."""
    names = string.ascii_uppercase + string.ascii_lowercase
    found = []
    for s in subscripts:
        if s is not Ellipsis and not (isinstance(s, int) and 0 <= s < len(names)):
            want = f"subscripts in the range [0, {len(names)})"
            raise errors.ArgumentError(message("einsum", want, describe(s), "renumber them"))
        found.append("..." if s is Ellipsis else names[s])
    return "".join(found)


def _from_lists(args: Sequence[Any]) -> tuple[str, list[Any]]:
    """Return equation and operands of ``einsum(x, [0, 1], y, [1, 2], [0, 2])``."""
    pairs = len(args) // 2
    operands = [args[2 * i] for i in range(pairs)]
    equation = ",".join(_letters(args[2 * i + 1]) for i in range(pairs))
    if len(args) % 2:
        equation += "->" + _letters(args[-1])
    return equation, operands


@composed()
def einsum(equation: Any, *operands: Any) -> Any:
    """Σ of products by index letters: Einstein's convention.

    Args:
        equation: letters for the dimensions of each operand, ``"ij,jk->ik"``; letters missing on the right
            are summed over, and ``...`` stands for dimensions that broadcast. Or the first operand,
            followed by its subscripts as a list of numbers, and so on.
        *operands: tensors, or one list of them.

    Raises:
        ShapeError: the operands do not fit the equation.

    Example:
        >>> import jax.numpy as jnp
        >>> einsum("ij,jk->ik", jnp.ones((2, 3)), jnp.ones((3, 4))).shape
        (2, 4)
        >>> einsum(jnp.ones((2, 3)), [0, 1], [0]).tolist()
        [3.0, 3.0]

    Source: ``torch.einsum``.
    """
    if not isinstance(equation, str):
        equation, found = _from_lists((equation, *operands))
        return einsum_of(found, equation)
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    if not operands:
        raise errors.ArgumentError(message("einsum", "at least one operand", "none", "pass tensors"))
    return einsum_of(list(operands), equation)
