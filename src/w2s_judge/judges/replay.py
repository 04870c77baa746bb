"""`replay`: recorded votes as a judge, from the lines that `w2s-judge votes --format jsonl` prints.

A question is answered if the file has a vote on the same item id, responses, order, variant and
rubric, and if the rubric has not changed since (its hash).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from w2s_judge.errors import ConfigurationError, InputError
from w2s_judge.judges.contracts import Judge
from w2s_judge.judges.kind import Kind, Making
from w2s_judge.judges.recorded import Recorded, recorded_votes
from w2s_judge.judges.spec import JudgeSpec
from w2s_judge.prompts.rubric import Rubric
from w2s_judge.registry import unknown
from w2s_judge.types import Question, Reply

Place = tuple[str, tuple[int, ...], str | None, str, str]
"""Item id, positions of the responses, order, variant, rubric."""


@dataclass(frozen=True)
class ReplayJudge:
    """One recorded judge, all its votes in memory."""

    name: str
    votes: Mapping[Place, Recorded] = field(repr=False)
    rubrics: Mapping[str, Rubric] = field(repr=False)
    family: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        return None

    def answers(self, question: Question, /) -> bool:
        """Whether this very question was recorded, under the rubric as it is now."""
        recorded = self.votes.get(_place(question))
        rubric = self.rubrics.get(question.rubric)
        if recorded is None or rubric is None:
            return False
        return recorded.rubric_hash in (None, rubric.hash)

    def ask(self, questions: Sequence[Question], /) -> list[Reply]:
        """The recorded replies. Ask only what it `answers`."""
        return [self._reply(question) for question in questions]

    def _reply(self, question: Question) -> Reply:
        recorded = self.votes[_place(question)]
        rubric = self.rubrics[question.rubric]
        mass = recorded.mass
        if mass is not None and not set(mass) <= set(rubric.labels):
            raise ConfigurationError(
                f"judge '{self.name}', item '{question.item.id}': the recorded labels "
                f"{', '.join(sorted(mass))} are not those of the rubric '{rubric.name}'"
            )
        if mass is not None and question.order == "ba":
            # Recorded in the item's frame, wanted in the frame that is shown.
            mass = {
                label: mass.get(rubric.labels[k], 0.0)
                for label, k in zip(rubric.labels, rubric.mirror, strict=True)
            }
        return recorded.reply(mass)


def load_replay(
    name: str, file: Path, rubrics: Mapping[str, Rubric], *, model: str | None = None
) -> ReplayJudge:
    """The votes of the recorded judge `model`; else of the one called `name`; else of the only one.

    Raises `InputError` with the line for what is no vote, and `ConfigurationError` where the file
    has several judges and none is named.
    """
    by_judge: dict[str, dict[Place, Recorded]] = {}
    for line, recorded in recorded_votes(file):
        votes = by_judge.setdefault(recorded.judge, {})
        place: Place = (
            *(recorded.item, recorded.responses, recorded.order),
            *(recorded.variant, recorded.rubric),
        )
        if votes.setdefault(place, recorded) != recorded:
            raise InputError(
                f"judge '{recorded.judge}' has another vote on the same question further up",
                path=str(file),
                line=line,
                remedy="Keep one vote a question, variant and judge.",
            )
    wanted = model or (name if name in by_judge or len(by_judge) != 1 else next(iter(by_judge)))
    if wanted not in by_judge:
        raise ConfigurationError(
            f"judge '{name}': {unknown('recorded judge', wanted, [*by_judge])}\n  Name one of "
            f"those in {file} by model."
        )
    votes = by_judge[wanted]
    return ReplayJudge(name, votes, rubrics, next(iter(votes.values())).family)


def _place(question: Question) -> Place:
    return (
        *(question.item.id, question.responses, question.order),
        *(question.variant, question.rubric),
    )


def _made(spec: JudgeSpec, making: Making) -> Judge:
    file = making.folder / (spec.path or "")
    return load_replay(spec.name, file, making.rubrics, model=spec.model)


KIND = Kind(
    name="replay",
    summary="recorded votes, as `w2s-judge votes --format jsonl` prints them",
    keys=frozenset(("path", "model", "repeats")),
    required=("path",),
    make=_made,
)
