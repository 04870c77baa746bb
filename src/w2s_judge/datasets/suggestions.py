"""What a user may have meant by a name that is not there."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from difflib import get_close_matches
from itertools import islice

from w2s_judge.datasets.places import Place
from w2s_judge.datasets.rows import names, quoted
from w2s_judge.errors import InputError

# How other tools call what is `item`, `judge` and `label` here.
_ELSEWHERE = {
    "item": ("task", "id", "item_id", "task_id", "example", "object", "question", "unit"),
    "judge": ("worker", "rater", "annotator", "user", "worker_id", "rater_id", "annotator_id"),
    "label": ("vote", "answer", "response", "class", "verdict", "rating", "value", "gold", "truth"),
}
_MOST = 2_000  # names that are compared: it takes time quadratic in their length
_LONGEST = 200  # characters of a name that are compared


def nearest(name: str, offered: Iterable[str]) -> str | None:
    """The name that is most like `name`, whatever its case; None where none is near."""
    folded: dict[str, str] = {}
    for one in offered:
        if len(folded) >= _MOST:
            break
        folded.setdefault(one[:_LONGEST].strip().casefold(), one)
    near = get_close_matches(name[:_LONGEST].strip().casefold(), list(folded), n=1, cutoff=0.6)
    return folded[near[0]] if near else None


def did_you_mean(name: str, offered: Sequence[str]) -> str:
    """`did you mean 'safe'? ` where one is near, then all of them, for a remedy."""
    near = nearest(name, offered)
    start = f"did you mean {quoted(near)}? " if near is not None else ""
    return f"{start}there are {names(offered)}"


def meant(
    header: Sequence[str], read: Callable[[str], bool], optional: Iterable[str]
) -> tuple[str, ...]:
    """A note on each column that is not read and looks like one that would be: at most three."""
    open_ = [one for one in optional if one not in header]
    near = ((name, nearest(name, open_)) for name in header if not read(name))
    notes = (
        f"the column {quoted(name)} is not used; is it meant as '{one}'?"
        for name, one in near
        if one is not None
    )
    return tuple(islice(notes, 3))


def column_missing(
    column: str,
    found: Sequence[str],
    place: Place,
    what: str,
    line: int | None = None,
    taken: Container[str] = (),
) -> InputError:
    """Say that a file, or the row on a line, lacks a column, and which one may be meant.

    `taken` are names that are columns of their own: none of them is meant as another.
    """
    free = [one for one in found if one not in taken]
    folded = {one.strip().casefold(): one for one in reversed(free)}
    known = next((folded[one] for one in _ELSEWHERE.get(column, ()) if one in folded), None)
    near = folded.get(column) or known or nearest(column, free)
    hint = f"rename {quoted(near)} to '{column}', if that is it; " if near is not None else ""
    return place.error(
        f"there is no column '{column}'; the columns are {names(found) or 'none'}",
        line,
        remedy=f"{hint}{what}",
    )
