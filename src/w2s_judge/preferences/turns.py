"""Prompts and answers in the two styles that trainers read: plain text, or lists of messages."""

from __future__ import annotations

from typing import TypeAlias

from w2s_judge.errors import UsageError
from w2s_judge.preferences.contract import Style
from w2s_judge.types import Message

Turns: TypeAlias = list[dict[str, str]]

DEFAULT_STYLE: Style = "conversational"
"""Nearly every model that is tuned on preferences has a chat template. Plain text skips it without
a word, and a trainer then joins prompt and answer as they stand ("...blue?It is"); messages for a
model that has no template end in an error that says so."""


def asked(prompt: str | tuple[Message, ...], style: Style, item: str) -> str | Turns:
    """The prompt in that style; a prompt that is text is one user's turn.

    `UsageError` where a chat of several turns, or of another role, is wanted as plain text: how
    roles are spelt out is the chat template's, not ours.
    """
    if style == "conversational":
        if isinstance(prompt, str):
            return [{"role": "user", "content": prompt}]
        return [{"role": turn.role, "content": turn.content} for turn in prompt]
    if isinstance(prompt, str):
        return prompt
    if len(prompt) == 1 and prompt[0].role == "user":
        return prompt[0].content
    roles = ", ".join(turn.role for turn in prompt[:6]) + (", ..." if len(prompt) > 6 else "")
    raise UsageError(
        f"the prompt of {item[:80]!r} is a chat ({roles}), which has no one form as plain text\n"
        "  write messages: --layout conversational"
    )


def answered(text: str, style: Style) -> str | Turns:
    """A response in that style: the text, or one assistant's turn."""
    return text if style == "plain" else [{"role": "assistant", "content": text}]
