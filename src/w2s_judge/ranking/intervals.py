"""Intervals by the bootstrap over groups: what answers one prompt is wrong together.

Groups are drawn with replacement, the method is fitted to each draw, and the interval lies between
the percentiles of its scores (Efron 1979; clusters drawn whole, Davison and Hinkley 1997, 3.8),
widened for few groups: see `percentiles`. What recurs within a group beyond chance is thereby
counted as one observation and not as many.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.comparisons import Comparisons, Ranking
from w2s_judge.errors import ConfigurationError
from w2s_judge.ranking.contract import Ranker
from w2s_judge.ranking.percentiles import COVERAGE, FEWEST, percentile_intervals
from w2s_judge.sentences import listed

Places = npt.NDArray[np.int64]


def with_intervals(
    ranker: Ranker,
    comparisons: Comparisons,
    ranking: Ranking,
    *,
    draws: int = 200,
    seed: int = 0,
    coverage: float = COVERAGE,
) -> Ranking:
    """The ranking that `ranker` made of the comparisons, with `low` and `high` (N,).

    Groups are drawn within their question, as many as it has. Where a question has fewer than 10
    (each question of a run is one prompt and so one group), there is nothing to draw: its objects
    get NaN and its comparisons stay as they are.

    Scores of different components have no common zero. Where a draw tears a component, it counts
    for the part that holds more than half of the component's objects: these keep, on the mean, the
    score that they have in `ranking`. For the others the draw is left out; NaN where fewer than
    half of the draws are left, and for objects in no comparison. The notes say so. Raises
    `ValueError` for settings out of range.
    """
    if draws < 2 or not 0 < coverage < 1:
        raise ValueError("draws is at least 2 and coverage between 0 and 1")
    groups = _Groups.of(comparisons)
    part = _parts(ranking, comparisons)
    seen = np.bincount(part)[part] > 1
    wanted = np.flatnonzero(seen & groups.drawn[comparisons.question])
    low, high = np.full((2, comparisons.N), np.nan)
    notes = groups.notes()
    if len(wanted):
        found = np.full((draws, comparisons.N), np.nan)
        size = np.bincount(groups.question, minlength=comparisons.Q)[comparisons.question]
        told = _draw(found, ranker, comparisons, groups, ranking.score, part, seed)
        low[wanted], high[wanted] = percentile_intervals(found[:, wanted], size[wanted], coverage)
        flat = wanted[high[wanted] - low[wanted] <= 0]
        low[flat], high[flat] = np.nan, np.nan
        names = [comparisons.objects[k] for k in wanted[np.isnan(low[wanted])].tolist()]
        notes += (
            f"low and high: {coverage:.0%} intervals from {draws} bootstrap draws of "
            f"{int(groups.drawn[groups.question].sum())} groups of comparisons, seed {seed}",
            *told,
        )
        if names:
            notes += (
                f"no interval for {listed(names)}: more than half of the draws had to be left out "
                "for them, or all gave the same score, which says nothing of how sure it is",
            )
    if not seen.all():
        notes += (f"no interval for {int((~seen).sum())} objects that are in no comparison",)
    return replace(ranking, low=low, high=high, notes=(*ranking.notes, *notes))


@dataclass(frozen=True, eq=False, slots=True)
class _Groups:
    """The groups G of the comparisons, in order of their questions.

    of_row   : (M,) group of each comparison
    question : (G,) question of each group
    drawn    : (Q,) whether a question has groups enough to draw from
    start, size : (G,) first group of the same question, and how many it has
    """

    of_row: Places
    question: Ints
    drawn: Bools
    start: Places
    size: Places

    @classmethod
    def of(cls, comparisons: Comparisons) -> _Groups:
        asked = comparisons.question[comparisons.left].astype(np.int64)
        _, number = np.unique(comparisons.group, return_inverse=True)
        key = asked * (len(comparisons.group) + 1) + number
        _, first, of_row = np.unique(key, return_index=True, return_inverse=True)
        question = asked[first]
        count = np.bincount(question, minlength=comparisons.Q)
        start = (np.cumsum(count) - count)[question]
        drawn = count >= FEWEST
        return cls(of_row, question.astype(np.int32), drawn, start, count[question])

    def draw(self, random: np.random.Generator) -> Places:
        """(G,) how often each group is in a draw; 1 where there is nothing to draw."""
        among = self.drawn[self.question]
        chosen = random.integers(self.start[among], (self.start + self.size)[among])
        return np.bincount(chosen, minlength=len(among)) + ~among

    def notes(self) -> tuple[str, ...]:
        few, asked = int((~self.drawn).sum()), len(self.drawn)
        if not few:
            return ()
        where = "" if asked == 1 else f" in {few} of {asked} questions"
        remedy = "; where they answer several prompts, name these as questions"
        why = (
            f"no intervals{where}: there are fewer than {FEWEST} groups of comparisons to draw "
            "from (comparisons that answer one prompt, or are about one pair, are one group)"
        )
        return (why + (remedy if asked == 1 else ""),)


def _draw(
    found: Floats,
    ranker: Ranker,
    comparisons: Comparisons,
    groups: _Groups,
    score: Floats,
    part: Places,
    seed: int,
) -> tuple[str, ...]:
    """Fill (draws, N) with scores, NaN where a draw does not count; what is to be said of them."""
    random = np.random.default_rng(seed)
    unfinished = torn = failed = 0
    for row in found:
        often = groups.draw(random)[groups.of_row]
        kept = often > 0
        weight = (comparisons.weights * often)[kept]
        try:
            drawn = ranker(replace(comparisons.only(kept), weight=weight))
        except ConfigurationError:  # what it says is true of this draw, not of the comparisons
            failed += 1
            continue
        row[:] = _on_one_zero(score, part, drawn.score, _parts(drawn, comparisons))
        torn += bool(np.isnan(row).any())
        unfinished += drawn.fit is not None and not drawn.fit.converged
    notes: tuple[str, ...] = ()
    if torn:
        notes += (
            f"{torn} of {len(found)} draws lose the connection to some objects: these are left out "
            "of them, and the others keep their mean score",
        )
    if failed:
        notes += (f"{failed} of {len(found)} draws have no ranking by this method: left out",)
    if unfinished:
        notes += (f"in {unfinished} of {len(found)} draws the fit did not converge",)
    return notes


def _parts(ranking: Ranking, comparisons: Comparisons) -> Places:
    """(N,) number of each object's component, over all questions."""
    key = comparisons.question.astype(np.int64) * (comparisons.N + 1) + ranking.component
    return np.asarray(np.unique(key, return_inverse=True)[1], dtype=np.int64)


def _on_one_zero(whole: Floats, part: Places, drawn: Floats, torn: Places) -> Floats:
    """(N,) the drawn scores; NaN for objects outside of the greater part of their component.

    `part` and `torn` number the components of the whole and of the draw. A part that lost objects
    is moved to the mean that its objects have in the whole; one that did not is left as it is.
    """
    _, joint = np.unique(part * (len(part) + 1) + torn, return_inverse=True)
    size = np.bincount(joint)
    of_whole = np.bincount(part)[part]
    shift = (np.bincount(joint, weights=whole - drawn) / size)[joint]
    moved = np.where(size[joint] == of_whole, drawn, drawn + shift)
    return np.asarray(np.where(2 * size[joint] > of_whole, moved, np.nan))


def mean_by_name(
    value: Floats,
    name: Ints,
    group: Ints,
    draws: int = 200,
    seed: int = 0,
    coverage: float = COVERAGE,
) -> tuple[Floats, Floats, Floats]:
    """Means of values by name, such as models over prompts, with a bootstrap over groups.

    value (n,), name (n,) index from 0, group (n,) such as the prompt: drawn whole. Three arrays,
    one entry a name: mean, low, high. The mean is NaN for a name without a value, low and high for
    one with values in fewer than 10 groups, or absent from more than half of the draws.
    """
    if not len(value):
        return np.zeros(0), np.zeros(0), np.zeros(0)
    names = int(name.max()) + 1
    _, member = np.unique(group, return_inverse=True)
    size = int(member.max()) + 1
    shape = (names, size)
    total = coo_array((value, (name, member)), shape=shape).tocsr()
    count = coo_array((np.ones(len(value)), (name, member)), shape=shape).tocsr()
    random = np.random.default_rng(seed)
    found = np.full((draws + 1, names), np.nan)
    for draw, row in enumerate(found):  # first all groups once each, then the draws
        chosen = random.integers(size, size=size) if draw else np.arange(size)
        often = np.bincount(chosen, minlength=size).astype(np.float64)
        counted = count @ often
        np.divide(total @ often, counted, out=row, where=counted > 0)
    groups = np.diff(count.indptr)
    low, high = percentile_intervals(found[1:], groups, coverage)
    few = groups < FEWEST
    low[few], high[few] = np.nan, np.nan
    return found[0], low, high
