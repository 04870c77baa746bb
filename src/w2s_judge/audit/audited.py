"""An audit as it is shown: the answer, what was found, the figures, and the most contested items.

The terminal, the page, `audit.json` and the frames are four views of an `Audit`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from w2s_judge.audit.part import DIGITS, Part, Test

Verdict: TypeAlias = Literal["yes", "with care", "no", "cannot tell"]


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether the panel can be used, and why.

    `lines` are five plain sentences: how right it is, how independent, whom to watch, on what it
    fails, and what would help most.
    """

    verdict: Verdict
    lines: tuple[str, ...]

    def told(self) -> dict[str, Any]:
        """As `audit.json` has it."""
        return {"verdict": self.verdict, "lines": list(self.lines)}


@dataclass(frozen=True, slots=True)
class Finding:
    """A test that holds: large enough, and p below .01 after Holm over all tests of the audit."""

    rubric: str
    test: Test
    p_adjusted: float

    def told(self) -> dict[str, Any]:
        """As `audit.json` has it."""
        test = self.test
        return {
            "rubric": self.rubric,
            "kind": test.kind,
            "about": list(test.about),
            "sentence": test.sentence,
            "advice": test.advice,
            "effect": round(test.effect, DIGITS),
            "minimum": test.minimum,
            "unit": test.unit,
            "p": test.p,
            "p_adjusted": self.p_adjusted,
        }


@dataclass(frozen=True, slots=True)
class Cast:
    """One judge's word on a contested item.

    `mass` is (label, share) of a vote, () of an abstention, whose reason is `abstained`; `read` is
    the way the answer was read; `reasoning` and `raw` what the judge wrote, None where unknown.
    """

    judge: str
    order: str | None
    variant: str
    mass: tuple[tuple[str, float], ...]
    abstained: str | None = None
    reasoning: str | None = None
    raw: str | None = None
    read: str | None = None


@dataclass(frozen=True, slots=True)
class Contested:
    """An item that the judges are most divided on, with all that was said about it.

    `places` are the positions of the judged responses; `prompt` and `responses` their texts, None
    and () for votes from a file; `posterior` is (class, share), of an item with gold from a fit
    that did not see its label, () where there is none; `gold` the label people gave;
    `divided` in [0, 1] the mean distance between two judges' utilities (or verdicts), the measure
    by which items were chosen. Texts are cut to a length, and end with how much was cut.
    """

    item: str
    places: tuple[int, ...]
    prompt: str | None
    responses: tuple[str, ...]
    posterior: tuple[tuple[str, float], ...]
    gold: str | None
    divided: float
    votes: tuple[Cast, ...]
    task: str | None = None

    def told(self) -> dict[str, Any]:
        """As `audit.json` has it: without texts, which the run has."""
        return {
            "item": self.item,
            "responses": list(self.places),
            "task": self.task,
            "posterior": {name: round(share, DIGITS) for name, share in self.posterior},
            "gold": self.gold,
            "divided": round(self.divided, DIGITS),
            "votes": [
                {
                    "judge": one.judge,
                    "order": one.order,
                    "variant": one.variant,
                    "mass": {name: round(share, DIGITS) for name, share in one.mass} or None,
                    "abstained": one.abstained,
                }
                for one in self.votes
            ],
        }


@dataclass(frozen=True, slots=True)
class RubricAudit:
    """The audit of one rubric (or of a file of votes): `name` of it, and how large it is."""

    name: str
    answer: Answer
    parts: tuple[Part, ...]
    judges: tuple[str, ...]
    items: int
    votes: int
    gold: int
    contested: tuple[Contested, ...] = ()
    notes: tuple[str, ...] = ()

    def part(self, name: str) -> Part | None:
        """The part of this name, if there is one."""
        return next((part for part in self.parts if part.name == name), None)

    def told(self) -> dict[str, Any]:
        """As `audit.json` has it."""
        return {
            "answer": self.answer.told(),
            "judges": list(self.judges),
            "items": self.items,
            "votes": self.votes,
            "gold_labels": self.gold,
            "notes": list(self.notes),
            "parts": {part.name: part.told() for part in self.parts},
            "contested": [one.told() for one in self.contested],
        }


@dataclass(frozen=True, slots=True)
class Audit:
    """The audit of a run or of a file of votes.

    source   : as the user named it; `against` the other run, None where there is none
    made     : when, as ISO 8601 text; `version` of w2s-judge
    answer   : over all rubrics: that of the only one, or the worst with a line a rubric
    findings : strongest first
    tests    : how many tests the findings were adjusted for
    """

    source: str
    made: str
    version: str
    answer: Answer
    findings: tuple[Finding, ...]
    tests: int
    rubrics: tuple[RubricAudit, ...]
    against: str | None = None
    gold: str | None = None
    seed: int = 0
    notes: tuple[str, ...] = field(default=())

    def rubric(self, name: str | None = None) -> RubricAudit:
        """The audit of a rubric, the only one's by default; `KeyError` where there is none."""
        if name is None and len(self.rubrics) == 1:
            return self.rubrics[0]
        for one in self.rubrics:
            if one.name == name:
                return one
        raise KeyError(f"name a rubric: {', '.join(one.name for one in self.rubrics)}")

    def told(self) -> dict[str, Any]:
        """The whole as `audit.json` has it."""
        return {
            "made_by": "w2s-judge audit",
            "source": self.source,
            "against": self.against,
            "gold": self.gold,
            "made": self.made,
            "version": self.version,
            "seed": self.seed,
            "answer": self.answer.told(),
            "tests": self.tests,
            "findings": [finding.told() for finding in self.findings],
            "notes": list(self.notes),
            "rubrics": {one.name: one.told() for one in self.rubrics},
        }

    def frame(self, table: str, rubric: str | None = None) -> Any:
        """A table as a pandas DataFrame (extra `pandas`): `audit.frame("skill.judges")`.

        A figure is a column with its value, and two with the ends of its interval. Raises
        `KeyError` where there is no such table, with those that there are.
        """
        from w2s_judge.frames import frame

        of = self.rubric(rubric)
        known = {f"{part.name}.{one.name}": one for part in of.parts for one in part.tables}
        if table not in known:
            raise KeyError(f"no table {table!r}; there are {', '.join(known)}")
        return frame(known[table].flat())
