"""`classifier`: a function in this process that gives label probabilities, asked in batches."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeAlias

from w2s_judge.errors import ConfigurationError
from w2s_judge.judges.contracts import Judge
from w2s_judge.judges.kind import Kind, Making
from w2s_judge.judges.spec import JudgeSpec
from w2s_judge.prompts.rubric import Rubric
from w2s_judge.registry import unknown
from w2s_judge.types import Question, Reply

Classify: TypeAlias = Callable[[list[dict[str, Any]]], Iterable[Mapping[str, float] | None]]
"""From a list of questions, as `asked` makes them, to a list as long: for each a probability for
every label (one left out has 0), or None for no opinion."""

GROUP = "w2s_judge.classifiers"
"""The entry-point group of installed classifiers."""

BATCH = 64


@dataclass(frozen=True)
class ClassifierJudge:
    """Asks `classify` about `batch` questions at a time."""

    name: str
    classify: Classify
    rubrics: Mapping[str, Rubric] = field(repr=False)
    batch: int = BATCH

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

    def ask(self, questions: Sequence[Question], /) -> list[Reply]:
        """One reply a question; `ConfigurationError` where the function gives anything else."""
        replies: list[Reply] = []
        for start in range(0, len(questions), self.batch):
            replies += self._batch(questions[start : start + self.batch])
        return replies

    def _batch(self, questions: Sequence[Question]) -> list[Reply]:
        rows = [asked(question, self.rubrics[question.rubric].labels) for question in questions]
        try:
            given = list(self.classify(rows))
        except Exception as error:
            raise ConfigurationError(
                f"judge '{self.name}': the classifier failed with {type(error).__name__}: {error}"
            ) from error
        if len(given) != len(questions):
            raise ConfigurationError(
                f"judge '{self.name}': the classifier was asked {len(questions)} questions and "
                f"gave {len(given)} answers; it must return one a question"
            )
        return [
            self._reply(answer, question) for answer, question in zip(given, questions, strict=True)
        ]

    def _reply(self, answer: object, question: Question) -> Reply:
        if answer is None:
            return Reply(text="", way="direct", abstained="cannot_tell")
        labels = self.rubrics[question.rubric].labels
        mass = _mass(answer, labels)
        if mass is None:
            raise ConfigurationError(
                f"judge '{self.name}', rubric '{question.rubric}', item '{question.item.id}': the "
                f"classifier returned {repr(answer)[:200]}\n  It must give each of "
                f"{', '.join(labels)} a probability (left out means 0) that sum to 1, or None."
            )
        return Reply(text="", way="direct", mass=mass)


def asked(question: Question, labels: tuple[str, ...]) -> dict[str, Any]:
    """A question as plain data; `responses` are the texts in the order in which they are shown.

    `prompt` is a string, or a list of {"role", "content"}.
    """
    prompt = question.item.prompt
    return {
        "rubric": question.rubric,
        "prompt": prompt
        if isinstance(prompt, str)
        else [{"role": turn.role, "content": turn.content} for turn in prompt],
        "responses": [response.text for response in question.shown],
        "reference": question.item.reference,
        "labels": list(labels),
    }


def _mass(answer: object, labels: tuple[str, ...]) -> dict[str, float] | None:
    """The probabilities as floats that sum to 1; None if they are none."""
    if not isinstance(answer, Mapping) or not set(answer) <= set(labels):
        return None
    try:
        mass = {str(label): float(p) for label, p in answer.items()}
    except (TypeError, ValueError):
        return None
    total = math.fsum(mass.values())
    # Single precision is what most classifiers compute in.
    if not abs(total - 1) <= 1e-3 or min(mass.values()) < 0:
        return None
    return {label: p / total for label, p in mass.items()}


def _made(spec: JudgeSpec, making: Making) -> Judge:
    where = f"judge '{spec.name}'"
    if (spec.entry_point is None) == (spec.import_ is None):
        raise ConfigurationError(
            f"{where}: a classifier is named by entry_point or by import, one of the two"
        )
    if spec.rubrics is None:
        raise ConfigurationError(
            f"{where}: rubrics is missing: list the rubrics that the classifier can answer, as in "
            'rubrics = ["toxicity"]'
        )
    if spec.entry_point is not None:
        found = _from_entry_point(spec.entry_point, where)
    else:
        found = _from_import(spec.import_ or "", where, allowed=making.allow_import)
    if not callable(found):
        raise ConfigurationError(f"{where}: {found!r} is no function")
    return ClassifierJudge(spec.name, found, making.rubrics)


def _from_entry_point(name: str, where: str) -> Any:
    from importlib.metadata import entry_points  # slow to import: only where it is asked

    points = {point.name: point for point in entry_points(group=GROUP)}
    if name not in points:
        raise ConfigurationError(f"{where}, entry_point: {unknown('classifier', name, [*points])}")
    try:
        return points[name].load()
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(
            f"{where}, entry_point: {name} cannot be loaded: {error}"
        ) from error


def _from_import(target: str, where: str, *, allowed: bool) -> Any:
    if not allowed:
        raise ConfigurationError(
            f"{where}: import runs Python code that the panel names; add --allow-import if you "
            "trust this panel"
        )
    module, _, function = target.partition(":")
    if not module or not function:
        raise ConfigurationError(f'{where}, import: {target!r} is not of the form "pkg.mod:name"')
    try:
        return getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"{where}, import: {target} cannot be loaded: {error}") from error


KIND = Kind(
    name="classifier",
    summary="an installed classifier, or a Python function, that gives label probabilities",
    keys=frozenset(("entry_point", "import")),
    required=("rubrics",),
    make=_made,
)
