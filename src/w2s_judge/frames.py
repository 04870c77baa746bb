"""pandas frames on request: the extra `pandas`, imported here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from w2s_judge.errors import MissingExtra


def frame(columns: Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]]) -> Any:
    """A pandas DataFrame from columns, or from rows."""
    try:
        import pandas
    except ImportError as error:
        raise MissingExtra("pandas", "a data frame") from error
    return pandas.DataFrame(columns)
