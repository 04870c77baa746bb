"""Reply -> Mass or Abstention, in the frame that the judge was shown.

Nothing here makes up a vote: what cannot be read is an abstention with its reason.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from numbers import Real

from w2s_judge.errors import ConfigurationError
from w2s_judge.prompts.fence import code_for, judged_texts
from w2s_judge.prompts.labels import says, token_says
from w2s_judge.prompts.verdict import (
    Found,
    Spoken,
    apart,
    from_json,
    from_lines,
    from_objects,
    mentions_verdict,
)
from w2s_judge.types import Abstention, Mass, Question, Reason, Reply

MIN_INSIDE = 0.2
"""Probability that must lie on the labels and on cannot-tell together, in [0, 1].

With less the judge was saying something else, and what is left on the labels is no opinion.
"""

FLOOR = 1e-9
"""The least share that a label gets which the server did not list: unknown, never impossible."""

_CLOSE_TO_ONE = 1e-6
_CUT_SHORT = ("length", "max_tokens")
_FILTERED = ("content_filter", "refusal")
_REFUSAL = re.compile(
    r"\W*(?:(?:(?:i am|i'm)(?: very| so| truly)? sorry|sorry|i apologi[sz]e|unfortunately)\W+)?"
    r"(?:but )?(?:as an ai[^,.]{0,40}, )?"
    r"i(?: can't| cannot| can not| won't| will not| must decline to| have to decline to"
    r"|(?: am|'m) (?:unable|not able) to)"
    r" (?:assist|help(?! but)|comply|provide|answer|engage|do|continue|fulfill?|participate"
    r"|respond|discuss|support|rate|judge|evaluate|process)\b"
)
_SAID_AT_ONCE = 200


def read(
    reply: Reply, question: Question, labels: tuple[str, ...], cannot_tell: str
) -> Mass | Abstention:
    """Read what a reply says about the question as it was shown.

    Raises `ConfigurationError` for a judge of the way "direct" whose mass is none.
    """
    if reply.abstained is not None:
        return Abstention(reply.abstained, reasoning=reply.reasoning)
    if reply.way == "direct":
        return _from_mass(reply, labels)
    if reply.finish in _FILTERED:
        return Abstention("refused", reasoning=reply.reasoning or reply.text or None)
    if reply.way == "logprob" and reply.logprobs:
        return _from_logprobs(reply, labels, cannot_tell)
    return _from_words(reply, question, labels, cannot_tell)


def _from_logprobs(reply: Reply, labels: tuple[str, ...], cannot_tell: str) -> Mass | Abstention:
    offered = (*labels, cannot_tell)
    listed = [(token, math.exp(min(lp, 0.0))) for token, lp in reply.logprobs or () if lp == lp]
    on: dict[str, float] = {}
    for token, p in listed:
        label = token_says(offered, token)
        if label is not None:
            on[label] = on.get(label, 0.0) + p
    unsure = on.pop(cannot_tell, 0.0)
    inside = sum(on.values())
    outside = min(max(1.0 - inside, 0.0), 1.0)
    if inside + unsure < MIN_INSIDE:
        return Abstention("unreadable", outside, reply.reasoning)
    if unsure > inside:
        return Abstention("cannot_tell", outside, reply.reasoning)
    # A token that is not listed is no likelier than the last that is, nor than all that is left.
    left = 1.0 - sum(p for _, p in listed)
    bound = max(min(min(p for _, p in listed), left), FLOOR)
    share = [on.get(label, bound) for label in labels]
    total = sum(share)
    return Mass(
        tuple(p / total for p in share),
        outside,
        tuple(label for label in labels if label not in on),
        reply.reasoning,
    )


def _from_mass(reply: Reply, labels: tuple[str, ...]) -> Mass:
    mass = reply.mass
    if mass is None:
        raise ConfigurationError(
            "a judge that answers directly gave neither label probabilities nor a reason to abstain"
        )
    fault = _fault(mass, labels)
    if fault:
        raise ConfigurationError(
            f"the judge returned {dict(mass)!r}: {fault}; it must give each of "
            f"{', '.join(labels)} a probability (left out means 0), and their sum must be 1"
        )
    total = float(sum(mass.values()))
    p = tuple(float(mass.get(label, 0.0)) / total for label in labels)
    return Mass(p, reasoning=reply.reasoning)


def _fault(mass: Mapping[str, float], labels: tuple[str, ...]) -> str | None:
    strange = [label for label in mass if label not in labels]
    if strange:
        return f"{strange[0]!r} is no label of this rubric"
    bad = [k for k, p in mass.items() if not (isinstance(p, Real) and 0 <= p < math.inf)]
    if bad:
        return f"{mass[bad[0]]!r} for {bad[0]!r} is no probability"
    total = sum(mass.values())
    if abs(total - 1) > _CLOSE_TO_ONE:
        return f"the probabilities sum to {total:.6g}"
    return None


def _from_words(
    reply: Reply, question: Question, labels: tuple[str, ...], cannot_tell: str
) -> Mass | Abstention:
    spoken = apart(reply.text)
    found = _verdict(reply, spoken, question, (*labels, cannot_tell))
    before = found.reasoning if found else spoken.answer
    reasoning = "\n\n".join(part for part in (reply.reasoning, spoken.thought, before) if part)
    if found is None or found.label is None or _cut_off(found.label, reply, (*labels, cannot_tell)):
        return Abstention(_why_none(reply, spoken), reasoning=reasoning or None)
    if found.label == cannot_tell:
        return Abstention("cannot_tell", reasoning=reasoning or None)
    p = tuple(1.0 if label == found.label else 0.0 for label in labels)
    return Mass(p, reasoning=reasoning or None)


def _verdict(
    reply: Reply, spoken: Spoken, question: Question, offered: tuple[str, ...]
) -> Found | None:
    if reply.way == "json":
        # Before thinking is looked for: the reasoning inside may speak of its marks.
        whole = from_json(reply.text.strip(), offered)
        if whole is not None:
            return whole
    if spoken.unfinished:
        return None
    # A reply that is nothing but a label quotes nobody, whatever form was asked for.
    alone = says(offered, spoken.answer)
    if alone is not None:
        return Found(alone)
    if reply.way == "json":
        whole = from_json(spoken.answer, offered)
        if whole is not None or mentions_verdict(judged_texts(question)):
            return whole
        return from_objects(spoken.answer, offered)
    if reply.way == "text":
        texts = judged_texts(question)
        marked = from_lines(spoken.answer, offered, code_for(question.key, texts))
        if marked is not None or mentions_verdict(texts):
            return marked
        return from_lines(spoken.answer, offered, None)
    return None


def _cut_off(label: str, reply: Reply, offered: tuple[str, ...]) -> bool:
    """Tell whether the label may be the beginning of a longer one that was not finished."""
    longer = any(other != label and other.startswith(label) for other in offered)
    return longer and reply.way != "json" and reply.finish in _CUT_SHORT


def _why_none(reply: Reply, spoken: Spoken) -> Reason:
    opening = spoken.answer[:_SAID_AT_ONCE].replace("’", "'").casefold()
    if _REFUSAL.match(" ".join(opening.split())):
        return "refused"
    return "truncated" if reply.finish in _CUT_SHORT else "unreadable"
