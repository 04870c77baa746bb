"""Davidson's likelihood of an outcome, averaged over a normal logit.

Davidson (1970): with x the logit of the first against the second and nu the tie
parameter,

    P(first), P(tie), P(second)  ~  e^(x/2), nu, e^(-x/2)

so that log P is linear in x and log nu but for  f(x) = log(e^(x/2) + nu + e^(-x/2)).  For x normal,
E f and the averages of its derivatives are sums over Gauss-Hermite nodes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats

NODES = 9


@dataclass(frozen=True, eq=False, slots=True)
class Averages:
    """Over x = centre + spread * e with e standard normal; (K,) each.

    tie   : E P(tie)                     tie_turn : E P(tie) P(no tie)
    slope : E f'                         turn     : E f''
    tilt  : E f'' e                      bend     : E f'' e^2
    """

    tie: Floats
    tie_turn: Floats
    slope: Floats
    turn: Floats
    tilt: Floats
    bend: Floats


def averages(centre: Floats, spread: Floats, tie: float) -> Averages:
    """What the updates need, for logits (K,) with sd `spread`; `tie` is nu, 0 or above."""
    sums = np.zeros((6, len(centre)))
    for node, share in zip(*_nodes(), strict=True):
        x = centre + spread * node
        small = np.exp(-np.abs(x) / 2)  # P over the larger of the two terms: never overflows
        weight = 1.0 + small * (small + tie)
        tied = tie * small / weight
        half = (1.0 - small * small) / weight * np.sign(x) / 2
        turn = (1.0 - tied) / 4 - half * half
        sums[0] += share * tied
        sums[1] += share * tied * (1.0 - tied)
        sums[2] += share * half
        sums[3] += share * turn
        sums[4] += share * node * turn
        sums[5] += share * node * node * turn
    return Averages(*sums)


def height(centre: Floats, spread: Floats, tie: float) -> Floats:
    """(K,) E f."""
    total = np.zeros(len(centre))
    for node, share in zip(*_nodes(), strict=True):
        x = np.abs(centre + spread * node)
        small = np.exp(-x / 2)
        total += share * (x / 2 + np.log1p(small * (small + tie)))
    return total


def _nodes() -> tuple[Floats, Floats]:
    nodes, shares = np.polynomial.hermite_e.hermegauss(NODES)
    return nodes, shares / shares.sum()
