"""Whether a judge is worse than chance; without gold, whether it contradicts the others.

What is tested is that a verdict says nothing of the truth. With r_c the share of items of class c
that are called c, and m_c the share of them that are called any of the K classes that are counted,

    effect = mean of m_c / K  -  mean of r_c

which is 0, whatever the judge says how often, if it says so regardless of the truth. Where all
classes are counted m is 1, and the effect is 1 / C less the balanced accuracy.

Gold is dear, so that the effect is steadied by what is known of all items: with psi the influence
of an item on the effect, and psi' the same with the other judges' vote shares for the truth,

    effect - slope (gold's mean of psi' - all items' mean of psi')

is the regression estimator of survey sampling (Särndal, Swensson and Wretman 1992, section 6.4;
prediction-powered inference is the same idea): right however poor the others are, and the steadier
the better they are. It needs gold that is a sample of the items, by known probabilities; a judge is
therefore only called worse than chance where gold alone says so too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from w2s_judge.arrays import Bools, Floats
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Test
from w2s_judge.audit.resample import Resample, ratio
from w2s_judge.audit.skill.confusions import balanced
from w2s_judge.audit.skill.rightness import (
    Answers,
    Measured,
    among,
    answers_of,
    readable,
    total_mass,
)
from w2s_judge.audit.spoken import percent
from w2s_judge.calibration.metrics import shared_top

LEAST = 0.05  # accuracy below chance that is worth a word
FEWEST = 30  # labelled items of a judge under which nothing is tested
COUNTED = 10  # prompts of a class from which on it is counted
THIN = 30  # prompts of a class under which the variance is that of a judge who guesses
ROUNDING = 1e-9
UNIT = "balanced accuracy below chance"


@dataclass(frozen=True, eq=False, slots=True)
class Below:
    """How far a judge is below chance: `found` (1 + B,), and p of its being 0."""

    found: Floats
    p: float


def chance_tests(panel: Panel, resample: Resample, found: Measured) -> tuple[Test, ...]:
    """One for each judge with 30 measured items in two classes or more (10 prompts of each).

    Prompts are counted as what their items' weights are worth (Kish 1965), here and below.

    Stated from .05 on: a judge that far below guessing does harm in every majority it is part of.
    Without gold it is tested that a judge contradicts the majority of the others; that takes three.
    """
    truth, _ = panel.certainty()
    weight = np.ones(panel.votes.I)
    if panel.gold is not None and found.gold:
        weight = np.zeros(panel.votes.I)
        weight[panel.gold.item] = panel.gold.weight
    everywhere = found.judges
    if found.gold:
        everywhere = answers_of(panel, panel.judged, truth, weight)
    heard = readable(everywhere)
    if not found.gold and len(heard) <= 2:
        return ()
    total = total_mass(heard, truth.shape)
    tests = []
    for one in heard:
        test = (_against_gold if found.gold else _against_others)(resample, one, total)
        if test is not None:
            tests.append(test)
    return tuple(tests)


def _against_gold(resample: Resample, answers: Answers, total: Floats) -> Test | None:
    labelled = among(answers, answers.weight > 0)
    counted = _counted(resample, labelled)
    if counted is None:
        return None
    below = worse_than_chance(resample, answers, others(answers, total), counted)
    effect, C = float(below.found[0]), answers.truth.shape[1]  # noqa: N806
    sentence = (
        f"{answers.who} is worse than a guess: balanced accuracy "
        f"{percent(balanced(resample, labelled))}, where guessing gives {percent(1 / C)}. Its "
        "votes pull the panel the wrong way."
    )
    advice = (
        f"See whether {answers.who} understood the question or has its labels the wrong way round; "
        "else leave it out."
    )
    return Test(
        "worse-than-chance", (answers.who,), sentence, advice, effect, LEAST, UNIT, below.p
    )  # fmt: skip


def _against_others(resample: Resample, answers: Answers, total: Floats) -> Test | None:
    rest = others(answers, total)
    spoken = rest.sum(axis=1) > 0
    against = replace(among(answers, spoken), truth=shared_top(rest[spoken]))
    counted = _counted(resample, against)
    if counted is None:
        return None
    below = worse_than_chance(resample, against, None, counted)
    sentence = (
        f"{answers.who} disagrees with the rest: it sides with the others' majority in "
        f"{percent(balanced(resample, against))} (classes counted alike), less often than a guess "
        "would. Without gold nothing tells who is wrong."
    )
    advice = (
        f"Label some items to see whether {answers.who} or the others are wrong, and whether its "
        "labels are the wrong way round."
    )
    effect = float(below.found[0])
    unit = "agreement with the other judges below chance"
    return Test("worse-than-chance", (answers.who,), sentence, advice, effect, LEAST, unit, below.p)


def _counted(resample: Resample, answers: Answers) -> Bools | None:
    """(C,) classes with enough prompts, None where the judge is not to be tested."""
    many = _worth(resample, answers) >= COUNTED - ROUNDING
    enough = len(answers.item) >= FEWEST and many.sum() > 1
    return np.asarray(many) if enough else None


def _worth(resample: Resample, answers: Answers) -> Floats:
    """(C,) how many prompts the items of each class are worth."""
    weights = (answers.weight[:, None] * answers.truth).T
    return np.array([resample.worth(answers.item, weight) for weight in weights])


def others(answers: Answers, total: Floats) -> Floats:
    """(k, C) the other judges' vote shares on the judge's items; zeros where nobody else voted.

    total : (I, C) sums over all judges
    """
    rest = np.maximum(total[answers.item] - answers.mass * answers.voice[:, None], 0.0)
    votes = rest.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(rest, votes, out=np.zeros_like(rest), where=votes > 1e-9))


def worse_than_chance(
    resample: Resample, answers: Answers, guess: Floats | None, counted: Bools
) -> Below:
    """The effect on items with weight, and its p, steadied where `guess` (k, C) is given.

    The variance is that of the draws. A class with few prompts may have none in them by mere
    chance: then p is at least that from the variance of a judge who guesses; and it is just that
    where no draw differs, as of a judge that is always wrong.
    """
    has = answers.weight > 0
    labelled = among(answers, has)
    narrow = resample.narrowed(labelled.item)
    chosen = labelled.chosen
    K = int(counted.sum())  # noqa: N806
    weight = labelled.weight[:, None] * labelled.truth[:, counted]
    inside = chosen[:, counted].sum(axis=1)
    parts = (weight * chosen[:, counted], weight * inside[:, None], weight)
    sums = narrow.sums(labelled.item, np.concatenate(parts, axis=1))
    hit, within, size = sums[:, :K], sums[:, K : 2 * K], sums[:, 2 * K :]
    effect = (ratio(within, size) / K - ratio(hit, size)).mean(axis=1)
    steady = effect
    if guess is not None and not has.all():
        base = (hit[0] / size[0], within[0] / size[0], size[0] / labelled.weight.sum())
        everywhere = _influence(answers.chosen[:, counted], guess[:, counted], base)
        mine = _influence(chosen[:, counted], labelled.truth[:, counted], base)
        steady = effect - _control(resample, answers, everywhere, mine)
    p = resample.p_value(steady, labelled.item, weight=labelled.weight)
    enough = resample.worth(labelled.item, labelled.weight) >= THIN - ROUNDING
    always = enough and np.ptp(steady) <= ROUNDING  # as who is always wrong: no draw differs
    p = 0.0 if always else p
    if steady[0] * effect[0] <= 0:
        p = 1.0
    if always or (_worth(resample, labelled)[counted] < THIN - ROUNDING).any():
        p = max(p, _guessing(resample, labelled, chosen[:, counted], weight, float(effect[0])))
    return Below(effect, p)


def _influence(chosen: Floats, truth: Floats, base: Sequence[Floats]) -> Floats:
    """(k,) of items on the effect: chosen and truth (k, K), base the shares r, m and of classes."""
    right, within, share = base
    K = chosen.shape[1]  # noqa: N806
    inside = chosen.sum(axis=1, keepdims=True)
    off = (inside - within) / K - (chosen - right)
    return np.asarray((truth * off / (K * share)).sum(axis=1))


def _control(resample: Resample, answers: Answers, guessed: Floats, mine: Floats) -> Floats:
    """(1 + B,) slope times what gold's mean of the guessed influence has above that of all."""
    has = answers.weight > 0
    weight, seen = answers.weight[has], guessed[has]
    middle = np.average(seen, weights=weight)
    spread = float((weight * (seen - middle) ** 2).sum())
    if spread <= 0:
        return np.zeros(len(resample.weights) + 1)
    slope = max(0.0, float((weight * (seen - middle) * mine).sum()) / spread)
    item = answers.item[has]
    gold = resample.narrowed(item).sums(item, np.stack([weight * seen, weight], axis=1))
    every = resample.narrowed(answers.item).sums(
        answers.item, np.stack([guessed, np.ones(len(guessed))], axis=1)
    )
    return np.asarray(slope * (ratio(gold[:, 0], gold[:, 1]) - ratio(every[:, 0], every[:, 1])))


def _guessing(
    resample: Resample, labelled: Answers, chosen: Floats, weight: Floats, effect: float
) -> float:
    """Two-sided p with the variance that the effect has for a judge who guesses.

    sum over classes of q_c (1 - q_c) / n_c / K^2, q_c how often it says c, n_c Kish's size.
    """
    said = np.average(chosen, axis=0, weights=labelled.weight)
    _, member = np.unique(resample.group[labelled.item], return_inverse=True)
    variance = 0.0
    for c in range(chosen.shape[1]):
        by_prompt = np.bincount(member, weights=weight[:, c])
        variance += said[c] * (1 - said[c]) * (by_prompt**2).sum() / by_prompt.sum() ** 2
    spread = np.sqrt(variance) / chosen.shape[1]
    if spread <= 0:
        return 1.0
    worth = resample.worth(labelled.item, labelled.weight)
    return float(2 * special.stdtr(max(worth - 1, 1.0), -abs(effect) / spread))
