"""What reading gives: a recognised Source, its Rows, and the Rejected among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from w2s_judge.types import Item

Container: TypeAlias = Literal["jsonl", "json-list", "parquet"]
Compression: TypeAlias = Literal["gzip", "zstd"]

_CONTAINER_NAMES = {"jsonl": "JSON Lines", "json-list": "JSON list", "parquet": "Parquet"}
_QUOTED = 80  # characters: enough to find a text by, too few to flood a terminal


@dataclass(frozen=True, slots=True)
class Row:
    """One record of the file, understood.

    `grouped` is True where the record has a prompt id: rows with the same `item.id` are then
    responses to one prompt, to be merged; otherwise the id must be unique. `line` is the 1-based
    line (JSON Lines) or row (JSON list, Parquet).
    """

    item: Item
    grouped: bool
    line: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was set aside: where it stands, what is wrong, what to do, and its text.

    `unit` is what `line` counts, "line" or "row". `raw` may be long; bytes that are not UTF-8
    stand in it as backslash escapes.
    """

    line: int
    unit: str
    what: str
    remedy: str
    raw: str


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was recognised from its first rows.

    `columns` maps what was understood to the columns it was read from: {"prompt": ("question",),
    "response": ("answer",), "meta": ("topic",)}; columns under "meta" are kept as they are.
    """

    path: Path
    container: Container
    compression: Compression | None
    reader: str
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def unit(self) -> str:
        """What a row's `line` counts: "line" for JSON Lines, else "row"."""
        return "line" if self.container == "jsonl" else "row"

    def described(self) -> str:
        """Describe it in one line: the container, the reader, and which column became what."""
        packed = f" ({self.compression})" if self.compression else ""
        known = [f"{role} from {names(c)}" for role, c in self.columns.items() if role != "meta"]
        kept = self.columns.get("meta", ())
        if kept:
            known.append(f"kept as meta: {names(kept)}")
        what = f"{_CONTAINER_NAMES[self.container]}{packed}, reader {self.reader}"
        return ": ".join(part for part in (what, "; ".join(known)) if part)


@dataclass(slots=True)
class Record:
    """One record of the file on its way to a Row, with the columns that were understood so far.

    `values` is never changed; `roles` maps each column that was taken to what it was taken for.
    What is not taken is meta, and so is `extra`: what was left over of a column that was taken.
    """

    values: Mapping[str, object]
    line: int
    roles: dict[str, str] = field(default_factory=dict)
    extra: dict[str, object] = field(default_factory=dict)

    def first(self, columns: Iterable[str]) -> str | None:
        """Find the first of these columns that is there, null or not."""
        for column in columns:
            if column in self.values:
                return column
        return None

    def take(self, role: str, column: str) -> object:
        """Take the value of a column, which is thereby understood and no meta."""
        self.roles[column] = role
        return self.values[column]

    def rest(self) -> dict[str, object]:
        """Collect the meta: columns that nobody took, untouched, and what is left of others."""
        left = {key: value for key, value in self.values.items() if key not in self.roles}
        return left | self.extra if self.extra else left


@dataclass(frozen=True, slots=True)
class Reader:
    """How one shape of row is read. One file declares one, as `READER`.

    `matches` says from a record's columns whether it has this shape; `parse` makes the Row, or
    raises `RowError`. `specific` marks another tool's own format, which is preferred where it
    matches beside a general one.
    """

    name: str
    summary: str
    matches: Callable[[Mapping[str, object]], bool]
    parse: Callable[[Record], Row]
    specific: bool = False


class RowError(Exception):
    """A row is wrong: what, and what to do. The place is added by whoever knows it."""

    def __init__(self, what: str, remedy: str = "") -> None:
        self.what, self.remedy = what, remedy
        super().__init__(what)


class DamageError(Exception):
    """The file is damaged in such a way that nothing after this point can be read."""

    def __init__(self, what: str, remedy: str = "") -> None:
        self.what, self.remedy = what, remedy
        super().__init__(what)


def quoted(text: str) -> str:
    """Quote hostile text for a message: at most 80 characters, control characters escaped."""
    shown = repr(text[:_QUOTED])
    cut = len(text) > _QUOTED or len(shown) > _QUOTED
    return shown[: _QUOTED - 4] + "...'" if cut else shown


def names(columns: Iterable[str]) -> str:
    """Quote column names for a message: the first eight."""
    every = list(columns)
    shown = ", ".join(quoted(column) for column in every[:8])
    return shown + (f" and {len(every) - 8} more" if len(every) > 8 else "")


def kind_of(value: object) -> str:
    """Say in words what a JSON value is."""
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "an object"
