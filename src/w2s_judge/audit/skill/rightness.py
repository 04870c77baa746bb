"""What is measured and against what: each judge's verdicts, the majority's, the consensus'.

With gold the truth is known on labelled items and each counts by its sampling weight. Without, the
class that the consensus puts on top stands for it: that says who is near the consensus, not who is
right, and flatters all who had a part in it.

Letters: I items, C truth classes, N judges, G gold labels, k answers of one judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.audit.common_notes import RANKS, UNMAPPED, told_apart
from w2s_judge.audit.panel import CONSENSUS, MAJORITY, Panel
from w2s_judge.calibration.class_mass import class_mass, known_classes
from w2s_judge.calibration.metrics import shared_top
from w2s_judge.votes import VoteMatrix

BINARY = 2


@dataclass(frozen=True, eq=False, slots=True)
class Answers:
    """What one judge, the majority or the consensus says about items whose truth is measured.

    who    : its name
    item   : (k,) index into the panel's items, each once
    mass   : (k, C) over the truth classes
    chosen : (k, C) one on the class with most mass, split evenly where several are level
    truth  : (k, C) what is true: one-hot from gold, else the consensus' top class (level ones
             share it)
    weight : (k,) how much an item counts
    voice  : (k,) how much the vote counts in the majority
    rank   : (k,) grows with the second of two classes; None where there are not two
    why    : why its verdicts are not to be read as such; "" where they are
    called : what its rows are called, where not by its name
    """

    who: str
    item: Ints
    mass: Floats
    chosen: Floats
    truth: Floats
    weight: Floats
    voice: Floats
    rank: Floats | None
    why: str = ""
    called: str = ""

    @property
    def name(self) -> str:
        """What its rows and sentences call it: no judge's are those of the panel."""
        return self.called or self.who

    @property
    def right(self) -> Floats:
        """(k,) chance that the verdict is right; level classes are drawn from."""
        return np.asarray((self.chosen * self.truth).sum(axis=1))


@dataclass(frozen=True, eq=False, slots=True)
class Measured:
    """All who are measured.

    judges    : N, in the panel's order; one without a measured vote has no answers
    majority  : the class with the largest share of the judges' mass, on items with a vote
    consensus : on the same items; held out where there is gold; None where nothing was held out
    gold      : whether gold is the truth
    classes   : names, length C
    """

    judges: tuple[Answers, ...]
    majority: Answers
    consensus: Answers | None
    gold: bool
    classes: tuple[str, ...]

    @property
    def panel(self) -> tuple[Answers, ...]:
        """Judges whose verdicts can be read, and who gave one."""
        return readable(self.judges)

    @property
    def everyone(self) -> tuple[Answers, ...]:
        """The judges, then the majority and the consensus where there is one."""
        return (*self.judges, self.majority, *((self.consensus,) if self.consensus else ()))


def measured(panel: Panel) -> Measured | str:
    """Lay out the answers; or say in a sentence why nothing can be measured."""
    gold = panel.gold is not None and panel.gold.G > 0
    if not gold and panel.consensus.calibration == "uncalibrated":
        return (
            "Nobody's accuracy can be told: there is no gold, and the consensus ranks items "
            "without claiming labels. Bring labels of some items with --gold."
        )
    heard = np.unique(panel.judged.rater)
    if not gold and len(heard) == 1:
        only = panel.judges[int(heard[0])]
        return (
            f"Nobody's accuracy can be told: there is no gold, and the consensus is what the only "
            f"judge with a vote, {only}, says. Bring labels of some items with --gold."
        )
    truth, _ = panel.certainty()
    truth = truth if gold else shared_top(truth)
    weight = np.ones(panel.votes.I)
    if panel.gold is not None and gold:
        weight = np.zeros(panel.votes.I)
        weight[panel.gold.item] = panel.gold.weight
    seen = panel.judged.only(weight[panel.judged.item] > 0) if gold else panel.judged
    if not seen.V:
        return "Nobody's accuracy can be told: no labelled item has a vote."
    judges = answers_of(panel, seen, truth, weight)
    classes = panel.gold.classes if panel.gold is not None and gold else panel.consensus.classes
    majority = _majority(judges, truth, weight)
    return Measured(judges, majority, _consensus(panel, seen, truth, weight), gold, classes)


def answers_of(
    panel: Panel, seen: VoteMatrix, truth: Floats, weight: Floats
) -> tuple[Answers, ...]:
    """The answers of each judge among `seen`, votes of `panel.judged`.

    truth (I, C) and weight (I,) are by item.
    """
    mass = class_mass(seen, panel.gold)
    mapped = mass is not None and mass.shape[1] == truth.shape[1]
    rows = mass if mass is not None and mapped else np.zeros((seen.V, truth.shape[1]))
    rank = _rank(panel, seen, rows) if mapped else None
    voice = np.ones(seen.V) if seen.weight is None else seen.weight
    chosen = shared_top(rows)
    order = np.argsort(seen.rater, kind="stable")
    ends = np.cumsum(np.bincount(seen.rater, minlength=seen.J))
    called, out = told_apart(seen.raters), []
    for j, name in enumerate(seen.raters):
        mine = order[ends[j - 1] if j else 0 : ends[j]]
        why = "" if mapped else UNMAPPED
        if mapped and seen.uncalibrated is not None and seen.uncalibrated[j]:
            why = RANKS
        item, ranks = seen.item[mine], None if rank is None else rank[mine]
        known = (truth[item], weight[item], voice[mine], ranks, why, called[j])
        out.append(Answers(name, item, rows[mine], chosen[mine], *known))
    return tuple(out)


def _rank(panel: Panel, seen: VoteMatrix, rows: Floats) -> Floats | None:
    """(V,) the votes' scores where labels ascend with the classes, else the second class's mass."""
    if rows.shape[1] != BINARY:
        return None
    of_label = known_classes(seen, seen.truth_with(panel.gold))
    if of_label is not None and seen.ordered and bool(np.all(np.diff(of_label) >= 0)):
        return seen.scores
    return np.asarray(rows[:, 1])


def readable(judges: Sequence[Answers]) -> tuple[Answers, ...]:
    """Those whose verdicts can be read, and who gave one."""
    return tuple(one for one in judges if len(one.item) and not one.why)


def total_mass(judges: Sequence[Answers], shape: tuple[int, ...]) -> Floats:
    """(I, C) sums of the votes' mass over some judges, as their votes count."""
    total = np.zeros(shape)
    for one in judges:
        total[one.item] += one.mass * one.voice[:, None]  # a judge has an item once
    return total


def _majority(judges: Sequence[Answers], truth: Floats, weight: Floats) -> Answers:
    heard = readable(judges)
    total = total_mass(heard, truth.shape)
    votes = total.sum(axis=1)
    item = np.flatnonzero(votes > 0).astype(np.int32)
    share = total[item] / votes[item, None]
    why = "" if heard else next((one.why for one in judges if one.why), "nobody voted")
    return _of(MAJORITY, item, share, truth, weight, why)


def _consensus(panel: Panel, seen: VoteMatrix, truth: Floats, weight: Floats) -> Answers | None:
    voted = seen.support > 0
    why = "the consensus ranks items and claims no labels"
    why = why if panel.consensus.calibration == "uncalibrated" else ""
    if panel.gold is None or not panel.gold.G:
        item = np.flatnonzero(voted).astype(np.int32)
        return _of(CONSENSUS, item, panel.consensus.posterior[item], truth, weight, why)
    if panel.held is None:
        return None
    kept = voted[panel.gold.item]
    return _of(CONSENSUS, panel.gold.item[kept], panel.held[kept], truth, weight, why)


def _of(who: str, item: Ints, mass: Floats, truth: Floats, weight: Floats, why: str) -> Answers:
    rank = np.asarray(mass[:, 1]) if mass.shape[1] == BINARY else None
    known = (truth[item], weight[item], np.ones(len(item)), rank, why)
    return Answers(who, item, mass, shared_top(mass), *known)


def among(answers: Answers, kept: Bools) -> Answers:
    """The answers on some of its items."""
    rank = None if answers.rank is None else answers.rank[kept]
    return replace(
        answers, item=answers.item[kept], mass=answers.mass[kept], chosen=answers.chosen[kept],
        truth=answers.truth[kept], weight=answers.weight[kept], voice=answers.voice[kept],
        rank=rank,
    )  # fmt: skip
