"""Near copies: a test for each two judges, and the clusters that the votes alone show.

A finding says that at least half of what two judges say repeats each other, beyond what the panel
shares (`MINIMUM`); its p is that of an excess of `USUAL`, which two judges of one family may well
have without being copies. Without gold it takes three quarters (`OF_VOTES`), for the only two good
judges of a poor panel vote alike, too, and no number of votes tells the one from the other; the
sentence says so. The table says at most that judges look like it: all tests together decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from w2s_judge.aggregation.copies import Cluster, Copies, Found
from w2s_judge.aggregation.judge_views import JudgeViews
from w2s_judge.aggregation.pair_sums import Pairs
from w2s_judge.arrays import Floats, Ints
from w2s_judge.audit.dependence.copies_named import advice, none_named, sure, tied
from w2s_judge.audit.dependence.copy_evidence import (
    FEWEST_ERRORS,
    CopyEvidence,
    SharedErrors,
    copy_evidence,
    leaving_most,
    p_of_copies,
)
from w2s_judge.audit.dependence.error_correlation import (
    MOST_PAIRS,
    ErrorCorrelation,
    drawn_correlations,
)
from w2s_judge.audit.part import Cell, Column, Figure, Table, Test
from w2s_judge.audit.resample import TOO_FEW, Resample
from w2s_judge.audit.spoken import number, percent
from w2s_judge.calibration.dependence import OVERLAP
from w2s_judge.sentences import listed
from w2s_judge.votes import VoteMatrix

USUAL, MINIMUM, OF_VOTES = 0.4, 0.5, 0.75  # excess: nothing special; worth a word
LOOKS = "looks like it"
SMALLEST = 1e-12
SHOWN = 20  # pairs in the table
TO_LABEL = 10  # items that tell two readings apart
UNIT = "share of verdicts repeated, beyond what the panel shares"
COUNTED = "The panel counts one opinion twice."
UNLESS = "Or both are right where most others are wrong, which only gold labels can tell."
COLUMNS = (
    Column("judges", "Judges"),
    Column("inside", "Correlation among them", "number"),
    Column("outside", "Correlation to be expected", "number"),
    Column("excess", "Share of verdicts repeated", "share"),
    Column("z", "z", "number"),
    Column("merged", "Near copies?"),
    Column("evidence", "Seen in"),
)
MEANING = (
    "How far these judges repeat each other's verdicts. The correlation to be expected is what "
    "they would have as ordinary members of this panel, judging from how the others correlate with "
    "them and with each other; the share of verdicts repeated is what goes beyond it, and z is how "
    "many standard errors that share is away from nothing."
)


@dataclass(frozen=True, slots=True)
class CopiesFound:
    """What a panel's part on dependence takes over."""

    table: Table | None
    tests: tuple[Test, ...]
    sentences: tuple[str, ...]
    notes: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...] = ()
    """Judges who are near copies by the tests, those who hang together in one."""


@dataclass(frozen=True, eq=False, slots=True)
class _Evidence:
    """Pairs with their evidence: names of judges by index, items of each pair, where from."""

    of: CopyEvidence
    p: Floats
    names: tuple[str, ...]
    items: tuple[Ints, ...]
    source: str
    gold: bool

    @property
    def minimum(self) -> float:
        return MINIMUM if self.gold else OF_VOTES


def copies_found(
    votes: VoteMatrix,
    errors: ErrorCorrelation | None,
    resample: Resample,
    rule: Copies | None = None,
) -> CopiesFound:
    """Of votes with one rater a judge; `errors` where there are classes."""
    found = (rule or Copies())(votes)
    notes = [f"From votes alone: {found.why}."] if found.why else []
    by_errors = errors is not None and errors.gold
    evidence = _by_errors(votes, errors, resample) if by_errors else _by_votes(votes, resample)
    readings = [one for one in found.clusters if one.second and not by_errors]
    open_ = [
        {found.units[unit] for unit in side}
        for one in readings
        for side in (one.members, one.second)
    ]
    rows: list[tuple[Cell, ...]] = [
        _cluster_row(one, found, votes, resample, untold=one in readings) for one in found.clusters
    ]
    tests: tuple[Test, ...] = ()
    if evidence is None:
        if votes.J > 1 and (by_errors or not found.why):
            notes.append(none_named(by_errors=by_errors))
    else:
        tests = tuple(_tests(evidence, resample, open_))
        rows += _pair_rows(evidence, tests, resample)
        notes += _untold(evidence)
    title = "Judges who repeat each other"
    table = Table("copies", title, MEANING, COLUMNS, tuple(rows)) if rows else None
    sentences = tuple(_two_readings(one, found.units) for one in readings)
    return CopiesFound(table, tests, sentences, tuple(notes), tied(tests))


def _by_errors(
    votes: VoteMatrix, errors: ErrorCorrelation | None, resample: Resample
) -> _Evidence | None:
    if errors is None:
        return None
    items = common_items(errors.mask, errors.pairs)
    shared = SharedErrors.counted(errors.erring(items, resample.group))
    of = copy_evidence(errors.pairs, errors.centred, shared, votes_alone=False)
    if of is None:
        return None
    p = p_of_copies(of, USUAL, items, resample, errors=True)
    return _Evidence(of, p, votes.raters, items, "errors on gold", True)


def _by_votes(votes: VoteMatrix, resample: Resample) -> _Evidence | None:
    views = JudgeViews.of(votes)
    pairs = Pairs.sharing(views.mask, OVERLAP)
    if not len(pairs.one) or len(pairs.one) > MOST_PAIRS:
        return None
    drawn = drawn_correlations(list(views.views), views.mask, pairs, resample)
    items = common_items(views.mask, pairs)
    shared = SharedErrors.counted(leaving_most(votes, views, pairs, items, resample.group))
    of = copy_evidence(pairs, drawn, shared, votes_alone=True)
    if of is None:
        return None
    p = p_of_copies(of, USUAL, items, resample, errors=False)
    return _Evidence(of, p, views.units, items, "votes, two by two", False)


def common_items(mask: Any, pairs: Pairs, some: Any = slice(None)) -> tuple[Ints, ...]:
    """The items that the judges of each pair (of `some` pairs) share; mask (I, J) sparse."""
    one, two = pairs.one[some], pairs.two[some]
    columns = sparse.csc_array(mask)
    there = {
        j: columns[:, [j]].toarray()[:, 0] > 0
        for j in np.unique(np.concatenate([one, two])).tolist()
    }
    return tuple(
        np.flatnonzero(there[j] & there[k]).astype(np.int32)
        for j, k in zip(one.tolist(), two.tolist(), strict=True)
    )


def _tests(evidence: _Evidence, resample: Resample, open_: list[set[str]]) -> list[Test]:
    of, tests = evidence.of, []
    for k, (j, m) in enumerate(zip(of.pairs.one.tolist(), of.pairs.two.tolist(), strict=True)):
        one, two = evidence.names[j], evidence.names[m]
        p = float(evidence.p[k])
        if any({one, two} <= side for side in open_):
            p = 1.0  # the votes have another reading
        told = _sentence(evidence, k, one, two, resample)
        effect, least = float(of.excess[0, k]), evidence.minimum
        tests.append(Test("copy", (one, two), told, advice(one, two), effect, least, UNIT, p))
    return tests


def _sentence(evidence: _Evidence, k: int, one: str, two: str, resample: Resample) -> str:
    of, items = evidence.of, evidence.items[k]
    what = "errors" if evidence.gold else "votes"
    found, excess = Figure(float(of.found[0, k])), Figure(max(float(of.excess[0, k]), 0.0))
    if of.excess[0, k] >= evidence.minimum:  # else it is never said
        found, excess = (resample.figure(drawn[:, k], items) for drawn in (of.found, of.excess))
    return (
        f"{one} and {two} are near copies: about {percent(excess)} of what one says repeats the "
        f"other (their {what} correlate at {number(found)}; "
        f"{number(float(of.expected[0, k]))} is to be expected of two of this panel). "
        f"{COUNTED if evidence.gold else UNLESS}"
    )


def _cluster_row(
    one: Cluster, found: Found, votes: VoteMatrix, resample: Resample, *, untold: bool
) -> tuple[Cell, ...]:
    prompts = resample.prompts(np.unique(votes.item))
    why = "" if one.low is not None else TOO_FEW
    excess = Figure(one.excess, one.low, one.high, one.items, prompts, why)
    merged = LOOKS if one.merges and found.accepted and not untold else "no"
    seen = "votes alone" + ("; a second reading fits" if one.second else "")
    names = ", ".join(found.units[unit] for unit in one.members)
    return (names, one.inside, one.explained, excess, one.z, merged, seen)


def _pair_rows(
    evidence: _Evidence, tests: tuple[Test, ...], resample: Resample
) -> list[tuple[Cell, ...]]:
    """The pairs beyond what is usual, the most alike first; those that cannot be told are not."""
    of = evidence.of
    beyond = of.told & (of.excess[0] > USUAL)
    order = [k for k in np.argsort(-of.excess[0], kind="stable").tolist() if beyond[k]]
    rows: list[tuple[Cell, ...]] = []
    for k in order[:SHOWN]:
        test, draws = tests[k], of.excess[1:, k]
        figure = resample.figure(of.excess[:, k], evidence.items[k])
        spread = float(np.nanstd(draws, ddof=1))
        z = float(of.excess[0, k]) / spread if spread > SMALLEST else None
        names, looks = ", ".join(test.about), LOOKS if sure(test, len(tests)) else "no"
        found, expected = float(of.found[0, k]), float(of.expected[0, k])
        rows.append((names, found, expected, figure, z, looks, evidence.source))
    return rows


def _untold(evidence: _Evidence) -> list[str]:
    few = int((evidence.of.shared.fewest < FEWEST_ERRORS).sum())
    goes = "errs" if evidence.gold else "leaves the verdict of most others"
    note = (
        f"{few:,} of {len(evidence.p):,} pairs of judges are not tested for copies: one of the two "
        f"{goes} in fewer than {FEWEST_ERRORS} prompts, and judges who are both right agree anyway."
    )
    return [note] if few else []


def _two_readings(one: Cluster, units: tuple[str, ...]) -> str:
    first, second = (
        listed([units[unit] for unit in side], most=8) for side in (one.members, one.second)
    )
    return (
        f"Two readings of the votes fit: either {first} repeat each other, or {second} do and the "
        "former are the good judges. Votes cannot tell which; label "
        f"{TO_LABEL} items on which the two groups disagree."
    )
