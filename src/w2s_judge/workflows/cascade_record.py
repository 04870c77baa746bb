"""The plan of a cascade in the run folder, with what it was learned from.

A plan is learned once: labels, judges, prices and settings that have changed since would make
another one, and items that were decided under the first would be beside items decided under the
second. So a changed command is refused, and says what has changed.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from shlex import quote
from typing import Any

from w2s_judge.cascade.learn import Cascade
from w2s_judge.cascade.learned import Learned
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold
from w2s_judge.judges.seat import Seat
from w2s_judge.scoring.plan import takes
from w2s_judge.sentences import listed
from w2s_judge.store import manifest as manifests
from w2s_judge.store.courses import forget_courses
from w2s_judge.workflows.cascade_levels import Levels
from w2s_judge.workflows.cascade_prices import terms
from w2s_judge.workflows.cascade_things import Things, place_of

KEY = "cascade"


@dataclass(frozen=True, slots=True)
class Source:
    """What a plan is learned from: everything in it is JSON.

    rubric   : hash of the rubric
    gold     : hash of the labels of the pilot
    judges   : name -> hash of what alters the judge's answers
    prices   : name -> its price as it was said
    settings : of the cascade, but for the budget, which may be raised when a run goes on; and
               what else says who is asked about what
    """

    rubric: str
    gold: str
    judges: Mapping[str, str]
    prices: Mapping[str, Sequence[float | None]]
    settings: Mapping[str, Any]

    def changes(self, before: Source) -> list[str]:
        """What differs from an earlier source, in words."""
        told = []
        if self.rubric != before.rubric:
            told.append("the rubric's wording")
        if self.gold != before.gold:
            told.append("the gold labels")
        judges = _differing(self.judges, before.judges)
        if judges:
            told.append(f"the panel ({listed(judges)})")
        prices = [name for name in _differing(self.prices, before.prices) if name not in judges]
        if prices:
            told.append(f"the price of {listed(prices)}")
        for name in _differing(self.settings, before.settings):
            was, is_ = before.settings.get(name), self.settings.get(name)
            told.append(f"--{name.replace('_', '-')} ({was} then, {is_} now)")
        return told


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    names = dict.fromkeys((*one, *other))
    return [name for name in names if one.get(name) != other.get(name)]


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan of a rubric. `prices` are per thing judged; `budget` their mean, None without one.

    expected : mean price by the posterior that decides; None where that cannot be told beforehand
    levels   : by stage, how sure it was of what it decided; stages that decided nothing are absent
    """

    source: Source
    learned: Learned
    prices: Mapping[str, float]
    budget: float | None
    expected: float | None = None
    levels: Mapping[int, Levels] = field(default_factory=dict)

    @property
    def price(self) -> float:
        """Mean price of one thing judged that is to be expected."""
        return self.learned.price if self.expected is None else self.expected

    def seeing(self, stage: int, levels: Levels) -> Planned:
        """With what a stage has decided now."""
        return replace(self, levels={**self.levels, stage: levels.and_(self.levels.get(stage))})

    def told(self) -> dict[str, Any]:
        """As the manifest keeps it."""
        return {
            "from": asdict(self.source), "learned": self.learned.told(),
            "prices": dict(self.prices), "budget": self.budget, "expected": self.expected,
            "levels": {str(stage): asdict(one) for stage, one in self.levels.items()},
        }  # fmt: skip

    @classmethod
    def from_told(cls, told: Mapping[str, Any]) -> Planned:
        """As `told` gave it."""
        learned = Learned.from_told(told["learned"])
        return cls(
            Source(**told["from"]), learned, told["prices"], told["budget"], told.get("expected"),
            {int(k): Levels.from_told(one) for k, one in told.get("levels", {}).items()},
        )  # fmt: skip

    def settings(self, given: Cascade) -> Cascade:
        """The settings with the budget that the plan was learned with."""
        return replace(given, budget=self.budget)


def source_of(
    things: Things,
    gold: Gold,
    seats: Sequence[Seat],
    given: Mapping[str, float],
    settings: Cascade,
    ways: Mapping[str, Any],
) -> Source:
    """What a plan would be learned from now; `ways` are JSON, by the option's name."""
    asked = [seat for seat in seats if takes(seat, things.rubric.name)]
    return Source(
        things.rubric.hash,
        _digest(things, gold),
        {seat.name: seat.spec.identity for seat in asked},
        terms(asked, given),
        {
            "stages": settings.stages, "decided": settings.decided,
            "max_error": settings.max_error, "confidence": settings.confidence,
            "method": str(settings.method), "seed": settings.seed, **ways,
        },
    )  # fmt: skip


def _digest(things: Things, gold: Gold) -> str:
    chosen = [1.0] * gold.G if gold.chosen is None else gold.chosen.tolist()
    rows = sorted(
        (things.items[t], place_of(things.responses[t]), gold.classes[label], p)
        for t, label, p in zip(gold.item.tolist(), gold.label.tolist(), chosen, strict=True)
    )
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:32]


def kept_plan(manifest: Mapping[str, Any], rubric: str) -> Planned | None:
    """The plan that a run holds for a rubric."""
    told = (manifest.get(KEY) or {}).get(rubric)
    return None if told is None else Planned.from_told(told)


def check_unchanged(planned: Planned, source: Source, rubric: str, folder: Path) -> None:
    """`ConfigurationError` where the plan was learned from something else."""
    changes = source.changes(planned.source)
    if changes:
        raise ConfigurationError(
            f"{folder} holds a cascade for {rubric}, and since it was learned "
            f"{listed(changes)} changed.\n  The command as it was goes on with it; --relearn "
            "learns it anew and decides again (votes that are there are not asked again); "
            f"another --out begins a run beside {quote(str(folder))}"
        )


def keep_plan(db: sqlite3.Connection, folder: Path, rubric: str, planned: Planned) -> None:
    """Write a plan into the run."""
    manifest = manifests.load(db)
    plans = {**(manifest.get(KEY) or {}), rubric: planned.told()}
    manifests.save(db, folder, {**manifest, KEY: plans})


def forget_plans(db: sqlite3.Connection, folder: Path, rubrics: Sequence[str]) -> None:
    """Forget plans and what was decided under them; votes stay."""
    for rubric in rubrics:
        forget_courses(db, rubric)
    manifest = manifests.load(db)
    plans = {k: one for k, one in (manifest.get(KEY) or {}).items() if k not in rubrics}
    manifests.save(db, folder, {**manifest, KEY: plans})
