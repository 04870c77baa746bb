"""Whether a judge falls silent on one class of the truth more than on others.

A judge that refuses harmful texts is missing just where it is needed, and a panel's votes on them
are those of the others.

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

MANY = 2000  # judges that are looked at, those that abstain most
LEAST = 0.10  # ten answers of 100 more than on the other classes
LEAST_P = 1e-300  # p of 0 has no z
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
    truth       : (I, C) how much each class stands for an item, times the item's weight
    share, rest : (1 + B, N, C) P(abstains | class) and P(abstains | any other class)
    """

    answers: Answers
    rows: list[Places]
    truth: Floats
    share: Floats
    rest: Floats

    @classmethod
    def of(cls, answers: Answers, truth: Floats, resample: Resample, judges: int) -> ByClass:
        """Count the answers by what is true of their items."""
        answers = answers.only(truth[answers.item].sum(axis=1) > 0)
        asked, silent = (
            np.stack(
                [
                    sums_by(resample, answers.item, answers.judge, judges, many * one)
                    for one in truth[answers.item].T
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
        bootstrap knows none where all of a few items were answered alike. That one counts weights
        as Kish does, and prompts.
        """
        own = self.answers.only(self.rows[judge])
        prompts = resample.prompts(own.item)
        share, rest = self.share[:, judge, c], self.rest[:, judge, c]
        if prompts < FEWEST_TO_TEST or not np.isfinite(share[0] - rest[0]):
            return float("nan")
        inside = self.truth[own.item, c]
        outside = self.truth[own.item].sum(axis=1) - inside
        both = float(np.average(own.silent, weights=inside + outside))
        inverse = (1 / _kish(inside) + 1 / _kish(outside)) * len(own.item) / prompts
        spread = np.sqrt(both * (1 - both) * inverse)
        if spread <= 0:
            return float("nan")
        plain = abs(float(share[0] - rest[0])) / spread
        found = _stable(share) - _stable(rest)
        if np.nanmax(found) - np.nanmin(found) >= FLAT:
            p = max(resample.p_value(found, own.item), LEAST_P)
            plain = min(plain, float(-special.ndtri(p / 2)))
        return float(np.copysign(plain, share[0] - rest[0]))


def _kish(weight: Floats) -> float:
    """How many equal weights these are worth (Kish 1965)."""
    return float(weight.sum() ** 2 / max(float((weight**2).sum()), FLAT))


def _stable(share: Floats) -> Floats:
    return np.asarray(np.arcsin(np.sqrt(np.clip(share, 0.0, 1.0))))


def abstentions_by_class(panel: Panel, resample: Resample) -> Part:
    """Shares of abstentions by truth class: of gold by its weights, else of the consensus.

    A test for each judge that ever abstains and each class, kind "abstains-by-class": the share on
    the class is at least .10 above that on the others. Where gold alone makes a difference credible
    (p < .01), the consensus on prompts without gold is further, independent evidence, and the two
    are put together (Stouffer et al. 1949): gold says how large a difference is, and many items how
    sure.
    """
    answers = Answers.of(panel)
    silent = np.bincount(answers.judge[answers.silent], minlength=len(panel.judges))
    chosen = np.sort(np.argsort(-silent, kind="stable")[:MANY])
    chosen = chosen[silent[chosen] > 0]
    if not len(chosen):
        return Part("abstentions", "")
    names = [panel.judges[j] for j in chosen.tolist()]
    found, further = _against(panel, answers.among(chosen), resample, len(names))
    gold = panel.gold is not None and panel.gold.G > 0
    against = "gold labels" if gold else "the consensus, not against gold"
    rows: list[tuple[Cell, ...]] = []
    tests: list[Test] = []
    for j, judge in enumerate(names):
        for c, name in enumerate(_classes(panel)):
            row = _row(found, j, c, gold, resample)
            rows.append((judge, name, *row))
            effect = float(found.share[0, j, c] - found.rest[0, j, c])
            if np.isfinite(effect):
                p = _p((found, further), j, c, resample)
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
    panel: Panel, answers: Answers, resample: Resample, judges: int
) -> tuple[ByClass, ByClass | None]:
    """By what stands for the truth; and with gold by the consensus on prompts without gold."""
    gold = panel.gold
    truth, _ = panel.certainty()
    if gold is None or not gold.G:
        return ByClass.of(answers, truth, resample, judges), None
    truth[gold.item] *= gold.weight[:, None]
    found = ByClass.of(answers, truth, resample, judges)
    if panel.consensus.classes != gold.classes:
        return found, None
    unlabelled = ~np.isin(panel.votes.group, panel.votes.group[gold.item])
    rest = panel.consensus.posterior * unlabelled[:, None]
    return found, ByClass.of(answers, rest, resample, judges)


def _p(found: tuple[ByClass, ByClass | None], judge: int, c: int, resample: Resample) -> float:
    z = found[0].z(judge, c, resample)
    if not np.isfinite(z):
        return 1.0
    p = float(2 * special.ndtr(-abs(z)))
    further = found[1].z(judge, c, resample) if found[1] is not None and p < CREDIBLE else np.nan
    if not np.isfinite(further):
        return p
    return float(2 * special.ndtr(-abs(z + further) / np.sqrt(2)))


def _row(found: ByClass, judge: int, c: int, gold: bool, resample: Resample) -> tuple[int, Figure]:
    own = found.answers.only(found.rows[judge])
    weight = found.truth[own.item, c]
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
