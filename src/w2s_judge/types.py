"""The values that flow: Item -> Question -> Reply -> Vote, and Preference at the end.

All are frozen; `docs/data.md` states each as mathematics and as Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Way: TypeAlias = Literal["logprob", "json", "text", "direct"]
"""How an answer is read: one-token log-probabilities, a JSON verdict, the last verdict line, or
probabilities that the judge itself gives (classifier, replay, embedded)."""

Order: TypeAlias = Literal["ab", "ba"]
"""How two responses were shown: as in the item, or swapped."""

Reason: TypeAlias = Literal["refused", "unreadable", "truncated", "cannot_tell"]
"""Why a judge that was asked, and answered, gave no vote."""

REASONS: tuple[Reason, ...] = ("refused", "unreadable", "truncated", "cannot_tell")


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat prompt."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Response:
    """One output of the model that is judged. `family` groups models that share ancestry."""

    text: str
    model: str | None = None
    family: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A prompt and the responses to it. `meta` holds the columns that we do not know, untouched."""

    id: str
    prompt: str | tuple[Message, ...]
    responses: tuple[Response, ...]
    reference: str | None = None
    task: str | None = None
    meta: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """What one judge is asked at a time: an item's response (or two) under a rubric.

    `responses` are positions in the item's list, ascending; `order` is None for one response.
    `variant` is "base", "repeat:2", ... `key` (16 bytes) is a hash of everything that the wording
    depends on: item content, rubric, order, variant, evidence; not of the item's id.
    """

    item: Item
    rubric: str
    responses: tuple[int, ...]
    key: bytes
    order: Order | None = None
    variant: str = "base"
    evidence: str | None = None

    @property
    def shown(self) -> tuple[Response, ...]:
        """The responses in the order in which the judge sees them."""
        chosen = tuple(self.item.responses[k] for k in self.responses)
        return chosen[::-1] if self.order == "ba" else chosen


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call as the server counted them; None where it did not say."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back from a judge, before the rubric reads it.

    `logprobs` are the (token, natural log-probability) pairs offered at the verdict's position,
    likeliest first. `mass` is label -> probability in the frame that was *shown*, where the judge
    gives it itself; `abstained` is its own word that it does not vote. `uncalibrated` marks mass
    that ranks but is no probability.
    """

    text: str
    way: Way
    logprobs: tuple[tuple[str, float], ...] | None = None
    mass: Mapping[str, float] | None = None
    abstained: Reason | None = None
    finish: str | None = None
    reasoning: str | None = None
    usage: Usage = Usage()
    raw: str | None = None
    uncalibrated: bool = False
    categories: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Mass:
    """A vote: probability over the rubric's labels, `p` sums to 1, in the *item's* frame.

    `outside` in [0, 1] is what the judge put off the labels before `p` was normalised (None:
    unknown); `bounded` names the labels whose share is an upper bound since the server did not
    list them.
    """

    p: tuple[float, ...]
    outside: float | None = None
    bounded: tuple[str, ...] = ()
    reasoning: str | None = None


@dataclass(frozen=True, slots=True)
class Abstention:
    """A judge that answered and gave no vote, with the reason."""

    reason: Reason
    outside: float | None = None
    reasoning: str | None = None


@dataclass(frozen=True, slots=True)
class Vote:
    """What a judge makes of a question, and the reply that it was read from."""

    question: Question
    judge: str
    outcome: Mass | Abstention
    reply: Reply


@dataclass(frozen=True, slots=True)
class Preference:
    """Two responses to a prompt of which the first is held to be the better.

    `p` = P(chosen better) / (P(chosen better) + P(rejected better)) in (0.5, 1]; `tie` is the mass
    on neither; `margin` the logit of p, clipped. `votes` count what p rests on, `dissent` in [0, 1]
    is the mean mass of the votes off "chosen is better". `places` and `models` are (chosen,
    rejected): positions in the item's list, and who wrote them. `judges` name who voted.
    """

    item: str
    prompt: str | tuple[Message, ...]
    chosen: str
    rejected: str
    p: float
    tie: float
    margin: float
    votes: int
    dissent: float
    rubric: str
    method: str
    calibration: str
    places: tuple[int, int]
    models: tuple[str | None, str | None] = (None, None)
    judges: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rated:
    """One response with P(desirable): what KTO and supervised fine-tuning read.

    `desirable` is the side that is claimed; fields as in `Preference`.
    """

    item: str
    prompt: str | tuple[Message, ...]
    completion: str
    p: float
    desirable: bool
    votes: int
    dissent: float
    rubric: str
    method: str
    calibration: str
    place: int
    model: str | None = None
    judges: tuple[str, ...] = ()
