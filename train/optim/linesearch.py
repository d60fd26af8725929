"""A line search for the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import jax

# How much of the slope a step must gain, and how much of it may remain.
_ARMIJO, _CURVATURE = 1e-4, 0.9


class Point(NamedTuple):
    """A point on the line: how far along, the value there, its gradient, and the slope along the line."""

    t: float
    value: float
    gradient: jax.Array
    slope: float


Evaluate = Callable[[float], Point]


def cubic_minimum(a: Point, b: Point, bounds: tuple[float, float] | None = None) -> float:
    """Return where the cubic through two points with their slopes is least, within bounds.

    Args:
        a, b: the points.
        bounds: the two points themselves if not given.

    Returns:
        The middle of the bounds if the cubic has no minimum.
    """
    if a.t > b.t:
        a, b = b, a
    low, high = bounds or (a.t, b.t)
    first = a.slope + b.slope - 3 * (a.value - b.value) / (a.t - b.t) if a.t != b.t else math.nan
    square = first**2 - a.slope * b.slope
    if not square >= 0:
        return (low + high) / 2
    second = math.sqrt(square)
    spread = b.slope - a.slope + 2 * second
    if spread == 0:
        return (low + high) / 2
    return min(max(b.t - (b.t - a.t) * ((b.slope + second - first) / spread), low), high)


def strong_wolfe(
    evaluate: Evaluate, start: Point, t: float, length: float, tolerance: float = 1e-9, most: int = 25
) -> tuple[Point, int]:
    """Return a point that gains enough and where the slope is flat enough, and how many were evaluated.

    Args:
        evaluate: gives the point at a distance.
        start: the point at 0, with a negative slope.
        t: the first distance to try.
        length: largest element of the direction, by which distances are measured against the tolerance.
        tolerance: brackets smaller than this are not searched.
        most: how many evaluations are allowed after the first.

    Reference: Nocedal and Wright, Numerical Optimization, algorithms 3.5 and 3.6.
    """
    bracket, count, done = _bracket(evaluate, start, t, most)
    evaluated = count + 1
    if len(bracket) == 1 or done:
        return bracket[-1], evaluated
    low, high = sorted(bracket, key=lambda p: p.value)
    stuck = False
    while count < most and abs(high.t - low.t) * length >= tolerance:
        t, stuck = _inside(cubic_minimum(low, high), low, high, stuck)
        new = evaluate(t)
        count, evaluated = count + 1, evaluated + 1
        if new.value > start.value + _ARMIJO * t * start.slope or new.value >= low.value:
            low, high = sorted((low, new), key=lambda p: p.value)
            continue
        if abs(new.slope) <= -_CURVATURE * start.slope:
            return new, evaluated
        if new.slope * (high.t - low.t) >= 0:
            high = low
        low = new
    return low, evaluated


def _bracket(evaluate: Evaluate, start: Point, t: float, most: int) -> tuple[list[Point], int, bool]:
    """Return two points around what is searched for, or the point itself; the steps taken; which of both."""
    before, now, count = start, evaluate(t), 0
    while count < most:
        rises = now.value > start.value + _ARMIJO * now.t * start.slope
        if rises or (count > 1 and now.value >= before.value):
            return [before, now], count, False
        if abs(now.slope) <= -_CURVATURE * start.slope:
            return [now], count, True
        if now.slope >= 0:
            return [before, now], count, False
        t = cubic_minimum(before, now, (now.t + 0.01 * (now.t - before.t), now.t * 10))
        before, now, count = now, evaluate(t), count + 1
    return [start, now], count, False


def _inside(t: float, low: Point, high: Point, stuck: bool) -> tuple[float, bool]:
    """Keep a trial off the ends of the bracket, where two trials in a row gain nothing."""
    least, most = min(low.t, high.t), max(low.t, high.t)
    margin = 0.1 * (most - least)
    if min(most - t, t - least) >= margin:
        return t, False
    if stuck or t >= most or t <= least:
        return (most - margin if abs(t - most) < abs(t - least) else least + margin), False
    return t, True
