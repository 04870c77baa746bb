"""Whether asking one model in two ways changes its verdicts, beside asking another model.

Letters: I items, N judges, V votes (one a judge and item).
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Cell, Column, Figure, Part, Table, Test
from w2s_judge.audit.resample import Resample, ratio
from w2s_judge.audit.spoken import percent
from w2s_judge.audit.top_label import NONE, top_class
from w2s_judge.votes import VoteMatrix

LEAST = 0.10  # ten more verdicts of 100 than between different models
PAIRS = 300  # pairs of judges that are looked at
OTHERS = "different models"

MEANING = (
    "Of the items that two judges with one model both gave a verdict on: how many verdicts differ. "
    "The last row is the same for judges of different models, over all their pairs."
)
COLUMNS = (
    Column("model", "Model"),
    Column("one", "One way"),
    Column("two", "Another"),
    Column("items", "Items", "count"),
    Column("differ", "Verdicts differ", "share"),
)


def ways(panel: Panel, resample: Resample) -> Part:
    """Different verdicts of judges with one model, beside those of judges of different models.

    A test a pair, kind "ways": the two ways of asking differ in at least .10 more of the verdicts
    than judges of different models do.
    """
    model, names = _models(panel)
    votes, said = _verdicts(panel)
    pairs = [
        pair
        for m in range(len(names))
        for pair in combinations(np.flatnonzero(model == m).tolist(), 2)
    ]
    many = np.bincount(votes.rater, minlength=votes.J)
    chosen = sorted(pairs, key=lambda pair: -min(many[pair[0]], many[pair[1]]))[:PAIRS]
    base, items = _different(votes, said, model, resample)
    rows: list[tuple[Cell, ...]] = []
    tests = []
    for a, b in sorted(chosen):
        item, differ = _apart(votes, said, a, b)
        if not len(item):
            continue
        figure = resample.share(item, differ)
        one, two = panel.judges[a], panel.judges[b]
        rows.append((names[model[a]], one, two, len(item), figure))
        found = resample.sums(item, np.stack([differ, np.ones(len(item))], axis=1))
        beyond = ratio(found[:, 0], found[:, 1]) - base
        if np.isfinite(beyond[0]):
            p = resample.p_value(beyond, item)
            tests.append(_test(names[model[a]], (one, two), figure, float(beyond[0]), p))
    if not rows:
        return Part("ways", "")
    figure = resample.figure(base, items, why="no two judges of different models share an item")
    rows.append((OTHERS, "", "", len(items), figure))
    table = Table("ways", "Ways of asking one model", MEANING, COLUMNS, tuple(rows))
    note = f"Of {len(pairs):,} ways of asking one model, the {PAIRS} with most votes are shown."
    notes = (note,) if len(pairs) > PAIRS else ()
    return Part("ways", "", (_sentence(rows, figure),), (table,), tuple(tests), notes)


def _models(panel: Panel) -> tuple[Ints, list[str]]:
    """(N,) the model of each judge, and the names; a judge whose model is unknown has its own."""
    known = panel.ledger.models
    number: dict[str, int] = {}
    model = np.empty(len(panel.judges), dtype=np.int32)
    for j, judge in enumerate(panel.judges):
        name = known.get(judge)
        model[j] = -1 if name is None else number.setdefault(name, len(number))
    alone = model < 0
    model[alone] = len(number) + np.arange(int(alone.sum()))
    return model, list(number)


def _verdicts(panel: Panel) -> tuple[VoteMatrix, Ints]:
    """The votes that say something, and what (V,): a class where labels have one, else a label."""
    _, said = top_class(panel.judged, panel.gold)
    kept = np.flatnonzero(said != NONE)
    return panel.judged.only(kept), said[kept]


def _apart(votes: VoteMatrix, said: Ints, a: int, b: int) -> tuple[Ints, Floats]:
    """The items that both judges gave a verdict on, and 1 where these differ."""
    one, two = np.flatnonzero(votes.rater == a), np.flatnonzero(votes.rater == b)
    item, first, second = np.intersect1d(
        votes.item[one], votes.item[two], assume_unique=True, return_indices=True
    )
    differ = said[one[first]] != said[two[second]]
    return item.astype(np.int32), differ.astype(np.float64)


def _different(
    votes: VoteMatrix, said: Ints, model: Ints, resample: Resample
) -> tuple[Floats, Ints]:
    """(1 + B,) share of different verdicts over pairs of judges of different models; the items."""
    item = votes.item.astype(np.int64)
    of = item * (int(model.max(initial=0)) + 1) + model[votes.rater]
    pairs, differ = np.zeros(votes.I), np.zeros(votes.I)
    for key, sign in ((item, 1.0), (of, -1.0)):
        cells, first, place, count = np.unique(
            key, return_index=True, return_inverse=True, return_counts=True
        )
        pair = place * (int(said.max(initial=0)) + 1) + said
        _, start, alike = np.unique(pair, return_index=True, return_counts=True)
        level = np.bincount(place[start], weights=alike * (alike - 1) / 2, minlength=len(cells))
        both = count * (count - 1) / 2
        where = votes.item[first]
        pairs += sign * np.bincount(where, weights=both, minlength=votes.I)
        differ += sign * np.bincount(where, weights=both - level, minlength=votes.I)
    items = np.flatnonzero(pairs > 0).astype(np.int32)
    sums = resample.sums(items, np.stack([differ[items], pairs[items]], axis=1))
    return ratio(sums[:, 0], sums[:, 1]), items


def _sentence(rows: list[tuple[Cell, ...]], base: Figure) -> str:
    share = [row[4].value for row in rows[:-1] if isinstance(row[4], Figure)]
    known = [one for one in share if one is not None]
    change = percent(float(np.mean(known)))
    said = f"{change} of verdicts change when one model is asked in another way"
    if base.value is None:
        return f"{said}."
    return f"{said}, and {percent(base)} between different models."


def _test(model: str, pair: tuple[str, str], figure: Figure, beyond: float, p: float) -> Test:
    others = (figure.value or 0.0) - beyond
    return Test(
        "ways",
        pair,
        f"{pair[0]} and {pair[1]} are one model ({model}) asked in two ways, and differ in "
        f"{percent(figure)} of their verdicts. Different models differ in {percent(others)}.",
        "Find out which of the two ways reads the model right (gold labels tell), and drop the "
        "other.",
        beyond,
        LEAST,
        "share of different verdicts above that of different models",
        p,
    )
