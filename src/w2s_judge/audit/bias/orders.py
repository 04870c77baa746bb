"""What changes when two responses swap places: flipped verdicts, and a pull to a position.

A judge is asked about a pair twice, the item's first response shown first ("ab") or second ("ba").
A verdict that goes with the place and not with the response flips between the two.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from w2s_judge.arrays import Floats, Ints
from w2s_judge.audit.common_notes import ALL_JUDGES, told_apart
from w2s_judge.audit.label_worth import BOTH, label_worth
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Column, Figure, Part, Table, Test
from w2s_judge.audit.resample import FEWEST_TO_TEST, Resample, ratio
from w2s_judge.audit.spoken import number, percent, plural, sentence
from w2s_judge.audit.sums_by import rows_of, sums_by
from w2s_judge.audit.top_label import NONE, top_label, top_of
from w2s_judge.sentences import listed
from w2s_judge.votes import VoteMatrix

Keys = npt.NDArray[np.int64]

LEAST = 0.05  # off one half: one answer in ten goes with the place
EVEN = 0.5

COLUMNS = (
    Column("judge", "Judge"),
    Column("pairs", "Pairs asked in both orders", "count"),
    Column("flips", "Verdict flips", "share"),
    Column("first", "For what was shown first", "share"),
    Column("lean", "Both orders first, less both second", "signed"),
)


@dataclass(frozen=True, eq=False, slots=True)
class Swapped:
    """Verdicts of one judge on one item in both orders; (k,) each.

    one, two : the verdict in order "ab" and in "ba", in the item's frame: with `sided` 1 for the
               first response, 0 for a tie, -1 for the second; else the index of the label
    sided    : whether it is known which response a label prefers
    """

    item: Ints
    judge: Ints
    one: Ints
    two: Ints
    sided: bool

    @property
    def flips(self) -> Floats:
        """(k,) 1 where the two verdicts differ."""
        return np.asarray(self.one != self.two, dtype=np.float64)

    @property
    def first(self) -> Floats:
        """(k,) share of the two verdicts for what was shown first, ties half."""
        return EVEN + (self.one - self.two) / 4

    @property
    def lean(self) -> Floats:
        """(k,) 1: both for what was shown first, -1: both for what was shown second, else 0."""
        both = self.one * self.two == -1
        return np.asarray(np.where(both, np.sign(self.one - self.two), 0.0), dtype=np.float64)

    def only(self, kept: Keys) -> Swapped:
        """Some of them."""
        return Swapped(
            self.item[kept], self.judge[kept], self.one[kept], self.two[kept], self.sided
        )


def swapped(votes: VoteMatrix, judge_of_rater: Ints, worth: Floats | None) -> Swapped:
    """All (judge, item) with a verdict in both orders; several votes in one order are their mean.

    worth : (L,) utility of the item's first response under each label; above .5 it is the better.
            None: verdicts are compared by label alone
    """
    names = votes.order or (None,) * votes.J
    known = np.array([name in BOTH for name in names], dtype=np.bool_)
    second = np.array([name == BOTH[1] for name in names], dtype=np.int64)
    asked = votes.only(known[votes.rater])
    judge = judge_of_rater[asked.rater].astype(np.int64)
    key = (judge * votes.I + asked.item) * 2 + second[asked.rater]
    found, verdict = _verdicts(asked, key)
    if worth is not None:
        verdict = np.sign(worth - EVEN).astype(np.int32)[verdict]
    first = np.flatnonzero(found[:-1] // 2 == found[1:] // 2)
    judge, item = np.divmod(found[first] // 2, max(votes.I, 1))
    return Swapped(
        item.astype(np.int32), judge.astype(np.int32),
        verdict[first], verdict[first + 1], worth is not None,
    )  # fmt: skip


def _verdicts(votes: VoteMatrix, key: Keys) -> tuple[Keys, Ints]:
    """The keys with a verdict, ascending, and the label of each."""
    found, first, cell, many = np.unique(
        key, return_index=True, return_inverse=True, return_counts=True
    )
    verdict = top_label(votes)[first]
    again = np.flatnonzero(many[cell] > 1)
    if len(again):
        mass = votes.only(again).soft()
        mean = np.stack(
            [np.bincount(cell[again], weights=one, minlength=len(found)) for one in mass.T], axis=1
        )
        repeated = many > 1
        verdict[repeated] = top_of(mean[repeated] / many[repeated, None])
    spoken = verdict != NONE
    return found[spoken], verdict[spoken]


def orders(panel: Panel, resample: Resample) -> Part:
    """Flips, and the pull to a position.

    A test a judge, kind "position": the share of its answers for what was shown first is off one
    half by at least .05, so that at least one answer in ten goes with the place.
    """
    worth, note = label_worth(panel)
    asked = set(panel.votes.order or ())
    if not set(BOTH) <= asked:
        one = "The judges were asked in one order only: whether they favour a place is not known."
        return Part("orders", "", notes=(one,) if panel.arity == 2 else ())
    pairs = swapped(panel.votes, panel.judge_of_rater, worth)
    if not len(pairs.item):
        none = "No judge gave a verdict on one pair in both orders: flips cannot be counted."
        return Part("orders", "", notes=(none,))
    rows, tests = [], []
    drawn = _drawn(pairs, resample, len(panel.judges))
    mine = rows_of(pairs.judge, len(panel.judges))
    for j, (name, called) in enumerate(zip(panel.judges, told_apart(panel.judges), strict=True)):
        own = pairs.only(mine[j])
        if len(own.item):
            row = _row(called, own, (drawn[0][:, j], drawn[1][:, j]), resample)
            rows.append(row)
            if pairs.sided:
                tests.append(_test(name, own, drawn[0][:, j], row, resample))
    together = _drawn(as_one(pairs), resample, 1)
    rows.append(_row(ALL_JUDGES, pairs, (together[0][:, 0], together[1][:, 0]), resample))
    meaning = (
        "Of the pairs that a judge was asked about in both orders: how many verdicts change when "
        "the two responses swap places; the share of answers for what was shown first (half: no "
        "pull to a place); and pairs where both answers were for the first place, less those where "
        "both were for the second."
    )
    table = Table("orders", "Both orders", meaning, COLUMNS, tuple(rows))
    if worth is None:
        note = f"whether the judges favour a place cannot be told: {note}"
    notes = (sentence(note),) if note else ()
    return Part("orders", "", (_sentence(rows),), (table,), tuple(tests), notes)


def as_one(pairs: Swapped) -> Swapped:
    """The same, all judges as one."""
    return Swapped(pairs.item, np.zeros_like(pairs.judge), pairs.one, pairs.two, pairs.sided)


def _drawn(pairs: Swapped, resample: Resample, judges: int) -> tuple[Floats, Floats]:
    """(1 + B, judges) each: the share for the first place, and the lean."""
    of, item = pairs.judge, pairs.item
    count = sums_by(resample, item, of, judges)
    first = sums_by(resample, item, of, judges, pairs.first)
    return ratio(first, count), ratio(sums_by(resample, item, of, judges, pairs.lean), count)


Row = tuple[str, int, Figure, Figure, Figure]


def _row(name: str, own: Swapped, drawn: tuple[Floats, Floats], resample: Resample) -> Row:
    """`drawn` are the share for the first place and the lean, (1 + B,) each."""
    flips = resample.share(own.item, own.flips)
    if not own.sided:
        unknown = Figure(None, why="it is not known which response a label prefers")
        return name, len(own.item), flips, unknown, unknown
    first, lean = (resample.figure(found, own.item) for found in drawn)
    if first.low is None:  # always for one place, so that no draw differs
        first = resample.share(own.item, own.first)
    return name, len(own.item), flips, first, lean


def _test(name: str, own: Swapped, first: Floats, row: Row, resample: Resample) -> Test:
    p = resample.p_value(first, own.item, EVEN)
    share = float(first[0])
    prompts = round(resample.worth(own.item))
    if np.ptp(first) == 0 and prompts >= FEWEST_TO_TEST:
        # A judge that always answers for one place: prompts as throws of a fair coin.
        p = float(2 * special.ndtr(-abs(share - EVEN) * 2 * np.sqrt(prompts)))
    place = "first" if share >= EVEN else "second"
    told = row[3] if share >= EVEN else row[3].turned(1.0)
    return Test(
        "position",
        (name,),
        f"{name} favours the response that is shown {place}: {percent(told)} of its answers are "
        f"for it, where half would be. When the two swap places, {percent(row[2])} of its verdicts "
        "flip.",
        f"Ask {name} in both orders and take the mean, or leave it out; one order alone is not "
        "to be trusted.",
        abs(share - EVEN),
        LEAST,
        "share of answers for one place, off one half",
        p,
    )


def _sentence(rows: list[Row]) -> str:
    total = rows[-1]
    said = (
        f"When two responses swap places, {percent(total[2])} of verdicts change "
        f"({plural(total[1], 'pair')} of verdicts of {plural(len(rows) - 1, 'judge')})"
    )
    if total[3].value is None:
        return f"{said}."
    far = sorted(rows[:-1], key=lambda row: -abs((row[3].value or 0) - EVEN))[:3]
    names = listed([f"{row[0]} {percent(row[3].value)}" for row in far if row[3].value is not None])
    lean = number(total[4], signed=True)
    return (
        f"{said}; {percent(total[3])} of the answers are for what was shown first, where half "
        f"would be (lean {lean}). Furthest off: {names}."
    )
