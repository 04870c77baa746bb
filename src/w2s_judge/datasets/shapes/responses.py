"""A prompt and a list of responses a row: {"prompt": ..., "responses": [...]}.

The responses are texts, or objects with text, model and family; models may also be a list beside
them, as UltraFeedback and distilabel write it.
"""

from __future__ import annotations

from collections.abc import Mapping

from w2s_judge.datasets import columns
from w2s_judge.datasets.answers import listed, prompt_of
from w2s_judge.datasets.rows import Reader, Record, Row


def _matches(values: Mapping[str, object]) -> bool:
    if any(isinstance(values.get(column), list) for column in columns.TURNS):
        return False
    return any(isinstance(values.get(column), list) for column in columns.RESPONSES)


def _parse(record: Record) -> Row:
    responses = listed(record)
    return columns.build(record, prompt_of(record, responses), responses)


READER = Reader(
    name="responses",
    summary="a prompt and a list of responses a row, each with its model where known",
    matches=_matches,
    parse=_parse,
)
