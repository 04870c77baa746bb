"""Who is asked what: which judge may answer a question, and how many there will be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from w2s_judge.judges.seat import Seat
from w2s_judge.prompts.rubric import Rubric
from w2s_judge.scoring.design import Design
from w2s_judge.store.shapes import Shape
from w2s_judge.types import Item, Question

Choice = Callable[[str | None], tuple[str, ...]]
"""From an item's task to the names of the rubrics that it is judged under."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many questions each judge will get, and what no judge can answer.

    by_judge  : judge -> questions
    by_rubric : rubric -> judge -> questions
    unasked   : rubric -> (responses or pairs that no judge of the panel can judge, why)
    """

    by_judge: Mapping[str, int]
    by_rubric: Mapping[str, Mapping[str, int]]
    unasked: Mapping[str, tuple[int, str]]

    @property
    def questions(self) -> int:
        """Questions over all judges."""
        return sum(self.by_judge.values())


def takes(seat: Seat, rubric: str) -> bool:
    """True where the judge declares this rubric."""
    return seat.rubrics is None or rubric in seat.rubrics


def is_own_family(seat: Seat, families: Iterable[str | None]) -> bool:
    """True where the judge shares ancestry with one of the responses; unknown is no kin."""
    return seat.family is not None and seat.family in families


def may_ask(seat: Seat, question: Question, *, allow_own_family: bool) -> bool:
    """True where the judge declares the rubric, and is no kin of what it would judge."""
    families = (question.item.responses[k].family for k in question.responses)
    return takes(seat, question.rubric) and (allow_own_family or not is_own_family(seat, families))


def eligible(seat: Seat, question: Question, *, allow_own_family: bool) -> bool:
    """True where this judge may be asked this question, and has an answer if it is a replay."""
    return may_ask(seat, question, allow_own_family=allow_own_family) and seat.answers(question)


def variants(rubric: Rubric, item: Item, repeats: int, design: Design) -> Iterator[Question]:
    """An item's questions under a rubric: asked once, and again for judges that repeat."""
    for question in design.questions(rubric, item):
        yield question
        for again in range(2, repeats + 1):
            yield rubric.question(
                item, question.responses, question.order, f"repeat:{again}", question.evidence
            )


def plan(
    shapes: Iterable[Shape],
    choice: Choice,
    seats: Iterable[Seat],
    rubrics: Mapping[str, Rubric],
    design: Design,
    *,
    allow_own_family: bool,
) -> Plan:
    """Count the questions from the shapes of the items, without reading their texts.

    Where the design tells items apart, the shapes are those of single items.
    """
    seats = tuple(seats)
    by_rubric: dict[str, dict[str, int]] = {}
    unasked: dict[str, int] = {}
    kin: set[str] = set()
    single: dict[str, int] = {}
    for shape in shapes:
        for name in choice(shape.task):
            counts = by_rubric.setdefault(name, dict.fromkeys((s.name for s in seats), 0))
            arity = rubrics[name].arity
            if len(shape.families) < arity:
                single[name] = single.get(name, 0) + shape.items
            for chosen, times in _asked_about(shape, name, arity, design):
                willing = [seat for seat in seats if takes(seat, name)]
                asked = [
                    seat for seat in willing if allow_own_family or not is_own_family(seat, chosen)
                ]
                for seat in asked:
                    counts[seat.name] += shape.items * times * seat.repeats
                if not asked:
                    unasked[name] = unasked.get(name, 0) + shape.items
                    kin.update([name] if willing else [])
    by_judge = {
        seat.name: sum(counts[seat.name] for counts in by_rubric.values()) for seat in seats
    }
    reasons = {
        name: (count, _why(name, in_kin=name in kin)) for name, count in unasked.items() if count
    }
    for name, count in single.items():
        reasons.setdefault(name, (count, TOO_FEW))
    return Plan(by_judge, by_rubric, reasons)


def _asked_about(
    shape: Shape, rubric: str, arity: int, design: Design
) -> Iterator[tuple[tuple[str | None, ...], int]]:
    """The families of what each question is about, and in how many orders it is asked."""
    if arity == 1:
        for family in shape.families:
            yield (family,), 1
        return
    for pair in design.pairs(rubric, shape.name, len(shape.families)):
        orders = len(design.orders(shape.name, pair))
        yield tuple(shape.families[k] for k in pair), orders


TOO_FEW = "it compares two responses, and these items have only one"
UNRECORDED = "no judge of the panel has an answer to these: a replay has those it recorded, no more"


def _why(rubric: str, *, in_kin: bool) -> str:
    if in_kin:
        return (
            "every judge that could answer is of the same family as the output: add a judge of "
            "another family, or allow it with --allow-own-family"
        )
    return (
        f"no judge of the panel can answer {rubric!r}: add one that can, for example with "
        "`w2s-judge init --vllm MODEL` or `w2s-judge init --openai MODEL`, and --panel panel.toml"
    )
