"""The rows of gold files: labels that people gave, as in `examples/gold.jsonl`, or CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from w2s_judge.datasets.numerals import as_number, is_nan
from w2s_judge.datasets.places import Place
from w2s_judge.datasets.rows import RowError, quoted
from w2s_judge.datasets.suggestions import column_missing
from w2s_judge.datasets.tables import label_text, name_text, records
from w2s_judge.datasets.vote_raters import parse_positions
from w2s_judge.datasets.vote_rows import cell_text

CHOSEN = "p_chosen"
_NEED = "a gold file has item and label, and may have response or responses, rubric, p_chosen"


@dataclass(frozen=True, slots=True)
class GoldRow:
    """One label that a person gave, or is still to give.

    line      : 1-based line or row of the file, as `place` counts
    item      : the item's name
    responses : positions of the judged responses, None where the file does not say
    rubric    : None where the file does not say
    label     : a truth class or a vote label; None: not filled in yet
    chosen    : probability in (0, 1] by which it came to be labelled; None: unknown
    """

    line: int
    item: str
    responses: tuple[int, ...] | None
    rubric: str | None
    label: str | None
    chosen: float | None
    place: Place


def read_gold(path: str | Path) -> tuple[GoldRow, ...]:
    """Read the rows of a CSV, JSONL, JSON list or Parquet file, packed or not.

    Rows without a label come as they are: `gold_for` counts them. Raises `InputError` with the
    line, and `MissingExtra` for Parquet without its extra.
    """
    place, rows = records(Path(path))
    found = tuple(_read(rows, place))
    if not found:
        raise place.error("has a header and no rows", remedy="write it again")
    return found


def _read(rows: Iterator[tuple[int, Mapping[str, object]]], place: Place) -> Iterator[GoldRow]:
    columns: dict[str, None] = {}
    for number, values in rows:
        if "item" not in values:
            line = number if columns else None
            raise column_missing("item", list(values), place, _NEED, line)
        columns |= dict.fromkeys(values)
        try:
            yield _row(values, number, place)
        except RowError as error:
            raise place.error(error.what, number, error.remedy) from error
    if columns and "label" not in columns:
        raise column_missing("label", list(columns), place, _NEED)


def _row(values: Mapping[str, object], number: int, place: Place) -> GoldRow:
    item = name_text(values["item"], "item")
    if not item.strip():
        raise RowError("'item' is empty", "every row names the item that it labels")
    label = label_text(values.get("label"), "label")
    if is_nan(label):
        raise RowError(f"the label is {quoted(label)}", "leave it empty until it is known")
    rubric = name_text(values.get("rubric"), "rubric")
    return GoldRow(
        number, item, _responses(values), rubric or None, label if label.strip() else None,
        _chosen(values.get(CHOSEN)), place,
    )  # fmt: skip


def _responses(values: Mapping[str, object]) -> tuple[int, ...] | None:
    texts = {name: cell_text(values.get(name), name) for name in ("response", "responses")}
    given = {name: text for name, text in texts.items() if text.strip()}
    if len(given) > 1:
        raise RowError("both 'response' and 'responses'", "leave one of them empty")
    for name, text in given.items():
        positions = parse_positions(text)
        if positions is None or len(set(positions)) != len(positions):
            raise RowError(
                f"'{name}' is {quoted(text)}, not positions",
                "write 0 for the first response of the item, [0, 1] for its first two",
            )
        return positions
    return None


def _chosen(cell: object) -> float | None:
    chosen = as_number(cell, CHOSEN)
    if chosen != chosen:  # NaN: the cell is empty
        return None
    if not 0 < chosen <= 1:
        raise RowError(
            f"'{CHOSEN}' is {chosen:g}, not above 0 and at most 1",
            "it is the probability by which the item was chosen for labelling",
        )
    return chosen
