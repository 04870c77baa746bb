"""A rubric: what is asked about an item, in which words, and how an answer becomes a vote."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from w2s_judge.errors import ConfigurationError
from w2s_judge.prompts import frame, reading
from w2s_judge.prompts.key import question_key
from w2s_judge.prompts.labels import shared_starts
from w2s_judge.prompts.truth import Cut
from w2s_judge.prompts.verdict import KEY
from w2s_judge.prompts.wording import Texts, question_text, shared_text
from w2s_judge.types import Abstention, Item, Mass, Order, Question, Reply, Way

_HASH_LENGTH = 16


@dataclass(frozen=True)
class Rubric:
    """L vote labels over one response (arity 1) or a comparison of two (arity 2).

    `labels`, `meanings` and `utilities` (in [0, 1]) run along together, ascending; of a comparison
    the labels run from "the first is better" to "the second is better" and the utility is the
    first response's. `classes` are the truth classes, ascending with the labels, and `cut` is the
    map between the two. `cannot_tell` is always offered and never a label. `mirror[k]` is the
    position that label k has once the two responses have swapped places. `hash` is a hash of all
    of this and of the sentences that every rubric shares, not of a file's formatting.

    Rubrics come from `load`, which checks all of it; made by hand, they are taken at their word.
    """

    name: str
    task: str
    arity: Literal[1, 2]
    labels: tuple[str, ...]
    meanings: tuple[str, ...]
    utilities: tuple[float, ...]
    ordered: bool
    classes: tuple[str, ...]
    cut: Cut
    cannot_tell: str
    mirror: tuple[int, ...]
    texts: Texts
    hash: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "hash", _content_hash(self))

    @property
    def offered(self) -> tuple[str, ...]:
        """What a judge may answer: the labels, then cannot-tell."""
        return (*self.labels, self.cannot_tell)

    def questions(self, item: Item, /) -> Iterator[Question]:
        """Yield all questions about an item: one a response, or each pair i < j in both orders."""
        positions = range(len(item.responses))
        if self.arity == 1:
            for position in positions:
                yield self.question(item, (position,))
            return
        for pair in itertools.combinations(positions, 2):
            yield self.question(item, pair, "ab")
            yield self.question(item, pair, "ba")

    def question(
        self,
        item: Item,
        responses: tuple[int, ...],
        order: Order | None = None,
        variant: str = "base",
        evidence: str | None = None,
    ) -> Question:
        """Ask one question. `responses` are positions in the item, ascending.

        Raises `ConfigurationError` if they, the order or the evidence do not suit this rubric.
        """
        fault = self._misfit(item, responses, order, evidence)
        if fault:
            raise ConfigurationError(f"rubric '{self.name}', item '{item.id}': {fault}")
        key = question_key(self.hash, item, responses, order, variant, evidence)
        return Question(item, self.name, responses, key, order, variant, evidence)

    def _misfit(
        self, item: Item, responses: tuple[int, ...], order: Order | None, evidence: str | None
    ) -> str | None:
        count = len(item.responses)
        if len(responses) != self.arity:
            return f"it judges {self.arity} response(s) at a time, not {len(responses)}"
        if responses[0] < 0 or responses[-1] >= count:
            return f"there are responses 0 to {count - 1}, and {responses} is asked about"
        if self.arity == 1:
            if order is not None:
                return "a single response has no order"
        elif responses[0] >= responses[1]:
            return f"responses {responses} must ascend; which is shown first is the order's to say"
        elif order not in ("ab", "ba"):
            return "a comparison needs an order, 'ab' or 'ba'"
        if evidence is not None and self.texts.evidence is None:
            return "it has no passage for evidence; give its prompt one"
        return None

    def wording(self, question: Question, way: Way, /) -> str:
        """Word a question; the same up to the first fence for all questions of this way."""
        shared = shared_text(self.texts, self.labels, self.meanings, self.cannot_tell, way)
        return f"{shared}\n\n{question_text(question, self.texts, self.offered, way)}"

    def schema(self, _question: Question, /) -> dict[str, object]:
        """Return the JSON schema of the answer: reasoning first, then the verdict.

        It is the same for all questions of a rubric, so that servers compile its grammar once.
        """
        return {
            "type": "object",
            "properties": {
                "reasoning": {"type": "string"},
                KEY: {"type": "string", "enum": list(self.offered)},
            },
            "required": ["reasoning", KEY],
            "additionalProperties": False,
        }

    def read(self, reply: Reply, question: Question, /) -> Mass | Abstention:
        """Read a reply as mass over the labels in the item's frame, or an abstention.

        Raises `ConfigurationError` where a judge of the way "direct" gives mass that is none.
        """
        try:
            outcome = reading.read(reply, question, self.labels, self.cannot_tell)
        except ConfigurationError as error:
            raise ConfigurationError(
                f"rubric '{self.name}', item '{question.item.id}': {error}"
            ) from error
        if isinstance(outcome, Mass) and question.order == "ba":
            return self.mirrored(outcome)
        return outcome

    def mirrored(self, mass: Mass) -> Mass:
        """Turn a vote round, as if the two responses had swapped places."""
        p = [0.0] * len(self.labels)
        for position, share in zip(self.mirror, mass.p, strict=True):
            p[position] = share
        place = {label: self.labels[k] for label, k in zip(self.labels, self.mirror, strict=True)}
        bounded = tuple(place[label] for label in mass.bounded)
        return dataclasses.replace(mass, p=tuple(p), bounded=bounded)

    def class_of(self, label: str) -> str | None:
        """Return the truth class of a vote label; None where the map is learned.

        Raises ValueError for what is no label.
        """
        position = self.cut.class_at(self.labels.index(label))
        return None if position is None else self.classes[position]

    def class_mass(self, p: Sequence[float]) -> tuple[float, ...] | None:
        """Sum mass (L,) over labels to mass (C,) over classes; None where the map is learned."""
        if self.cut.how == "learned":
            return None
        sums = [0.0] * len(self.classes)
        for label, share in enumerate(p):
            sums[self.cut.class_at(label) or 0] += share
        return tuple(sums)

    def utility(self, p: Sequence[float]) -> float:
        """Return the expected utility in [0, 1] of mass (L,) over labels."""
        return sum(u * share for u, share in zip(self.utilities, p, strict=True))

    def shared_first_token(self) -> tuple[tuple[str, str], ...]:
        """Pairs of answers that one token may not tell apart: no one-token reading for these.

        Judged by spelling alone, tokenisers differ: one is the start of the other, or both start
        with the same run of letters or digits.
        """
        return shared_starts(self.offered)


def _content_hash(rubric: Rubric) -> str:
    content = {
        field.name: getattr(rubric, field.name)
        for field in dataclasses.fields(rubric)
        if field.init
    }
    content["cut"] = dataclasses.astuple(rubric.cut)
    content["texts"] = dataclasses.asdict(rubric.texts)
    content["frame"] = (frame.CANNOT_TELL, frame.RULES, dict(frame.ANSWER), dict(frame.CLOSING))
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:_HASH_LENGTH]
