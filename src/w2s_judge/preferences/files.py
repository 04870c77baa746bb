"""The files of a data set: each side, what its rows rest on, what was left out; all or none.

    train.jsonl         what the trainer reads (or train.parquet)
    train.meta.jsonl    line by line beside it, ours (with `meta="beside"`)
    validation...       the same, where rows fell there
    dropped.jsonl       what was left out, and why

Everything is written under other names and swapped in at the end, one rename a file; what an
earlier run left under these names is then removed. A failure leaves the folder as it was.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, TypeAlias

from w2s_judge.errors import UsageError
from w2s_judge.preferences.contract import Row
from w2s_judge.preferences.meta import meta_of, prefixed
from w2s_judge.preferences.row_files import FILE_KINDS, FileKind, Sink, open_sink
from w2s_judge.preferences.split import SIDES, Side
from w2s_judge.store.folder import replaced
from w2s_judge.types import Preference, Rated

MetaPlace: TypeAlias = Literal["beside", "columns", "none"]
"""Where our columns go: a side-car, the trainer's file (under `w2s_`), nowhere."""

DROPPED = "dropped.jsonl"
CARD, CARD_JSON = "README.md", "card.json"


def data_name(side: Side, kind: FileKind) -> str:
    """`train.jsonl`."""
    return f"{side}.{kind}"


def meta_name(side: Side) -> str:
    """`train.meta.jsonl`."""
    return f"{side}.meta.jsonl"


OURS = frozenset(
    {DROPPED, CARD, CARD_JSON}
    | {data_name(side, kind) for side in SIDES for kind in FILE_KINDS}
    | {meta_name(side) for side in SIDES}
)
"""Every name that we may write in the folder."""


class DatasetFiles:
    """Rows go out; `rows` counts those of each side, `dropped` what was left out."""

    def __init__(self, folder: Path, kind: FileKind, meta: MetaPlace) -> None:
        self._folder, self._kind, self._meta = folder, kind, meta
        self._sinks: dict[str, Sink] = {}
        self._texts: dict[str, str] = {}
        self.rows: dict[Side, int] = dict.fromkeys(SIDES, 0)
        self.dropped = 0

    def write(self, side: Side, row: Row, source: Preference | Rated) -> None:
        """Add a trainer's row and what it was made of."""
        if self._meta == "columns":
            row = {**row, **prefixed(meta_of(source))}
        self._sink(data_name(side, self._kind), self._kind).write(row)
        if self._meta == "beside":
            self._sink(meta_name(side), "jsonl").write(meta_of(source))
        self.rows[side] += 1

    def drop(self, record: Row) -> None:
        """Tell of something that was left out."""
        self._sink(DROPPED, "jsonl").write(record)
        self.dropped += 1

    def attach(self, name: str, text: str) -> None:
        """Add a text under a name of `OURS`: the card."""
        self._texts[name] = text

    def names(self) -> tuple[tuple[Side, str], ...]:
        """The trainer's files that hold rows: (side, name)."""
        return tuple((side, data_name(side, self._kind)) for side in SIDES if self.rows[side])

    def fingerprint(self) -> str:
        """A name for the trainer's rows: another for other rows."""
        return "-".join(["rows", *(self._sinks[name].digest for _, name in self.names())])

    def _sink(self, name: str, kind: FileKind) -> Sink:
        found = self._sinks.get(name)
        if found is None:
            try:
                found = self._sinks[name] = open_sink(self._folder / name, kind)
            except OSError as error:
                raise UsageError(
                    f"{self._folder / name} cannot be written: {error.strerror}\n"
                    "  name another folder with -o"
                ) from error
        return found

    def _keep(self) -> None:
        for sink in self._sinks.values():
            sink.finish()
        # card.json first: by it the folder is known as ours, should this stop half-way.
        for name in sorted(self._texts, key=lambda name: name != CARD_JSON):
            with replaced(self._folder / name) as file:
                file.write(self._texts[name])
        for sink in self._sinks.values():
            sink.keep()
        for name in OURS - self._texts.keys() - self._sinks.keys():
            (self._folder / name).unlink(missing_ok=True)

    def _discard(self) -> None:
        for sink in self._sinks.values():
            sink.discard()


@contextlib.contextmanager
def dataset_files(
    folder: Path, kind: FileKind = "jsonl", meta: MetaPlace = "beside"
) -> Iterator[DatasetFiles]:
    """Open the files of a data set in a folder that is there; kept at the end, or none of them."""
    files = DatasetFiles(folder, kind, meta)
    try:
        yield files
        files._keep()
    finally:
        files._discard()  # of what was kept nothing is left to discard


def prepare_folder(folder: Path) -> None:
    """Make the folder, or check that what is in it is a data set of ours, or nothing."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file: name a folder with -o")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        parts = {f"{name}.part" for name in OURS}  # of a run that was killed
        inside = {entry.name for entry in folder.iterdir()}
        if CARD_JSON in inside or inside <= parts:
            for name in parts:
                (folder / name).unlink(missing_ok=True)
            inside -= parts
    except OSError as error:
        raise UsageError(f"the folder {folder} cannot be made: {error}") from error
    if inside and CARD_JSON not in inside:
        raise UsageError(
            f"{folder} is not empty and holds no {CARD_JSON}, so it is no data set of ours: "
            "name another folder with -o"
        )
