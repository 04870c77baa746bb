"""Whether a judge's votes go up with the length of what it judges.

With u the utility of a judge's votes, z the length and t the truth, the slope on length at equal
truth is

    b = slope of u on z - (slope of u on t at equal z) (slope of t on z)

so that a judge which tells good from bad better than the others does not seem to like length where
good responses are longer. The first slope is taken over all its votes. With gold, the other two are
taken over gold by its weights; without, the mean of the other judges' votes on the item stands for
t, over all its votes: that is the regression of the vote less the others' on length, at equal votes
of the others, and makes up for a difference in skill only in part.

What is shown is b less that of the median judge: beside one judge that likes long responses the
others would seem to like short ones. A taste that most judges share is therefore not seen.

Length is counted in characters and put on a scale by normal scores of its rank, Phi^-1((rank - 1/2)
/ n) (Hazen's plotting position), so that neither its unit nor one giant text counts. With two
responses it is the difference of theirs, and the vote is for the first.

Letters: I items, N judges, B draws, k votes.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from w2s_judge.arrays import Floats, Ints
from w2s_judge.audit.bias.against_others import against_others
from w2s_judge.audit.bias.covariances import FLAT, covariances, slope
from w2s_judge.audit.label_worth import label_worth, vote_values
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Column, Figure, Part, Table, Test
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.spoken import decimal, number
from w2s_judge.audit.sums_by import rows_of
from w2s_judge.sentences import listed

LEAST = 0.03  # utility per sd: from short (-1 sd) to long (+1 sd) 6 points of 100
FEWEST = 30  # votes from which on a slope is sought
JUDGES = 3  # fewer have no median judge to be set beside
GOLD = 50  # gold labels from which on they stand for the truth here

FEW = f"fewer than {FEWEST} votes, or all of one length"

Places = npt.NDArray[np.intp]

COLUMNS = (
    Column("judge", "Judge"),
    Column("items", "Items", "count"),
    Column("slope", "Utility per sd of length, beside the median judge", "signed"),
    Column("note", "Note"),
)


@dataclass(frozen=True, eq=False, slots=True)
class Slopes:
    """slope (1 + B, N), NaN where there is none; item and judge (k,) of the votes behind them."""

    slope: Floats
    item: Ints
    judge: Ints
    gold: bool


def length_scores(length: Ints) -> Floats | None:
    """(I,) the lengths (I, 1 or 2) as normal scores, or their differences; mean 0 and sd 1.

    None where all lengths are alike.
    """
    rank = stats.rankdata(length, axis=None).reshape(length.shape)
    score = special.ndtri((rank - 0.5) / max(rank.size, 1))
    one = score[:, 0] if length.shape[1] == 1 else score[:, 0] - score[:, 1]
    spread = float(one.std()) if len(one) else 0.0
    return np.asarray((one - one.mean()) / spread) if spread > FLAT else None


def length_slopes(panel: Panel, resample: Resample, score: Floats, worth: Floats) -> Slopes:
    """What a standard deviation of length is worth to each judge at equal truth."""
    votes = panel.judged
    value = vote_values(votes, worth)
    known = _gold_worth(panel)
    if known is not None:
        item, judge = votes.item, votes.rater
        kept = np.flatnonzero(known.weight[item] > 0)
        gold, weight = np.flatnonzero(known.weight), known.weight
        skill = covariances(
            resample, item[kept], judge[kept], votes.J,
            (score[item[kept]], known.truth[item[kept]], value[kept]), weight[item[kept]],
        )  # fmt: skip
        together = np.zeros(len(gold), dtype=np.int32)
        of_truth = covariances(
            resample, gold, together, 1, (score[gold], known.truth[gold]), weight[gold]
        )
    else:
        against = against_others(votes, value)
        item, judge = votes.item[against.vote], votes.rater[against.vote]
        value = value[against.vote]
        skill = of_truth = covariances(
            resample, item, judge, votes.J, (score[item], against.others, value)
        )
    plain = covariances(resample, item, judge, votes.J, (score[item], value))
    found = slope(plain[0, 1], plain[0, 0])
    sensitive = _partial(skill)
    if known is not None:  # a judge without votes on gold is taken for one like the others
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # where no judge has any
            usual = np.nanmedian(sensitive, axis=1, keepdims=True)
        sensitive = np.where(np.isfinite(sensitive), sensitive, usual)
    explained = sensitive * slope(of_truth[0, 1], of_truth[0, 0])
    found = found - np.where(np.isfinite(explained), explained, 0.0)
    found[:, np.bincount(judge, minlength=votes.J) < FEWEST] = np.nan
    return Slopes(found, item, judge, known is not None)


def _partial(found: Floats) -> Floats:
    """The slope of the third column on the second at equal first, of their covariances."""
    left = found[1, 1] - slope(found[0, 1], found[0, 0]) * found[0, 1]
    return slope(found[1, 2] - slope(found[0, 1], found[0, 0]) * found[0, 2], left)


@dataclass(frozen=True, eq=False, slots=True)
class _Known:
    """truth and weight (I,): utility of gold's class, and what the item counts, 0 without gold."""

    truth: Floats
    weight: Floats


def _gold_worth(panel: Panel) -> _Known | None:
    """Gold as utilities, where there is enough of it and classes have a worth."""
    gold, worth = panel.gold, panel.worth
    if gold is None or worth is None or gold.G < GOLD or len(np.unique(gold.label)) < 2:
        return None
    known = _Known(np.zeros(panel.votes.I), np.zeros(panel.votes.I))
    known.truth[gold.item] = np.asarray(worth)[gold.label]
    known.weight[gold.item] = gold.weight
    return known


def length(panel: Panel, resample: Resample) -> Part:
    """Slope of each judge's votes on length.

    A test a judge, kind "length", for a taste for long responses or for short ones: at least .03 of
    utility per standard deviation beside the median judge. Three judges at the least.
    """
    lengths = panel.traits.length
    if lengths is None:
        return _nothing("The texts are not at hand: whether length sways the judges is not known.")
    worth, why = label_worth(panel)
    if worth is None:
        return _nothing(f"Whether length sways the judges cannot be told: {why}.")
    score = length_scores(lengths)
    if score is None:
        return _nothing("All responses are of one length: nothing can be said of its weight.")
    found = length_slopes(panel, resample, score, worth)
    judges = np.flatnonzero(np.isfinite(found.slope[0]))
    if len(judges) < JUDGES:
        return _nothing(
            f"Whether length sways a judge is seen beside at least {JUDGES} judges with {FEWEST} "
            f"votes each; there are {len(judges)}."
        )
    return _shown(panel, found, judges, resample)


def _shown(panel: Panel, found: Slopes, judges: Places, resample: Resample) -> Part:
    """Slopes beside the median of those of `judges`."""
    beside = found.slope - np.nanmedian(found.slope[:, judges], axis=1, keepdims=True)
    equal = "at equal gold labels" if found.gold else "at equal votes of the other judges"
    rows, tests = [], []
    mine = rows_of(found.judge, len(panel.judges))
    for j, name in enumerate(panel.judges):
        item = found.item[mine[j]]
        figure = resample.figure(beside[:, j], item, why=FEW)
        rows.append((name, len(item), figure, "" if figure.value is not None else FEW))
        if figure.value is not None:
            p = resample.p_value(beside[:, j], item)
            tests.append(_test(name, figure, p, (panel.arity, equal, found.gold)))
    what = "first response is longer than the second by" if panel.arity == 2 else "response is"
    table = Table(
        "length", "Length",
        f"How much more a judge gives (utility, 0 to 1) where the {what} one standard deviation "
        f"longer, {equal}, less what the median judge gives for it. A taste for length that most "
        "judges share does not show here.",
        COLUMNS, tuple(rows),
    )  # fmt: skip
    return Part("length", "", (_sentence(rows),), (table,), tuple(tests))


def _nothing(note: str) -> Part:
    return Part("length", "", notes=(note,))


def _test(name: str, figure: Figure, p: float, of: tuple[int, str, bool]) -> Test:
    """Of responses (1) or pairs (2), at equal what, and whether by gold."""
    arity, equal, gold = of
    value = figure.value or 0.0
    taste = "longer" if value >= 0 else "shorter"
    what = "difference in length" if arity == 2 else "length"
    caution = "" if gold else " Without gold, a difference in skill can look like this, too."
    return Test(
        "length",
        (name,),
        f"{name} favours {taste} responses: {number(figure, signed=True)} of utility (0 to 1) per "
        f"standard deviation of {what} beyond the median judge, {equal}.{caution}",
        f"Do not let {name} decide alone where lengths differ: tell it that length does not count, "
        "or leave it out.",
        abs(value),
        LEAST,
        "utility per standard deviation of length",
        p,
    )


def _sentence(rows: list[tuple[str, int, Figure, str]]) -> str:
    known = [(row[0], row[2].value) for row in rows if row[2].value is not None]
    far = sorted(known, key=lambda one: -abs(one[1]))[:3]
    return (
        "Per standard deviation of length, judges give most beside the median judge (utility, 0 to "
        f"1): {listed([f'{name} {decimal(value, signed=True)}' for name, value in far])}."
    )
