"""Do the judges agree? Coefficients of the panel and of each two judges, base rates beside them.

A coefficient that corrects for chance depends on how common the labels are, so that the share of
the commonest one stands beside each. Intervals are over prompts. Orders, variants and repeats of a
judge count as one vote.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from scipy import sparse

from w2s_judge.arrays import Ints
from w2s_judge.audit.agreement.judge_pairs import PairAgreement, judge_pairs
from w2s_judge.audit.agreement.kendall import MOST
from w2s_judge.audit.agreement.panel_coefficients import (
    MEANING,
    RAW,
    SINGLE,
    PanelAgreement,
    panel_agreement,
)
from w2s_judge.audit.agreement.readings import Readings
from w2s_judge.audit.agreement.words import alone, sentences
from w2s_judge.audit.common_notes import mute, only_rank
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Cell, Column, Part, Table
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.shown_judges import ALL, shown_judges, square
from w2s_judge.audit.spoken import plural
from w2s_judge.sentences import listed

NAME, TITLE = "agreement", "Do the judges agree?"


def agreement(panel: Panel, resample: Resample) -> Part:
    """How far the judges say the same; whether they are right is another theme's matter."""
    readings = Readings.of(panel.judged)
    votes, heard = readings.votes, readings.heard
    names = [name for name, voted in zip(votes.raters, heard, strict=True) if voted]
    if len(names) < 2:
        return Part(NAME, TITLE, (alone(names),), notes=tuple(_silent(readings)))
    found = panel_agreement(readings, resample)
    chosen = _chosen(readings)
    pairs = [(int(one), int(two)) for one, two in combinations(chosen, 2)]
    between = judge_pairs(readings, resample, pairs)
    common = [pair for pair in between if pair.items or pair.tau_b.n]
    told = tuple(
        sentences(found, common, votes.raters, votes.labels, some=len(chosen) < len(names))
    )
    tables = (
        _panel_table(found),
        _rates_table(found, votes.labels),
        _pairs_table(common, votes.raters),
    )
    notes = (
        *_silent(readings),
        *_notes(readings, found, len(between) - len(common)),
        *square(len(names), len(chosen)),
    )
    return Part(NAME, TITLE, told, tuple(table for table in tables if table.rows), notes=notes)


def _chosen(readings: Readings) -> Ints:
    """The judges whose pairs are shown: all with a vote, of many some."""
    votes, heard = readings.votes, readings.heard
    if np.count_nonzero(heard) <= ALL:
        return np.flatnonzero(heard).astype(np.int32)
    where = (votes.item, votes.rater)
    mask = sparse.csr_array((np.ones(votes.V), where), shape=(votes.I, votes.J))
    return shown_judges(mask, np.bincount(votes.rater, minlength=votes.J).astype(np.float64))


def _panel_table(found: PanelAgreement) -> Table:
    base = None if found.commonest is None else found.base_rates[found.commonest].value
    rows: list[tuple[Cell, ...]] = []
    for row in found.rows:
        rate = base if row.expected is not None or row.name == RAW else None
        rows.append((row.name, row.value, row.expected, rate, row.items, MEANING[row.name]))
    return Table(
        "panel", "Agreement of the panel",
        "How far votes on an item agree, and how far they would by chance; 1 is always, 0 is as by "
        "chance (for raw agreement: never). The share of the commonest label says how much chance "
        "there is to correct for.",
        (
            Column("coefficient", "Coefficient"),
            Column("value", "Value", "number"),
            Column("expected", "Expected by chance", "number"),
            Column("base_rate", "Commonest label", "share"),
            Column("items", "Items", "count"),
            Column("meaning", "What it measures"),
        ),
        tuple(rows),
    )  # fmt: skip


def _rates_table(found: PanelAgreement, labels: Sequence[str]) -> Table:
    rows = tuple((label, rate) for label, rate in zip(labels, found.base_rates, strict=True))
    known = any(rate.value is not None for _, rate in rows)
    return Table(
        "base_rates", "What the judges say",
        "Share of each label among all verdicts.",
        (Column("label", "Label"), Column("share", "Share of verdicts", "share")),
        rows if known else (),
    )  # fmt: skip


def _pairs_table(pairs: Sequence[PairAgreement], judges: Sequence[str]) -> Table:
    return Table(
        "pairs", "Agreement of each two judges",
        "Two judges on the items that both judged: how often their verdicts are the same, kappa "
        "(beyond chance, 0 to 1), weighted kappa (near misses count in part), tau-b (whether they "
        "rank items alike, -1 to 1), and the share of the commonest label of each.",
        (
            Column("one", "One judge"),
            Column("two", "Other judge"),
            Column("items", "Common items", "count"),
            Column("raw", "Same verdict", "share"),
            Column("kappa", "Cohen's kappa", "number"),
            Column("weighted_kappa", "Weighted kappa", "number"),
            Column("tau_b", "Kendall's tau-b", "signed"),
            Column("base_one", "Commonest label of one", "share"),
            Column("base_two", "Commonest label of the other", "share"),
        ),
        tuple(
            (
                judges[pair.one], judges[pair.two], pair.items or pair.tau_b.n, pair.raw,
                pair.kappa, pair.weighted, pair.tau_b, pair.base_one, pair.base_two,
            )
            for pair in pairs
        ),
    )  # fmt: skip


def _silent(readings: Readings) -> Iterator[str]:
    votes = readings.votes
    silent = [name for name, voted in zip(votes.raters, readings.heard, strict=True) if not voted]
    yield from mute(silent)


def _notes(readings: Readings, found: PanelAgreement, apart: int) -> Iterator[str]:
    votes = readings.votes
    if readings.undecided:
        yield (
            f"{readings.undecided:,} of {votes.V:,} votes have two labels level on top: they give "
            "no verdict and are left out of raw agreement, kappa and nominal alpha."
        )
    yield from only_rank(readings.unsure)
    if not votes.ordered:
        yield (
            "The labels have no order, so that ordinal and interval alpha, AC2, weighted kappa, "
            "tau-b and ICC are left out."
        )
    if votes.weight is not None:
        yield "The weights of votes play no part in agreement: each vote counts alike."
    yield from _complete(readings, found)
    yield from _cut(readings)
    if apart:
        have = "has" if apart == 1 else "have"
        yield (
            f"{plural(apart, 'pair')} of judges {have} no item in common and "
            f"{'is' if apart == 1 else 'are'} not shown."
        )


def _complete(readings: Readings, found: PanelAgreement) -> Iterator[str]:
    row, scored = found.row(SINGLE), readings.scores
    if row is None or row.value.value is None:
        return
    items = len(np.unique(readings.votes.item[scored]))
    judges = len(np.unique(readings.votes.rater[scored]))
    if row.items < items:
        yield f"ICC is over the {row.items:,} of {items:,} items that all {judges} judges scored."


def _cut(readings: Readings) -> Iterator[str]:
    if not readings.votes.ordered or (
        readings.votes.label is not None and readings.votes.L <= MOST
    ):
        return
    cut = [name for name, one in zip(readings.votes.raters, readings.codes.cut, strict=True) if one]
    if cut:
        yield (
            f"For tau-b, scores with more than {MOST} distinct values are cut into {MOST} parts of "
            f"equal size: those of {listed(cut)}."
        )
