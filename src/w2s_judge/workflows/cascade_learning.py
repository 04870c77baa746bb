"""The plan that a complete pilot teaches, or why it teaches none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from w2s_judge.cascade.asked import judges_of, of_judges
from w2s_judge.cascade.learn import Cascade
from w2s_judge.cascade.learned import Learned
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold
from w2s_judge.sentences import listed
from w2s_judge.votes import VoteMatrix


def learned_from(
    settings: Cascade, votes: VoteMatrix, gold: Gold, prices: Mapping[str, float]
) -> Learned:
    """The plan, without judges of which no vote came on what it is learned from.

    Such a judge was asked and abstained: nothing can be told of what it is worth. Raises what
    `Cascade.learn` raises.
    """
    fit, _ = settings.split(votes, gold)
    taught = np.zeros(votes.I, dtype=np.bool_)
    taught[fit.item] = True
    seen = votes.only(taught[votes.item])
    heard = [name for name in judges_of(votes) if of_judges(seen, [name]).V]
    mute = [name for name in prices if name not in heard]
    if not heard or not mute:
        return settings.learn(votes, gold, prices)
    asked = {name: price for name, price in prices.items() if name in heard}
    by = votes.raters if votes.judge is None else votes.judge
    kept = np.array([name in heard for name in by], dtype=np.bool_)
    learned = settings.learn(votes.of_raters(kept), gold, asked)
    word = f"not asked outside the pilot, for it gave no vote there: {listed(mute)}"
    return replace(learned, why=(*learned.why, word))


def no_plan(name: str, error: ConfigurationError, usd: float, ceiling: float | None) -> str:
    """In words: why a rubric has no plan and what to do; `usd` is what the run has spent."""
    why = f"{name} has no plan, and nothing was asked outside the pilot: {error}"
    if ceiling is None:
        return why
    return (
        f"{why}\n  The run has spent ${usd:.3g} of --budget-usd {ceiling:g}: the same command with "
        "a larger one learns from the pilot that is there, and does not pay for it again"
    )
