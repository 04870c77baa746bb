"""Telling a secret that was put into a panel by mistake: keys belong into the environment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_NAMES = re.compile(
    r"^(?:x)?(?:\w*apikey|authorization|proxyauthorization|bearer|cookie|token|accesstoken"
    r"|authtoken|\w*secret|\w*secretkey|accesskey|password|passwd|credentials?|key|sig|signature)$"
)
_VALUES = re.compile(
    r"^(?:(?i:bearer)\s+\S{8,}|(?:sk|pk|rk|gsk|hf|xai|ghp|pplx|nvapi|r8|csk|fw|tgp)[-_]\S{12,}"
    r"|AIza\S{20,})"
)


def names_a_secret(name: str) -> bool:
    """Whether a field of that name would hold a key: `api_key`, `Authorization`, `x-api-key`."""
    return bool(_NAMES.match(re.sub(r"[-_\s]", "", name.lower())))


def looks_secret(value: object) -> bool:
    """Whether a value has the form of a key that providers give out."""
    return isinstance(value, str) and bool(_VALUES.match(value.strip()))


def secret_in_url(url: str) -> str | None:
    """What is secret in a URL, in words: a password, or a key in its query."""
    parts = urlsplit(url)
    if parts.username is not None or parts.password is not None:
        return "a user name or password"
    for name, value in parse_qsl(parts.query):
        if names_a_secret(name) or looks_secret(value):
            return f"a key ({name}=...)"
    return None


def secrets_in(body: Mapping[str, Any], place: str) -> Iterator[str]:
    """The places in nested tables and lists that hold what looks like a key."""
    for name, value in body.items():
        here = f"{place}.{name}"
        if isinstance(value, str) and (names_a_secret(name) or looks_secret(value)):
            yield here
        elif isinstance(value, Mapping):
            yield from secrets_in(value, here)
        elif isinstance(value, list):
            yield from secrets_in({str(k): part for k, part in enumerate(value)}, here)
