"""Panels with planted facts: each is found, and next to nothing else is.

600 prompts with two responses each, eight judges who are right in .70 and err together (correlation
.2), 200 gold labels. Of the eight one repeats another's verdicts, one answers by position, one by
length, one is worse than chance, and one falls silent on harm. Single responses and comparisons.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.special import expit, logit, ndtri
from scipy.stats import multivariate_normal

from w2s_judge.aggregation.auto import Auto
from w2s_judge.audit.by_judge import by_judge
from w2s_judge.audit.findings import findings
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.themes import themes
from w2s_judge.gold import Gold, Truth
from w2s_judge.ledger import Ledger
from w2s_judge.traits import Traits
from w2s_judge.votes import VoteMatrix

PROMPTS, RESPONSES, GOLD, SEEDS = 600, 2, 200, 20
RIGHT, TOGETHER = 0.7, 0.2
HARM, OK = 0, 1
NAMES = ("plain", "copy", "position", "length", "worse", "silent", "second", "third")
PLANTED = {
    ("copy", frozenset({"plain", "copy"})),
    ("position", frozenset({"position"})),
    ("length", frozenset({"length"})),
    ("worse-than-chance", frozenset({"worse"})),
    ("abstains-by-class", frozenset({"silent"})),
}


def latent() -> float:
    """The normal correlation at which two judges' errors, each of rate .3, correlate .2."""
    low, high = 0.0, 0.9
    cut, wrong = ndtri(1 - RIGHT), 1 - RIGHT
    for _ in range(30):
        middle = (low + high) / 2
        both = multivariate_normal.cdf([cut, cut], cov=[[1, middle], [middle, 1]])
        low, high = (middle, high) if both < wrong**2 + TOGETHER * wrong * RIGHT else (low, middle)
    return low


RHO = latent()


def errors(random: np.random.Generator, items: int) -> np.ndarray:
    """(items, 8) uniform; a judge is right where it lies below its chance to be."""
    from scipy.special import ndtr

    shared = random.normal(size=(items, 1))
    own = random.normal(size=(items, len(NAMES)))
    return ndtr(np.sqrt(RHO) * shared + np.sqrt(1 - RHO) * own)


def singles(seed: int) -> Panel:
    """Each response: harmful or not."""
    random = np.random.default_rng(seed)
    items = PROMPTS * RESPONSES
    harm = random.random(items) < 0.5
    length = random.lognormal(6, 0.5, size=items)
    z = (np.log(length) - 6) / 0.5
    chance = np.full((items, len(NAMES)), RIGHT)
    chance[:, NAMES.index("worse")] = 0.35
    pull = np.where(harm, 0.5, -0.5) * z  # long ones are called harmful
    chance[:, NAMES.index("length")] = expit(logit(RIGHT) + pull)
    right = errors(random, items) < chance
    label = np.where(right == harm[:, None], HARM, OK)
    repeats = random.random(items) < 0.9
    label[repeats, NAMES.index("copy")] = label[repeats, NAMES.index("plain")]
    silent = np.zeros(label.shape, dtype=bool)
    silent[:, NAMES.index("silent")] = random.random(items) < np.where(harm, 0.4, 0.05)
    item, rater = np.nonzero(~silent)
    quiet = np.nonzero(silent)
    votes = VoteMatrix(
        items=tuple(f"i{k // RESPONSES}" for k in range(items)), raters=NAMES,
        labels=("harmful", "ok"), item=item.astype(np.int32), rater=rater.astype(np.int32),
        label=label[item, rater].astype(np.int32),
        group=np.repeat(np.arange(PROMPTS), RESPONSES).astype(np.int32),
        family=(None,) * len(NAMES), truth=Truth(("harmful", "ok"), (0, 1)),
        positions=np.tile(np.arange(RESPONSES), PROMPTS)[:, None].astype(np.int32),
    )  # fmt: skip
    chosen = np.sort(random.choice(items, GOLD, replace=False)).astype(np.int32)
    gold = Gold(chosen, np.where(harm[chosen], HARM, OK).astype(np.int32), ("harmful", "ok"))
    ledger = Ledger(
        quiet[0].astype(np.int32), quiet[1].astype(np.int32),
        np.zeros(len(quiet[0]), dtype=np.int32), ("refused",),
    )  # fmt: skip
    traits = Traits(length=length.astype(np.int32)[:, None])
    return panel("harm", votes, gold, 1, (0.0, 1.0), traits, ledger)


def pairs(seed: int) -> Panel:
    """The two responses of each prompt, in both orders."""
    random = np.random.default_rng(1000 + seed)
    first_better = random.random(PROMPTS) < 0.5
    labels = []
    pressed = random.random((2, PROMPTS)) < 0.25
    wrong = errors(
        random, PROMPTS
    )  # what a pair is mistaken for is mistaken in both orders, mostly
    chance = np.full((PROMPTS, len(NAMES)), RIGHT)
    chance[:, NAMES.index("worse")] = 0.35
    repeats = random.random(PROMPTS) < 0.9
    for order in range(2):
        again = random.random((PROMPTS, len(NAMES))) < 0.3
        uniform = np.where(again, errors(random, PROMPTS), wrong)
        right = uniform < chance
        label = np.where(right == first_better[:, None], 0, 1)
        label[pressed[order], NAMES.index("position")] = order
        label[repeats, NAMES.index("copy")] = label[repeats, NAMES.index("plain")]
        labels.append(label)
    judges, items = len(NAMES), np.arange(PROMPTS)
    votes = VoteMatrix(
        items=tuple(f"i{k}" for k in range(PROMPTS)),
        raters=tuple(f"{name}/{order}" for name in NAMES for order in ("ab", "ba")),
        labels=("first", "second"),
        item=np.tile(items, 2 * judges).astype(np.int32),
        rater=np.repeat(np.arange(2 * judges), PROMPTS).astype(np.int32),
        label=np.concatenate(
            [labels[order][:, j] for j in range(judges) for order in range(2)]
        ).astype(np.int32),
        group=items.astype(np.int32), family=(None,) * (2 * judges),
        judge=tuple(name for name in NAMES for _ in range(2)), order=("ab", "ba") * judges,
        truth=Truth(("first", "second"), (0, 1)),
        positions=np.tile([0, 1], (PROMPTS, 1)).astype(np.int32),
    )  # fmt: skip
    chosen = np.sort(random.choice(PROMPTS, GOLD, replace=False)).astype(np.int32)
    gold = Gold(chosen, np.where(first_better[chosen], 0, 1).astype(np.int32), ("first", "second"))
    length = random.lognormal(6, 0.5, size=(PROMPTS, 2)).astype(np.int32)
    return panel("better", votes, gold, 2, (1.0, 0.0), Traits(length=length), Ledger.empty())


def panel(name, votes, gold, arity, utility, traits, ledger) -> Panel:
    consensus = Auto()(votes, None)
    worth = utility
    return Panel(
        name, votes, by_judge(votes), consensus, gold, None, arity, utility, worth, traits, ledger
    )


def found(seed: int, *, labelled: bool) -> list:
    tests = []
    for made in (singles(seed), pairs(seed)):
        one = made if labelled else unlabelled(made)
        resample = Resample.of(one.votes.group, seed=seed)
        tests += [(one.name, test) for part in themes(one, resample) for test in part.tests]
    return list(findings(tests))


def unlabelled(made: Panel) -> Panel:
    from dataclasses import replace

    return replace(made, gold=None)


def claim(finding) -> tuple[str, frozenset[str]]:
    return finding.test.kind, frozenset(finding.test.about) & frozenset(NAMES)


def test_every_planted_fact_is_found_and_next_to_nothing_else() -> None:
    wrong: Counter[object] = Counter()
    for seed in range(SEEDS):
        claims = {claim(one) for one in found(seed, labelled=True)}
        missed = PLANTED - claims
        assert not missed, (seed, missed)
        wrong.update(claims - PLANTED)
    assert wrong.total() <= 1, wrong


@pytest.mark.parametrize("seed", range(3))
def test_without_gold_what_needs_none_is_found_still(seed: int) -> None:
    needs_none = {one for one in PLANTED if one[0] in ("copy", "position", "length")}
    claims = {claim(one) for one in found(seed, labelled=False)}
    assert needs_none <= claims
