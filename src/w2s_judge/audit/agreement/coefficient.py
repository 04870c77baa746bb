"""A coefficient of agreement with what it is made of, and how near labels count as the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats


@dataclass(frozen=True, slots=True)
class Coefficient:
    """(observed - expected) / (1 - expected); None where it does not exist.

    observed, expected : agreement in [0, 1] that is seen, and that chance alone would give
    items, votes       : what it rests on
    """

    value: float | None
    observed: float | None
    expected: float | None
    items: int
    votes: int


def beyond_chance(observed: Floats, expected: Floats) -> Floats:
    """(observed - expected) / (1 - expected), NaN where chance alone always agrees."""
    room = 1 - expected
    out = np.full(np.shape(room), np.nan)
    return np.asarray(np.divide(observed - expected, room, out=out, where=room > ROOM))


ROOM = 1e-12  # expected agreement nearer to 1 is 1 but for rounding


def exact(observed: Floats, expected: Floats, items: int, votes: int) -> Coefficient:
    """The coefficient from arrays that hold one number each."""
    value = beyond_chance(observed, expected)
    return Coefficient(number(value), number(observed), number(expected), items, votes)


def number(found: Floats) -> float | None:
    """The one number of an array, None where it is not finite."""
    one = float(np.asarray(found).reshape(-1)[0])
    return one if np.isfinite(one) else None


def identity_weights(labels: int) -> Floats:
    """(L, L) two labels agree where they are the same."""
    return np.eye(labels)


def linear_weights(levels: Floats) -> Floats:
    """(L, L) 1 - distance / greatest distance of labels that stand for `levels` (L,)."""
    apart = np.abs(np.subtract.outer(levels, levels)).astype(np.float64)
    return np.asarray(1 - apart / max(float(apart.max(initial=0.0)), np.finfo(float).tiny))


def quadratic_weights(levels: Floats) -> Floats:
    """(L, L) 1 - (distance / greatest distance)^2 of labels that stand for `levels` (L,)."""
    return np.asarray(1 - (1 - linear_weights(levels)) ** 2)
