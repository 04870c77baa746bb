"""From the rows of a CSV, JSON or Parquet file to columns of votes or comparisons."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from w2s_judge.datasets.csvtable import CsvTable, csv_table
from w2s_judge.datasets.numerals import as_number, text_numbers
from w2s_judge.datasets.places import Place
from w2s_judge.datasets.rows import DamageError, RowError, kind_of, quoted
from w2s_judge.datasets.tables import (
    damaged,
    json_records,
    kind_of_table,
    label_text,
    name_text,
    place_of,
)
from w2s_judge.datasets.unpacking import pieces
from w2s_judge.datasets.vote_columns import LABELS, MASS, VOTES, Gathering, VoteColumns, Wanted

_BATCH = 4096

Rows = Sequence[tuple[int, Mapping[str, object]]]


def vote_columns(path: Path, wanted: Wanted = VOTES) -> VoteColumns:
    """Read the wanted columns of a file. `InputError` names the line of what cannot be read.

    Memory: about 4 bytes a row and column of names, 8 a row and column of mass, and each name once.
    """
    kind, compression = kind_of_table(path)
    place = place_of(path, kind)
    if kind == "parquet":
        from w2s_judge.datasets.vote_parquet import parquet_columns

        return parquet_columns(path, place, wanted)
    if kind == "csv":
        try:
            return _of_csv(csv_table(pieces(path, compression), place), place, wanted)
        except DamageError as error:
            raise damaged(error, place, 0) from error
    return _of_json(json_records(path, kind, compression, place), place, wanted)


def _of_csv(table: CsvTable, place: Place, wanted: Wanted) -> VoteColumns:
    gathering = Gathering(place)
    kept = [(k, name) for k, name in enumerate(table.header) if name in wanted.texts]
    counted = [(k, name) for k, name in enumerate(table.header) if wanted.number(name)]
    for batch in table.batches:
        gathering.begin(batch.lines)
        for k, name in kept:
            gathering.texts(name, batch.columns[k])
        for k, name in counted:
            cells = batch.columns[k]
            values = text_numbers(cells)
            lines = batch.lines.tolist()
            gathering.floats(
                name, _checked(cells, lines, name, place) if values is None else values
            )
    return gathering.done(table.header)


def _checked(
    cells: Iterable[object], lines: Iterable[int], column: str, place: Place
) -> list[float]:
    """Cells as numbers, one by one; `InputError` names the line of what is none."""
    values = []
    for cell, line in zip(cells, lines, strict=True):
        try:
            values.append(as_number(cell, column))
        except RowError as error:
            raise place.error(error.what, line, error.remedy) from error
    return values


def _of_json(
    records: Iterator[tuple[int, Mapping[str, object]]], place: Place, wanted: Wanted
) -> VoteColumns:
    gathering = Gathering(place)
    header: dict[str, None] = {}
    while rows := list(islice(records, _BATCH)):
        lines = [number for number, _ in rows]
        found = dict.fromkeys(key for _, row in rows for key in row)
        header |= found
        gathering.begin(np.array(lines, dtype=np.int64))
        for name in found:
            if name in wanted.texts:
                gathering.texts(name, _texts(rows, name, place))
            elif wanted.number(name):
                gathering.floats(
                    name, _checked((row.get(name) for _, row in rows), lines, name, place)
                )
        if wanted.mass and "mass" in found:
            for label, cells in _masses(rows, header, place).items():
                gathering.floats(MASS + label, _checked(cells, lines, MASS + label, place))
    return gathering.done(header)


def _texts(rows: Rows, name: str, place: Place) -> list[str]:
    cells: list[str] = []
    for line, row in rows:
        value = row.get(name)
        if type(value) is str:
            cells.append(value)
            continue
        try:
            cells.append(cell_text(value, name))
        except RowError as error:
            raise place.error(error.what, line, error.remedy) from error
    return cells


def cell_text(value: object, column: str) -> str:
    """A cell of a column of texts as text; `RowError` for what cannot be one."""
    if column == "responses" and isinstance(value, list | tuple):
        return json.dumps(list(value))
    return label_text(value, column) if column in LABELS else name_text(value, column)


def _masses(rows: Rows, header: Container[str], place: Place) -> dict[str, list[object]]:
    """The column `mass` of objects {label: probability} as one column a label."""
    found: dict[str, list[object]] = {}
    for k, (line, row) in enumerate(rows):
        mass = row.get("mass")
        if mass is None:
            continue
        if not isinstance(mass, dict):
            raise place.error(
                f"'mass' is {kind_of(mass)}, not an object",
                line,
                'write it as {"safe": 0.9, "unsafe": 0.1}',
            )
        for label, share in mass.items():
            if MASS + label in header:
                raise place.error(
                    f"the file has 'mass' and {quoted(MASS + label)} for the same label",
                    line,
                    "leave one of the two out",
                )
            found.setdefault(label, [None] * len(rows))[k] = share
    return found
