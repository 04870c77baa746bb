"""The types and ranges of the keys of `[[judge]]`; pydantic stays in this file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from w2s_judge.judges.secret import looks_secret
from w2s_judge.judges.spec import JudgeSpec

_Word = Annotated[str, Field(min_length=1, max_length=500)]
_Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_SHOWN = 60


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=80)]
    kind: _Word
    model: _Word | None = None
    base_url: _Word | None = None
    api_key_env: _Word | None = None
    api_version: _Word | None = None
    family: _Word | None = None
    read: Literal["logprob", "json", "text"] | None = None
    api: Literal["chat", "completions"] | None = None
    temperature: Annotated[float, Field(ge=0, le=5, allow_inf_nan=False)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    concurrency: Annotated[int, Field(ge=1, le=100_000)] | None = None
    requests_per_minute: _Rate | None = None
    tokens_per_minute: _Rate | None = None
    timeout: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)] | None = None
    usd_per_1m_in: _Dollars | None = None
    usd_per_1m_out: _Dollars | None = None
    usd_per_call: _Dollars | None = None
    repeats: Annotated[int, Field(ge=1, le=1000)] = 1
    rubrics: Annotated[list[_Word], Field(min_length=1)] | None = None
    path: _Word | None = None
    entry_point: _Word | None = None
    import_: Annotated[_Word | None, Field(alias="import")] = None
    method: _Word | None = None
    exemplars: _Word | None = None
    extra_body: dict[str, Any] = Field(default_factory=dict)


KEYS: tuple[str, ...] = tuple(
    sorted(field.alias or name for name, field in _Row.model_fields.items())
)
"""All keys that a `[[judge]]` may have."""


def spec_of(row: Mapping[str, Any]) -> JudgeSpec | list[str]:
    """The row as a spec, or what is wrong with it, a line for each key."""
    try:
        form = _Row.model_validate(row)
    except ValidationError as error:
        return [_fault(fault["loc"], fault["msg"], fault["input"]) for fault in error.errors()]
    given = {name: getattr(form, name) for name in _Row.model_fields}
    given["rubrics"] = None if form.rubrics is None else tuple(form.rubrics)
    return JudgeSpec(**given)


def _fault(place: tuple[int | str, ...], message: str, value: object) -> str:
    key = ".".join(str(part) for part in place if part not in ("float", "int"))
    if message == "Field required":
        return f"{key}: is missing"
    what = message.replace("Input should be", "must be").replace("String should have", "must have")
    shown = isinstance(value, str | int | float) and not looks_secret(value)
    if shown and len(repr(value)) <= _SHOWN:
        what += f", not {value!r}"
    return f"{key}: {what[0].lower()}{what[1:]}"
