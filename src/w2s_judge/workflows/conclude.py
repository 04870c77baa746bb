"""From votes to a consensus that can be defended: the method, its calibration, and its rivals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from w2s_judge.aggregation.auto import Auto, ranking_left_out
from w2s_judge.aggregation.contract import METHODS, Aggregator, Method
from w2s_judge.aggregation.majority import Majority
from w2s_judge.aggregation.one_source import OneSource
from w2s_judge.aggregation.readings import Assumption
from w2s_judge.arrays import Floats
from w2s_judge.calibration.crossfit import Calibrated, with_gold
from w2s_judge.calibration.dependence import Dependence, dependence, unmeasured
from w2s_judge.calibration.estimates import Estimate, estimated_accuracy, paired
from w2s_judge.calibration.metrics import ece
from w2s_judge.calibration.reference import HeldOut, best_single, reference_held_out
from w2s_judge.calibration.selective import Selection, held_back, threshold
from w2s_judge.calibration.tempering import tempered
from w2s_judge.consensus import Consensus
from w2s_judge.errors import UsageError
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

ENOUGH = 10  # gold labels from which on anything is calibrated or compared
FOLDS = 5
FEWEST_PROMPTS = 3


CONFIDENCE = 0.9  # that a promise of few errors is kept, where nothing else is asked


def confidence_of(confidence: float | None, max_error: float | None) -> float:
    """What was given, else the default; `UsageError` where there is no promise to be sure of."""
    if confidence is not None and max_error is None:
        raise UsageError("--confidence is how sure --max-error is to be: give both, or neither")
    return CONFIDENCE if confidence is None else confidence


@dataclass(frozen=True, slots=True)
class Aim:
    """What is asked of an aggregation beside its votes.

    `max_error` in (0, 1): claim labels only where, with `confidence`, at most this share is wrong.
    `sources` says which judges are one source, for methods that ask; None leaves it to them.
    """

    method: str = "auto"
    max_error: float | None = None
    confidence: float = CONFIDENCE
    seed: int = 0
    sources: Assumption | None = None

    def __post_init__(self) -> None:
        for name, share in (("max-error", self.max_error), ("confidence", self.confidence)):
            if share is not None and not (isinstance(share, (int, float)) and 0 < share < 1):
                raise UsageError(f"--{name} {share!r} must be above 0 and below 1")
        if self.sources is not None and self.sources not in get_args(Assumption):
            raise UsageError(
                f"--sources {self.sources!r} is not known: {', '.join(get_args(Assumption))}"
            )

    def made(self, card: Method) -> Aggregator:
        """The method of a card with its defaults, but for what is asked; `UsageError`."""
        method = card.make()
        if self.sources is None:
            return method
        if isinstance(method, (Auto, OneSource)):
            return replace(method, sources=self.sources)
        raise UsageError(
            f"--sources is for the methods auto and one-source: {card.name} takes every judge as "
            "it comes"
        )


@dataclass(frozen=True, slots=True)
class Rival:
    """How well something does on gold items that it did not see; `ahead` of it is the consensus."""

    name: str
    accuracy: Estimate
    ece: float
    ahead: Estimate | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Conclusion:
    """The consensus with what is printed beside it.

    `moved` is the share of items with votes whose label is not plain majority's; `selection` what
    `--max-error` came to; `unmeasured` why there is no dependence, "" where nobody looked.
    """

    consensus: Consensus
    rivals: tuple[Rival, ...]
    dependence: Dependence | None
    moved: float | None
    selection: Selection | None = None
    unmeasured: str = ""


def conclude(votes: VoteMatrix, gold: Gold | None, aim: Aim) -> Conclusion:
    """Aggregate, calibrate, and compare with majority and the best single judge.

    Raises `ConfigurationError` and `UsageError` where the method or the aim cannot be met.
    """
    card = METHODS.get(aim.method)
    if card.needs_gold and (gold is None or not gold.G):
        raise UsageError(f"--method {card.name} needs gold labels: give --gold")
    selection = None
    if aim.max_error is not None:
        consensus, rivals, selection = _selective(votes, gold, card, aim)
    elif gold is not None and gold.G >= ENOUGH and prompts_of(votes, gold) >= FEWEST_PROMPTS:
        consensus, rivals = _with_gold(votes, gold, aim.made(card), aim)
    else:
        consensus, rivals = without_gold(votes, gold, card, aim.made(card)), ()
    together = _dependence(votes, gold, consensus)
    return Conclusion(
        consensus, rivals, together, _moved(votes, gold, consensus), selection,
        "" if together is not None else unmeasured(votes, gold),
    )  # fmt: skip


def without_gold(
    votes: VoteMatrix, gold: Gold | None, card: Method, method: Aggregator
) -> Consensus:
    """A method where gold is too little to calibrate on; gold items are anchors all the same.

    Votes that only rank are no probabilities: beside others they are left out, and alone they give
    no label, unless the method works on ranks and a prior or gold says where to cut.
    """
    ranking = votes.uncalibrated
    if card.ranks == "known" or ranking is None or not ranking[votes.rater].any():
        return _fitted(votes, gold, card, method)
    where_to_cut = votes.truth_with(gold).prior is not None or (gold is not None and gold.G > 0)
    if card.ranks == "cut" and where_to_cut:
        return _fitted(votes, gold, card, method)
    if not ranking[votes.rater].all():
        found = _fitted(votes.only(~ranking[votes.rater]), gold, card, method)
        return replace(found, notes=(*found.notes, ranking_left_out(votes)))
    found = _fitted(votes, gold, card, method)
    note = "every judge's votes rank and are no probabilities: no label is claimed"
    return replace(found, calibration="uncalibrated", notes=(*found.notes, note))


def _fitted(votes: VoteMatrix, gold: Gold | None, card: Method, method: Aggregator) -> Consensus:
    consensus = method(votes, gold)
    return tempered(consensus, votes, gold) if card.independent else consensus


def prompts_of(votes: VoteMatrix, gold: Gold) -> int:
    """Prompts that gold items answer: fits without two parts of them need three."""
    return len(np.unique(votes.group[gold.item]))


def calibrated(votes: VoteMatrix, gold: Gold, method: Aggregator, aim: Aim) -> Calibrated:
    """The consensus calibrated on all gold, and for each fold of it the fit that saw none."""
    if isinstance(method, Auto):
        method = method.across_folds(FOLDS)
    return with_gold(method, votes, gold, folds=FOLDS, seed=aim.seed)


def _with_gold(
    votes: VoteMatrix, gold: Gold, method: Aggregator, aim: Aim
) -> tuple[Consensus, tuple[Rival, ...]]:
    mapped = calibrated(votes, gold, method, aim)
    return mapped.consensus, compared(mapped.held_out, votes, gold, aim)


def compared(
    mine: Floats, votes: VoteMatrix, gold: Gold, aim: Aim, others: Sequence[HeldOut] = ()
) -> tuple[Rival, ...]:
    """A consensus beside `others`, majority and the best single judge; all (G, C) are held out."""
    group = votes.group[gold.item]

    def rival(name: str, posterior: Floats, against: Floats | None) -> Rival:
        return Rival(
            name,
            estimated_accuracy(posterior, gold.label, gold.weight, group),
            ece(posterior, gold.label, gold.weight),
            None
            if against is None
            else paired(against, posterior, gold.label, gold.weight, group, aim.seed),
        )

    others = (*others, *_others(votes, gold, aim))
    return (
        rival("consensus", mine, None),
        *(rival(other.name, other.posterior, mine) for other in others),
    )


def _others(votes: VoteMatrix, gold: Gold, aim: Aim) -> tuple[HeldOut, ...]:
    """Majority and the best single judge; no majority where labels mean no class before gold."""
    if votes.truth_with(gold).of_label is None and not votes.ordered:
        return (best_single(votes, gold, folds=FOLDS, seed=aim.seed),)
    return reference_held_out(Majority(strict=False), votes, gold, folds=FOLDS, seed=aim.seed)


def _selective(
    votes: VoteMatrix, gold: Gold | None, card: Method, aim: Aim
) -> tuple[Consensus, tuple[Rival, ...], Selection]:
    """Fit and calibrate on half of the gold, test thresholds on the other half, refit nothing."""
    if gold is None or aim.max_error is None:
        raise UsageError(
            "--max-error promises an error rate, and only gold labels can: give --gold"
        )
    fit, test = held_back(gold, votes.group, seed=aim.seed)
    if prompts_of(votes, fit) < FEWEST_PROMPTS:
        raise UsageError(
            f"--max-error holds the labels of half of the prompts back, and gold answers "
            f"{prompts_of(votes, gold)} prompts: label items of more"
        )
    if fit.G < ENOUGH:
        raise UsageError(
            f"--max-error holds half of the gold back, and {gold.G} labels are too few: about 80 "
            "are the least for an error of .1 at a confidence of .9; `w2s-judge label` draws them"
        )
    consensus, rivals = _with_gold(votes, fit, aim.made(card), aim)
    # The promise is about what is exported, so that only such items are tested.
    offered = consensus.support > 0
    if consensus.decided is not None:
        offered &= consensus.decided
    test = test.only(offered[test.item])
    free = offered.copy()
    free[gold.item] = False
    selection = threshold(
        consensus.posterior[test.item], test.label, aim.max_error, aim.confidence,
        among=consensus.posterior[free],
        chosen=test.chosen, group=votes.group[test.item], seed=aim.seed,
    )  # fmt: skip
    decided = selection.accepts(consensus.posterior) & offered
    return replace(consensus, decided=decided), rivals, selection


def _dependence(votes: VoteMatrix, gold: Gold | None, consensus: Consensus) -> Dependence | None:
    if votes.J < 2 or not votes.V:
        return None
    return dependence(votes, consensus.posterior, gold)


def _moved(votes: VoteMatrix, gold: Gold | None, consensus: Consensus) -> float | None:
    """Share of items with votes and one majority label where the consensus says another."""
    truth = votes.truth_with(gold)
    if consensus.calibration == "uncalibrated" or (truth.of_label is None and not votes.ordered):
        return None
    majority = Majority(strict=False)(votes, None if gold is None else gold.only(gold.item < 0))
    if majority.classes != consensus.classes:
        return None
    clear = majority.decided
    if clear is None or not clear.any():
        return None
    other = majority.posterior.argmax(axis=1) != consensus.posterior.argmax(axis=1)
    return float(other[clear].mean())
