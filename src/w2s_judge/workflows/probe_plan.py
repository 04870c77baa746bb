"""What a probing session will ask, counted before a call is made."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from w2s_judge.errors import ConfigurationError, UsageError
from w2s_judge.judges.contracts import LocalJudge
from w2s_judge.judges.seat import Seat
from w2s_judge.prompts.rubric import Rubric
from w2s_judge.scoring.call import BYTES_PER_TOKEN
from w2s_judge.scoring.engine import Place
from w2s_judge.scoring.probes import Probe, chosen_probes
from w2s_judge.scoring.selection import Selection
from w2s_judge.store import manifest as manifests
from w2s_judge.store.journal import answered_keys
from w2s_judge.store.reading import Asked
from w2s_judge.types import Question
from w2s_judge.workflows.before_asking import check_prices
from w2s_judge.workflows.lengths import SAMPLE, answer_tokens
from w2s_judge.workflows.probe_panel import judges_again, rubrics_again
from w2s_judge.workflows.probe_sample import Sample, all_asked, drawn, selection

AT_ONCE = 500  # questions that are looked up together


@dataclass(frozen=True, slots=True)
class ProbeJob:
    """All that `probe` can be told; `probes` and `rubrics` () are all that there are."""

    run: Path
    sample: int = 100
    probes: tuple[str, ...] = ()
    rubrics: tuple[str, ...] = ()
    panel: Path | None = None
    max_calls: int | None = None
    budget_usd: float | None = None
    seed: int = 0
    allow_import: bool = False


@dataclass(slots=True)
class Load:
    """What one judge is asked: questions, those of them that have an answer, tokens of the rest."""

    questions: int = 0
    answered: int = 0
    tokens: float = 0.0

    @property
    def calls(self) -> int:
        """Questions that are open."""
        return self.questions - self.answered


@dataclass(frozen=True, slots=True)
class ProbePlan:
    """A job that is ready to be asked."""

    job: ProbeJob
    probes: tuple[Probe, ...]
    rubrics: Mapping[str, Rubric]
    asked: tuple[Asked, ...]
    places: tuple[Place, ...]
    sample: Sample
    selection: Selection
    left_out: tuple[str, ...]
    allow_own_family: bool
    manifest: Mapping[str, Any] = field(repr=False)

    def choice(self, _task: str | None) -> tuple[str, ...]:
        """The rubrics that an item is asked under; the sample says of which there is something."""
        return tuple(self.rubrics)

    def loads(self, db: sqlite3.Connection) -> dict[str, Load]:
        """By judge, from the run as it is now."""
        found = {place.seat.name: Load() for place in self.places}
        sizes = _Sizes(self.rubrics)
        every = all_asked(
            self.selection, self.rubrics, self.places, allow_own_family=self.allow_own_family
        )
        for part in _batches(every):
            known = answered_keys(db, {question.key for question, _ in part})
            for question, place in part:
                load = found[place.seat.name]
                load.questions += 1
                if (question.key, place.number) in known:
                    load.answered += 1
                else:
                    load.tokens += sizes.tokens(question)
        return found


def planned(job: ProbeJob, db: sqlite3.Connection) -> ProbePlan:
    """Look at the run and draw the sample; all that can be wrong is found here."""
    if job.sample < 1:
        raise UsageError(f"--sample {job.sample}: ask about one response or more")
    probes = chosen_probes(job.probes)
    manifest = manifests.load(db)
    records = manifest.get("rubrics", {})
    rubrics, unread = rubrics_again(records, job.rubrics)
    again = judges_again(db, records, rubrics, job.panel, allow_import=job.allow_import)
    check_prices([place.seat for place in again.places], job.budget_usd)
    asked = tuple(Asked.recorded(name, records[name]) for name in rubrics)
    sample = drawn(db, asked, again.numbers, job.sample, job.seed)
    if not sample.positions:
        raise ConfigurationError(
            f"nobody has voted in {job.run} yet: `w2s-judge score` comes first, and `probe` asks "
            "again about what was voted on"
        )
    options = manifest.get("options") or {}
    return ProbePlan(
        job, probes, rubrics, asked, again.places, sample, selection(db, sample, probes),
        (*unread, *again.left_out), bool(options.get("allow_own_family")), manifest,
    )  # fmt: skip


def dollars(seat: Seat, load: Load) -> float | None:
    """What the open questions may cost, in US dollars; None where the price is not known."""
    if isinstance(seat.judge, LocalJudge):
        return 0.0
    return seat.price.of(load.tokens, tokens_out(seat, load), load.calls)


def tokens_out(seat: Seat, load: Load) -> int:
    """How many tokens the answers may have."""
    return load.calls * answer_tokens(seat)


@dataclass(slots=True)
class _Sizes:
    """How long questions are, in tokens: worded for the first of each rubric, then their mean."""

    rubrics: Mapping[str, Rubric]
    seen: dict[str, list[float]] = field(default_factory=dict)

    def tokens(self, question: Question) -> float:
        known = self.seen.setdefault(question.rubric, [])
        if len(known) < SAMPLE:
            worded = self.rubrics[question.rubric].wording(question, "logprob")
            known.append(len(worded.encode("utf-8", "replace")) / BYTES_PER_TOKEN)
            return known[-1]
        return sum(known) / len(known)


def _batches(
    every: Iterator[tuple[Question, Place]],
) -> Iterator[list[tuple[Question, Place]]]:
    part: list[tuple[Question, Place]] = []
    for one in every:
        part.append(one)
        if len(part) == AT_ONCE:
            yield part
            part = []
    if part:
        yield part
