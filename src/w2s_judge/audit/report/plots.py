"""Which plots there are: of each part those whose tables are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from w2s_judge.audit.audited import RubricAudit
from w2s_judge.audit.part import Part
from w2s_judge.audit.report import cost, dots, heatmap, small_multiples
from w2s_judge.audit.report.canvas import drawing
from w2s_judge.audit.report.drawing import Drawing, Shown, Undrawn
from w2s_judge.audit.spoken import plural

Draw = Callable[[Part, Shown], Drawing | Undrawn | None]

BY_PART: dict[str, tuple[tuple[str, str, Draw], ...]] = {
    "agreement": (("heatmap", "pairs", heatmap.agreement),),
    "dependence": (("map", "pairs", heatmap.dependence),),
    "skill": (
        ("accuracy", "judges", dots.accuracy),
        ("cost", "panels", cost.panels),
        ("calibration", "curves", small_multiples.calibration),
    ),
    "bias": (
        ("flips", "orders", dots.flips),
        ("histograms", "labels", small_multiples.histograms),
    ),
    "robustness": (("probes", "probes", dots.probes),),
}
"""Part -> (name, the table whose rows are drawn, how)."""

ROOMY = 480
"""Pixels from which a plot is as wide as the page, and scrolls by itself on a phone."""


@dataclass(frozen=True, slots=True)
class Plot:
    """A finished plot; `note` says what is not in it. Without `svg` there is the note alone."""

    part: str
    table: str
    title: str
    caption: str
    svg: str
    roomy: bool
    note: str


def plots(rubric: RubricAudit, key: str) -> Iterator[Plot]:
    """Those of one rubric, in the order in which the parts are shown."""
    judges = Shown.of(rubric)
    left = len(judges.left_out)
    shown = plural(len(judges.names), "judge")
    note = f"The {shown} with the most votes; {left:,} more are in the tables."
    for part in rubric.parts:
        for name, table, draw in BY_PART.get(part.name, ()):
            with drawing():
                drawn = draw(part, judges)
                if drawn is None:
                    continue
                if isinstance(drawn, Undrawn):
                    yield _missing(part, table, drawn)
                    continue
                svg = drawn.canvas.svg(f"{key}-{part.name}-{name}", drawn.title, drawn.about)
            yield Plot(
                part=part.name,
                table=table,
                title=drawn.title,
                caption=drawn.caption,
                svg=svg,
                roomy=drawn.canvas.width > ROOMY,
                note=(note if left else "") if drawn.note is None else drawn.note,
            )


def _missing(part: Part, table: str, plot: Undrawn) -> Plot:
    note = f"“{plot.title}” is not drawn: {plot.why}."
    return Plot(part.name, table, plot.title, caption="", svg="", roomy=False, note=note)
