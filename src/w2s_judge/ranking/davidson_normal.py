"""Davidson's likelihood of an outcome, averaged over a normal logit.

Davidson (1970): with x the logit of the first against the second and nu the tie
parameter,

    P(first), P(tie), P(second)  ~  e^(x/2), nu, e^(-x/2)

so that log P is linear in x and log nu but for  f(x) = log(e^(x/2) + nu + e^(-x/2)).  Given that
there was no tie it is  f(x) with nu = 0,  whatever nu is. For x normal, E f' and the averages of
further derivatives are sums over nodes, more of them for a wider normal distribution: f' rises
within a few logits, and nodes further apart than that would miss it. Sums are right to about
1e-6 (nu from 0 to 1000) up to a standard deviation of `WIDE`; from there on f' is taken for a step
seen from afar, which depends on centre / spread alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from w2s_judge.arrays import Floats

Cells: TypeAlias = npt.NDArray[np.intp] | slice
WIDE = 10.0  # logits
REACH = 6.0  # standard deviations that equally spaced nodes cover, either way


@dataclass(frozen=True, eq=False, slots=True)
class Averages:
    """With nu, over x = centre + spread * e, e standard normal; (K,) each.

    tie   : E P(tie)                     tie_turn : E P(tie) P(no tie)
    slope : E f'                         turn     : E f''
    """

    tie: Floats
    tie_turn: Floats
    slope: Floats
    turn: Floats


@dataclass(frozen=True, eq=False, slots=True)
class Named:
    """Given that there was no tie, the same x; (K,) each.

    slope : E f'     turn : E f''     tilt : E f'' e     bend : E f'' e^2
    """

    slope: Floats
    turn: Floats
    tilt: Floats
    bend: Floats


def averages(centre: Floats, spread: Floats, tie: Floats) -> Averages:
    """For logits (K,) with sd `spread`; `tie` (K,) is nu, 0 or above."""
    sums, far = np.zeros((4, len(centre))), np.maximum(spread / WIDE, 1.0)
    for mine, node, share in _nodes(spread):
        small, half = _small((centre[mine] + spread[mine] * node) / far[mine])
        weight = 1.0 + small * (small + tie[mine])
        tied = tie[mine] * small / weight
        half *= (1.0 - small * small) / weight
        sums[0, mine] += share * tied
        sums[1, mine] += share * tied * (1.0 - tied)
        sums[2, mine] += share * half
        sums[3, mine] += share * ((1.0 - tied) / 4 - half * half)
    sums[[0, 1, 3]] /= far
    return Averages(*sums)


def named(centre: Floats, spread: Floats) -> Named:
    """For logits (K,) with sd `spread`."""
    sums, far = np.zeros((4, len(centre))), np.maximum(spread / WIDE, 1.0)
    for mine, node, share in _nodes(spread):
        small, half = _small((centre[mine] + spread[mine] * node) / far[mine])
        half *= (1.0 - small * small) / (1.0 + small * small)
        turn = 0.25 - half * half
        sums[0, mine] += share * half
        sums[1, mine] += share * turn
        sums[2, mine] += share * node * turn
        sums[3, mine] += share * node * node * turn
    sums[1:] /= far
    return Named(*sums)


def _small(x: Floats) -> tuple[Floats, Floats]:
    """P of the less likely over that of the likelier, its root: never overflows; sign(x) / 2."""
    return np.exp(-np.abs(x) / 2), np.sign(x) / 2


def _nodes(spread: Floats) -> Iterator[tuple[Cells, float, float]]:
    """Which cells, a node, its share: every cell with the nodes for its spread."""
    least = -1.0
    for most, nodes, shares in RULES:
        mine = np.flatnonzero((spread > least) & (spread <= most))
        least = most
        if len(mine):
            cells = slice(None) if len(mine) == len(spread) else mine
            yield from ((cells, node, share) for node, share in zip(nodes, shares, strict=True))


def _gauss(count: int) -> tuple[list[float], list[float]]:
    nodes, shares = np.polynomial.hermite_e.hermegauss(count)
    return nodes.tolist(), (shares / shares.sum()).tolist()


def _even(step: float) -> tuple[list[float], list[float]]:
    nodes = np.arange(-round(REACH / step), round(REACH / step) + 1) * step
    shares = np.exp(-(nodes**2) / 2)
    return nodes.tolist(), (shares / shares.sum()).tolist()


RULES = (  # up to which spread, nodes, shares
    (0.65, *_gauss(9)),
    (1.0, *_gauss(13)),
    (1.5, *_gauss(21)),
    (2.5, *_even(1 / 2)),
    (5.0, *_even(1 / 4)),
    (np.inf, *_even(1 / 8)),
)
