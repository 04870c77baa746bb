"""The kinds of judges: each module of this room that makes one declares it as `KIND`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from w2s_judge.errors import ConfigurationError
from w2s_judge.judges.contracts import Judge
from w2s_judge.judges.spec import JudgeSpec
from w2s_judge.prompts.rubric import Rubric
from w2s_judge.registry import Registry

COMMON_KEYS = frozenset(("name", "kind", "family", "rubrics"))
"""The keys of `[[judge]]` that every kind takes."""

CALL_KEYS = frozenset(
    (
        *("model", "base_url", "api_key_env", "read", "temperature", "max_tokens", "extra_body"),
        *("concurrency", "requests_per_minute", "tokens_per_minute", "timeout", "repeats"),
        *("usd_per_1m_in", "usd_per_1m_out", "usd_per_call"),
    )
)
"""The keys of judges that are called over a network."""


@dataclass(frozen=True, slots=True)
class Making:
    """What a judge is made from besides its spec.

    `rubrics` are those that may be asked, by name; `folder` is the panel's, to which paths are
    relative; `allow_import` lets a panel name Python code.
    """

    rubrics: Mapping[str, Rubric]
    folder: Path
    allow_import: bool = False


Maker: TypeAlias = Callable[[JudgeSpec, Making], Judge]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of judge: `keys` besides the common ones, `required` of them, and how it is made.

    `base_url` and `key_env`, the variable with the key, serve where the panel names no base URL.
    `price_of` finds a model's price for a million tokens in and out, where the kind knows prices.
    """

    name: str
    summary: str
    keys: frozenset[str]
    required: tuple[str, ...]
    make: Maker
    base_url: str | None = None
    key_env: str | None = None
    price_of: Callable[[str], tuple[float, float] | None] | None = None


KINDS: Registry[Kind] = Registry(
    "kind of judge",
    Kind,
    "w2s_judge.judges",
    "KIND",
    "w2s_judge.judges",
    ConfigurationError,
)
