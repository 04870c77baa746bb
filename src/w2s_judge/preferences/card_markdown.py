"""Markdown in which names from files and servers are only names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

MOST = 200
"""Characters of a text from outside that are shown; `card.json` has it whole."""


def shown(text: str) -> str:
    """A name from outside as a code span: printable, on one line, at most `MOST` characters."""
    clean = _line(text, MOST).replace("`", "'").replace("|", "¦")
    return f"`{clean}`" if clean else "(empty)"


def prose(text: str) -> str:
    """A sentence that may hold names from outside: nothing in it is markup, a link, a mention."""
    clean = _line(text, 5 * MOST)
    for mark in ("\\", *"`*_{}[]<>#|~!&$"):
        clean = clean.replace(mark, "\\" + mark)
    return clean.replace("://", ": //").replace("www.", "www .").replace("@", " at ")


def _line(text: str, most: int) -> str:
    clean = "".join(char if char.isprintable() else " " for char in text[: most + 1])
    clean = " ".join(clean.split())
    return clean if len(clean) <= most else clean[:most] + "…"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """The lines of a table, with blank ones around it; the cells are Markdown already."""
    yield ""
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def known(text: str | None) -> str:
    """A name, or that there is none."""
    return "unknown" if text is None else shown(text)


def count(number: int | None) -> str:
    """A number, or that there is none."""
    return "not counted" if number is None else f"{number:,}"
