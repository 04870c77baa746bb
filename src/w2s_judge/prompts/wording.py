"""What a judge reads: shared text first, judged text after it, a short cue last.

The shared text is the same for all questions of one rubric and way of answering, so that servers
reuse its prefix. The code of the fence appears only after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from w2s_judge.errors import ConfigurationError
from w2s_judge.prompts.fence import code_for, fenced, fenced_turns, judged_texts
from w2s_judge.prompts.frame import ANSWER, CANNOT_TELL, CLOSING, RULES
from w2s_judge.prompts.slots import fill
from w2s_judge.types import Question, Way


@dataclass(frozen=True, slots=True)
class Texts:
    """A rubric's own sentences, with their slots.

    `shared` has {scale}, {rules} and {answer}; `judged` has {response}, or {response_a} and
    {response_b}, may have {prompt}, and has {reference} and {evidence} where those passages are
    given. A passage is shown only if there is something to show in it.
    """

    shared: str
    judged: str
    reference: str | None = None
    evidence: str | None = None


@lru_cache(maxsize=256)
def shared_text(
    texts: Texts, labels: tuple[str, ...], meanings: tuple[str, ...], cannot_tell: str, way: Way
) -> str:
    """Word the opening that all questions of a rubric have in common."""
    if way not in ANSWER:
        raise ConfigurationError(
            f"a judge that answers by '{way}' reads no wording; words are for {', '.join(ANSWER)}"
        )
    lines = [
        f"{label} = {meaning}"
        for label, meaning in zip((*labels, cannot_tell), (*meanings, CANNOT_TELL), strict=True)
    ]
    offered = ", ".join((*labels, cannot_tell))
    answer = fill(ANSWER[way], {"offered": offered})
    scale = "\n".join(("The labels:", *lines))
    return fill(texts.shared, {"scale": scale, "rules": RULES, "answer": answer})


def question_text(question: Question, texts: Texts, offered: tuple[str, ...], way: Way) -> str:
    """Put the judged material between its fences, and after it the cue to answer."""
    item = question.item
    code = code_for(question.key, judged_texts(question))
    values: dict[str, str | None] = {
        "prompt": fenced("REQUEST", item.prompt, code)
        if isinstance(item.prompt, str)
        else fenced_turns(item.prompt, code),
        "reference": _passage(texts.reference, "reference", item.reference, code),
        "evidence": _passage(texts.evidence, "evidence", question.evidence, code),
    }
    shown = question.shown
    if len(shown) == 1:
        values["response"] = fenced("RESPONSE", shown[0].text, code)
    else:
        values["response_a"] = fenced("RESPONSE A", shown[0].text, code)
        values["response_b"] = fenced("RESPONSE B", shown[1].text, code)
    material = fill(texts.judged, values)
    choice = {"offered": ", ".join(offered), "lines": "\n".join(offered), "code": code}
    cue = fill(CLOSING[way], choice)
    return f"{material}\n\n{cue}"


def _passage(template: str | None, name: str, text: str | None, code: str) -> str | None:
    if template is None or text is None:
        return None
    return fill(template, {name: fenced(name.upper(), text, code)})
