"""Reading the body of an OpenAI-style answer, chat or completions, believing none of its types."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from w2s_judge.errors import BadReply
from w2s_judge.judges.forms import Api
from w2s_judge.types import Usage

NO_FIGURE = -9998.0
"""Servers write -9999 for "so unlikely that no figure is given"; that is no log-probability."""

_UNKNOWN = Usage()
_likelihood = itemgetter(1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said.

    `tokens` are the (token, log-probability) pairs at the first position that is more than white
    space, likeliest first; None where the server sent none at all.
    """

    text: str
    finish: str | None
    refusal: str | None
    reasoning: str | None
    usage: Usage
    tokens: tuple[tuple[str, float], ...] | None


def answer_in(body: Any, api: Api) -> Answer:
    """The answer in a decoded body; `BadReply` where it is no answer of this API."""
    choice = _first_choice(body)
    refusal = reasoning = None
    if api == "chat":
        message = choice.get("message")
        if not isinstance(message, dict):
            raise BadReply(f"the answer has no message: {_glimpse(choice)}")
        text, reasoning = _content(message)
        refusal = _words(message.get("refusal"))
    else:
        given = choice.get("text")
        if given is not None and not isinstance(given, str):
            raise BadReply(f"the answer has no text: {_glimpse(choice)}")
        text = clean(given or "")
        reasoning = _words(choice.get("reasoning_content") or choice.get("reasoning"))
    finish = choice.get("finish_reason")
    return Answer(
        text,
        finish[:64] if isinstance(finish, str) else None,
        refusal,
        reasoning,
        _usage(body.get("usage")),
        _tokens(choice.get("logprobs")),
    )


def clean(text: str) -> str:
    """The text without halves of surrogate pairs, which JSON may carry and UTF-8 cannot."""
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode()


def _first_choice(body: Any) -> dict[str, Any]:
    choices = body.get("choices") if isinstance(body, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise BadReply(f"the answer has no choices: {_glimpse(body)}")
    return choices[0]


def _content(message: dict[str, Any]) -> tuple[str, str | None]:
    """Text and reasoning of a chat message; content may be a string, parts, or null."""
    reasoning = _words(message.get("reasoning_content")) or _words(message.get("reasoning"))
    content = message.get("content")
    if isinstance(content, str):
        return clean(content), reasoning
    if content is None:
        return "", reasoning
    if not isinstance(content, list):
        raise BadReply(f"the message's content is neither text nor parts: {_glimpse(content)}")
    text, thought = [], []
    for part in content:
        if not isinstance(part, dict):
            raise BadReply(f"a part of the message is no object: {_glimpse(part)}")
        if part.get("type") == "thinking":
            thought.append(_thought(part.get("thinking")))
        else:
            text.append(_words(part.get("text")) or "")
    return "".join(text), reasoning or ("".join(thought) or None)


def _thought(given: Any) -> str:
    """Mistral's thinking parts hold a list of text parts, others a string."""
    if isinstance(given, list):
        return "".join(_words(p.get("text")) or "" for p in given if isinstance(p, dict))
    return _words(given) or ""


def _words(given: Any) -> str | None:
    return clean(given) if isinstance(given, str) and given else None


def _usage(given: Any) -> Usage:
    if not isinstance(given, dict):
        return _UNKNOWN
    return Usage(_count(given.get("prompt_tokens")), _count(given.get("completion_tokens")))


def _count(given: Any) -> int | None:
    # A count beyond 2**53 is a defect of the server and would not fit the journal either.
    fits = isinstance(given, int) and not isinstance(given, bool) and 0 <= given < 2**53
    return given if fits else None


def _tokens(logprobs: Any) -> tuple[tuple[str, float], ...] | None:
    """The pairs at the verdict's position, in any of the shapes that servers use."""
    if not isinstance(logprobs, dict):
        return None
    content = logprobs.get("content")
    if isinstance(content, list):
        return _listed(content)
    if isinstance(logprobs.get("top_logprobs"), list):
        return _legacy(logprobs)
    # OpenAI moves the tokens here when the model refuses: then there is no verdict to read.
    return () if isinstance(logprobs.get("refusal"), list) else None


def _listed(content: list[Any]) -> tuple[tuple[str, float], ...] | None:
    """`content[i] = {token, logprob, top_logprobs: [{token, logprob}]}`: chat, llama.cpp."""
    if not content:
        return ()
    entry = content[0]
    if len(content) > 1:
        entry = next((e for e in content if isinstance(e, dict) and _said(e.get("token"))), entry)
    top = entry.get("top_logprobs") if isinstance(entry, dict) else None
    if not isinstance(top, list) or not top:
        return None
    return _sorted([(e.get("token"), e.get("logprob")) for e in top if isinstance(e, dict)])


def _legacy(logprobs: dict[str, Any]) -> tuple[tuple[str, float], ...] | None:
    """`top_logprobs[i] = {token: logprob}` beside `tokens[i]`: OpenAI's completions and vLLM's."""
    tops, tokens = logprobs["top_logprobs"], logprobs.get("tokens")
    position = 0
    if isinstance(tokens, list) and len(tops) > 1:
        position = next((k for k, t in enumerate(tokens[: len(tops)]) if _said(t)), 0)
    top = tops[position] if tops else {}
    if isinstance(top, list):
        return _sorted([(e.get("token"), e.get("logprob")) for e in top if isinstance(e, dict)])
    return _sorted(list(top.items())) if isinstance(top, dict) else None


def _said(token: Any) -> bool:
    return isinstance(token, str) and not (token.isspace() or not token)


def _sorted(pairs: list[tuple[Any, Any]]) -> tuple[tuple[str, float], ...]:
    found = []
    for token, figure in pairs:
        # NaN fails the comparison, null and true the look at the type.
        if type(figure) in (float, int) and figure > NO_FIGURE and isinstance(token, str):
            found.append((clean(token), min(float(figure), 0.0) if figure < 1e300 else 0.0))
    found.sort(key=_likelihood, reverse=True)
    return tuple(found)


def _glimpse(value: Any) -> str:
    return clean(reprlib.repr(value)[:80])
