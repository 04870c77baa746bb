"""Agreement of a whole panel: raw, and by each coefficient, with an interval over prompts.

Letters: I items, L labels, R rows of counts, B draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.audit.agreement.coefficient import (
    beyond_chance,
    identity_weights,
    number,
    quadratic_weights,
)
from w2s_judge.audit.agreement.fleiss import fleiss_expected, item_agreement, item_terms
from w2s_judge.audit.agreement.gwet import gwet_expected
from w2s_judge.audit.agreement.intraclass import CompleteItems, correlations
from w2s_judge.audit.agreement.krippendorff import Metric, Spread, nominal_agreement, nominal_terms
from w2s_judge.audit.agreement.label_counts import Column, LabelCounts, agreeing, label_counts
from w2s_judge.audit.agreement.readings import Readings
from w2s_judge.audit.part import Figure
from w2s_judge.audit.resample import Resample, ratio

AT_ONCE = 16  # columns of sums that are drawn together: memory stays that of so many
ONE_LABEL = "all verdicts are one label, so that chance alone would agree as often"
ONE_SCORE = "all scores are the same"
NO_PAIR = "no item has votes of two judges"

RAW, ALPHA, ORDINAL, INTERVAL = (
    "raw agreement", "Krippendorff's alpha, nominal", "Krippendorff's alpha, ordinal",
    "Krippendorff's alpha, interval",
)  # fmt: skip
FLEISS, AC1, AC2 = "Fleiss' kappa", "Gwet's AC1", "Gwet's AC2, quadratic weights"
SINGLE, AVERAGE = "ICC(2,1)", "ICC(2,k)"
MEANING = {
    RAW: "share of pairs of verdicts on an item that are the same",
    ALPHA: "verdicts the same or not, beyond chance by the panel's shares of labels",
    ORDINAL: "votes by their place in the order of all votes: near misses count in part",
    INTERVAL: "votes by the numbers that labels stand for: near misses count in part",
    FLEISS: "verdicts the same or not, beyond chance; every item counts alike",
    AC1: "verdicts the same or not; chance stays small where one label is far commoner",
    AC2: "as AC1, near misses counting in part",
    SINGLE: "how far one judge's score can stand for another's, levels and spread included",
    AVERAGE: "the same for the mean score of all judges",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A coefficient: its figure, the agreement expected by chance, items that it rests on."""

    name: str
    value: Figure
    expected: float | None
    items: int


@dataclass(frozen=True, slots=True)
class PanelAgreement:
    """The coefficients, and the share of each label among the verdicts."""

    rows: tuple[Row, ...]
    base_rates: tuple[Figure, ...]

    def row(self, name: str) -> Row | None:
        """The coefficient of this name, if there is one."""
        return next((row for row in self.rows if row.name == name), None)

    @property
    def commonest(self) -> int | None:
        """Index of the commonest label."""
        values = [figure.value or 0.0 for figure in self.base_rates]
        return int(np.argmax(values)) if any(values) else None


def panel_agreement(readings: Readings, resample: Resample) -> PanelAgreement:
    """All coefficients that apply: ordinal ones where the labels have an order."""
    votes, kept = readings.votes, readings.verdicts
    counts = label_counts(votes.item[kept], readings.label[kept], votes.L, votes.I)
    weights = quadratic_weights(votes.scale) if votes.ordered else None
    verdicts = _Verdicts(counts, weights, resample)
    rows = [*verdicts.rows()]
    if votes.ordered:
        scored = readings.scores
        columns = votes.item[scored], votes.rater[scored], readings.score[scored]
        rows[2:2] = _spreads(columns[0], columns[2], resample)
        rows += _intraclass(*columns, resample)
    return PanelAgreement(tuple(rows), verdicts.base_rates())


class _Verdicts:
    """Sums over items of all that the coefficients of verdicts are made of, and their draws."""

    def __init__(self, counts: LabelCounts, weights: Floats | None, resample: Resample) -> None:
        L = counts.table.shape[1]  # noqa: N806
        self.same, self.weights, self.resample = identity_weights(L), weights, resample
        near = self.same if weights is None else weights
        parts = [nominal_terms(counts), item_terms(counts, self.same)]
        parts += [agreeing(counts, near)[:, None], counts.table]
        terms, ends = np.concatenate(parts, axis=1), np.cumsum([part.shape[1] for part in parts])
        votes = counts.votes[counts.row] if len(counts.row) else np.zeros(0)
        self.voted, self.paired = np.flatnonzero(votes), np.flatnonzero(votes > 1)
        self.agreed = parts[1][counts.row[self.paired], 0]
        sums = _sums(resample, self.voted, terms, counts.row)
        self.nominal, self.by_item, near_sums, self.by_label = np.split(sums, ends[:-1], axis=1)
        self.near = ratio(near_sums[:, 0], self.by_item[:, 1])

    def rows(self) -> Iterator[Row]:
        observed, share = item_agreement(self.by_item)
        yield self._raw(observed)
        yield self._row(ALPHA, *nominal_agreement(self.nominal))
        yield self._row(FLEISS, observed, fleiss_expected(share, self.same))
        yield self._row(AC1, observed, gwet_expected(share, self.same))
        if self.weights is not None:
            yield self._row(AC2, self.near, gwet_expected(share, self.weights))

    def _raw(self, observed: Floats) -> Row:
        items = len(self.paired)
        # Wilson's interval, made for yes or no, is too wide for shares of pairs, but where all
        # agree, or none, draws do not vary and it still holds.
        if items and 0 < observed[0] < 1:
            figure = self.resample.figure(observed, self.paired)
        else:
            figure = self.resample.share(self.paired, self.agreed)
        return Row(RAW, figure if items else Figure(None, why=NO_PAIR), None, items)

    def _row(self, name: str, observed: Floats, expected: Floats) -> Row:
        why = ONE_LABEL if len(self.paired) else NO_PAIR
        figure = self.resample.figure(beyond_chance(observed, expected), self.paired, why=why)
        return Row(name, figure, number(expected), len(self.paired))

    def base_rates(self) -> tuple[Figure, ...]:
        """(L,) share of each label among the verdicts."""
        verdicts = self.by_label.sum(axis=1)
        found = ratio(self.by_label, verdicts[:, None])
        n = int(verdicts[0])
        return tuple(self.resample.figure(one, self.voted, n) for one in found.T)


def _sums(resample: Resample, item: Column, terms: Floats, row: Column) -> Floats:
    """(1 + B, m) sums over items of `terms` (R, m) of each item's row."""
    starts = range(0, terms.shape[1], AT_ONCE)
    rows = row[item]
    parts = [resample.sums(item, terms[rows, start : start + AT_ONCE]) for start in starts]
    return np.concatenate(parts, axis=1)


def _spreads(item: Column, score: Floats, resample: Resample) -> Iterator[Row]:
    metrics: tuple[tuple[str, Metric], ...] = ((ORDINAL, "ordinal"), (INTERVAL, "interval"))
    for name, metric in metrics:
        spread = Spread.of(item, score, metric)
        paired = np.flatnonzero(spread.count)
        why = ONE_SCORE if len(paired) else NO_PAIR
        figure = resample.figure(spread.drawn(resample), paired, why=why)
        yield Row(name, figure, number(spread.agreement()[1]), len(paired))


def _intraclass(item: Column, rater: Column, score: Floats, resample: Resample) -> Iterator[Row]:
    complete = CompleteItems.of(item, rater, score)
    n, k = complete.score.shape
    judges = f"all {k} judges" if k > 2 else "both judges"
    if k < 2:
        why = "fewer than two judges have scores that can be set beside one another"
    elif n < 2:
        why = f"{'one item has' if n else 'no item has'} votes of {judges}"
    else:
        why = "" if np.any(complete.score) else ONE_SCORE
    if why:
        found = (np.full(1 + len(resample.weights), np.nan),) * 2
    else:
        found = correlations(resample.sums(complete.item, complete.terms()))
    for name, values in zip((SINGLE, AVERAGE), found, strict=True):
        yield Row(name, resample.figure(values, complete.item, why=why), None, n)
