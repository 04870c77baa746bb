"""What an endpoint says when it will not answer, whichever of the usual shapes it says it in."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from w2s_judge.transport.wire import HttpResponse

_SHOWN = 300
_SECRET = re.compile(r"[A-Za-z0-9_\-.*]{16,}")


@dataclass(frozen=True, slots=True)
class Complaint:
    """`message` as it came; `codes` its machine-readable words (code, type, param), lower case.

    `flagged` is True where a gateway says in a field of its own that moderation stopped the call.
    """

    message: str
    codes: frozenset[str] = frozenset()
    param: str = ""
    flagged: bool = False

    def shown(self, *, redact: bool = False, keep: str = "") -> str:
        """The message for a person: one short line without control characters.

        With `redact` whatever could be a key is left out, but for `keep` (the model's name).
        """
        text = " ".join("".join(c if c.isprintable() else " " for c in self.message).split())
        if redact:
            text = _SECRET.sub(lambda found: found[0] if found[0] in keep else "[...]", text)
        return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def complaint_of(response: HttpResponse) -> Complaint:
    """Read an error body: OpenAI's, vLLM's old and new, FastAPI's, Google's list, or plain text."""
    try:
        body = json.loads(response.body)
    except (ValueError, RecursionError):
        return Complaint(response.body[:4000].decode("utf-8", "replace"))
    if isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        return Complaint(str(body)[:4000])
    error = body.get("error", body)
    if not isinstance(error, dict):
        return Complaint(_text(error), _codes(body), _text(body.get("param")))
    inner = error.get("innererror")
    codes = _codes(error) | (_codes(inner) if isinstance(inner, dict) else frozenset())
    message = error.get("message") or error.get("detail") or body.get("detail") or ""
    return Complaint(_text(message), codes, _text(error.get("param")), _flagged(error))


def _codes(error: dict[str, object]) -> frozenset[str]:
    found = (error.get("code"), error.get("type"), error.get("status"))
    return frozenset(str(code)[:80].lower() for code in found if isinstance(code, str | int))


def _flagged(error: dict[str, object]) -> bool:
    metadata = error.get("metadata")
    return isinstance(metadata, dict) and ("flagged_input" in metadata or "reasons" in metadata)


def _text(value: object) -> str:
    """A message; of FastAPI's list of faults each place and what is wrong, never the input."""
    if isinstance(value, str):
        return value[:4000]
    if isinstance(value, list):
        faults = [fault for fault in value[:10] if isinstance(fault, dict)]
        return "; ".join(f"{_place(fault)}: {_text(fault.get('msg'))}" for fault in faults)
    return "" if value is None else str(value)[:4000]


def _place(fault: dict[str, object]) -> str:
    place = fault.get("loc")
    return ".".join(str(part) for part in place[:8]) if isinstance(place, list) else "body"
