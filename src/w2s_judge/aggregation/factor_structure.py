"""From votes to rotated factors: what the factor method and the hypotheses both start from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.aggregation.correlation import Grid, correlation, standardised
from w2s_judge.aggregation.factor_analysis import (
    Loadings,
    equal_loadings,
    factor_count,
    factor_scores,
    maximum_likelihood,
    rotated,
)
from w2s_judge.aggregation.level_scaling import level_scaled, levels_of
from w2s_judge.aggregation.order_averaging import Opinions
from w2s_judge.arrays import Bools, Floats
from w2s_judge.sentences import listed

SMALLEST = 1e-9  # strengths and deviations below are rounding
FEWEST_UNITS, FEWEST_ITEMS = 3, 10  # below, a factor's loadings are not identified, or all noise
LEFT_OUT = "left out, for they never vote or never vary: {names}"
TOO_FEW = (
    "fewer than {units} judges who vary, or than {items} items with votes: all judges were weighted"
    " alike, for their agreement cannot be told from chance"
)
UNRELATED = "the judges' votes share nothing: the posterior says no more than the prior"

UNCONVERGED = "the loadings had not settled after {count} iterations"


@dataclass(frozen=True, eq=False, slots=True)
class Structure:
    """Rotated factors of a panel.

    opinions : standardised (and level-scaled) votes of the units that vary
    grid     : the same as matrices
    loadings : (units, k) on raw varimax axes
    scores   : (I, k) factor scores, mean 0 and sd 1
    heard    : (I,) True where a unit that varies voted
    ratio    : how many times the leading factor outweighs the next, before level scaling;
               infinite with one factor
    notes    : what was left out or assumed
    """

    opinions: Opinions
    grid: Grid
    loadings: Loadings
    scores: Floats
    heard: Bools
    ratio: float
    notes: tuple[str, ...]

    @property
    def k(self) -> int:
        """Number of factors."""
        return int(self.loadings.matrix.shape[1])

    @property
    def weights(self) -> Floats:
        """(units, k) what a unit's standardised vote adds to each score where all units vote."""
        A = self.loadings.matrix  # noqa: N806
        scaled = A / self.loadings.uniqueness[:, None]
        weights = scaled @ np.linalg.inv(np.eye(self.k) + A.T @ scaled)
        R, _ = correlation(self.grid)  # noqa: N806
        sd = np.sqrt(np.maximum(np.einsum("jk,jl,lk->k", weights, R, weights), 0))
        return np.asarray(weights / np.where(sd > SMALLEST, sd, np.inf))

    def by_rater(self, of_unit: Floats) -> Floats:
        """(J,) a number a unit (units,) for every rater; 0 for those who were left out."""
        return np.append(of_unit, 0.0)[self.opinions.of_rater]


def structure(
    opinions: Opinions, *, most: int, rounds: int, clear_ratio: float, seed: int
) -> Structure:
    """Fit at most `most` factors, with `rounds` of level scaling (0: none).

    Levels follow the leading factor, which costs the others' judges their votes: they are left
    as they are where the leading factor does not outweigh the next `clear_ratio` times.
    """
    raw, z, notes = varying(opinions)
    grid, heard = Grid.of(z), np.bincount(z.item, minlength=z.I) > 0
    if len(z.units) < FEWEST_UNITS or heard.sum() < FEWEST_ITEMS:
        few = TOO_FEW.format(units=FEWEST_UNITS, items=FEWEST_ITEMS)
        return alike(z, grid, heard, (*notes, few))
    R, overlap = correlation(grid)  # noqa: N806
    k = factor_count(R, overlap, most, seed)
    loadings = rotated(maximum_likelihood(R, k))
    scores, ratio = factor_scores(grid, loadings), lead_of(loadings)
    level = levels_of(raw)
    for _ in range(rounds if ratio >= clear_ratio else 0):
        z = level_scaled(z, level, scores[:, 0])
        grid = Grid.of(z)
        loadings = rotated(maximum_likelihood(correlation(grid)[0], k))
        scores = factor_scores(grid, loadings)
    if not loadings.strength[0] > SMALLEST:
        notes = (*notes, UNRELATED)
    if not loadings.converged:
        notes = (*notes, UNCONVERGED.format(count=loadings.iterations))
    return Structure(z, grid, loadings, scores, heard, ratio, notes)


def varying(opinions: Opinions) -> tuple[Opinions, Opinions, tuple[str, ...]]:
    """Opinions of units that vary, as they are and standardised, and a note on the others."""
    z, varies = standardised(opinions)
    kept = np.flatnonzero(varies).astype(np.int32)
    return opinions.only(kept), z.only(kept), _left_out(opinions, varies)


def alike(z: Opinions, grid: Grid, heard: Bools, notes: tuple[str, ...]) -> Structure:
    """One factor on which all units load alike."""
    loadings = equal_loadings(len(z.units))
    scores = factor_scores(grid, loadings)
    return Structure(z, grid, loadings, scores, heard, np.inf, notes)


def lead_of(loadings: Loadings) -> float:
    """How many times the first factor outweighs the second; infinite with one."""
    strength = loadings.strength
    return float(strength[0] / max(strength[1], 1e-12)) if len(strength) > 1 else np.inf


def _left_out(opinions: Opinions, varies: Bools) -> tuple[str, ...]:
    names = [opinions.units[u] for u in np.flatnonzero(~varies)]
    if not names:
        return ()
    return (LEFT_OUT.format(names=listed(names, most=8)),)
