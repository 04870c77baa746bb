"""Who says what: each judge, the majority of the judges, and the consensus, as class mass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.audit.common_notes import (
    ALL_SEEN,
    WHICH_LABEL,
    only_rank,
    rankers,
    told_apart,
)
from w2s_judge.audit.panel import CONSENSUS, MAJORITY, Panel
from w2s_judge.audit.rates.outcomes import Outcomes
from w2s_judge.audit.top_label import NONE, top_of
from w2s_judge.calibration.class_mass import class_mass, item_sums
from w2s_judge.sentences import listed


@dataclass(frozen=True, eq=False, slots=True)
class Voice:
    """A judge, the majority or the consensus.

    item    : (k,) the items that it has something to say on, each once
    mass    : (k, C) over the classes
    claims  : (k,) where it claims a verdict at all; None: everywhere
    unseen  : why its word on gold items tells nothing of its errors; "" where it does
    """

    name: str
    item: Ints
    mass: Floats
    claims: Bools | None = None
    unseen: str = ""

    def verdict(self, outcomes: Outcomes) -> Ints:
        """(k,) the outcome with most mass; -1 where outcomes are level or none is claimed."""
        found = top_of(outcomes.mass(self.item, self.mass))
        return found if self.claims is None else np.where(self.claims, found, NONE).astype(np.int32)


def judge_voices(panel: Panel) -> tuple[list[Voice], list[str]]:
    """The judges and their majority, and what was left out and why."""
    votes = panel.judged
    mass = class_mass(votes, panel.gold)
    if mass is None:
        return [], [WHICH_LABEL]
    notes = [*only_rank(rankers(votes))]
    ranking = np.isin(votes.raters, panel.cut)
    if votes.uncalibrated is not None:
        ranking |= votes.uncalibrated
    if panel.cut:
        notes.append(
            f"The verdicts of {listed(panel.cut)} were cut at a known share of a class, so that "
            "they have no rates of their own."
        )
    called = told_apart(votes.raters)
    order = np.argsort(votes.rater, kind="stable")
    ends = np.searchsorted(votes.rater[order], np.arange(votes.J + 1))
    found = []
    for j in np.flatnonzero(~ranking).tolist():
        mine = order[ends[j] : ends[j + 1]]
        found.append(Voice(called[j], votes.item[mine], mass[mine]))
    kept = ~ranking[votes.rater]
    total = item_sums(votes.only(kept), mass[kept])
    heard = np.flatnonzero(total.sum(axis=1) > 0).astype(np.int32)
    share = total[heard] / total[heard].sum(axis=1, keepdims=True)
    if len(heard):
        found.append(Voice(MAJORITY, heard, share))
    return found, notes


def consensus_voice(panel: Panel) -> Voice | None:
    """The consensus where there are votes, on gold items as fits have it that did not see them.

    None where it only ranks.
    """
    consensus, gold = panel.consensus, panel.gold
    if consensus.calibration == "uncalibrated":
        return None
    posterior, claims, unseen = consensus.posterior, consensus.decided, ""
    if gold is not None and gold.G:
        if panel.held is not None:
            posterior = posterior.copy()
            posterior[gold.item] = panel.held
        else:
            unseen = ALL_SEEN
    item = np.flatnonzero(consensus.support > 0).astype(np.int32)
    return Voice(CONSENSUS, item, posterior[item], None if claims is None else claims[item], unseen)
