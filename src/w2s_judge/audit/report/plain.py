"""Text from judges, models and files as a page may show it: every character visible, and short.

A page is not only broken by tags, which the templates escape: a control character can reverse the
line it stands in, hide what follows, or make the file unreadable; a tower of accents can cover the
lines above. All of these are shown by their number instead.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

TEXT = 4_000
"""Characters of a prompt or a response that are shown."""
REPLY = 2_000
"""Characters of a judge's reasoning and of its raw reply that are shown."""
SENTENCE = 1_500
"""Characters of a sentence that are shown: ours are shorter, but they hold names."""
NAME = 200
"""Characters of a name that are shown: of a judge, a label, a class, a task, an item."""

_KEPT = frozenset("\n\t\u200c\u200d")
"""The two joiners belong to scripts and to emoji."""
_MARKS = (
    r"[\u0300-\u036f\u0483-\u0489\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
    r"\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
_TOWER = re.compile(f"({_MARKS}{{4}})({_MARKS}+)")


_CUT = re.compile(r" ?… ([0-9][0-9,]{0,15}) characters more\Z")


_SPACE = "\u00a0"
_NUMBER = r"[<>+−]?(?:\d[\d,]*)?\.?\d+"
_ENDS = rf"\[{_NUMBER}, {_NUMBER}\]"
_FIGURE = re.compile(rf"{_NUMBER}(?: (?:%|points?))?(?: {_ENDS})?|{_ENDS}|\bp [<=] \.\d+")


class _Visible(dict[int, str]):
    """The table of `str.translate`, filled as characters are met."""

    def __missing__(self, code: int) -> str:
        self[code] = shown = _one(code)
        return shown


def _one(code: int) -> str:
    char = chr(code)
    if char in _KEPT or char.isprintable() or unicodedata.category(char) == "Zs":
        return char
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"‹U+{code:04X}›"


_VISIBLE = _Visible()


def visible(text: str) -> str:
    """The text with nothing in it that acts on what stands around it; valid Unicode.

    Control characters are their pictures (␀), marks of direction, surrogates and everything else
    that is not printed are their numbers (‹U+202E›), and of accents on one letter four are kept.
    Applying it twice is applying it once.
    """
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").translate(_VISIBLE)
    return _TOWER.sub(lambda found: f"{found[1]}‹{len(found[2])} marks›", text)


def cut(text: str, most: int) -> str:
    """The first `most` characters, visible, and how many are not shown.

    What was cut before, and says so at its end, is counted.
    """
    before = _CUT.search(text[-60:])
    if before is not None:
        text = text[: -len(before[0])]
    more = max(0, len(text) - most) + (0 if before is None else int(before[1].replace(",", "")))
    shown = visible(text[:most])
    return f"{shown}… {more:,} characters more" if more else shown


def name(text: object) -> str:
    """A name on one line."""
    return " ".join(cut(str(text), NAME).split()) or "(empty)"


def begun(text: str) -> str:
    """With a capital, whoever wrote it."""
    return text[:1].upper() + text[1:]


def kept(text: str) -> str:
    """The text with no-break spaces within figures: "93 % [92, 95]", ".41 [.38, .45]"."""
    return _FIGURE.sub(lambda found: found[0].replace(" ", _SPACE), text)


def sentences(texts: Iterable[str]) -> list[str]:
    """Sentences that may hold names from outside."""
    return [cut(text, SENTENCE) for text in texts]
