"""Look-up tables."""

from __future__ import annotations

from typing import Any, Self

from xlagrad.core.errors import ArgumentError, ShapeError, message
from xlagrad.core.modes import no_grad
from xlagrad.core.tensor import Parameter, Tensor
from xlagrad.layers import functional as F
from xlagrad.layers import init
from xlagrad.layers.creation import new_parameter
from xlagrad.layers.module import Module


class _Table(Module):
    """A table of vectors, drawn from N(0, 1), with zeros at ``padding_idx``."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None,
        weight: Any,
        device: Any,
        dtype: Any,
    ) -> None:
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                expected = f"padding_idx must be within num_embeddings={num_embeddings}"
                raise ArgumentError(message(type(self).__name__, expected, str(padding_idx)))
            padding_idx %= num_embeddings
        self.padding_idx = padding_idx
        shape = (num_embeddings, embedding_dim)
        if weight is None:
            self.weight = new_parameter(shape, 0.0, device, dtype)
            self.reset_parameters()
        else:
            if tuple(weight.shape) != shape:
                raise ShapeError(
                    message(type(self).__name__, f"a weight of shape {shape}", f"{weight.shape}")
                )
            self.weight = weight if isinstance(weight, Parameter) else Parameter(weight)

    def reset_parameters(self) -> None:
        """Draw the table anew."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].fill_(0)


class Embedding(_Table):
    """Looks up a vector for each index.

    Shapes: indices of any shape (*), output (*, embedding_dim), ``weight`` (num_embeddings, embedding_dim).

    Args:
        num_embeddings: how many vectors there are.
        embedding_dim: their length.
        padding_idx: an index whose vector starts as zeros and gets no gradient.
        max_norm: scale vectors that are looked up down to this norm, in place.
        norm_type: the p of that norm.
        scale_grad_by_freq: divide gradients by how often an index occurs in the batch.
        sparse: accepted; gradients are dense.
        _weight: a table to use.
        _freeze: do not train the table.
        device: where it is made.
        dtype: its type.

    Example:
        >>> Embedding(10, 3)
        Embedding(10, 3)

    Reference: ``torch.nn.Embedding``.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Any = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_embeddings, embedding_dim, padding_idx, _weight, device, dtype)
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        if _freeze:
            self.weight.requires_grad_(False)

    def forward(self, input: Tensor) -> Tensor:
        """Return the vectors of the indices ``input``."""
        out: Tensor = F.embedding(
            input,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )
        return out

    def extra_repr(self) -> str:
        """Return the arguments, those left at their defaults aside."""
        parts = [f"{self.num_embeddings}, {self.embedding_dim}"]
        if self.padding_idx is not None:
            parts.append(f"padding_idx={self.padding_idx}")
        if self.max_norm is not None:
            parts.append(f"max_norm={self.max_norm}")
        if self.norm_type != 2:
            parts.append(f"norm_type={self.norm_type}")
        if self.scale_grad_by_freq is not False:
            parts.append(f"scale_grad_by_freq={self.scale_grad_by_freq}")
        if self.sparse is not False:
            parts.append("sparse=True")
        return ", ".join(parts)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Self:
        """Return a layer around a given table, (num_embeddings, embedding_dim), by default not trained.

        Raises:
            ShapeError: the table has not 2 dimensions.
        """
        if len(embeddings.shape) != 2:
            raise ShapeError(
                message("Embedding.from_pretrained", "a 2-d table", f"{tuple(embeddings.shape)}")
            )
        rows, columns = embeddings.shape
        return cls(
            rows,
            columns,
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            sparse,
            _weight=embeddings,
            _freeze=freeze,
        )


class EmbeddingBag(_Table):
    """Sums, averages or takes the maximum of the vectors of each bag of indices.

    Args:
        num_embeddings: how many vectors there are.
        embedding_dim: their length.
        max_norm: scale vectors that are looked up down to this norm, in place.
        norm_type: the p of that norm.
        scale_grad_by_freq: divide gradients by how often an index occurs in the batch.
        mode: ``sum``, ``mean`` or ``max``.
        sparse: accepted; gradients are dense.
        _weight: a table to use.
        include_last_offset: the last offset is the number of indices.
        padding_idx: an index that does not count.
        device: where the table is made.
        dtype: its type.

    Reference: ``torch.nn.EmbeddingBag``.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Any = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_embeddings, embedding_dim, padding_idx, _weight, device, dtype)
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.mode = mode
        self.sparse = sparse
        self.include_last_offset = include_last_offset

    def forward(self, input: Tensor, offsets: Any = None, per_sample_weights: Any = None) -> Tensor:
        """Return one vector for each bag.

        Args:
            input: (bags, length), or with ``offsets`` all indices one after another.
            offsets: where each bag begins.
            per_sample_weights: a factor for each index, in mode ``sum``.
        """
        out: Tensor = F.embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )
        return out

    def extra_repr(self) -> str:
        """Return the arguments, those left at their defaults aside."""
        parts = [f"{self.num_embeddings}, {self.embedding_dim}"]
        if self.max_norm is not None:
            parts.append(f"max_norm={self.max_norm}")
        if self.norm_type != 2:
            parts.append(f"norm_type={self.norm_type}")
        if self.scale_grad_by_freq is not False:
            parts.append(f"scale_grad_by_freq={self.scale_grad_by_freq}")
        parts.append(f"mode={self.mode!r}")
        if self.padding_idx is not None:
            parts.append(f"padding_idx={self.padding_idx}")
        return ", ".join(parts)
