"""Chat messages: OpenAI's {role, content} and ShareGPT's {from, value}, to Messages."""

from __future__ import annotations

from collections.abc import Sequence

from w2s_judge.datasets.rows import RowError, kind_of, quoted
from w2s_judge.types import Message, Response

ROLES = frozenset({"system", "user", "assistant", "developer", "tool"})
_SHAREGPT = {
    "human": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "model": "assistant",
    "function": "tool",
    "observation": "tool",
}
_TEXT_PARTS = frozenset({"text", "input_text", "output_text"})


def turns(value: object, column: str) -> tuple[Message, ...]:
    """Check a list of chat messages. Keys of a turn other than role and content are dropped."""
    if not isinstance(value, list):
        raise RowError(f"'{column}' is {kind_of(value)}, not a list of chat messages")
    if not value:
        raise RowError(f"'{column}' is an empty list", "a chat needs at least one turn")
    return tuple(_turn(one, f"turn {k} of '{column}'") for k, one in enumerate(value, 1))


def without_answer(
    messages: tuple[Message, ...], responses: Sequence[Response], column: str
) -> tuple[Message, ...]:
    """Take the turns before responses that stand in a column of their own.

    A chat that ends with the one response is that chat without it; one that ends with another
    assistant turn does not say which of the two is to be judged.
    """
    last = messages[-1]
    if last.role != "assistant":
        return messages
    if [last.content] != [one.text for one in responses]:
        raise RowError(
            f"'{column}' ends with an assistant turn, and there is another response beside it",
            "leave the last turn out; or, if the other column is a reference answer, name it "
            "'reference'",
        )
    return before(messages, column)


def before(messages: tuple[Message, ...], column: str) -> tuple[Message, ...]:
    """Take all turns but the last; there must be one."""
    if len(messages) < 2:
        raise RowError(
            f"'{column}' has no turn before the response",
            'for text that is judged by itself write {"prompt": "", "response": ...}',
        )
    return messages[:-1]


def _turn(value: object, place: str) -> Message:
    if not isinstance(value, dict):
        raise RowError(f"{place} is {kind_of(value)}, not an object with role and content")
    if "role" in value:
        role, content, key = value["role"], value.get("content"), "content"
    elif "from" in value:
        role, content, key = value["from"], value.get("value"), "value"
    else:
        raise RowError(f"{place} has no role", "each turn needs role and content")
    if not isinstance(role, str) or (role := _SHAREGPT.get(role, role)) not in ROLES:
        shown = quoted(role) if isinstance(role, str) else kind_of(role)
        raise RowError(f"{place} has the role {shown}", f"roles are {', '.join(sorted(ROLES))}")
    if value.get("tool_calls") or value.get("function_call"):
        raise RowError(
            f"{place} calls a tool, which a judge cannot be shown",
            "write the call as text into the content",
        )
    return Message(role, _content(content, f"'{key}' of {place}"))


def _content(value: object, place: str) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise RowError(f"{place} is {kind_of(value)}, not text", "each turn needs its text")
    return "\n".join(_part(one, place) for one in value)


def _part(value: object, place: str) -> str:
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(kind, str):
        raise RowError(f"a part of {place} is no object with a type", "parts are {type, text}")
    if kind not in _TEXT_PARTS:
        raise RowError(
            f"{place} has a part of the type {quoted(kind)}; only text can be judged",
            "describe it in text, or remove the row",
        )
    text = value.get("text")
    if not isinstance(text, str):
        raise RowError(f"a text part of {place} has {kind_of(text)} as its text")
    return text
