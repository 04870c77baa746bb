"""Strengths as a normal distribution: each connected part has a mean and a covariance.

Prior N(0, 1) for every strength. Given the slope and the curvature of the averaged log-likelihood
in the difference of each pair, one step of variational inference for a normal distribution (Opper
and Archambeau 2009) is

    precision = 1 + Laplacian of the curvatures,  mean += t precision^-1 (slopes - mean)

t shortens a long step. The slope of an outcome's log-likelihood in its logit is bounded, and its
third derivative is at most the second (three outcomes whose slopes span 1), so that a Newton step
that moves no logit by more than r ascends surely with t = log(1 + r) / r (Bach 2010,
self-concordant analysis of logistic regression); near the end t is 1.

Components of one size are solved in one stack. In those of more than `dense` objects the covariance
is taken as D^-1 + D^-1 C D^-1 (D the diagonal of the precision, C the curvatures), and the step is
solved by conjugate gradients.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array

from w2s_judge.arrays import Floats, Ints
from w2s_judge.ranking.judged_pairs import JudgedPairs, Places, sums

STACK = 1 << 22  # numbers in one stack of matrices
RESIDUAL = 1e-10  # relative, where conjugate gradients stop


@dataclass(frozen=True, eq=False, slots=True)
class Normal:
    """mean, variance: (N,) of each strength; apart: (P,) variance of each pair's difference."""

    mean: Floats
    variance: Floats
    apart: Floats

    def scaled(self, by: float) -> Normal:
        """The same with the strengths multiplied by `by`."""
        square = by * by
        return Normal(self.mean * by, self.variance * square, self.apart * square)


@dataclass(frozen=True, eq=False, slots=True)
class Stack:
    """Components of one size: members (B, n) are objects; b, i, j (p,) place the pairs."""

    members: Places
    pairs: Places
    b: Places
    i: Places
    j: Places


class Parts:
    """The connected parts of what was compared, laid out for the step."""

    def __init__(self, pairs: JudgedPairs, component: Ints, dense: int) -> None:
        self.dense = dense
        self.low, self.high, self.n = pairs.low, pairs.high, len(component)
        size = np.bincount(component).astype(np.int32)
        self.linked = size[component] > 1
        self.stacks = tuple(_stacks(pairs, component, size, dense))
        self.rough = bool((size > dense).any())

    def start(self) -> Normal:
        """The prior."""
        return Normal(np.zeros(self.n), np.ones(self.n), np.full(len(self.low), 2.0))

    def step(self, now: Normal, slope: Floats, curvature: Floats, most: Floats) -> Normal:
        """From `now` with (P,) slopes and curvatures there; strengths in no pair stay at 0.

        most : (P,) the largest discrimination among the pair's judges
        """
        pull = sums(self.low, slope, self.n) - sums(self.high, slope, self.n) - now.mean
        diagonal = 1.0 + sums(self.low, curvature, self.n) + sums(self.high, curvature, self.n)
        mean, variance, apart = now.mean.copy(), 1.0 / diagonal, np.empty(len(self.low))
        for stack in self.stacks:
            solve = _full if stack.members.shape[1] <= self.dense else _rough
            move, own, between = solve(
                stack, curvature[stack.pairs], diagonal[stack.members], pull[stack.members]
            )
            mean[stack.members] += move * _length(stack, move, most[stack.pairs])
            variance[stack.members], apart[stack.pairs] = own, between
        return Normal(mean, variance, apart)


Solved = tuple[Floats, Floats, Floats]  # (B, n) step, (B, n) variances, (p,) of differences


def _length(stack: Stack, move: Floats, most: Floats) -> Floats:
    """(B, 1) t of each component."""
    far = np.zeros(len(move))
    np.maximum.at(far, stack.b, most * np.abs(move[stack.b, stack.i] - move[stack.b, stack.j]))
    far = np.maximum(far, 1e-12)
    return (np.log1p(far) / far)[:, None]


def _full(stack: Stack, weight: Floats, diagonal: Floats, pull: Floats) -> Solved:
    """The mean of a component has precision 1 whatever was compared.

    It is lifted to that of the rest before the inversion and set right after it, which then loses
    no digits however large the curvatures.
    """
    precision = np.zeros((*diagonal.shape, diagonal.shape[1]))
    precision[stack.b, stack.i, stack.j] = -weight
    precision[stack.b, stack.j, stack.i] = -weight
    n = diagonal.shape[1]
    corner = np.arange(n)
    precision[:, corner, corner] = diagonal
    level = diagonal.mean(axis=1)[:, None, None] / n
    covariance = np.linalg.inv(precision + level)
    covariance += n * level / (1 + n * level) / n
    own = covariance[:, corner, corner]
    across = covariance[stack.b, stack.i, stack.j]
    between = own[stack.b, stack.i] + own[stack.b, stack.j] - 2 * across
    return (covariance @ pull[:, :, None])[:, :, 0], own, np.maximum(between, 0.0)


def _rough(stack: Stack, weight: Floats, diagonal: Floats, pull: Floats) -> Solved:
    n, scale = diagonal.shape[1], diagonal[0]
    own, rows, columns = 1 / scale, np.r_[stack.i, stack.j], np.r_[stack.j, stack.i]
    off = coo_array((np.r_[weight, weight], (rows, columns)), shape=(n, n)).tocsr()
    across = weight * own[stack.i] * own[stack.j]
    move, left = np.zeros(n), pull[0].copy()
    ready = left * own
    way, product = ready, float(left @ ready)
    goal = RESIDUAL**2 * product
    for _ in range(2 * n):
        if product <= goal:
            break
        image = scale * way - off @ way
        length = product / float(way @ image)
        move += length * way
        left -= length * image
        ready = left * own
        before, product = product, float(left @ ready)
        way = ready + product / before * way
    between = own[stack.i] + own[stack.j] - 2 * across
    return move[None, :], own[None, :], np.maximum(between, 0.0)


def _stacks(pairs: JudgedPairs, component: Ints, size: Ints, dense: int) -> Iterator[Stack]:
    order = np.argsort(component, kind="stable")
    starts = np.searchsorted(component[order], np.arange(len(size)))
    place = np.empty(len(component), dtype=np.intp)
    place[order] = np.arange(len(component)) - starts[component[order]]
    of_pair = component[pairs.low]
    by_component = np.argsort(of_pair, kind="stable")
    begins = np.searchsorted(of_pair[by_component], np.arange(len(size) + 1))
    for n in np.unique(size[size > 1]):
        alike = np.flatnonzero(size == n)
        step = max(1, STACK // int(n) ** 2) if n <= dense else 1
        for cut in range(0, len(alike), step):
            some = alike[cut : cut + step]
            chosen = np.concatenate([by_component[begins[c] : begins[c + 1]] for c in some])
            yield Stack(
                order[starts[some][:, None] + np.arange(n)],
                chosen,
                np.searchsorted(some, of_pair[chosen]),
                place[pairs.low[chosen]],
                place[pairs.high[chosen]],
            )
