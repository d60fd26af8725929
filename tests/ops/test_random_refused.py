"""What random functions refuse: torch refuses it too, and nothing is drawn."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch

from tests.ops.test_random import OURS
from xlagrad.core import random as streams
from xlagrad.core.errors import ArgumentError, AutogradError, DtypeError, ShapeError

REFUSED: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "rand int": (
        lambda m: m.rand(3, dtype=m.int32),
        DtypeError,
        "rand: expected a floating-point dtype, got int32",
    ),
    "rand_like int": (
        lambda m: m.rand_like(m.arange(3)),
        DtypeError,
        "rand_like: expected a floating-point dtype",
    ),
    "rand size": (lambda m: m.rand(-1), ShapeError, "rand: expected sizes of 0 or more"),
    "randint none": (
        lambda m: m.randint(0, (3,)),
        ArgumentError,
        "randint: expected low to be less than high, got low=0",
    ),
    "randint order": (lambda m: m.randint(5, 2, (3,)), ArgumentError, "got low=5 and high=2"),
    "randint range": (
        lambda m: m.randint(0, 300, (3,), dtype=m.uint8),
        ArgumentError,
        "bounds that uint8 can hold",
    ),
    "randint bool": (lambda m: m.randint(3, (2,), dtype=m.bool), ArgumentError, "bounds that bool can hold"),
    "randint float": (
        lambda m: m.randint(3.5, (2,)),
        DtypeError,
        "randint: expected integer bounds, got 0 and 3.5",
    ),
    "randint size": (lambda m: m.randint(3, 3), DtypeError, "a size that is a sequence"),
    "randperm": (lambda m: m.randperm(-1), ShapeError, "randperm: expected sizes of 0 or more"),
    "normal std": (
        lambda m: m.normal(0.0, -1.0, (2,)),
        ArgumentError,
        "normal: expected std of 0 or more, got -1",
    ),
    "normal stds": (
        lambda m: m.normal(m.zeros(2), m.tensor([-1.0, 1.0])),
        ArgumentError,
        "std of 0 or more, got -1",
    ),
    "normal int": (
        lambda m: m.normal(m.zeros(2, dtype=m.int32), 1.0),
        DtypeError,
        "normal: expected a floating-point",
    ),
    "normal shapes": (
        lambda m: m.normal(m.zeros(2), m.ones(3)),
        ShapeError,
        "normal: expected parameters that broadcast",
    ),
    "bernoulli high": (
        lambda m: m.bernoulli(m.full((2,), 2.0)),
        ArgumentError,
        r"probabilities in \[0, 1\], got 2",
    ),
    "bernoulli nan": (lambda m: m.bernoulli(m.full((2,), float("nan"))), ArgumentError, "got nan"),
    "bernoulli int": (
        lambda m: m.bernoulli(m.arange(2)),
        DtypeError,
        "bernoulli: expected a floating-point dtype",
    ),
    "bernoulli_ p": (
        lambda m: m.zeros(2).bernoulli_(2.0),
        ArgumentError,
        r"bernoulli_: expected p in \[0, 1\], got 2",
    ),
    "poisson": (
        lambda m: m.poisson(m.full((2,), -1.0)),
        ArgumentError,
        "poisson: expected rates of 0 or more, got -1",
    ),
    "poisson int": (lambda m: m.poisson(m.arange(2)), DtypeError, "poisson: expected a floating-point dtype"),
    "multinomial negative": (
        lambda m: m.multinomial(m.tensor([1.0, -1.0]), 1),
        ArgumentError,
        "weights of 0 or more",
    ),
    "multinomial nan": (lambda m: m.multinomial(m.tensor([1.0, float("nan")]), 1), ArgumentError, "got nan"),
    "multinomial inf": (
        lambda m: m.multinomial(m.tensor([1.0, float("inf")]), 1),
        ArgumentError,
        "finite weights",
    ),
    "multinomial zero": (
        lambda m: m.multinomial(m.zeros(2), 1),
        ArgumentError,
        "a positive weight in each row",
    ),
    "multinomial many": (
        lambda m: m.multinomial(m.ones(2), 3),
        ArgumentError,
        "got 3 samples of 2; pass replacement=True",
    ),
    "multinomial none": (
        lambda m: m.multinomial(m.ones(2), 0),
        ArgumentError,
        "expected 1 sample or more, got 0",
    ),
    "multinomial int": (
        lambda m: m.multinomial(m.arange(3), 1),
        DtypeError,
        "expected floating-point weights",
    ),
    "multinomial 3-d": (
        lambda m: m.multinomial(m.ones(2, 2, 2), 1),
        ShapeError,
        r"expected weights \[n\] or",
    ),
    "uniform_ order": (
        lambda m: m.zeros(3).uniform_(2, 1),
        ArgumentError,
        "uniform_: expected a of b or less, got a=2",
    ),
    "uniform_ int": (
        lambda m: m.arange(3).uniform_(),
        DtypeError,
        "uniform_: expected a floating-point dtype",
    ),
    "normal_ int": (lambda m: m.arange(3).normal_(), DtypeError, "normal_: expected a floating-point dtype"),
    "normal_ std": (
        lambda m: m.zeros(3).normal_(0, -1),
        ArgumentError,
        "normal_: expected std of 0 or more, got -1",
    ),
    "exponential_": (
        lambda m: m.zeros(3).exponential_(0),
        ArgumentError,
        "exponential_: expected lambd above 0, got 0",
    ),
    "exponential_ int": (lambda m: m.arange(3).exponential_(), DtypeError, "a tensor of real floating point"),
    "cauchy_": (lambda m: m.zeros(3).cauchy_(0, 0), ArgumentError, "cauchy_: expected sigma above 0, got 0"),
    "log_normal_": (
        lambda m: m.zeros(3).log_normal_(1, -1),
        ArgumentError,
        "log_normal_: expected std above 0",
    ),
    "geometric_": (
        lambda m: m.zeros(3).geometric_(0.0),
        ArgumentError,
        r"geometric_: expected p in \(0, 1\), got 0",
    ),
    "random_": (
        lambda m: m.zeros(3).random_(5, 2),
        ArgumentError,
        "random_: expected low to be less than high",
    ),
    "random_ range": (
        lambda m: m.zeros(3, dtype=m.int8).random_(0, 200),
        ArgumentError,
        "bounds that int8 can hold",
    ),
    "fill_ vector": (
        lambda m: m.zeros(3).fill_(m.zeros(2)),
        ShapeError,
        "fill_: expected a number or a 0-d tensor",
    ),
    "fill_ complex": (lambda m: m.zeros(3).fill_(1j), DtypeError, "fill_: expected real numbers for float32"),
    "leaf": (lambda m: m.zeros(3, requires_grad=True).uniform_(), AutogradError, "uniform_"),
    "leaf zero": (lambda m: m.zeros(3, requires_grad=True).zero_(), AutogradError, "zero_"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_torch_refuses_we_refuse_and_draw_nothing(name: str) -> None:
    call, error, text = REFUSED[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises((RuntimeError, TypeError, ValueError, NotImplementedError)):
            call(torch)
    before = streams.get_rng_state().tolist()
    with pytest.raises(error, match=text):
        call(OURS)
    assert streams.get_rng_state().tolist() == before
