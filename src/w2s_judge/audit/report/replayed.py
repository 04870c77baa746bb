"""The page of a replay: for each rubric what was found, cost against accuracy, and the tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from w2s_judge.audit.part import Part
from w2s_judge.audit.report import plain
from w2s_judge.audit.report.frame import environment, require_extra
from w2s_judge.audit.report.tables import ShownTable, shown_table

if TYPE_CHECKING:
    from w2s_judge.audit.report.plots import Plot

MOST_ROWS = 500


@dataclass(frozen=True, slots=True)
class ShownReplay:
    """One rubric."""

    id: str
    title: str
    sentences: list[str]
    notes: list[str]
    plots: list[Plot]
    tables: list[ShownTable]


def render_replay(source: str, rubrics: Mapping[str, Part], version: str) -> str:
    """The page as text to be written as UTF-8; the same figures give the same bytes.

    Raises `MissingExtra` where jinja2 or matplotlib is not installed.
    """
    require_extra()
    from w2s_judge.audit.report.curve import plot_of

    shown = [
        ShownReplay(
            id=f"r{place}",
            title=plain.name(name),
            sentences=plain.sentences(part.sentences),
            notes=plain.sentences(part.notes),
            plots=plot_of(part, f"r{place}"),
            tables=[
                shown_table(table, f"r{place}-t{number}", MOST_ROWS)
                for number, table in enumerate(part.tables, 1)
                if table.rows
            ],
        )
        for place, (name, part) in enumerate(rubrics.items(), 1)
    ]
    return environment().get_template("replay.jinja").render(
        parts=shown, source=source, version=version, name=plain.name,
        figures="what --json prints",
    )  # fmt: skip
