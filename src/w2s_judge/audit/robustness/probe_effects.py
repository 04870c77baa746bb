"""What each rewrite did to each judge: flips, the shift of utility, new abstentions, and tests.

Before and after are the same judge in the same order. A verdict is the class (or label) with most
mass; with two level on top there is none, and the answer is left out of the flips. The shift is
that of the rewritten response's expected utility. A judge that only ranks has no verdicts; its
utility is then the share of its own votes before that lie below (half of the level ones), which is
how the consensus reads it.

Letters: n answers, L labels, P probes, N judges, B draws; a cell is a judge under a probe.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.audit.part import Figure
from w2s_judge.audit.resample import Resample, ratio
from w2s_judge.audit.robustness.probe_votes import REPEAT, ProbeVotes
from w2s_judge.audit.sums_by import sums_by
from w2s_judge.audit.top_label import NONE, top_of

RANKS = "under rewrites its scores are compared by rank alone"
UNDECIDED = "no verdict both before and after"
UNASKED = "this text asks for no verdict"
BEST = "it gave the best verdict before, wherever it gave one"
UNMOVED = "no vote after it, or labels have no utility"
FLOOR = "it is what the others are set against"
NO_FLOOR = "the very same text was not asked again, so that noise is unknown"


@dataclass(frozen=True, eq=False, slots=True)
class Scale:
    """How the judges' votes are read.

    judges  : names, length N
    utility : (L,) in [0, 1], of the response or of the first of two; None where unknown
    verdict : (L,) the class that each label stands for (labels themselves where that is unknown)
    arity   : 1 (one response is judged) or 2 (two are compared)
    """

    judges: tuple[str, ...]
    utility: tuple[float, ...] | None
    verdict: Ints
    arity: int = 1


@dataclass(frozen=True, eq=False, slots=True)
class Answers:
    """The answers, read: (n,) each.

    verdict : both before and after there was one      flip   : they differ
    voted   : a vote after, and utilities are known    shift  : after minus before, 0 where none
    against : a verdict before that was not the best one for the rewritten response, and one after
    won     : of these, it is the best one after
    """

    verdict: Bools
    flip: Bools
    voted: Bools
    shift: Floats
    against: Bools
    won: Bools


@dataclass(frozen=True, eq=False, slots=True)
class Effect:
    """One judge under one probe.

    judge, probe   : indices
    asked          : how many answers
    flips          : share of verdicts that changed      against_repeat : the same less the repeat's
    toward         : mean shift                           abstained      : share of new abstentions
    turned         : of verdicts that were not the best one, the share that became it
    flipped, raised : (1 + B,) flips and shift less the repeat's, with their draws; None without one
    seen, voted    : the items of the answers that these two rest on
    """

    judge: int
    probe: int
    asked: int
    flips: Figure
    against_repeat: Figure
    toward: Figure
    turned: Figure
    abstained: Figure
    flipped: Floats | None
    raised: Floats | None
    seen: Ints
    voted: Ints


def read(probed: ProbeVotes, scale: Scale) -> Answers:
    """Verdicts and utilities before and after."""
    onto = np.eye(int(scale.verdict.max()) + 1)[scale.verdict]
    before, after = top_of(probed.base @ onto), top_of(probed.mass @ onto)
    voted = ~probed.abstained
    verdict = (before != NONE) & (after != NONE) & voted & ~probed.ranks[probed.judge]
    flip = verdict & (before != after)
    none = np.zeros(probed.n, dtype=np.bool_)
    if scale.utility is None:
        return Answers(verdict, flip, none, np.zeros(probed.n), none, none)
    worth = np.asarray(scale.utility)
    best = scale.verdict[np.where(probed.up > 0, worth.argmax(), worth.argmin())]
    demanding = np.array([one.demands for one in probed.probes], dtype=np.bool_)
    against = verdict & demanding[probed.probe] & (before != best)
    shift = np.where(voted, _shifts(probed, worth), 0.0)
    return Answers(verdict, flip, voted, shift, against, against & (after == best))


def effects(probed: ProbeVotes, answers: Answers, resample: Resample) -> list[Effect]:
    """Every judge under every probe that it was asked, by judge, then by probe."""
    P = len(probed.probes)  # noqa: N806
    size = len(probed.ranks) * P
    key = probed.judge.astype(np.int64) * P + probed.probe

    def sums(values: Floats | Bools) -> Floats:
        return sums_by(resample, probed.item, key, size, values)

    flips = ratio(sums(answers.flip), sums(answers.verdict))
    shifts = ratio(sums(answers.shift), sums(answers.voted))
    order = np.argsort(key, kind="stable")
    there, starts = np.unique(key[order], return_index=True)
    floor = next((p for p, one in enumerate(probed.probes) if one.name == REPEAT), None)
    asked = set(there.tolist())
    found = []
    for cell, rows in zip(there.tolist(), np.split(order, starts[1:]), strict=True):
        same = None if floor is None else cell - cell % P + floor
        beyond = None
        if same is not None and same != cell and same in asked:
            beyond = (flips[:, cell] - flips[:, same], shifts[:, cell] - shifts[:, same])
        found.append(_effect(probed, answers, resample, rows, shifts[:, cell], beyond))
    return found


def pooled(
    probed: ProbeVotes, answers: Answers, resample: Resample, probe: int
) -> tuple[Figure, Figure]:
    """Flips and shift under one probe over all judges' answers, each counting alike."""
    rows = np.flatnonzero(probed.probe == probe)
    seen, voted = rows[answers.verdict[rows]], rows[answers.voted[rows]]
    sums = resample.sums(
        probed.item[voted], np.stack([answers.shift[voted], np.ones(len(voted))], axis=1)
    )
    return (
        resample.share(probed.item[seen], answers.flip[seen].astype(np.float64)),
        resample.figure(ratio(sums[:, 0], sums[:, 1]), probed.item[voted]),
    )


def _effect(
    probed: ProbeVotes,
    answers: Answers,
    resample: Resample,
    rows: npt.NDArray[Any],
    shift: Floats,
    beyond: tuple[Floats, Floats] | None,
) -> Effect:
    """`rows` are one judge's answers to one probe, at least one."""
    judge, probe = int(probed.judge[rows[0]]), int(probed.probe[rows[0]])
    item, rewriting = probed.item, probed.probes[probe]
    silent = RANKS if probed.ranks[judge] else UNDECIDED

    def share(of: npt.NDArray[Any], hit: Bools, why: str) -> Figure:
        if not len(of):
            return Figure(None, why=why)
        return resample.share(item[of], hit[of].astype(np.float64))

    seen, voted = rows[answers.verdict[rows]], rows[answers.voted[rows]]
    against = rows[answers.against[rows]]
    turned = silent if not len(seen) else BEST if rewriting.demands else UNASKED
    floor = Figure(None, why=FLOOR if rewriting.name == REPEAT else NO_FLOOR)
    if beyond is not None:
        floor = resample.figure(beyond[0], item[seen], why=silent)
    return Effect(
        judge, probe, len(rows), share(seen, answers.flip, silent), floor,
        resample.figure(shift, item[voted], why=UNMOVED), share(against, answers.won, turned),
        share(rows, probed.abstained, ""), beyond and beyond[0], beyond and beyond[1],
        item[seen], item[voted],
    )  # fmt: skip


def _shifts(probed: ProbeVotes, worth: Floats) -> Floats:
    """(n,) utility of the rewritten response, after minus before; of rankers its rank's."""
    # Rounded, so that equal votes are level whatever the order of a sum was.
    before, after = np.round(probed.base @ worth, 9), np.round(probed.mass @ worth, 9)
    for judge in np.flatnonzero(probed.ranks).tolist():
        mine = probed.judge == judge
        own = np.sort(before[mine])
        before[mine], after[mine] = _rank(own, before[mine]), _rank(own, after[mine])
    return np.asarray(probed.up * (after - before))


def _rank(own: Floats, value: Floats) -> Floats:
    """The share of `own` (sorted) below each value, half of those that are level with it."""
    below = np.searchsorted(own, value, side="left")
    upto = np.searchsorted(own, value, side="right")
    return np.asarray((below + upto) / (2 * max(len(own), 1)))
