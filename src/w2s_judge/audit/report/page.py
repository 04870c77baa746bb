"""The page: one file of HTML with everything in it, and nothing in it that acts.

Autoescaping is on, every string is made visible before it is escaped (`plain.py`), and the page's
own policy (Content-Security-Policy) lets nothing run but its one script and nothing load at all.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from w2s_judge.audit.audited import Audit, Finding, RubricAudit
from w2s_judge.audit.findings import by_kind
from w2s_judge.audit.part import Part
from w2s_judge.audit.report import plain
from w2s_judge.audit.report.cells import number
from w2s_judge.audit.report.contested import DIVIDED, Browser, browser
from w2s_judge.audit.report.frame import environment, require_extra
from w2s_judge.audit.report.tables import ShownTable, rows_shown, shown_table
from w2s_judge.audit.spoken import plural

if TYPE_CHECKING:
    from jinja2 import Environment

    from w2s_judge.audit.report.plots import Plot

MOST_BYTES = 2_900_000
"""The page is smaller than this, by leaving out what is said to be left out."""
PARTS = (
    "coverage", "agreement", "dependence", "skill", "bias", "robustness", "rates", "change",
)  # fmt: skip
MOST_FINDINGS = 60
"""Of one kind."""
MOST_SENTENCES = 60
"""Sentences and notes of a part that are shown."""
HALVINGS = 8

_SIMPLE = re.compile(r"[a-z][a-z0-9_]{0,40}")


@dataclass(frozen=True, slots=True)
class Ration:
    """How much of what can be long there is: cells of tables, bytes of plots and of items."""

    cells: int = 9_000
    plots: int = 900_000
    contested: int = 1_500_000

    def halved(self) -> Ration:
        """Half of everything."""
        return Ration(self.cells // 2, self.plots // 2, self.contested // 2)


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A part with what is shown of it; `plots_left_out` by their titles."""

    id: str
    title: str
    sentences: list[str]
    plots: list[Plot]
    plots_left_out: list[str]
    tables: list[ShownTable]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class ShownRubric:
    """A rubric with its parts and its contested items."""

    id: str
    name: str
    of: RubricAudit
    parts: list[ShownPart]
    browser: Browser


def render(audit: Audit) -> str:
    """The page as text to be written as UTF-8; the same audit gives the same bytes.

    Raises `MissingExtra` where jinja2 or matplotlib is not installed.
    """
    require_extra()
    from w2s_judge.audit.report.plots import plots

    drawn = [list(plots(one, f"r{place}")) for place, one in enumerate(audit.rubrics, 1)]
    templates, ration = environment(), Ration()
    for _ in range(HALVINGS):
        page = _page(templates, audit, drawn, ration)
        if len(page.encode()) < MOST_BYTES:
            break
        ration = ration.halved()
    return page


def _page(
    templates: Environment, audit: Audit, drawn: Sequence[Sequence[Plot]], ration: Ration
) -> str:
    tables = [table for one in audit.rubrics for part in one.parts for table in part.tables]
    rows = rows_shown(tables, ration.cells)
    kept, bytes_left = [], ration.plots
    for one in drawn:
        bytes_left -= (size := sum(len(plot.svg) for plot in one))
        kept.append(bytes_left >= 0 or size == 0)
    share = ration.contested // max(1, len(audit.rubrics))
    rubrics = [
        _rubric(templates, one, f"r{place}", plots, fits, rows, share)
        for place, (one, plots, fits) in enumerate(zip(audit.rubrics, drawn, kept, strict=True), 1)
    ]
    return templates.get_template("page.jinja").render(
        audit=audit,
        rubrics=rubrics,
        kinds=by_kind(audit.findings),
        most=MOST_FINDINGS,
        version=audit.version,
        source=audit.source,
        figures="audit.json",
        name=plain.name,
        told=_told,
        sized=_sized,
        made=_clock(audit.made),
        plural=plural,
        divided=number(DIVIDED, "share").rstrip("0"),
    )


def _clock(made: str) -> str:
    """A time as people read it: 2026-01-01 12:00 UTC. Other text as it is."""
    try:
        return f"{datetime.fromisoformat(made).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return plain.name(made)


def _told(texts: Sequence[str]) -> list[str]:
    shown = plain.sentences(texts[:MOST_SENTENCES])
    more = len(texts) - len(shown)
    return [*shown, f"{plural(more, 'more is', 'more are')} in audit.json."] if more else shown


def _sized(finding: Finding) -> str:
    """How large a finding is beside what it takes to be stated, and its p."""
    test = finding.test
    effect, least = number(test.effect, "number"), number(test.minimum, "number")
    unit = plain.name(test.unit)
    return f"Size {effect}, stated from {least} ({unit}); {_p(finding.p_adjusted)} after adjustment"


def _p(p: float) -> str:
    return "p < .0001" if p < 0.0001 else f"p = {p:.4f}".replace("0.", ".", 1)


def _rubric(
    templates: Environment, one: RubricAudit, id: str, plots: Sequence[Plot], fits: bool,  # noqa: A002
    rows: int, contested: int,
) -> ShownRubric:  # fmt: skip
    from markupsafe import Markup

    order = {name: place for place, name in enumerate(PARTS)}
    parts = sorted(one.parts, key=lambda part: order.get(part.name, len(order)))
    template = templates.get_template("item.jinja")
    return ShownRubric(
        id=id,
        name=plain.name(one.name),
        of=one,
        parts=[_part(part, place, id, plots, fits, rows) for place, part in enumerate(parts)],
        browser=browser(one, contested, lambda item: Markup(template.render(item=item))),  # noqa: S704
    )


def _part(
    part: Part, place: int, rubric: str, plots: Sequence[Plot], fits: bool, rows: int
) -> ShownPart:
    id_ = f"{rubric}-{part.name if _SIMPLE.fullmatch(part.name) else place}"
    mine = [plot for plot in plots if plot.part == part.name]
    return ShownPart(
        id=id_,
        title=plain.name(part.title),
        sentences=_told(part.sentences),
        plots=[plot for plot in mine if plot.svg] if fits else [],
        plots_left_out=[] if fits else [plot.title for plot in mine if plot.svg],
        tables=[
            shown_table(table, f"{id_}-t{number}", rows)
            for number, table in enumerate(part.tables, 1)
        ],
        notes=[*_told(part.notes), *(plot.note for plot in mine if not plot.svg)],
    )
