"""A chat a row: {"messages": [{"role", "content"}, ...]}, or ShareGPT's conversations.

The last assistant turn is the response and what stands before it the prompt; unless the response,
or a list of them, has a column of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from w2s_judge.datasets import columns
from w2s_judge.datasets.answers import attributed, listed, single
from w2s_judge.datasets.messages import before, turns, without_answer
from w2s_judge.datasets.rows import Reader, Record, Row, RowError, names, quoted


def _matches(values: Mapping[str, object]) -> bool:
    return any(isinstance(values.get(column), list) for column in columns.TURNS)


def _parse(record: Record) -> Row:
    column = record.first(columns.TURNS)
    if column is None:
        raise RowError(
            f"no messages; the row has {names(record.values) or 'no columns'}",
            f"name the chat {' or '.join(repr(known) for known in columns.TURNS)}",
        )
    several = any(isinstance(record.values.get(known), list) for known in columns.RESPONSES)
    if not several and record.first(columns.RESPONSE) is None:
        return _last_turn(record, column)
    responses = listed(record) if several else single(record)
    chat = turns(record.take("prompt", column), column)
    return columns.build(record, without_answer(chat, responses, column), responses)


def _last_turn(record: Record, column: str) -> Row:
    chat = turns(record.take("prompt and response", column), column)
    last = chat[-1]
    if last.role != "assistant":
        raise RowError(
            f"'{column}' ends with a turn of the role {quoted(last.role)}: no response",
            "end it with the assistant's turn, or give the response in a column 'response'",
        )
    text = columns.response_text(last.content, f"{column}[{len(chat) - 1}]")
    return columns.build(record, before(chat, column), attributed(record, text))


READER = Reader(
    name="chat",
    summary="chat messages (OpenAI's or ShareGPT's), the last assistant turn being the response",
    matches=_matches,
    parse=_parse,
)
