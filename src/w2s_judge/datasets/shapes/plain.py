"""A prompt and one response a row: {"prompt": ..., "response": ...}, Alpaca's columns among them.

The prompt is text, a list of chat messages, or Alpaca's instruction and input, joined by a blank
line where there is an input.
"""

from __future__ import annotations

from collections.abc import Mapping

from w2s_judge.datasets import columns
from w2s_judge.datasets.answers import prompt_of, single
from w2s_judge.datasets.rows import Reader, Record, Row


def _matches(values: Mapping[str, object]) -> bool:
    if any(isinstance(values.get(column), list) for column in columns.TURNS):
        return False
    if any(column in values for column in columns.RESPONSE):
        return True
    several = any(isinstance(values.get(column), list) for column in columns.RESPONSES)
    return not several and any(column in values for column in columns.PROMPT)


def _parse(record: Record) -> Row:
    responses = single(record)
    return columns.build(record, prompt_of(record, responses), responses)


READER = Reader(
    name="plain",
    summary="a prompt and one response a row, under their usual names (Alpaca's too)",
    matches=_matches,
    parse=_parse,
)
