"""What must hold in a `[[judge]]` beyond the types of its keys."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from w2s_judge.judges.kind import CALL_KEYS, COMMON_KEYS, Kind
from w2s_judge.judges.secret import looks_secret, names_a_secret, secret_in_url, secrets_in
from w2s_judge.judges.spec import JudgeSpec
from w2s_judge.registry import unknown

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_IN_THE_ENVIRONMENT = 'put it into an environment variable and write api_key_env = "ITS_NAME"'
_OWN_KEYS = ("model", "temperature", "max_tokens")
_SET_BY_US = (
    *("messages", "prompt", "stream", "n", "echo", "logprobs", "top_logprobs", "prompt_logprobs"),
    *("response_format", "structured_outputs", "json_schema"),
)


def wrong_keys(row: Mapping[str, Any], known: Collection[str], kind: Kind | None) -> Iterator[str]:
    """Keys that there are not, that hold a secret, or that mean nothing to this kind."""
    for key, value in row.items():
        if key not in known:
            yield f"{key}: {_unknown_key(key, known)}"
        elif kind is not None and key not in kind.keys | COMMON_KEYS:
            yield f"{key}: means nothing to the kind {kind.name}; leave it out"
        elif key == "api_key_env" and isinstance(value, str) and not _names_a_variable(value):
            yield (
                "api_key_env: must be the name of an environment variable, not the key itself; "
                f"{_IN_THE_ENVIRONMENT}"
            )
    for key in kind.required if kind is not None else ():
        if row.get(key) in (None, ""):
            yield f"{key}: is missing; a judge of the kind {kind.name if kind else ''} needs it"


def _unknown_key(key: str, known: Collection[str]) -> str:
    if names_a_secret(key):
        return f"keys are not written into a panel; {_IN_THE_ENVIRONMENT}"
    near = difflib.get_close_matches(key.lower(), known, n=1, cutoff=0.6)
    guess = f": did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(known))}"
    return f"there is no such key{guess}"


def _names_a_variable(value: str) -> bool:
    return bool(_VARIABLE.fullmatch(value)) and not looks_secret(value)


def faults(
    spec: JudgeSpec, kind: Kind, *, allow_import: bool, rubrics: Collection[str] | None
) -> Iterator[str]:
    """What does not hold together, a line for each: "key: what is wrong; what to do"."""
    if spec.name != spec.name.strip() or not spec.name.isprintable():
        yield "name: must be one line without space at its ends"
    if spec.base_url is not None:
        yield from _url_faults(spec.base_url)
    if spec.api_version is not None and spec.base_url is None:
        yield "api_version: is Azure's; name the resource's endpoint in base_url"
    yield from _repeat_faults(spec, kind)
    if (spec.usd_per_1m_in is None) != (spec.usd_per_1m_out is None):
        missing = "usd_per_1m_in" if spec.usd_per_1m_in is None else "usd_per_1m_out"
        yield f"{missing}: is missing; name the prices of both directions (0 where it is free)"
    if spec.import_ is not None and not allow_import:
        yield (
            "import: runs Python code that the panel names; add --allow-import if you trust this "
            "panel"
        )
    for name in spec.rubrics or ():
        if rubrics is not None and name not in rubrics:
            yield f"rubrics: {unknown('rubric', name, sorted(rubrics))}"
    if kind.keys >= CALL_KEYS:
        yield from _body_faults(spec)


def _repeat_faults(spec: JudgeSpec, kind: Kind) -> Iterator[str]:
    if spec.repeats > 1 and not spec.temperature and "temperature" in kind.keys:
        yield (
            "repeats: at temperature 0 every repeat says the same; set a temperature above 0, or "
            "leave repeats out"
        )
    if spec.repeats > 1 and spec.read == "logprob":
        yield (
            "repeats: log-probabilities come out the same each time; leave repeats out, or read "
            '"json" or "text"'
        )


def _url_faults(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        yield f"base_url: is no URL ({error})"
        return
    secret = secret_in_url(url)
    if secret is not None:
        yield f"base_url: holds {secret}; {_IN_THE_ENVIRONMENT}"
    elif parts.scheme not in ("http", "https") or not host:
        yield "base_url: must start with http:// or https://, as in http://127.0.0.1:8000/v1"
    elif any(c.isspace() or not c.isprintable() for c in url):
        yield "base_url: has a space or a control character in it"
    elif parts.query or parts.fragment:
        yield "base_url: ends before any ? or #; the path of the call is appended to it"
    elif parts.path.rstrip("/").endswith("/completions"):
        yield "base_url: ends before /chat/completions, mostly in /v1"


def _body_faults(spec: JudgeSpec) -> Iterator[str]:
    for key in spec.extra_body:
        if key in _OWN_KEYS:
            yield f"extra_body.{key}: write it as the judge's own key {key}"
        elif key in _SET_BY_US:
            yield f"extra_body.{key}: is set by the judge itself; leave it out"
        elif key.startswith("guided_"):
            yield f"extra_body.{key}: vLLM ignores it without a word; leave it out"
        elif key == "seed" and spec.repeats > 1:
            yield "extra_body.seed: would make all repeats the same; leave it out"
    for place in secrets_in(spec.extra_body, "extra_body"):
        yield f"{place}: looks like a key; {_IN_THE_ENVIRONMENT}"
    limit = spec.extra_body.get("max_completion_tokens")
    if limit is not None and (type(limit) is not int or limit < 1):
        yield "extra_body.max_completion_tokens: must be a number of tokens, 1 or more"
