"""Agreement of each two judges: raw, Cohen's kappa, weighted kappa, Kendall's tau-b.

Every value is exact. Its draws are those of the linear approximation around it, so that a pair
costs a handful of sums over blocks of prompts, however many labels there are: as good as working
it out anew in each draw but for terms of 1 / n.

Letters: P pairs, B draws, n blocks, L labels, k common items of a pair, m sums of a pair.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.audit.agreement.coefficient import beyond_chance, identity_weights, quadratic_weights
from w2s_judge.audit.agreement.cohen import contingency, kappa_agreement
from w2s_judge.audit.agreement.common_items import CommonItems
from w2s_judge.audit.agreement.kendall import Concordance
from w2s_judge.audit.agreement.label_counts import Column
from w2s_judge.audit.agreement.readings import Readings
from w2s_judge.audit.part import Figure
from w2s_judge.audit.resample import Resample, ratio

TOGETHER = 32  # pairs that are drawn in one product
ALWAYS = "both judges keep to one label, so that chance alone would agree as often"
NO_ORDER = "the labels have no order"
UNSURE = "the scores of one of the two only rank"
NO_VERDICT = "no item has a verdict of both"
NO_RANK = "one of the two gives every item the same score"

Pairs = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two judges: items with a verdict of both, figures, and each one's share of its commonest."""

    one: int
    two: int
    items: int
    raw: Figure
    kappa: Figure
    weighted: Figure
    tau_b: Figure
    base_one: float | None
    base_two: float | None


@dataclass(frozen=True, eq=False, slots=True)
class _Case:
    """A pair's common items (k,), the cell of each in the pair's table, and terms (m, cells)."""

    item: Column
    cell: Column
    terms: Floats
    table: Floats


@dataclass(frozen=True, slots=True)
class _Said:
    """What the verdicts of two judges give."""

    items: int
    raw: Figure
    kappa: Figure
    weighted: Figure
    base_one: float | None
    base_two: float | None


def judge_pairs(readings: Readings, resample: Resample, pairs: Pairs) -> list[PairAgreement]:
    """Agreement of these pairs of judges, in their order."""
    taus = iter([Figure(None, why=NO_ORDER)] * len(pairs))
    if readings.votes.ordered:
        taus = _taus(readings, resample, pairs)
    found = []
    for (one, two), said, tau in zip(
        pairs, _verdicts(readings, resample, pairs), taus, strict=True
    ):
        figures = said.raw, said.kappa, said.weighted, tau
        found.append(PairAgreement(one, two, said.items, *figures, said.base_one, said.base_two))
    return found


def _verdicts(readings: Readings, resample: Resample, pairs: Pairs) -> Iterator[_Said]:
    votes, kept = readings.votes, readings.verdicts
    item, label = votes.item[kept], readings.label[kept]
    common = CommonItems.of(item, votes.rater[kept], votes.J, votes.I)
    weights = [identity_weights(votes.L)]
    weights += [quadratic_weights(votes.scale)] if votes.ordered else []
    unsure = set(readings.unsure)

    def cases() -> Iterator[_Case]:
        for _, _, first, second in common.votes(pairs):
            one, two = label[first], label[second]
            table = contingency(one, two, (votes.L, votes.L))
            terms = [part for near in weights for part in _kappa_terms(table, near)]
            cell = one.astype(np.intp) * votes.L + two
            yield _Case(item[first], cell, _flat(terms), table)

    for pair, (case, sums) in zip(pairs, _drawn(cases(), resample), strict=True):
        if not len(case.item):
            silent = any(votes.raters[j] in unsure for j in pair)
            none = Figure(None, why=UNSURE if silent else NO_VERDICT)
            yield _Said(0, none, none, none if votes.ordered else Figure(None, why=NO_ORDER),
                        None, None)  # fmt: skip
            continue
        kappas = [
            resample.figure(_kappa(sums, case.table, near, 1 + 2 * k), case.item, why=ALWAYS)
            for k, near in enumerate(weights)
        ]
        hit = case.terms[1][case.cell]
        weighted = kappas[1] if votes.ordered else Figure(None, why=NO_ORDER)
        base = (float(case.table.sum(axis=1 - k).max() / len(hit)) for k in (0, 1))
        yield _Said(len(hit), resample.share(case.item, hit), kappas[0], weighted, *base)


def _kappa_terms(table: Floats, weights: Floats) -> list[Floats]:
    """(L, L) of an item in a cell: its agreement, and its pull on the agreement by chance."""
    share = table / max(float(table.sum()), 1.0)
    pull = (weights @ share.sum(axis=0))[:, None] + weights.T @ share.sum(axis=1)
    return [weights, pull / 2]


def _kappa(sums: Floats, table: Floats, weights: Floats, at: int) -> Floats:
    """(1 + B,) kappa from sums of ones, and at `at` of agreement and pull, whose mean is chance."""
    expected = kappa_agreement(table, weights)[1]
    return beyond_chance(
        ratio(sums[:, at], sums[:, 0]), 2 * ratio(sums[:, at + 1], sums[:, 0]) - expected
    )


def _taus(readings: Readings, resample: Resample, pairs: Pairs) -> Iterator[Figure]:
    votes = readings.votes
    coded = readings.codes
    common = CommonItems.of(votes.item, votes.rater, votes.J, votes.I)
    whole: list[Concordance] = []

    def cases() -> Iterator[_Case]:
        for one, two, first, second in common.votes(pairs):
            table = coded.table(one, two, first, second)
            found = Concordance.of(table)
            whole.append(found)
            rows = np.broadcast_to(found.of_row[:, None], table.shape)
            terms = [found.of_cell, rows, np.broadcast_to(found.of_column, table.shape)]
            cell = coded.code[first].astype(np.intp) * table.shape[1] + coded.code[second]
            yield _Case(votes.item[first], cell, _flat(terms), table)

    for number, (case, sums) in enumerate(_drawn(cases(), resample)):
        found = whole[number]
        level = np.array([found.agreed, found.first, found.second])
        agreed, first, second = (2 * ratio(sums[:, 1:], sums[:, :1]) - level).T
        scale = np.sqrt(np.maximum(first, 0.0) * np.maximum(second, 0.0))
        why = NO_RANK if len(case.item) else "no item has votes of both"
        yield resample.figure(np.clip(ratio(agreed, scale), -1.0, 1.0), case.item, why=why)


def _flat(terms: list[Floats]) -> Floats:
    """(1 + m, cells): ones, then each term."""
    return np.stack([np.ones(terms[0].size), *(term.ravel() for term in terms)])


def _drawn(cases: Iterator[_Case], resample: Resample) -> Iterator[tuple[_Case, Floats]]:
    """Each case with sums (1 + B, 1 + m) of its terms over its items: many in one product."""
    held: list[_Case] = []
    for case in cases:
        held.append(case)
        if len(held) == TOGETHER:
            yield from _sums(held, resample)
            held = []
    yield from _sums(held, resample)


def _sums(cases: list[_Case], resample: Resample) -> Iterator[tuple[_Case, Floats]]:
    if not cases:
        return
    n = resample.weights.shape[1]
    of_block = []
    for case in cases:
        block = resample.block[case.item]
        of_block += [np.bincount(block, term[case.cell], minlength=n) for term in case.terms]
    stacked = np.stack(of_block).astype(np.float64)
    sums = np.concatenate([stacked.sum(axis=1)[None], resample.weights @ stacked.T])
    start = 0
    for case in cases:
        yield case, sums[:, start : start + len(case.terms)]
        start += len(case.terms)
