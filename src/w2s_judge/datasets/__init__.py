"""Readers of the files that users bring: one record a row, streamed."""

from w2s_judge.datasets.merging import merge
from w2s_judge.datasets.reading import read, readers
from w2s_judge.datasets.recognition import recognise
from w2s_judge.datasets.rows import Reader, Record, Rejected, Row, RowError, Source

__all__ = [
    "Reader",
    "Record",
    "Rejected",
    "Row",
    "RowError",
    "Source",
    "merge",
    "read",
    "readers",
    "recognise",
]
