"""`w2s-judge audit`: whether the judges can be trusted, which of them, and what would help."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from w2s_judge import __version__
from w2s_judge.audit.answer import answer, overall
from w2s_judge.audit.audited import Audit, Finding, RubricAudit
from w2s_judge.audit.findings import findings
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.part import Part, Test
from w2s_judge.audit.resample import DRAWS, Resample
from w2s_judge.audit.spoken import sentence
from w2s_judge.audit.themes import themes
from w2s_judge.errors import ConfigurationError, UsageError
from w2s_judge.sentences import listed
from w2s_judge.store import folder as folders
from w2s_judge.workflows.asking import now
from w2s_judge.workflows.audit_contested import contested as most_contested
from w2s_judge.workflows.audit_panels import AuditJob, bare, panels, state
from w2s_judge.workflows.ballots import Repeats
from w2s_judge.workflows.probe_reading import probes_of

MOST_DRAWS, MOST_CONTESTED = 10_000, 500


@dataclass(frozen=True, eq=False, slots=True)
class _Audited:
    """A rubric before it is known which of all tests hold."""

    panel: Panel
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
    before = {} if against is None else _before(Path(against), job)
    done = []
    for one in panels(job):
        if said is not None:
            said(f"{one.panel.name}: {one.panel.votes.V:,} votes")
        resample = Resample.of(one.panel.votes.group, draws=draws, seed=seed)
        probed = probes_of(job.source, one.panel) if job.source.is_dir() else None
        notes = one.notes
        other = before.get(one.panel.name)
        if before and other is None:
            notes = (*notes, f"{against} has no votes under {one.panel.name}: nothing to compare")
        parts = themes(one.panel, resample, probed, other)
        done.append(_Audited(one.panel, parts, notes, one.path))
    if not done:
        raise ConfigurationError(
            f"{source} has no votes to audit yet\n  `w2s-judge score` asks the judges"
        )
    return _put_together(job, against, done, contested)


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


def _check(draws: int, seed: int, contested: int) -> None:
    if not 100 <= draws <= MOST_DRAWS:
        raise UsageError(f"--draws {draws}: 100 to {MOST_DRAWS:,}, and 999 are plenty")
    if seed < 0:
        raise UsageError(f"--seed {seed} is negative: give 0 or more")
    if not 0 <= contested <= MOST_CONTESTED:
        raise UsageError(f"--contested {contested}: 0 to {MOST_CONTESTED:,} items")


def _before(against: Path, job: AuditJob) -> dict[str, Panel]:
    """The other run's panels by rubric; without gold, since it is the judges that are compared."""
    other = AuditJob(
        against, None, job.rubric, job.levels, job.repeats, job.seed, remember=False
    )  # fmt: skip
    found = {one.panel.name: one.panel for one in panels(other)}
    if not found:
        raise ConfigurationError(f"{against} has no votes to compare with")
    return found


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
    return RubricAudit(
        panel.name, answer(panel, done.parts, mine, tests, str(job.source)), done.parts,
        panel.judges, panel.votes.I, panel.votes.V, 0 if panel.gold is None else panel.gold.G,
        most_contested(panel, job.source, most), _noted(done.notes),
    )  # fmt: skip


def _noted(notes: tuple[str, ...]) -> tuple[str, ...]:
    """Notes of readers and fits are fragments; here they stand beside sentences."""
    return tuple(note if note.endswith(".") else sentence(note) for note in notes)


def check_targets(page: Path | None, figures: Path | None, source: Path) -> None:
    """Refuse files that cannot be written before anything is computed."""
    for path in (page, figures):
        if path is None:
            continue
        if path.is_dir():
            raise UsageError(f"{path} is a folder: name a file in it")
        if not path.parent.is_dir():
            raise ConfigurationError(f"{path} cannot be written: there is no folder {path.parent}")
        if path.exists() and source.exists() and path.samefile(source):
            raise UsageError(f"{path} is what is read: name another file")
    if page is not None and figures is not None and page == figures:
        raise UsageError("the page and the figures are two files")
