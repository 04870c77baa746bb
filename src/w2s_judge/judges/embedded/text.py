"""What of a question an embedded judge reads: short, and free of what could upset a tokeniser."""

from __future__ import annotations

import unicodedata

from w2s_judge.types import Item, Question

_DROPPED = ("Cc", "Cf", "Cs", "Co")  # control, invisible, half a surrogate pair, private use

_SLACK = 4
_LEAST_LOOKED_AT = 500  # characters; no method reads fewer


def plain(text: str) -> str:
    """Return text in Unicode's compatibility form, on one line, without invisible characters.

    So "ｉｄｉｏｔ" is read as "idiot", a NUL or an escape sequence is dropped, and what is left can
    always be encoded.
    """
    if not (text.isascii() and text.isprintable()):
        text = "".join(
            character if unicodedata.category(character) not in _DROPPED else _blank(character)
            for character in unicodedata.normalize("NFKC", text)
        )
    return " ".join(text.split())


def start(text: str, characters: int) -> str:
    """Return the first `characters` characters of the plain text.

    Blanks in front are skipped, and of what follows four times as many characters are looked at, so
    that invisible ones do not push the text out of sight.
    """
    return plain(text.lstrip()[: _SLACK * characters])[:characters]


def end(text: str, characters: int) -> str:
    """Return the last `characters` characters of the plain text, found in the same way."""
    return plain(text.rstrip()[-_SLACK * characters :])[-characters:]


def readable(text: str) -> bool:
    """Tell whether there is anything to read where the judges look."""
    return bool(start(text, _LEAST_LOOKED_AT))


def request_of(item: Item) -> str:
    """Return what was asked: the prompt, or of a conversation its last turn by the user."""
    if isinstance(item.prompt, str):
        return item.prompt
    turns = [turn.content for turn in item.prompt if turn.role == "user"]
    return turns[-1] if turns else "\n".join(turn.content for turn in item.prompt)


def reply_of(question: Question) -> str:
    """Return the one response that the question is about."""
    return question.shown[0].text


def _blank(character: str) -> str:
    return " " if character in "\t\n\r\x0b\x0c" else ""
