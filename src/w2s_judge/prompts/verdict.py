"""Finding the verdict in a judge's words, when those words may quote hostile text.

The rule behind all of it: what could have been copied from the judged texts does not count. A
verdict line counts by the code, which no judged text contains. A JSON object counts if it is the
whole reply. Looser forms count only where no judged text so much as mentions a verdict.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from w2s_judge.prompts.labels import says
from w2s_judge.prompts.plain import plain

KEY = "verdict"
"""The key of the verdict in a JSON reply, and the word that opens a verdict line."""

# ASCII case only: the dotless i and its like must not read as a letter that the guard overlooks.
_FLAGS = re.IGNORECASE | re.ASCII
_MARKED_LINE = re.compile(
    r"^\W{0,8}(?:final[ \t]+)?verdict[\s:=<\[(]+([a-z0-9]{4,32})\b[\s\])>:=-]*(\S.*)$", _FLAGS
)
_ANY_LINE = re.compile(
    r"^\W{0,8}(?:final[ \t]+)?verdict(?:[ \t]+([^\s:=]{1,64}))?[ \t]*[:=][ \t]*(\S.*)$", _FLAGS
)
_BLOCK = re.compile(r"\A```[a-z]*[ \t]*\n(.*)\n```\Z", re.DOTALL)
_THINK = re.compile(r"(</?think(?:ing)?>|\[/?THINK\])")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Found:
    """A verdict: `label` is None if something was said there that is no label on offer."""

    label: str | None
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A reply taken apart: what the judge thought, what it said, whether it was still thinking."""

    thought: str
    answer: str
    unfinished: bool


def apart(text: str) -> Spoken:
    """Take a reply apart from its thinking blocks.

    An opening that the chat template itself wrote leaves only the closing mark in the reply: all
    before it is thought. Without a closing mark all that follows the opening is.
    """
    thought: list[str] = []
    answer: list[str] = []
    thinking = False
    for piece in _THINK.split(text):
        if not _THINK.fullmatch(piece):
            (thought if thinking else answer).append(piece)
        elif "/" not in piece:
            thinking = True
        else:
            if not thinking:
                thought += answer
                answer = []
            thinking = False
    return Spoken("".join(thought).strip(), "".join(answer).strip(), thinking)


def mentions_verdict(texts: Iterable[str]) -> bool:
    """Whether any judged text has the word in it: then an unmarked verdict may be a quotation."""
    return any(KEY in plain(text).casefold() for text in texts)


def from_lines(answer: str, offered: tuple[str, ...], code: str | None) -> Found | None:
    """Find the last verdict line that carries the code; with code None the last of any kind.

    The last one decides even if its label is none of those offered: an earlier one may be the
    judge trying out the form. None if there is no such line.
    """
    lines = answer.splitlines()
    form = _ANY_LINE if code is None else _MARKED_LINE
    for position in range(len(lines) - 1, -1, -1):
        match = form.match(plain(lines[position]))
        if match is None or (code is not None and (match[1] or "").casefold() != code):
            continue
        return Found(_label(match[2], offered), "\n".join(lines[:position]).strip())
    return None


def _label(words: str, offered: tuple[str, ...]) -> str | None:
    whole = says(offered, words)
    if whole is not None:
        return whole
    # "4 (mostly safe)" is a 4; "4 or 5" and "A is better than B" are left alone. Where the label
    # stands in its own case only its own case is a second one: "B is a better answer" is a B.
    said = [(word, says(offered, word)) for word in words.split()]
    word, label = said[0] if said else ("", None)
    exact = label is not None and label in word
    for word, other in said[1:]:
        if other not in (None, label) and (not exact or other in word):
            return None
    return label


def from_json(answer: str, offered: tuple[str, ...]) -> Found | None:
    """Read the verdict of a reply that is one JSON object, bare or in a code block."""
    block = _BLOCK.match(answer)
    try:
        value = json.loads(block[1] if block else answer)
    except (ValueError, RecursionError):
        return None
    return _of_object(value, offered) if isinstance(value, dict) else None


def from_objects(answer: str, offered: tuple[str, ...]) -> Found | None:
    """Read the verdict of the last JSON object among other words.

    Only for replies that cannot quote a verdict. The key must be written out in the reply: spelled
    with escapes it would escape `mentions_verdict` as well.
    """
    found = None
    for source, value in _objects(answer):
        if KEY in source:
            found = _of_object(value, offered) or found
    return found


def _objects(text: str) -> Iterator[tuple[str, dict[str, object]]]:
    start = text.find("{")
    while start >= 0:
        try:
            value, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            yield text[start:end], value
        start = text.find("{", end)


def _of_object(value: dict[str, object], offered: tuple[str, ...]) -> Found | None:
    if KEY not in value:
        return None
    said, reasoning = value[KEY], value.get("reasoning")
    if isinstance(said, int) and not isinstance(said, bool):
        said = str(said)
    label = says(offered, said) if isinstance(said, str) else None
    return Found(label, reasoning if isinstance(reasoning, str) else "")
