"""Do the judges err together? How many of them there really are, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.audit.common_notes import (
    UNMAPPED,
    only_rank,
    rankers,
    without_rankers,
)
from w2s_judge.audit.dependence.copies_found import common_items, copies_found
from w2s_judge.audit.dependence.error_correlation import ErrorCorrelation, error_correlation
from w2s_judge.audit.dependence.if_independent import if_independent
from w2s_judge.audit.dependence.unanimous import unanimous
from w2s_judge.audit.dependence.why_unknown import constant, why_unknown
from w2s_judge.audit.dependence.words import (
    AGREED,
    ALONE,
    CENTRED,
    COST,
    EFFECTIVE,
    EIGEN,
    MAJORITY,
    MEANINGS,
    UNCENTRED,
    WRONG,
    of_verdicts,
    worth,
)
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Cell, Column, Figure, Part, Table
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.shown_judges import square
from w2s_judge.audit.spoken import sentence
from w2s_judge.audit.top_label import top_label, top_of
from w2s_judge.calibration.class_mass import class_mass
from w2s_judge.calibration.dependence import OVERLAP
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

NAME, TITLE = "dependence", "Do the judges err together?"
ONE_JUDGE = "There is one judge: nobody to err together with."
UNKNOWN = "How far the judges err together cannot be told"
FLATTERED = (
    "errors against the consensus, which the judges made themselves: an error that most share "
    "passes for right, and the figure is as a rule too good"
)
PAIRS_MEAN = (
    "How far the two judges are wrong on the same items (correlation of their errors): 0 is each "
    "on its own, 1 is always together. Within classes: items of one true class are set beside each "
    "other only, so that a class that is hard for everybody does not count as erring together. "
    "Over all items: it does."
)


@dataclass(frozen=True, eq=False, slots=True)
class _Read:
    """Votes whose mass is read: verdict (V,) class or label, mass (V, C) where classes are known.

    gold : None also where it is not known which label means which of its classes
    """

    votes: VoteMatrix
    verdict: Ints
    mass: Floats | None
    gold: Gold | None


def dependent(panel: Panel, resample: Resample) -> Part:
    """The part "dependence": correlated errors, effective votes, unanimous errors, near copies."""
    read, notes = _read(panel)
    errors = None
    if read.mass is not None:
        posterior = panel.consensus.posterior
        errors = error_correlation(read.votes, read.mass, posterior, read.gold, resample)
    rows = _error_rows(errors, resample)
    shared = _verdict_rows(read, resample)
    copies = copies_found(panel.judged, errors, resample)
    if errors is not None:
        sentences = [worth(errors, rows, len(panel.judges), copies.groups)]
    else:
        why = _unknown(panel, read)
        sentences = [ONE_JUDGE if len(panel.judges) == 1 else f"{UNKNOWN}: {why}."]
    sentences += of_verdicts(shared)
    tables = [_summary({**rows, **shared}, errors)]
    if errors is not None:
        tables.append(_pairs(errors, read.votes.raters, resample))
    if copies.table is not None:
        tables.append(copies.table)
    notes += _notes(errors, read, panel.consensus)
    return Part(
        NAME,
        TITLE,
        (*sentences, *copies.sentences),
        tuple(table for table in tables if table.rows),
        copies.tests,
        (*notes, *copies.notes),
    )


def _read(panel: Panel) -> tuple[_Read, list[str]]:
    votes, notes = without_rankers(panel.judged), [*only_rank(rankers(panel.judged))]
    gold = panel.gold if panel.gold is not None and panel.gold.G else None
    mass = class_mass(votes, gold)
    if mass is None:
        return _Read(votes, top_label(votes), None, None), notes
    return _Read(votes, top_of(mass), mass, gold), notes


def _unknown(panel: Panel, read: _Read) -> str:
    """Why there are no errors to compare; "" of one judge."""
    if len(panel.judges) == 1:
        return ""
    if read.mass is None and read.votes.V:
        return UNMAPPED
    return why_unknown(panel.judged, read.votes, read.mass, panel.consensus.posterior, read.gold)


def _error_rows(errors: ErrorCorrelation | None, resample: Resample) -> dict[str, Figure]:
    if errors is None:
        return {}
    items, overall = errors.items, errors.overall
    found = {
        CENTRED: errors.mean(errors.centred, overall.centred),
        UNCENTRED: errors.mean(errors.uncentred, overall.uncentred),
        EFFECTIVE: errors.effective(),
    }
    rows = {name: resample.figure(value, items) for name, value in found.items()}
    eigen, point = errors.effective_eigen(), overall.effective_eigen
    if eigen is not None:
        rows[EIGEN] = resample.figure(eigen, items)
    elif point is not None:
        prompts = resample.prompts(items)
        rows[EIGEN] = Figure(
            point, n=len(items), prompts=prompts, why="no interval for so many judges"
        )
    return rows


def _verdict_rows(read: _Read, resample: Resample) -> dict[str, Figure]:
    rows: dict[str, Figure] = {}
    if not read.votes.V:
        return rows
    shared = unanimous(read.votes, read.verdict, read.gold, resample)
    if shared.agreed.n:
        rows[AGREED] = shared.agreed
    if read.gold is None:
        return rows
    rows[WRONG] = shared.wrong
    reached = if_independent(read.votes, read.verdict, read.gold, resample)
    if reached is not None:
        rows[MAJORITY] = resample.figure(reached.majority, reached.item)
        rows[ALONE] = resample.figure(reached.independent, reached.item)
        rows[COST] = resample.figure(reached.independent - reached.majority, reached.item)
    return rows


def _summary(rows: dict[str, Figure], errors: ErrorCorrelation | None) -> Table:
    flattered = errors is not None and not errors.gold
    table: list[tuple[Cell, ...]] = []
    for name, meaning in MEANINGS.items():
        if name in rows:
            by_errors = name in (CENTRED, UNCENTRED, EFFECTIVE, EIGEN)
            told = f"{meaning} ({FLATTERED})" if flattered and by_errors else meaning
            table.append((name, rows[name], told))
    columns = (
        Column("measure", "Measure"),
        Column("value", "Value", "number"),
        Column("meaning", "What it is"),
    )
    return Table(
        "summary", "How many judges these are", "Figures of the whole panel.", columns, tuple(table)
    )


def _pairs(errors: ErrorCorrelation, names: tuple[str, ...], resample: Resample) -> Table:
    pairs = errors.pairs
    shown = np.flatnonzero(errors.shown)
    items = common_items(errors.mask, pairs, shown)
    rows: list[tuple[Cell, ...]] = [
        (
            names[pairs.one[k]], names[pairs.two[k]], len(mine),
            resample.figure(errors.centred[:, k], mine),
            resample.figure(errors.uncentred[:, k], mine),
        )
        for k, mine in zip(shown.tolist(), items, strict=True)
    ]  # fmt: skip
    columns = (
        Column("one", "One judge"),
        Column("two", "Other judge"),
        Column("items", "Common items", "count"),
        Column("centred", "Within classes", "signed"),
        Column("uncentred", "Over all items", "signed"),
    )
    meaning = PAIRS_MEAN if errors.gold else f"{PAIRS_MEAN} {sentence(FLATTERED)}"
    return Table("pairs", "Errors of each two judges", meaning, columns, tuple(rows))


def _notes(errors: ErrorCorrelation | None, read: _Read, consensus: Consensus) -> list[str]:
    notes: list[str] = []
    if errors is None:
        return notes
    overall, here = errors.overall, len(errors.pairs.one)
    pairs, shown = errors.pairs, errors.shown
    judges = len(np.unique(np.concatenate([pairs.one[shown], pairs.two[shown]])))
    if np.count_nonzero(shown) < overall.pairs:
        notes += square(overall.raters, judges)
    if here < overall.pairs:
        notes.append(
            f"Intervals of the means rest on the {here:,} pairs that are shown, and with gold only "
            "these are looked at for copies."
        )
    notes += constant(read.votes, errors, consensus.posterior, read.mass, read.gold)
    if not errors.gold and read.gold is not None:
        notes.append(
            f"No two judges share {OVERLAP} items with gold and have errors that vary on them: "
            "errors are against the consensus."
        )
    if errors.gold and read.gold is not None and np.ptp(read.gold.weight) > 0:
        notes.append(
            "Correlations of errors count every labelled item once, however it was chosen for "
            "labelling; shares and the majority are weighted by that."
        )
    return notes
