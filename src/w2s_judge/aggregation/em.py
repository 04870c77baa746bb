"""Expectation over laid-out votes, and the climb to the top of the objective.

The expectation step is the same for every model of raters who err independently given the class
(Dawid and Skene 1979, eq. 2.5): a table of logarithms in, expected counts out. The climb repeats a
model's step until the objective stands still. With `accelerate` it extrapolates two steps by
SQUAREM (Varadhan and Roland 2008, eq. 7 with step length S3) and keeps the extrapolation only where
the objective is no lower than after the plain step, so that no iteration lowers it.

Letters: I items, n rows of a block, J raters, L vote labels, C truth classes, P parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from w2s_judge.aggregation.layout import Block, Layout
from w2s_judge.arrays import Floats
from w2s_judge.consensus import Fit

TINY = 1e-300  # stands for probability 0 where a logarithm is taken
MOST_PROBES = 256  # more parameters than this have no Jacobian: it takes a step for each
PROBE = 1e-5  # by how much a probability is moved to see the step's answer
WORST_CONDITION = 1e8
LONGEST = 1e4  # steps that an extrapolation goes: its square times a rounding error is still small
LEAST_LEFT = 0.01  # share of a probability that an extrapolation leaves


@dataclass(frozen=True, eq=False, slots=True)
class Expected:
    """Expected counts (J*L, C) of votes, (C,) of rows, and the log-likelihood of the votes."""

    counts: Floats
    classes: Floats
    log_likelihood: float


def responsibilities(block: Block, table: Floats, log_prior: Floats) -> Floats:
    """(n, C) posterior of a block's rows.

    `table` (J*L, C) has log P(vote label | class). A row with gold has its class for certain.
    """
    joint, total, _ = _joint(block, block.cells.likelihood(table)[0], log_prior)
    return np.divide(joint, total[:, None], order="C")


def _joint(block: Block, likelihood: Floats, log_prior: Floats) -> tuple[Floats, Floats, Floats]:
    """(n, C) P(votes, class) of a block's rows in units of the largest of a row.

    Then the rows' sums (n,), and the logarithms of the units (n,).
    """
    score = np.add(likelihood, log_prior, order="F")  # class by class: numpy is slow on rows of few
    if block.fixed is not None:
        known = np.flatnonzero(block.fixed >= 0)
        kept = score[known, block.fixed[known]]
        score[known] = -np.inf
        score[known, block.fixed[known]] = kept
    top = np.maximum.reduce(score, axis=1)
    score -= top[:, None]
    np.exp(score, out=score)
    return score, np.add.reduce(score, axis=1), top


def expect(layout: Layout, table: Floats, log_prior: Floats) -> Expected:
    """One expectation step over all rows; no posterior is kept."""
    counts, classes = np.zeros(table.shape), np.zeros(len(log_prior))
    log_likelihood = 0.0
    for block in layout.blocks():
        likelihood, passed = block.cells.likelihood(table)
        rows, total, top = _joint(block, likelihood, log_prior)
        weight = np.ones(len(rows)) if block.weight is None else block.weight
        share = weight / total
        classes += share.dot(rows)
        rows *= share[:, None]
        counts += block.cells.expected(rows, table, passed)
        np.log(total, out=total)
        total += top
        log_likelihood += float(weight.dot(total))
    return Expected(counts, classes, log_likelihood)


def collect(layout: Layout, shape: tuple[int, int], given: Callable[[Block], Floats]) -> Expected:
    """Counts, `shape` = (J*L, C), under a posterior that is given block by block, (n, C)."""
    counts, classes = np.zeros(shape), np.zeros(shape[1])
    for block in layout.blocks():
        rows = given(block)
        if block.weight is not None:
            rows = rows * block.weight[:, None]
        counts += block.cells.collect(rows)
        classes += np.ones(len(rows)).dot(rows)
    return Expected(counts, classes, 0.0)


def posterior(layout: Layout, table: Floats, log_prior: Floats) -> Floats:
    """(I, C) posterior of the items."""
    parts = [responsibilities(block, table, log_prior) for block in layout.blocks()]
    rows = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return rows if layout.row_of_item is None else np.take(rows, layout.row_of_item, axis=0)


Step = Callable[[Floats], tuple[float, Floats]]


@dataclass(frozen=True, slots=True)
class Climb:
    """`tol`: relative change of the objective by a plain step that counts as none; 0: go on."""

    tol: float
    max_iterations: int
    accelerate: bool

    def __call__(
        self,
        step: Step,
        start: Floats,
        normalised: Callable[[Floats], Floats],
        pilot: Step | None = None,
    ) -> tuple[Floats, Fit]:
        """Parameters (P,) where the climb ended, and how; an iteration is one expectation step.

        step       : parameters to their objective and to the parameters after one EM step
        normalised : what an extrapolation gave, (P,), to parameters
        pilot      : the step over a sample of the rows. Where parameters are few, the climb over
                     the sample gives the start, and the sample's Jacobian the extrapolation
                     (Newton's method on the fixed point, with a Jacobian that is nearly right)
        """
        lever = None
        if pilot is not None and self.accelerate and len(start) <= MOST_PROBES:
            start, _ = self(pilot, start, normalised)
            lever = lever_of(pilot, start, normalised)
        here, iterations = start, 1
        height, ahead = step(here)
        while iterations < self.max_iterations:
            next_height, beyond = step(ahead)
            iterations += 1
            if self.tol and next_height - height <= self.tol * abs(next_height):
                better = (here, height) if next_height < height else (ahead, next_height)
                return better[0], Fit(iterations, True, better[1])
            before, here, height, ahead = here, ahead, next_height, beyond
            if not self.accelerate or iterations == self.max_iterations:
                continue
            if lever is None:
                trial = normalised(extrapolated(before, here, ahead))
            else:
                trial = normalised(levered(lever, here, ahead))
            trial_height, trial_ahead = step(trial)
            iterations += 1
            if trial_height >= height:
                here, height, ahead = trial, trial_height, trial_ahead
            else:
                lever = None
        return here, Fit(iterations, False, height)


def extrapolated(first: Floats, second: Floats, third: Floats) -> Floats:
    """Where two steps of a linear map with one rate would lead in the end."""
    step, bend = second - first, third - second
    bend -= step
    bent = float(bend.dot(bend))
    if not bent:
        return third
    length = min(max(1.0, math.sqrt(float(step.dot(step)) / bent)), LONGEST)
    return np.asarray(first + 2 * length * step + length**2 * bend)


def lever_of(step: Step, at: Floats, normalised: Callable[[Floats], Floats]) -> Floats | None:
    """(P, P) inverse of 1 - Jacobian of the step: times a step, it leads to the fixed point.

    Parameters are logarithms; the Jacobian is that of what they are the logarithms of, where the
    step is nearly linear up to probability 0. None where the map does not contract.
    """
    ahead = np.exp(step(at)[1])
    jacobian = np.empty((len(at), len(at)))
    for k in range(len(at)):
        moved = np.exp(at)
        moved[k] += PROBE
        there = np.exp(step(normalised(np.log(moved)))[1])
        jacobian[:, k] = (there - ahead) / PROBE
    rest = np.eye(len(at)) - jacobian
    if not np.isfinite(rest).all() or np.linalg.cond(rest) > WORST_CONDITION:
        return None
    return np.asarray(np.linalg.inv(rest))


def levered(lever: Floats, here: Floats, ahead: Floats) -> Floats:
    """Where the lever takes the step from `here` to `ahead`, all three as logarithms."""
    behind, before = np.exp(here), np.exp(ahead)
    return np.asarray(np.log(np.maximum(behind + lever @ (before - behind), before * LEAST_LEFT)))
