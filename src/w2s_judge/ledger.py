"""What asking took: who was silent and why, and what the calls cost. Letters: I items, J raters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from w2s_judge.arrays import Ints


@dataclass(frozen=True, slots=True)
class Calls:
    """What one judge's answers took, for one task; a cost, tokens or seconds unknown are None.

    answers counts votes and abstentions (repeats each); failures the calls that gave none, by kind
    of error. cost_usd and tokens are of all calls; latency_s is the mean of answered calls.
    """

    judge: str
    task: str | None
    answers: int
    calls: int
    failures: Mapping[str, int]
    cost_usd: float | None
    prompt_tokens: int | None
    completion_tokens: int | None
    latency_s: float | None


@dataclass(frozen=True, eq=False, slots=True)
class Ledger:
    """The abstentions one by one, and what the calls took.

    item, rater, reason : (n,) indices into the votes' items and raters, and into `reasons`: a rater
                          that gave no vote on the item although it answered
    calls               : a judge and task a row; () for a file of votes
    models              : judge -> the model behind it, where known
    unasked             : questions of the run that have no answer
    complete            : False where abstentions are not kept at all, so that nobody knows of them
    """

    item: Ints
    rater: Ints
    reason: Ints
    reasons: tuple[str, ...]
    calls: tuple[Calls, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    unasked: int = 0
    complete: bool = True

    @classmethod
    def empty(cls, *, complete: bool = False) -> Ledger:
        """Without an abstention; `complete` where there would be one if anybody had abstained."""
        none = np.zeros(0, dtype=np.int32)
        return cls(none, none, none, (), complete=complete)
