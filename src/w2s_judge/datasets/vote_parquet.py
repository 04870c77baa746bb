"""From a Parquet file to columns of votes or comparisons, array by array."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.datasets.places import Place
from w2s_judge.datasets.rows import DamageError, RowError
from w2s_judge.datasets.tables import damaged
from w2s_judge.datasets.vote_columns import MASS, Gathering, VoteColumns, Wanted
from w2s_judge.datasets.vote_rows import cell_text
from w2s_judge.errors import MissingExtra

_BATCH = 1 << 17  # rows


def parquet_columns(path: Path, place: Place, wanted: Wanted) -> VoteColumns:
    """Read the wanted columns. `InputError` names the row of what cannot be read."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtra("parquet", "reading a Parquet file") from error
    gathering = Gathering(place)
    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            header = tuple(file.schema_arrow.names)
            for batch in _batches(file, header, wanted):
                gathering.begin(np.arange(gathering.size, gathering.size + len(batch)) + 1)
                for name, column in zip(batch.schema.names, batch.columns, strict=True):
                    _add(gathering, name, column, wanted, pa)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        broken = DamageError(f"the Parquet data is damaged ({first})", "write the file again")
        raise damaged(broken, place, 0) from error
    except DamageError as error:
        raise damaged(error, place, 0) from error
    return gathering.done(header)


def _batches(file: Any, header: tuple[str, ...], wanted: Wanted) -> Iterator[Any]:
    if len(set(header)) != len(header):
        raise DamageError("two columns have the same name", "rename one of them")
    columns = [name for name in header if wanted.read(name)]
    yield from file.iter_batches(batch_size=_BATCH, columns=columns, use_threads=False)


def _add(gathering: Gathering, name: str, column: Any, wanted: Wanted, pa: Any) -> None:
    if name == "mass":
        _add_masses(gathering, column, pa)
    elif wanted.number(name):
        gathering.floats(name, _floats(gathering, name, column, pa))
    else:
        gathering.codes(name, _codes(gathering, name, column, pa))


def _codes(gathering: Gathering, name: str, column: Any, pa: Any) -> Ints:
    """Each cell's number: a text is looked at once a batch, however often it stands there."""
    number = gathering.number_of(name)
    if pa.types.is_nested(column.type):
        values, codes = column.to_pylist(), np.arange(len(column))
    else:
        coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        values = coded.dictionary.to_pylist()
        codes = coded.indices.fill_null(len(values)).to_numpy(zero_copy_only=False)
        values.append(None)
    numbers = np.zeros(len(values), dtype=np.int32)
    for k, value in enumerate(values):
        try:
            numbers[k] = number[value if type(value) is str else cell_text(value, name)]
        except RowError as error:
            row = _row(gathering, codes == k)
            raise gathering.place.error(error.what, row, error.remedy) from error
    return numbers[codes]


def _floats(gathering: Gathering, name: str, column: Any, pa: Any) -> Floats:
    """Numbers, NaN where null; a NaN that stands in the file is an error, not an empty cell."""
    if not (pa.types.is_floating(column.type) or pa.types.is_integer(column.type)):
        if not pa.types.is_null(column.type):
            raise gathering.place.error(
                f"the column '{name}' holds {column.type}, not numbers",
                remedy="write it as float64",
            )
        return np.full(len(column), np.nan)
    values = np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False))
    bad = ~np.isfinite(values) & column.is_valid().to_numpy(zero_copy_only=False)
    if bad.any():
        raise gathering.place.error(
            f"'{name}' is {values[bad][0]}, not a finite number",
            _row(gathering, bad),
            "write null where there is none",
        )
    return values


def _add_masses(gathering: Gathering, column: Any, pa: Any) -> None:
    """A column of structs, one field a label, as one column a label."""
    if not pa.types.is_struct(column.type):
        if pa.types.is_null(column.type):
            return
        raise gathering.place.error(
            f"the column 'mass' holds {column.type}, not one number a label",
            remedy="write one column a label: mass:safe, mass:unsafe",
        )
    for field, part in zip(column.type, column.flatten(), strict=True):
        gathering.floats(MASS + field.name, _floats(gathering, MASS + field.name, part, pa))


def _row(gathering: Gathering, bad: Any) -> int:
    return int(gathering.lines[-1][np.flatnonzero(bad)[0]])
