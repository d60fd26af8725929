"""Scalars, empty batches and other edges of shape against PyTorch's."""

from __future__ import annotations

import numpy as np

from tests.layers.functional.against import agree, rand


def test_losses_of_a_single_score() -> None:
    agree("multi_margin_loss", rand(), np.array(0))
    agree("multilabel_margin_loss", rand(), np.array(0))
    agree("hinge_embedding_loss", rand(3), np.array([0, 1, -1]), 2.0, reduction="none")


def test_vectors_of_a_single_number() -> None:
    agree("normalize", rand(), dim=0)
    agree("cosine_similarity", rand(), rand(seed=1), 0)


def test_padding_of_what_is_cut() -> None:
    for mode in ("replicate", "reflect", "circular"):
        agree("pad", rand(1, 2, 5), (-2, 2), mode)
    agree("pad", rand(1, 2, 4), (-4, 6), "replicate")
    agree("pad", rand(0, 2, 4), (1, 2), "reflect")


def test_batch_norm_of_nothing() -> None:
    for training in (True, False):
        agree("batch_norm", rand(0), rand(0), rand(0), training=training, grad=False)


def test_lengths_of_complex_vectors() -> None:
    z, w = (rand(2, 3, seed=i) + 1j * rand(2, 3, seed=i + 2) for i in (0, 1))
    agree("normalize", z.astype(np.complex64), grad=False)
    agree("pairwise_distance", z.astype(np.complex64), w.astype(np.complex64), grad=False)
