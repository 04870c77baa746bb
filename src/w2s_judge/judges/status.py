"""What an HTTP status means for a judge: which of our errors it is, or that it is an answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import urlsplit

from w2s_judge.errors import (
    EndpointLacks,
    JudgeUnusable,
    RateLimited,
    RequestRejected,
    ServerTrouble,
    W2SJudgeError,
)
from w2s_judge.judges.complaint import Complaint, complaint_of
from w2s_judge.judges.retry_after import retry_after
from w2s_judge.transport.wire import HttpResponse
from w2s_judge.types import Way

_UNWELL = (408, 409, 425)
_ABOUT_THE_BODY = (400, 415, 422, 501)
_FILTERED_BY = frozenset(
    (
        *("content_filter", "content_policy_violation", "responsibleaipolicyviolation"),
        *("data_inspection_failed", "datainspectionfailed", "invalid_prompt", "contentfilter"),
    )
)
_FILTERED_SAY = ("content exists risk", "content management policy", "flagged as potentially")
_WORDS_OF: dict[Way, tuple[str, ...]] = {
    "logprob": ("logprob", "n_probs"),
    "json": (
        *("response_format", "structured_outputs", "structured output", "json_schema"),
        *("json schema", "json mode", "grammar"),
    ),
}
_UNSUPPORTED = re.compile(
    r"(?:unsupported|unrecogni[sz]ed|unknown|unexpected) (?:parameter|field|argument"
    r"|request argument|keyword argument|property)|unsupported value"
    r"|extra (?:inputs are|fields) not permitted|does not support (?:the )?param"
)
_UNSUPPORTED_CODES = frozenset(
    ("unsupported_parameter", "unsupported_value", "unknown_parameter", "extra_forbidden")
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who was asked and how, for the message and for telling what an error is about.

    `wording` is what the judge was shown: servers quote it in their errors, so a word that occurs
    in it proves nothing. `another` is whether a further way of asking is left.
    """

    model: str
    way: Way
    wording: str
    another: bool
    key_env: str | None = None


def filtered(response: HttpResponse, wording: str) -> str | None:
    """The words of a content filter that stopped this question, or None.

    That is an answer, a refusal on the judge's behalf, and nothing to be tried again.
    """
    if response.status not in (400, 403, 422, 451):
        return None
    complaint = complaint_of(response)
    if (
        complaint.flagged
        or complaint.codes & _FILTERED_BY
        or _says(complaint, _FILTERED_SAY, wording)
    ):
        return complaint.shown()
    return None


def raise_for_status(response: HttpResponse, asked: Asked) -> None:
    """Nothing for a 2xx; for all else the error that the engine acts on.

    Raises `RateLimited`, `ServerTrouble` (both with `retry_after`), `JudgeUnusable`,
    `RequestRejected`, or `EndpointLacks` where only this way of reading is not offered.
    """
    status = response.status
    if 200 <= status < 300:
        return
    if status < 400:
        place = response.headers.get("location", "")
        raise JudgeUnusable(redirected(status, place), status=status)
    complaint = complaint_of(response)
    if status == 429:
        _too_many(response, complaint)
    if status in _UNWELL or (status >= 500 and status != 501):
        raise ServerTrouble(
            f"the endpoint is unwell (status {status}): {complaint.shown()}",
            status=status,
            retry_after=retry_after(response.headers),
        )
    if status in (401, 402, 403, 404, 405, 407, 410) or "model_not_found" in complaint.codes:
        raise JudgeUnusable(_closed(status, complaint, asked), status=status)
    if status in _ABOUT_THE_BODY:
        _about_the_body(status, complaint, asked)
    raise RequestRejected(
        f"the endpoint rejects this question (status {status}): {complaint.shown()}", status=status
    )


def lacks(what: str, asked: Asked, *, status: int | None = None) -> W2SJudgeError:
    """The error for a way of reading that is not offered: the next way, or the end if none is."""
    if asked.another:
        return EndpointLacks(what)
    return JudgeUnusable(
        f"{what}\n  It cannot be asked in another way: leave 'read' out of the panel, or name one "
        "that it offers.",
        status=status,
    )


def redirected(status: int, location: str) -> str:
    """The message for a redirect that was not followed; only the new host is named."""
    try:
        host = urlsplit(Complaint(location).shown()).netloc.rpartition("@")[2]
    except ValueError:
        host = ""
    return (
        f"the endpoint redirects (status {status}) to {host or 'another address'}; that is not "
        "followed, so that no key reaches another host\n  Put the final address into base_url."
    )


def _too_many(response: HttpResponse, complaint: Complaint) -> NoReturn:
    if "insufficient_quota" in complaint.codes:
        raise JudgeUnusable(
            f"the account has no quota left: {complaint.shown(redact=True)}\n  Add credit or name "
            "another key.",
            status=429,
        )
    raise RateLimited(
        f"too many calls (status 429): {complaint.shown()}",
        status=429,
        retry_after=retry_after(response.headers),
    )


def _closed(status: int, complaint: Complaint, asked: Asked) -> str:
    said = complaint.shown(redact=True, keep=asked.model)
    if status in (401, 407):
        remedy = (
            f"Check the key in the environment variable {asked.key_env}."
            if asked.key_env
            else "It wants a key: name the environment variable that holds one in api_key_env."
        )
    elif status == 402:
        remedy = "Add credit to the account, or name another key."
    elif status == 403:
        remedy = f"This key may not use the model '{asked.model}': name another key or model."
    else:
        remedy = (
            f"Check the model's name ('{asked.model}') and that base_url ends as the server wants "
            "it, mostly in /v1."
        )
    return f"the endpoint does not let this judge in (status {status}): {said}\n  {remedy}"


def _about_the_body(status: int, complaint: Complaint, asked: Asked) -> None:
    words = _WORDS_OF.get(asked.way, ())
    if _says(complaint, words, asked.wording):
        raise lacks(
            f"the endpoint does not offer this way of asking: {complaint.shown()}",
            asked,
            status=status,
        )
    unsupported = _UNSUPPORTED.search(complaint.message.lower())
    # The same body shape goes out with every question: none of them would be accepted.
    if complaint.codes & _UNSUPPORTED_CODES or (
        unsupported and unsupported[0] not in asked.wording.lower()
    ):
        remedy = "Change or leave out that key in the panel."
        if "max_completion_tokens" in complaint.message:
            remedy = "Add to the panel: extra_body = { max_completion_tokens = 512 }"
        raise JudgeUnusable(
            f"the endpoint does not take what the panel sends (status {status}): "
            f"{complaint.shown()}\n  {remedy}",
            status=status,
        )


def _says(complaint: Complaint, words: tuple[str, ...], wording: str) -> bool:
    param, message = complaint.param.lower(), complaint.message.lower()
    if any(word in param for word in words):
        return True
    shown = wording.lower()
    return any(word in message and word not in shown for word in words)
