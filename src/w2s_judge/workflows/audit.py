"""`w2s-judge audit`: whether the judges can be trusted, which of them, and what would help."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from w2s_judge import __version__
from w2s_judge.audit.answer import answer, overall
from w2s_judge.audit.audited import Audit, Finding, RubricAudit
from w2s_judge.audit.change.theme import change
from w2s_judge.audit.findings import findings
from w2s_judge.audit.most_help import Commands
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Part, Test
from w2s_judge.audit.resample import DRAWS, Resample
from w2s_judge.audit.spoken import sentence
from w2s_judge.audit.themes import themes
from w2s_judge.errors import ConfigurationError, MissingExtra, UsageError
from w2s_judge.sentences import listed
from w2s_judge.store import folder as folders
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.asking import now
from w2s_judge.workflows.audit_contested import contested as most_contested
from w2s_judge.workflows.audit_panels import AuditJob, Prepared, bare, panels, state
from w2s_judge.workflows.ballots import Repeats
from w2s_judge.workflows.probe_reading import probes_of
from w2s_judge.workflows.run_consensus import label_command

MOST_DRAWS, MOST_CONTESTED = 10_000, 500
PAGES, FIGURES = (".html", ".htm"), (".json",)
# What tells a file that an audit wrote, near its beginning.
PAGE_BEGINS = '<meta name="generator" content="w2s-judge '
FIGURES_BEGIN = '"made_by": "w2s-judge audit"'


@dataclass(frozen=True, eq=False, slots=True)
class _Audited:
    """A rubric before it is known which of all tests hold."""

    panel: Panel
    cast: VoteMatrix
    parts: tuple[Part, ...]
    notes: tuple[str, ...]
    gold: Path | None

    @property
    def tests(self) -> tuple[Test, ...]:
        return tuple(test for part in self.parts for test in part.tests)


def audit(
    source: str | Path,
    *,
    gold: str | Path | None = None,
    against: str | Path | None = None,
    rubric: str | None = None,
    levels: str | None = None,
    repeats: Repeats = "refuse",
    contested: int = 100,
    draws: int = DRAWS,
    seed: int = 0,
    said: Callable[[str], None] | None = None,
) -> Audit:
    """Audit the judges of a run folder, or of a file of votes; writes nothing.

    `gold` are human labels, as for `aggregate`; for a run those of its last aggregation where none
    are named. `against` is an earlier run (or file) of the same items: what moved. `levels` and
    `repeats` are for files of votes. `contested` is how many of the most divided items are kept
    with texts and votes; `draws` the bootstrap draws; `said` is told what is under way.
    Raises `InputError`, `ConfigurationError` and `UsageError`.
    """
    _check(draws, seed, contested)
    job = AuditJob(
        Path(source), None if gold is None else Path(gold), rubric, levels, repeats, seed
    )
    other = None if against is None else _Other.of(Path(against), job)
    done = []
    for one in panels(job):
        if said is not None:
            said(f"{one.panel.name}: {one.panel.votes.V:,} votes")
        done.append(_one(one, job, other, draws))
    if not done:
        raise ConfigurationError(
            f"{source} has no votes to audit yet\n  `w2s-judge score` asks the judges"
        )
    return _put_together(job, against, done, contested)


def _one(one: Prepared, job: AuditJob, other: _Other | None, draws: int) -> _Audited:
    panel, notes = one.panel, one.notes
    resample = Resample.of(panel.votes.group, draws=draws, seed=job.seed)
    probed = probes_of(job.source, panel) if job.source.is_dir() else None
    parts = themes(panel, resample, probed)
    if other is not None and panel.name in other.before:
        moved = change(other.now[panel.name], other.before[panel.name], resample)
        parts = (*parts, moved)
    elif other is not None:
        notes = (*notes, f"{other.source} has no votes under {panel.name}: nothing to compare")
    return _Audited(panel, one.cast, parts, notes, one.path)


def write_audit(audited: Audit, page: Path | None, figures: Path | None) -> None:
    """Write the page and the figures (JSON), each swapped in whole."""
    if page is not None:
        from w2s_judge.audit.report.page import render

        with folders.replaced(page) as file:
            file.write(render(audited))
    if figures is not None:
        with folders.replaced(figures) as file:
            json.dump(audited.told(), file, indent=2, ensure_ascii=False, allow_nan=False)
            file.write("\n")


@dataclass(frozen=True, eq=False, slots=True)
class _Other:
    """What is compared with: the panels of both by rubric, made alike, since neither has gold.

    A consensus that gold has calibrated would differ from one that none has, judges or no judges.
    """

    source: Path
    now: dict[str, Panel]
    before: dict[str, Panel]

    @classmethod
    def of(cls, against: Path, job: AuditJob) -> _Other:
        plain = replace(job, gold=None, remember=False)
        before = {one.panel.name: one.panel for one in panels(replace(plain, source=against))}
        if not before:
            raise ConfigurationError(f"{against} has no votes to compare with")
        return cls(against, {one.panel.name: one.panel for one in panels(plain)}, before)


def _check(draws: int, seed: int, contested: int) -> None:
    if not 100 <= draws <= MOST_DRAWS:
        raise UsageError(f"--draws {draws}: 100 to {MOST_DRAWS:,}, and 999 are plenty")
    if seed < 0:
        raise UsageError(f"--seed {seed} is negative: give 0 or more")
    if not 0 <= contested <= MOST_CONTESTED:
        raise UsageError(f"--contested {contested}: 0 to {MOST_CONTESTED:,} items")


def _put_together(
    job: AuditJob, against: str | Path | None, done: list[_Audited], most: int
) -> Audit:
    """Adjust over the tests of all rubrics, then answer for each."""
    tests = [(one.panel.name, test) for one in done for test in one.tests]
    held = findings(tests)
    rubrics = tuple(_rubric(job, one, held, len(tests), most) for one in done)
    left = bare(job)
    notes = state(job.source)
    if left:
        notes = (*notes, f"nobody has voted under {listed(left)}: not audited")
    gold = next((str(one.gold) for one in done if one.gold is not None), None)
    return Audit(
        str(job.source), now(), __version__, overall(rubrics), held, len(tests), rubrics,
        None if against is None else str(against), gold, job.seed, _noted(notes),
    )  # fmt: skip


def _rubric(
    job: AuditJob, done: _Audited, held: tuple[Finding, ...], tests: int, most: int
) -> RubricAudit:
    panel = done.panel
    mine = tuple(one for one in held if one.rubric == panel.name)
    commands = _commands(job, panel, done.gold)
    return RubricAudit(
        panel.name, answer(panel, done.parts, mine, tests, commands), done.parts,
        panel.judges, panel.votes.I, panel.votes.V, 0 if panel.gold is None else panel.gold.G,
        most_contested(panel, done.cast, job.source, most), _noted(done.notes),
    )  # fmt: skip


def _commands(job: AuditJob, panel: Panel, gold: Path | None) -> Commands:
    """What draws labels and what finishes the run; nothing for a file of votes."""
    if not job.source.is_dir():
        return Commands()
    label = label_command(job.source, panel.name, gold)
    return Commands(f"`{label} --next 50` draws them", "the same `w2s-judge score` goes on")


def _noted(notes: tuple[str, ...]) -> tuple[str, ...]:
    """Notes of readers and fits are fragments; here they stand beside sentences."""
    return tuple(note if note.endswith(".") else sentence(note) for note in notes)


def check_targets(page: Path | None, figures: Path | None, read: Sequence[Path | None]) -> None:
    """Refuse files that cannot be written, or that hold something else, before any work.

    `read` are the files and folders that are read. A file that is there is replaced only if it is
    one of ours. `MissingExtra` where the page needs what is not installed.
    """
    if page is not None and not all(find_spec(name) for name in ("jinja2", "matplotlib")):
        raise MissingExtra("report", "an HTML report")
    for path, endings, begins in ((page, PAGES, PAGE_BEGINS), (figures, FIGURES, FIGURES_BEGIN)):
        if path is None:
            continue
        if path.is_dir():
            raise UsageError(f"{path} is a folder: name a file in it")
        if path.suffix.lower() not in endings:
            raise UsageError(f"{path}: name a file that ends in {endings[0]}")
        if not path.parent.is_dir():
            raise ConfigurationError(f"{path} cannot be written: there is no folder {path.parent}")
        given = (one for one in read if one is not None and one.exists())
        if path.exists() and any(path.samefile(one) for one in given):
            raise UsageError(f"{path} is what is read: name another file")
        if path.exists() and not _is_ours(path, begins):
            raise UsageError(
                f"{path} is there and w2s-judge did not write it: name another file, or remove it"
            )


def _is_ours(path: Path, begins: str) -> bool:
    """Whether a file begins as those do that are written here."""
    with path.open("rb") as file:
        head = file.read(4096).decode("utf-8", "replace")
    return begins in head
