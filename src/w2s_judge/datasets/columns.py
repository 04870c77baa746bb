"""What the columns mean that are known by several names, and how each is read.

Of several names for one thing the first in its tuple wins; the others are kept as meta. A column
of null counts as absent where the thing is optional, and as wrong where it is needed: a response
of null is a failed generation, and the column beside it may well be the reference.
"""

from __future__ import annotations

from collections.abc import Iterable

from w2s_judge.datasets.rows import Record, Row, RowError, kind_of, names, quoted
from w2s_judge.types import Item, Message, Response

PROMPT = ("prompt", "instruction", "input", "question", "query")
RESPONSE = ("response", "output", "completion", "answer", "generation", "actual_output")
RESPONSES = ("responses", "completions", "outputs", "generations")
TURNS = ("messages", "conversations", "conversation")
REFERENCE = ("reference", "reference_answer", "expected_output", "ideal")
MODEL = ("model", "generator", "model_name")
ID = ("id", "uid", "item_id")
PROMPT_ID = ("prompt_id", "group_id", "question_id")

MERGED = "merged_rows"  # where `merge` keeps the meta of further rows


def build(
    record: Record, prompt: str | tuple[Message, ...], responses: tuple[Response, ...]
) -> Row:
    """Add id, reference, task and meta to a record's prompt and responses."""
    identity, grouped = _identity(record)
    reference = _reference(record)
    task = optional_text(record, "task", ("task",))
    item = Item(identity, prompt, responses, reference, task, record.rest())
    return Row(item, grouped, record.line)


def optional_text(record: Record, role: str, columns: Iterable[str]) -> str | None:
    """Take the first of these columns that is not null, as text; None where it is blank."""
    column = filled(record, role, columns)
    if column is None:
        return None
    value = record.values[column]
    if not isinstance(value, str):
        raise RowError(f"'{column}' is {kind_of(value)}, not text", "put it in quotes")
    return value if value.strip() else None


def filled(record: Record, role: str, columns: Iterable[str]) -> str | None:
    """Take these columns up to the first that is not null; None where there is none."""
    for column in columns:
        if column in record.values and record.take(role, column) is not None:
            return column
    return None


def _reference(record: Record) -> str | None:
    column = filled(record, "reference", REFERENCE)
    value = record.values[column] if column else None
    if type(value) is int:  # a number that has one spelling only; bool is an int, too
        return str(value)
    return optional_text(record, "reference", (column,)) if column else None


def _identity(record: Record) -> tuple[str, bool]:
    """Read the item's id, and whether it is the prompt's.

    With a prompt id (prompt_id, group_id, question_id) that is the item's id, and the row's own id
    (id, uid, item_id) stays in meta; without any id it is the line.
    """
    column = filled(record, "prompt id", PROMPT_ID)
    if column is not None:
        if MERGED in record.values:
            raise RowError(
                f"the column '{MERGED}' is where rows that share a prompt keep their columns",
                "rename the column",
            )
        return _id_text(record.values[column], column), True
    column = filled(record, "id", ID)
    if column is not None:
        return _id_text(record.values[column], column), False
    return str(record.line), False


def _id_text(value: object, column: str) -> str:
    if type(value) is int:
        return str(value)
    if not isinstance(value, str):
        raise RowError(
            f"'{column}' is {kind_of(value)}, not text or an integer",
            "write ids as text: a decimal number has no single spelling",
        )
    if not value.strip():
        raise RowError(f"'{column}' is empty", "give the row an id, or leave the column out")
    return value


def response_text(value: object, column: str) -> str:
    """Check that a response is text, and not blank."""
    if not isinstance(value, str):
        hint = "the model's output as text"
        if isinstance(value, list) and column in RESPONSE:
            hint = "several responses to one prompt go in a list called 'responses'"
        raise RowError(f"'{column}' is {kind_of(value)}, not text", hint)
    if not value.strip():
        raise RowError(
            f"'{column}' is empty",
            "there is nothing to judge: remove the row",
        )
    return value


def no_response(record: Record) -> RowError:
    """Say that no response was found."""
    return RowError(
        f"no response; the row has {names(record.values) or 'no columns'}",
        f"name the model's output 'response' (or {', '.join(RESPONSE[1:])})",
    )


def no_prompt(record: Record) -> RowError:
    """Say that no prompt was found."""
    return RowError(
        f"no prompt; the row has {names(record.values) or 'no columns'}",
        f"name it 'prompt' (or {', '.join(PROMPT[1:])}); "
        'for text that is judged by itself write "prompt": ""',
    )


def joined(instruction: str, extra: object) -> str:
    """Join Alpaca's two-part prompt: the instruction and, where it is not blank, its input."""
    if extra is None:
        return instruction
    if not isinstance(extra, str):
        raise RowError(
            f"'input' beside 'instruction' is {kind_of(extra)}, not text",
            "name the whole prompt 'prompt'",
        )
    return f"{instruction}\n\n{extra}" if extra.strip() else instruction


def not_text(value: object, column: str) -> RowError:
    """Say that a prompt is neither text nor a list of messages."""
    shown = f" ({quoted(str(value))})" if isinstance(value, int | float) else ""
    return RowError(
        f"'{column}' is {kind_of(value)}{shown}, not text or a list of chat messages",
        'for text that is judged by itself write "prompt": ""' if value is None else "",
    )
