"""SparseAdam, which there is nothing for: gradients here are dense."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from xlagrad.core.errors import message
from xlagrad.core.tensor import Tensor
from xlagrad.train.optim.optimizer import Optimizer


class SparseAdam(Optimizer):
    """Raise: no operation makes sparse gradients.

    Raises:
        NotImplementedError: always. Use :class:`~xlagrad.train.optim.adam.Adam`, and ``sparse=False`` in
            embeddings.

    Follows the name of ``torch.optim.SparseAdam``, which refuses dense gradients itself.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> NoReturn:
        fix = "use torch.optim.Adam, with sparse=False in nn.Embedding"
        raise NotImplementedError(message("SparseAdam", "sparse gradients", "none: all are dense", fix))
