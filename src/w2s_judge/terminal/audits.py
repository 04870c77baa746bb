"""What `audit` says: the answer, what was found, the judges, and where the rest is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from w2s_judge.audit.audited import Audit, Finding, RubricAudit
from w2s_judge.audit.common_notes import OF_THE_PANEL
from w2s_judge.audit.findings import by_kind
from w2s_judge.audit.part import Cell, Figure, Table
from w2s_judge.audit.spoken import plural, written
from w2s_judge.sentences import listed
from w2s_judge.terminal.harmless import harmless
from w2s_judge.terminal.tables import say, show

SHOWN = 16  # rows of a table above which the page has the rest
NAMED = 8  # findings of one kind that are named beside the strongest
WIDEST = 60  # characters of a name
# Of each part the table that tells most in a terminal, with the columns that fit there.
TOLD: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("coverage", "judges"): ("judge", "votes", "abstained", "cost_usd", "latency_s"),
    ("agreement", "panel"): ("coefficient", "value", "base_rate"),
    ("dependence", "summary"): ("measure", "value"),
    ("skill", "judges"): ("judge", "items", "accuracy", "balanced_accuracy", "auc"),
    ("bias", "orders"): ("judge", "pairs", "flips", "first"),
    ("robustness", "probes"): ("judge", "probe", "asked", "flips", "toward"),
    ("rates", "rates"): ("what", "who", "raw", "rogan_gladen", "prediction_powered"),
    ("change", "judges"): ("judge", "items", "differ", "shift"),
}


def show_audit(console: Console, audit: Audit, *, page: Path | None, figures: Path | None) -> None:
    """The answer first, then rubric by rubric the tables that fit, then where the files are."""
    console.print(Text(f"Can I use this panel? {audit.answer.verdict.upper()}", style="bold"))
    say(console, [f"  {line}" for line in audit.answer.lines])
    console.print()
    _show_findings(console, audit.findings, audit.tests, several=len(audit.rubrics) > 1)
    _show_change(console, audit)
    console.print()
    say(console, ["In brackets: 95 % intervals, over prompts."])
    for rubric in audit.rubrics:
        _show_rubric(console, rubric, several=len(audit.rubrics) > 1)
    _show_notes(console, audit)
    for what, path in (("Page", page), ("Figures", figures)):
        if path is not None:
            say(console, [f"{what}: {path}"])
    if page is None and figures is None:
        say(console, ["All tables, plots and contested items: -o report.html; --json audit.json"])


def _show_findings(
    console: Console, found: Sequence[Finding], tests: int, *, several: bool
) -> None:
    """By kind: the strongest in full, the others by name."""
    if not found:
        told = f"Nothing was found beyond chance (Holm, p < .01, {plural(tests, 'test')})."
        say(console, [told if tests else "Nothing could be tested: see the notes."])
        return
    say(console, [f"Found beyond chance ({len(found):,} of {tests:,} tests, Holm, p < .01):"])
    for same in by_kind(found):
        strongest, others = same[0].test, same[1:]
        where = f"{same[0].rubric}, {strongest.kind}" if several else strongest.kind
        say(console, [f"- {where}: {strongest.sentence} {strongest.advice}"])
        if others:
            names = tuple(" and ".join(one.test.about) for one in others)
            say(console, [f"  also {listed(names, NAMED)}"])


def _show_change(console: Console, audit: Audit) -> None:
    """What the other run says, in a sentence a rubric; why it says nothing."""
    if audit.against is None:
        return
    console.print()
    for rubric in audit.rubrics:
        part = rubric.part("change")
        told = part.sentences[:2] or part.notes if part is not None else ("nothing to compare.",)
        say(console, [f"Against {audit.against}, {rubric.name}: {' '.join(told)}"])


def _show_rubric(console: Console, rubric: RubricAudit, *, several: bool) -> None:
    console.print()
    size = (
        f"{plural(rubric.items, 'item')}, {plural(rubric.votes, 'vote')}, "
        f"{plural(rubric.gold, 'gold label')}"
    )
    console.print(Text(harmless(f"{rubric.name}: {size}"), style="bold"))
    if several:
        say(console, [f"  {rubric.answer.verdict.upper()}"])
        say(console, [f"  {line}" for line in rubric.answer.lines])
    for part in rubric.parts:
        for table in part.tables:
            wanted = TOLD.get((part.name, table.name))
            if wanted is not None:
                _show_table(console, f"{part.title} {table.title}", table, wanted)


def _show_notes(console: Console, audit: Audit) -> None:
    """Each once, whichever rubrics it is about."""
    notes = [*audit.notes]
    for rubric in audit.rubrics:
        notes += [*rubric.notes, *(note for part in rubric.parts for note in part.notes)]
    if notes:
        console.print()
        say(console, [f"- {note}" for note in dict.fromkeys(notes)])


def _show_table(console: Console, title: str, table: Table, wanted: Sequence[str]) -> None:
    """The rows and columns that hold something, those of the panel first."""
    places = [k for k, column in enumerate(table.columns) if column.name in wanted]
    full = [row for row in table.rows if any(not _empty(row[k]) for k in places[1:])]
    places = [k for k in places if k == 0 or any(not _empty(row[k]) for row in full)]
    if not full:
        return
    full.sort(key=lambda row: row[0] not in OF_THE_PANEL)
    rows = [
        [written(row[k], table.columns[k].kind)[:WIDEST] for k in places] for row in full[:SHOWN]
    ]
    console.print()
    show(console, title, [table.columns[k].title for k in places], rows)
    if len(full) > SHOWN:
        say(console, [f"and {len(full) - SHOWN:,} more rows, on the page and in the figures"])


def _empty(cell: Cell) -> bool:
    return cell is None or cell == "" or (isinstance(cell, Figure) and cell.value is None)
