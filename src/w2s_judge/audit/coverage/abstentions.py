"""Whether a judge falls silent on one class of the truth more than on others.

A judge that refuses harmful texts is missing just where it is needed, and a panel's votes on them
are those of the others. What stands for the truth, gold or else the majority of the other judges,
must not contain the judge's own vote: that is missing just where it abstains, so that a judge that
says one class often would seem to abstain on the other.

Letters: I items, N judges, C truth classes, B draws, k answers (votes and abstentions).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from w2s_judge.arrays import Floats
from w2s_judge.audit.coverage.answered import Answers, Places
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Cell, Column, Figure, Part, Table, Test
from w2s_judge.audit.resample import FEWEST_TO_TEST, Resample, ratio
from w2s_judge.audit.spoken import percent, points
from w2s_judge.audit.sums_by import rows_of, sums_by
from w2s_judge.audit.top_label import NONE
from w2s_judge.calibration.class_mass import class_mass, item_sums
from w2s_judge.calibration.metrics import shared_top

MANY = 2000  # judges that are looked at, those that abstain most
LEAST = 0.10  # ten answers of 100 more than on the other classes
LEAST_P = 1e-300  # p of 0 has no z
FEWEST = 10  # prompts of a class, and of the others, from which on it is tested
FLAT = 1e-9  # sums and differences below it are rounding
CREDIBLE = 0.01  # of gold alone, before the consensus may sharpen it

COLUMNS = (
    Column("judge", "Judge"),
    Column("class", "Truth"),
    Column("asked", "Answers", "count"),
    Column("abstained", "Abstained", "share"),
)


@dataclass(frozen=True, eq=False, slots=True)
class ByClass:
    """Abstention by truth class.

    answers     : (k,) those that count
    rows        : those of each judge
    truth       : (k, C) how much each class stands for the answer's item, times the item's weight
    share, rest : (1 + B, N, C) P(abstains | class) and P(abstains | any other class)
    """

    answers: Answers
    rows: list[Places]
    truth: Floats
    share: Floats
    rest: Floats

    @classmethod
    def of(cls, answers: Answers, truth: Floats, resample: Resample, judges: int) -> ByClass:
        """Count the answers by what is true of their items, as `truth` (k, C) has it."""
        kept = truth.sum(axis=1) > 0
        answers, truth = answers.only(kept), truth[kept]
        asked, silent = (
            np.stack(
                [
                    sums_by(resample, answers.item, answers.judge, judges, many * one)
                    for one in truth.T
                ],
                axis=2,
            )
            for many in (np.ones(len(answers.item)), answers.silent)
        )
        others = [np.maximum(sums.sum(axis=2, keepdims=True) - sums, 0) for sums in (silent, asked)]
        others[1][others[1] < FLAT] = 0.0
        rows = rows_of(answers.judge, judges)
        return cls(answers, rows, truth, ratio(silent, asked), ratio(others[0], others[1]))

    def z(self, judge: int, c: int, resample: Resample) -> float:
        """How many standard errors the shares are apart, NaN where it cannot be told.

        The smaller of two: of the difference of arcsin(sqrt(share)), whose variance hardly hangs on
        the share, by the bootstrap; and of the plain one with the variance of equal shares, for the
        bootstrap knows none where all of a few items were answered alike. That one takes a prompt's
        answers to be all alike. Not told where those on the class, or on the others, are worth
        fewer than 10 prompts.
        """
        own = self.answers.only(self.rows[judge])
        share, rest = self.share[:, judge, c], self.rest[:, judge, c]
        if not np.isfinite(share[0] - rest[0]):
            return float("nan")
        inside = self.truth[self.rows[judge], c]
        whole = self.truth[self.rows[judge]].sum(axis=1)
        worth = [resample.worth(own.item, one) for one in (whole, inside, whole - inside)]
        if worth[0] < FEWEST_TO_TEST - FLAT or min(worth) < FEWEST - FLAT:
            return float("nan")
        both = float(np.average(own.silent, weights=whole))
        spread = np.sqrt(both * (1 - both) * (1 / worth[1] + 1 / worth[2]))
        if spread <= 0:
            return float("nan")
        plain = abs(float(share[0] - rest[0])) / spread
        found = _stable(share) - _stable(rest)
        if np.nanmax(found) - np.nanmin(found) >= FLAT:
            p = max(resample.p_value(found, own.item, weight=whole), LEAST_P)
            plain = min(plain, float(-special.ndtri(p / 2)))
        return float(np.copysign(plain, share[0] - rest[0]))


def _stable(share: Floats) -> Floats:
    return np.asarray(np.arcsin(np.sqrt(np.clip(share, 0.0, 1.0))))


def abstentions_by_class(panel: Panel, resample: Resample) -> Part:
    """Shares of abstentions by truth class: of gold by its weights, else of the others' majority.

    A test for each judge that ever abstains and each class, kind "abstains-by-class": the share on
    the class is at least .10 above that on the others. Where gold alone makes a difference credible
    (p < .01), the others' majority on prompts without gold is further, independent evidence, and
    the two are put together (Stouffer et al. 1949): gold says how large a difference is, and many
    items how sure.
    """
    answers = Answers.of(panel)
    silent = np.bincount(answers.judge[answers.silent], minlength=len(panel.judges))
    chosen = np.sort(np.argsort(-silent, kind="stable")[:MANY])
    chosen = chosen[silent[chosen] > 0]
    if not len(chosen):
        return Part("abstentions", "")
    names = [panel.judges[j] for j in chosen.tolist()]
    found, further = _against(panel, answers.among(chosen), resample, chosen)
    if found is None:
        return Part("abstentions", "")
    gold = panel.gold is not None and panel.gold.G > 0
    against = "gold labels" if gold else "the majority of the other judges, not against gold"
    rows: list[tuple[Cell, ...]] = []
    tests: list[Test] = []
    for j, judge in enumerate(names):
        for c, name in enumerate(_classes(panel)):
            row = _row(found, j, c, gold, resample)
            rows.append((judge, name, *row))
            effect = float(found.share[0, j, c] - found.rest[0, j, c])
            if np.isfinite(effect):
                p = _p(found, further, j, c, resample)
                rest = float(found.rest[0, j, c])
                tests.append(_test((judge, name), row[1], rest, against, effect, p))
    table = Table(
        "classes", "Abstentions by truth",
        f"How often a judge abstains on items of each class, against {against}; judges that never "
        "abstain are left out.", COLUMNS, tuple(rows),
    )  # fmt: skip
    return Part("abstentions", "", _sentences(tests, against), (table,), tuple(tests))


def _classes(panel: Panel) -> tuple[str, ...]:
    gold = panel.gold
    return panel.consensus.classes if gold is None or not gold.G else gold.classes


def _against(
    panel: Panel, answers: Answers, resample: Resample, chosen: Places
) -> tuple[ByClass | None, ByClass | None]:
    """By what stands for the truth; with gold, also by the others on prompts without gold."""
    gold = panel.gold
    others = _others(panel, answers, chosen)
    if gold is None or not gold.G:
        found = None if others is None else ByClass.of(answers, others, resample, len(chosen))
        return found, None
    truth, _ = panel.certainty()
    truth[gold.item] *= gold.weight[:, None]
    found = ByClass.of(answers, truth[answers.item], resample, len(chosen))
    if others is None:
        return found, None
    unlabelled = ~np.isin(panel.votes.group, panel.votes.group[gold.item])
    rest = others * unlabelled[answers.item, None]
    return found, ByClass.of(answers, rest, resample, len(chosen))


def _others(panel: Panel, answers: Answers, chosen: Places) -> Floats | None:
    """(k, C) the majority of the other judges on each answer's item; zeros where none voted.

    Level classes share. None where it is not known which label means which class.
    """
    votes = panel.judged
    if votes.uncalibrated is not None:
        votes = votes.only(~votes.uncalibrated[votes.rater])
    mass = class_mass(votes, panel.gold)
    if mass is None or mass.shape[1] != len(_classes(panel)):
        return None
    mass = mass if votes.weight is None else mass * votes.weight[:, None]
    rest = item_sums(votes, mass)[answers.item]
    key = votes.rater.astype(np.int64) * votes.I + votes.item  # a judge has an item once
    order = np.argsort(key)
    asked = chosen[answers.judge].astype(np.int64) * votes.I + answers.item
    at = np.searchsorted(key, asked, sorter=order)
    mine = np.append(key[order], NONE)[at] == asked
    rest[mine] -= mass[order[at[mine]]]
    spoken = rest.sum(axis=1, keepdims=True) > FLAT
    return np.where(spoken, shared_top(np.maximum(rest, 0.0)), 0.0) if spoken.any() else None


def _p(found: ByClass, further: ByClass | None, judge: int, c: int, resample: Resample) -> float:
    z = found.z(judge, c, resample)
    if not np.isfinite(z):
        return 1.0
    p = float(2 * special.ndtr(-abs(z)))
    more = further.z(judge, c, resample) if further is not None and p < CREDIBLE else np.nan
    return float(2 * special.ndtr(-abs(z + more) / np.sqrt(2))) if np.isfinite(more) else p


def _row(found: ByClass, judge: int, c: int, gold: bool, resample: Resample) -> tuple[int, Figure]:
    own = found.answers.only(found.rows[judge])
    weight = found.truth[found.rows[judge], c]
    kept = weight > 0
    figure = resample.share(own.item[kept], own.silent[kept].astype(np.float64), weight[kept])
    many = int(kept.sum()) if gold else round(float(weight.sum()))
    return many, figure


def _sentences(tests: list[Test], against: str) -> tuple[str, ...]:
    if not tests:
        return ()
    most = max(tests, key=lambda one: one.effect)
    if most.effect <= 0:
        return ()
    return (
        f"Abstentions by what is true (against {against}): the widest gap is that of "
        f"{most.about[0]}, which abstains {points(Figure(most.effect), signed=False)} more often "
        f"on {most.about[1]} than on the rest.",
    )


def _test(
    about: tuple[str, str], here: Figure, rest: float, against: str, effect: float, p: float
) -> Test:
    judge, name = about
    return Test(
        "abstains-by-class",
        about,
        f"{judge} abstains on {percent(here)} of the items that are {name} (against {against}), "
        f"and on {percent(rest)} of the rest. There the panel's word is that of the other judges.",
        f"Look at what {judge} refuses or leaves unread: another wording, or another judge, would "
        "fill the gap.",
        effect,
        LEAST,
        "share of abstentions above that on the other classes",
        p,
    )
