"""What the benchmark server answers: a label that follows from the item's number alone.

The label of an item is a function of the marker in its text (`item-000123`), so every vote that
a client stored can be checked against what the server said about that very item.
"""

from __future__ import annotations

import json
import re
import zlib
from functools import cache
from math import log
from typing import Any

LABELS = ("1", "2", "3", "4", "5")
UNSURE = "?"
CHOSEN, OTHERS = 0.85, 0.15 / len(LABELS)  # probabilities; the unsure token is one of the others
REASONING = "The answer stays on the subject and keeps clear of what the question warns about."
# This model's clients ask for an unconstrained JSON object with a score.
SCORING_MODEL = "fake-geval"
MARKER = re.compile(r"item-(\d{6})\b")
# The line that a prompt asks for, with the code that is drawn for one question.
VERDICT_LINE = re.compile(r"VERDICT(?:[ \t]+([\w-]+))?[ \t]*:")


def marker(number: int) -> str:
    """The text by which the server knows an item; `number` is in [0, 999999]."""
    return f"item-{number:06d}"


def label_of(number: int) -> str:
    """The one label that the server ever gives to the item."""
    return LABELS[zlib.crc32(marker(number).encode()) % len(LABELS)]


def item_of(prompt: str) -> int | None:
    """The number of the item that a prompt speaks of; None where it speaks of none."""
    found = MARKER.search(prompt)
    return int(found[1]) if found else None


def prompt_of(request: dict[str, Any]) -> str:
    """All text of a chat request, in order."""
    parts = []
    for message in request.get("messages", ()):
        content = message.get("content") or ""
        if isinstance(content, str):
            parts.append(content)
        else:
            parts.extend(part.get("text", "") for part in content)
    return "\n".join(parts)


def completion(request: dict[str, Any], prompt: str, label: str, *, cut: bool = False) -> bytes:
    """The body of the answer to a chat request, in the form that it asks for.

    Log-probabilities win (one label token), then a JSON schema, then text whose last line is the
    verdict. `cut` breaks a text or a JSON off in the middle with finish reason "length".
    """
    if request.get("logprobs"):
        return _one_token(label, "length" if request.get("max_tokens") == 1 else "stop")
    schema = _schema_of(request)
    if schema is not None:
        text = json.dumps(_filled(schema, label))
    elif request.get("model") == SCORING_MODEL:
        text = json.dumps({"score": int(label), "reason": REASONING})
    else:
        text = _verdict_text(prompt, label)
    if cut:
        return _body(text[: len(text) // 3], "length", None)
    return _body(text, "stop", None)


@cache
def _one_token(label: str, finish: str) -> bytes:
    listed = [(label, CHOSEN), *((other, OTHERS) for other in (*LABELS, UNSURE) if other != label)]
    top = [{"token": t, "logprob": log(p), "bytes": list(t.encode())} for t, p in listed]
    return _body(label, finish, {"content": [{**top[0], "top_logprobs": top}]})


def _body(text: str, finish: str, logprobs: dict[str, Any] | None) -> bytes:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "logprobs": logprobs,
        "finish_reason": finish,
    }
    usage = {"prompt_tokens": 350, "completion_tokens": 20, "total_tokens": 370}
    answer = {"id": "chatcmpl-0", "object": "chat.completion", "created": 1, "model": "fake"}
    return json.dumps({**answer, "choices": [choice], "usage": usage}).encode()


def _schema_of(request: dict[str, Any]) -> dict[str, Any] | None:
    form = request.get("response_format") or {}
    own = form.get("json_schema", {}).get("schema") or form.get("schema")
    found = own or (request.get("structured_outputs") or {}).get("json")
    return found if isinstance(found, dict) else None


def _filled(schema: dict[str, Any], label: str) -> dict[str, Any]:
    return {name: _value(kind, label) for name, kind in schema.get("properties", {}).items()}


def _value(kind: dict[str, Any], label: str) -> str | float:
    # A closed choice or a number is the verdict; free text is the reasoning.
    if kind.get("type") in ("number", "integer"):
        return int(label)
    return label if "enum" in kind or "const" in kind else REASONING


def _verdict_text(prompt: str, label: str) -> str:
    asked = VERDICT_LINE.findall(prompt)
    code = f" {asked[-1]}" if asked and asked[-1] else ""
    return f"{REASONING}\nVERDICT{code}: {label}"
