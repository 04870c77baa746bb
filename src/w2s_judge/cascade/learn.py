"""What the pilot teaches: the order of judges, the stages, and how many items each is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from w2s_judge.aggregation.auto import Auto
from w2s_judge.aggregation.contract import Aggregator
from w2s_judge.arrays import Ints
from w2s_judge.calibration.metrics import losses
from w2s_judge.calibration.selective import FEWEST, held_back, uniform_sample
from w2s_judge.cascade.cut import Pilot, Policy, best
from w2s_judge.cascade.learned import Learned
from w2s_judge.cascade.order import Chain, ordered
from w2s_judge.cascade.stage import Stage
from w2s_judge.cascade.views import Views, views
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold
from w2s_judge.sentences import listed
from w2s_judge.votes import VoteMatrix

ENOUGH, PROMPTS = 10, 3  # gold labels, and prompts that they answer, at least
MOST_STAGES = 5
DECIDED = 0.95


@dataclass(frozen=True, slots=True)
class Cascade:
    """Settings of a cascade.

    stages     : batches of judges at most, 1 to 5
    decided    : items stop where the top class has at least this probability
    max_error  : claim labels only where, with `confidence`, at most this share of them is wrong;
                 takes the place of `decided`, and holds half of the pilot back to test on
    budget     : mean price of one thing judged outside the pilot, at most
    method     : what makes a consensus of votes and gold, or its name
    seed       : of folds, of what is held back, and of lots between equals
    """

    stages: int = 3
    decided: float = DECIDED
    max_error: float | None = None
    confidence: float = 0.9
    budget: float | None = None
    method: Aggregator | str = field(default_factory=Auto)
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.stages <= MOST_STAGES:
            raise ConfigurationError(f"a cascade has 1 to {MOST_STAGES} stages, not {self.stages}")
        for name in ("decided", "max_error", "confidence"):
            share = getattr(self, name)
            if share is not None and not 0 < share < 1:
                raise ConfigurationError(f"{name} {share!r} must be above 0 and below 1")
        if self.max_error is not None and self.decided != DECIDED:
            raise ConfigurationError(
                "decided and max_error both say when an item is decided: give one of them"
            )
        if self.budget is not None and not self.budget >= 0:
            raise ConfigurationError(f"a budget of {self.budget!r} is below 0")

    def learn(self, votes: VoteMatrix, gold: Gold, price: Mapping[str, float]) -> Learned:
        """The plan; votes hold every judge's on the gold items, those on others are not read.

        Raises `ConfigurationError` for too little gold, a judge without a price or without votes
        on the pilot, and a budget that affords no judge.
        """
        fit, _ = self.split(votes, gold)
        _enough(votes, fit, held=self.max_error is not None)
        seen = views(votes, fit)
        _known(seen, price)
        chain = ordered(
            seen, fit, votes.group[fit.item], price, self.seed,
            np.inf if self.budget is None else self.budget,
        )  # fmt: skip
        fewest = 0.0
        if self.max_error is not None:
            fewest = FEWEST / max(testable(gold, votes.group, self), 1)
        sure = self.decided if self.max_error is None else 1 - self.max_error
        policy = best(Pilot.of(chain, fit.weight), self.stages, sure, self.budget, fewest)
        if policy is None:
            raise ConfigurationError(
                f"a budget of {self.budget:g} for one thing judged affords no judge: the "
                f"cheapest is {chain.price.min():g}"
            )
        return self._learned(chain, policy, fit)

    def split(self, votes: VoteMatrix, gold: Gold) -> tuple[Gold, Gold]:
        """Gold to learn and fit with, and gold to test on: none unless `max_error` is given."""
        if self.max_error is None:
            return gold, gold.only(np.zeros(gold.G, dtype=np.bool_))
        return held_back(gold, votes.group, seed=self.seed)

    def _learned(self, chain: Chain, policy: Policy, fit: Gold) -> Learned:
        ends = (0, *policy.ends)
        stages = tuple(
            Stage(chain.judges[a:b], float(chain.price[a:b].sum())) for a, b in pairwise(ends)
        )
        return Learned(
            stages,
            self._thresholds(policy),
            policy.reach,
            self.budget is not None,
            chain.judges,
            tuple(map(float, chain.information)),
            float(chain.price.sum()),
            policy.price,
            policy.error,
            _why(chain, policy, fit),
            repr(self),
        )

    def _thresholds(self, policy: Policy) -> tuple[float | None, ...]:
        if self.max_error is not None:
            return (None,) * len(policy.ends)
        if self.budget is not None:
            return policy.sure
        return (*(self.decided for _ in policy.ends[1:]), 0.0)


def testable(gold: Gold, group: Ints, settings: Cascade) -> int:
    """How many labels a promise is tested on: held back, thinned to a uniform sample, one a prompt.

    group is (I,), of all items. The first stage has them all, later ones what reaches them.
    """
    if settings.max_error is None:
        return 0
    _, test = held_back(gold, group, seed=settings.seed)
    return len(uniform_sample(test.G, test.chosen, group[test.item], settings.seed))


def _enough(votes: VoteMatrix, fit: Gold, *, held: bool) -> None:
    """Raise where too little can be learned from gold."""
    half = ", for max_error holds half of the gold back" if held else ""
    if fit.G < ENOUGH:
        need = 2 * ENOUGH if held else ENOUGH
        raise ConfigurationError(
            f"a cascade learns from gold, and {fit.G} labels are too few: {need} are the least"
            f"{half}, 100 are better"
        )
    if len(np.unique(fit.label)) < 2:
        raise ConfigurationError(
            f"all gold labels{half} are {fit.classes[fit.label[0]]}: label items of another class"
        )
    prompts = len(np.unique(votes.group[fit.item]))
    if prompts < PROMPTS:
        raise ConfigurationError(
            f"gold answers {prompts} prompts{half}, and {PROMPTS} are the least: label items of "
            "other prompts"
        )


def _known(seen: Views, price: Mapping[str, float]) -> None:
    """Raise for a judge that cannot be placed in an order."""
    without = [name for name in seen.judges if name not in price]
    if without:
        raise ConfigurationError(f"judges without a price: {listed(without)}\n  0 is a price, too")
    wrong = [name for name in seen.judges if not 0 <= price[name] < np.inf]
    if wrong:
        raise ConfigurationError(f"a price is a number from 0 on: {listed(wrong)}")
    silent = [name for k, name in enumerate(seen.judges) if not seen.spoke[k].any()]
    silent += [name for name in price if name not in seen.judges]
    if silent or not seen.judges:
        raise ConfigurationError(
            f"judges without a vote on the gold items: {listed(silent)}\n"
            "  ask every judge about these first, or leave the judge out"
        )


def _why(chain: Chain, policy: Policy, fit: Gold) -> tuple[str, ...]:
    many = policy.ends[-1]
    told = [
        f"learned from {fit.G} gold items asked of all {len(chain.judges)} judges: before any "
        f"judge {chain.before:.3f} nats are not known of an item, after those used "
        f"{np.average(losses(chain.rows[many - 1], fit.label), weights=fit.weight):.3f}, by quick "
        "fits",
        f"expected price of one thing judged, by quick fits, {policy.price:g} of "
        f"{chain.price.sum():g}",
    ]
    beyond, little = chain.judges[many : chain.useful], chain.judges[max(many, chain.useful) :]
    if beyond:
        told.append(f"not asked outside the pilot, for the budget: {listed(beyond, 8)}")
    if little:
        told.append(
            f"not asked outside the pilot, for beside the others no information is expected of "
            f"them: {listed(little, 8)}"
        )
    return tuple(told)
