"""Prompt and responses of a record: the two halves that every row shape puts together."""

from __future__ import annotations

from w2s_judge.datasets import columns
from w2s_judge.datasets.messages import turns, without_answer
from w2s_judge.datasets.rows import Record, RowError, kind_of
from w2s_judge.types import Message, Response

_TEXT = ("text", "response", "content", "output")
_MODELS = ("models", "generation_models")


def prompt_of(record: Record, responses: tuple[Response, ...]) -> str | tuple[Message, ...]:
    """Read the prompt that stands in a column of its own: text, or chat messages."""
    column = record.first(columns.PROMPT)
    if column is None:
        raise columns.no_prompt(record)
    value = record.take("prompt", column)
    if isinstance(value, list):
        return without_answer(turns(value, column), responses, column)
    if not isinstance(value, str):
        raise columns.not_text(value, column)
    if column == "instruction" and "input" in record.values:
        return columns.joined(value, record.take("prompt", "input"))
    return value


def single(record: Record) -> tuple[Response, ...]:
    """Read the one response of a row."""
    column = record.first(columns.RESPONSE)
    if column is None:
        raise columns.no_response(record)
    text = columns.response_text(record.take("response", column), column)
    return attributed(record, text)


def attributed(record: Record, text: str) -> tuple[Response, ...]:
    """Take a text as the row's one response, with the row's model and family."""
    return (Response(text, _model(record), _family(record)),)


def listed(record: Record) -> tuple[Response, ...]:
    """Read the responses of a row that has a list of them, as texts or as objects.

    An object has its text (text, response, content, output) and may have model and family; what
    else it has stays in meta under the list's name, position by position. Models may also come as
    a list beside it, or as one column for all.
    """
    column = record.first(columns.RESPONSES)
    if column is None:
        raise columns.no_response(record)
    value = record.take("responses", column)
    if not isinstance(value, list):
        raise RowError(f"'{column}' is {kind_of(value)}, not a list of responses")
    if not value:
        raise RowError(f"'{column}' is an empty list", "an item needs at least one response")
    models = _models(record, column, len(value))
    model, family = _model(record), _family(record)
    found = [_one(one, f"{column}[{k}]", models[k]) for k, one in enumerate(value)]
    if any(rest for _, rest in found):
        record.extra[column] = [rest for _, rest in found]
    return tuple(Response(r.text, r.model or model, r.family or family) for r, _ in found)


def _one(value: object, place: str, model: str | None) -> tuple[Response, dict[str, object]]:
    if not isinstance(value, dict):
        return Response(columns.response_text(value, place), model), {}
    inner = Record(value, 0)
    key = columns.filled(inner, "text", _TEXT)
    if key is None:
        raise RowError(f"'{place}' has no text", f"an object needs one of {', '.join(_TEXT)}")
    text = columns.response_text(value[key], f"{place}.{key}")
    own = columns.optional_text(inner, "model", columns.MODEL)
    family = columns.optional_text(inner, "family", ("family",))
    if own and model and own != model:
        raise RowError(
            f"'{place}' and the list of models name different models",
            "leave one of the two out",
        )
    return Response(text, own or model, family), inner.rest()


def _models(record: Record, column: str, count: int) -> list[str | None]:
    name = columns.filled(record, "models", _MODELS)
    if name is None:
        return [None] * count
    value = record.values[name]
    if not isinstance(value, list) or len(value) != count:
        size = f"has {len(value)} entries" if isinstance(value, list) else f"is {kind_of(value)}"
        raise RowError(
            f"'{name}' {size}, '{column}' has {count}",
            f"'{name}' names one model for each response, in the same order",
        )
    for one in value:
        if one is not None and not isinstance(one, str):
            raise RowError(f"'{name}' holds {kind_of(one)}", "it holds texts, or null")
    return [one or None for one in value]


def _model(record: Record) -> str | None:
    return columns.optional_text(record, "model", columns.MODEL)


def _family(record: Record) -> str | None:
    return columns.optional_text(record, "family", ("family",))
