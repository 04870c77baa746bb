"""Parquet: rows as JSON-like values, a small batch in memory at a time."""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from w2s_judge.datasets.rows import DamageError
from w2s_judge.errors import MissingExtra

_BATCH = 128  # rows: enough for speed, and few enough where a row has megabytes
_BUFFER = 1 << 16  # bytes of a column read at once; unset, a whole row group is


def rows(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    """(row, columns) for each row, 1-based.

    Values become what JSON has: times and decimals text, bytes base64, not-a-number null.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtra("parquet", "reading a Parquet file") from error
    number = 0
    try:
        with pq.ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False) as file:
            schema = file.schema_arrow
            if len(set(schema.names)) != len(schema.names):
                raise DamageError("two columns have the same name", "rename one of them")
            plain = {
                field.name
                for field in schema
                if pa.types.is_string(field.type)
                or pa.types.is_large_string(field.type)
                or pa.types.is_integer(field.type)
                or pa.types.is_boolean(field.type)
            }
            for batch in file.iter_batches(batch_size=_BATCH, use_threads=False):
                for values in batch.to_pylist():
                    number += 1
                    yield (
                        number,
                        {
                            key: value if key in plain else _jsonable(value)
                            for key, value in values.items()
                        },
                    )
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DamageError(
            f"the Parquet data is damaged ({first})", "copy or write the file again"
        ) from error


def _jsonable(value: Any) -> object:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {str(key): _jsonable(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_jsonable(inner) for inner in value]
        case bytes():
            return b64encode(value).decode("ascii")
        case _:
            return value.isoformat() if hasattr(value, "isoformat") else str(value)
