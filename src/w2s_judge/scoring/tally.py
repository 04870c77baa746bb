"""Counters of one judge in one session: the engine adds, the progress display looks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """What happened so far. Costs in US dollars; `unpriced` calls have no known cost."""

    judge: str
    planned: int = 0  # questions for this judge in this run, answered earlier ones included
    seen: int = 0  # of these, how many have been looked at
    before: int = 0  # answered by an earlier session
    votes: int = 0
    abstained: Counter[str] = field(default_factory=Counter)
    failed: int = 0  # asked without getting a reply: left for the next run
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0
    unpriced: int = 0
    seconds: float = 0.0  # sum of latencies
    retried: Counter[str] = field(default_factory=Counter)
    way: str | None = None
    note: str | None = None  # what a person should know now: falling back, out of reach
    out_of_reach: str | None = None

    @property
    def done(self) -> int:
        """Questions that have a vote or an abstention."""
        return self.before + self.votes + self.abstained.total()
