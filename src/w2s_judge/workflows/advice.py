"""What would help most next, and what the numbers do not allow: sentences from stated rules."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from w2s_judge.calibration.class_mass import class_mass
from w2s_judge.calibration.dependence import Dependence
from w2s_judge.calibration.levels import mid_ranks
from w2s_judge.gold import Gold
from w2s_judge.sentences import listed
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.conclude import Conclusion, Rival

FEW_VOTES = 0.5  # effective votes as a share of the raters, below which more of the same is no help
ENOUGH_GOLD = 50  # labels from which on other judges help more than other labels
SEVERAL = 4  # raters from which on a few of them are told from the rest
ALIKE, APART = (
    0.95,
    0.15,
)  # agreement with the few that a consensus repeats, and how far the rest is
NEAR = 0.05  # how near the best and the worst may be for the votes to be called alike


def label_count(half_width: float = 0.1) -> int:
    """Labels that tell an accuracy to +- half_width at 95 %, at .85: 1.96^2 .85 .15 / width^2."""
    return math.ceil(1.96**2 * 0.85 * 0.15 / half_width**2)


def advice(
    votes: VoteMatrix, gold: Gold | None, conclusion: Conclusion, command: str | None
) -> list[str]:
    """Lines of advice, what matters most first; `command` draws labels, None for a file."""
    count = 0 if gold is None else gold.G
    lines = [
        *_gold(votes, gold, conclusion),
        *_repeated(votes, gold, conclusion),
        *_judges(votes, conclusion),
    ]
    if count < min(ENOUGH_GOLD, votes.I):
        more = min(label_count(), votes.I - count)
        how = f"`{command} --next {more}`" if command else f"{more} items drawn at random"
        told = (
            f"{count + more} tell a judge's accuracy to +- 0.1 or better, and calibrate the "
            "probabilities"
            if count + more >= label_count()
            else "then nothing is left to guess"
        )
        lines.append(f"next: label by hand ({how}) and give the labels to --gold: {told}")
    return lines


def _gold(votes: VoteMatrix, gold: Gold | None, conclusion: Conclusion) -> Iterator[str]:
    if gold is None or not gold.G:
        if conclusion.consensus.calibration != "uncalibrated":
            yield (
                "without gold labels no accuracy is known, and how far the judges are wrong "
                "together is an assumption"
            )
        return
    contradiction = orientation(votes, gold)
    if contradiction is not None:
        yield contradiction
    if not conclusion.rivals:
        prompts = len(np.unique(votes.group[gold.item]))
        yield (
            f"{gold.G} gold labels on {prompts} prompts are too few to compare or to calibrate on: "
            "10 labels and 3 prompts are the least"
        )
        return
    if len(np.unique(gold.label)) == 1:
        yield (
            f"gold has one class alone ({gold.classes[gold.label[0]]}): how well the judges tell "
            "the classes apart cannot be said; label items of the others"
        )
        return
    yield from beside_others(gold, conclusion)


def beside_others(gold: Gold, conclusion: Conclusion) -> Iterator[str]:
    """The consensus against guessing, majority and the best judge, on labels that no fit saw.

    Gold has labels of two classes at least, and the conclusion has rivals.
    """
    mine, best = conclusion.rivals[0], conclusion.rivals[-1]
    guess = float(np.bincount(gold.label, weights=gold.weight).max() / gold.weight.sum())
    if mine.accuracy.high < guess:
        yield (
            f"the judges do worse together ({mine.accuracy.value:.3f}) than always saying the most "
            f"frequent class ({guess:.3f}): do not use these labels; this task needs other judges, "
            "or another rubric"
        )
    elif mine.accuracy.low <= guess:
        yield (
            f"it is not shown that the judges beat always saying the most frequent class "
            f"({guess:.3f})"
        )
    better = [
        other
        for other in conclusion.rivals[1:]
        if (other is best or other.name == "majority")
        and other.ahead is not None
        and other.ahead.high < 0
    ]
    if better:
        yield _instead(better, best, chosen=conclusion.consensus.method.startswith("auto"))
    elif best.ahead is not None and best.ahead.low <= 0 < best.ahead.high:
        yield f"{best.name} alone is not shown to be worse than the consensus"


def _instead(better: Sequence[Rival], best: Rival, *, chosen: bool) -> str:
    """What to take in place of the consensus: one thing; `chosen`: `auto` chose the method."""
    first = max(better, key=lambda one: one.accuracy.value)
    named = {
        one.name: f"{one.name} alone" if one is best else f"plain {one.name}" for one in better
    }
    does = "do" if len(better) > 1 else "does"
    told = f"{' and '.join(named.values())} {does} better than the consensus"
    take = "take that judge alone, or more gold" if first is best else "take --method majority"
    if chosen:
        return f"{told}: {take}"
    return (
        f"{told}: try --method auto first, which chooses by these votes and this gold; where that "
        f"does no better, {take}"
    )


def orientation(votes: VoteMatrix, gold: Gold) -> str | None:
    """A sentence where gold says that high votes go with low classes; None where it does not.

    Spearman's correlation of each gold item's mean vote with its class; stated below -2 / sqrt(G),
    two standard errors from none.
    """
    if not votes.ordered or gold.G < 3 or len(np.unique(gold.label)) < 2:
        return None
    total = np.bincount(votes.item, weights=votes.scores, minlength=votes.I)
    voted = votes.support[gold.item] > 0
    mean = (total / np.maximum(votes.support, 1))[gold.item][voted]
    label = gold.label[voted]
    if len(np.unique(mean)) < 2 or len(np.unique(label)) < 2:
        return None
    together, alike = np.zeros(len(label), dtype=np.int32), np.ones(len(label))
    by_vote = mid_ranks(mean, alike, together)
    by_class = mid_ranks(label.astype(np.float64), alike, together)
    r = float(np.corrcoef(by_vote, by_class)[0, 1])
    if r >= -2 / math.sqrt(len(label)):
        return None
    return (
        f"gold contradicts the votes: high votes go with low classes (rank correlation {r:.2f} on "
        f"{len(label)} labels). Either the classes are in the wrong order, or the judges are worse "
        "than chance"
    )


def _repeated(votes: VoteMatrix, gold: Gold | None, conclusion: Conclusion) -> Iterator[str]:
    """Where, without gold, the consensus is all but the answer of a few of the raters."""
    mass = class_mass(votes, gold)
    if mass is None or votes.J < SEVERAL or (gold is not None and gold.G):
        return
    label = conclusion.consensus.posterior.argmax(axis=1)[votes.item]
    with_vote = mass[np.arange(votes.V), label]
    count = np.bincount(votes.rater, minlength=votes.J)
    agrees = np.bincount(votes.rater, with_vote, minlength=votes.J) / np.maximum(count, 1)
    alike = agrees >= ALIKE
    rest = agrees[~alike & (count > 0)]
    if not 0 < alike.sum() < len(rest) or rest.max() > ALIKE - APART:
        return
    names = listed([votes.raters[j] for j in np.flatnonzero(alike)])
    yield (
        f"the consensus all but repeats {names} (agreement {agrees[alike].min():.2f} or more) and "
        f"agrees with the others by {rest.max():.2f} at most: it is right where these few are, and "
        "only there; a few gold labels would tell"
    )


def _judges(votes: VoteMatrix, conclusion: Conclusion) -> Iterator[str]:
    found: Dependence | None = conclusion.dependence
    if found is None:
        if votes.J == 1:
            yield "one judge alone cannot be checked against another: ask a second family"
        return
    worth = min(found.effective, found.effective_eigen or found.effective)
    if votes.J > 2 and worth < FEW_VOTES * votes.J:
        yield (
            f"{votes.J} raters are worth about {worth:.1f} independent votes: judges of other "
            "families help, more of the same hardly do"
        )
