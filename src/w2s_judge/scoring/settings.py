"""The settings of a session of asking, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import Literal

from w2s_judge.scoring.design import Design
from w2s_judge.scoring.retry import Patience

DEFAULT_CONCURRENCY = 32

Status = Literal["complete", "stopped"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What may be chosen for a session. `inf` is no ceiling."""

    block: int = 256  # items between which local judges take turns
    max_calls: float = inf
    budget_usd: float = inf
    allow_own_family: bool = False
    patience: Patience = field(default_factory=Patience)
    design: Design = field(default_factory=Design)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a session ended: `left` questions have no answer; `reasons` say why, for people."""

    status: Status
    left: int
    reasons: tuple[str, ...]
