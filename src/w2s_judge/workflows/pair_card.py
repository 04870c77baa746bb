"""What the card of a data set says of how it was made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from w2s_judge import __version__
from w2s_judge.preferences.card_facts import (
    CardFacts,
    CheckFact,
    FileFact,
    JudgeFact,
    NoiseRate,
    RubricFact,
)
from w2s_judge.preferences.contract import PairWriter
from w2s_judge.preferences.files import DatasetFiles
from w2s_judge.preferences.noise import Noise, unchecked_noise
from w2s_judge.store.run import Run
from w2s_judge.workflows.pair_choice import PairsJob
from w2s_judge.workflows.pair_lessons import Lesson
from w2s_judge.workflows.pair_tally import Checked, Tally
from w2s_judge.workflows.pair_votes import PairVotes
from w2s_judge.workflows.pair_writing import Plan
from w2s_judge.workflows.records import unfinished

COVERAGE = 0.95
DIGITS = 6


def card_facts(
    job: PairsJob,
    opened: PairVotes,
    plan: Plan,
    tally: Tally,
    files: DatasetFiles,
    checked: Checked | None,
) -> CardFacts:
    """The facts; names from files are made harmless where they are written."""
    learned = plan.lesson
    with closing(Run(job.run)) as run:
        manifest = run.manifest
    made_of_pairs = isinstance(plan.writes, PairWriter)
    return CardFacts(
        made_by=f"w2s-judge {__version__}",
        source=job.run.name,
        format=job.format,
        reads=job.writer.summary,
        kind="pairs" if made_of_pairs else "responses",
        style=job.style,
        meta=job.meta,
        files=tuple(
            FileFact(side, name, files.rows[side], tally.prompts_of[side])
            for side, name in files.names()
        ),
        judges=_judges(manifest, plan),
        rubrics=_rubrics(opened, plan),
        strategy=plan.wish.strategy or "every response that is surely good or bad",
        thresholds=_thresholds(job, learned),
        resample=job.resample,
        validation_share=job.validation,
        seed=job.seed,
        prompts=tally.prompts,
        candidates=tally.candidates,
        kept=tally.kept,
        dropped=tuple(tally.reasons()),
        noise=_noise(learned, tally),
        lengths=tally.lengths.balance() if made_of_pairs and tally.lengths.pairs else None,
        notes=_notes(opened, plan, tally, manifest),
        by_gold=tally.by_gold,
        fingerprint=files.fingerprint(),
        checked=None if checked is None else _checked(checked),
        origins=_origins(job, opened, manifest),
    )


def _judges(manifest: Mapping[str, Any], plan: Plan) -> tuple[JudgeFact, ...]:
    panel = {one["name"]: one for one in manifest.get("panel", ())}
    told = [(name, panel.get(name, {})) for name in plan.judges]
    return tuple(JudgeFact(name, one.get("model"), one.get("family")) for name, one in told)


def _rubrics(opened: PairVotes, plan: Plan) -> tuple[RubricFact, ...]:
    used = [
        RubricFact(
            name, "utility", plan.method, plan.calibration,
            _labels(opened, name),
        )
        for name in opened.rule.utilities
    ]  # fmt: skip
    vetoes = [
        RubricFact(
            name, f"veto below {least:g}", opened.rows[name].method,
            f"consensus: {opened.rows[name].calibration}", _labels(opened, name),
        )
        for name, least in opened.rule.vetoes
    ]  # fmt: skip
    return (*used, *vetoes)


def _labels(opened: PairVotes, name: str) -> int:
    return len(opened.gold[name].utility) if name in opened.gold else 0


def _thresholds(job: PairsJob, learned: Lesson) -> tuple[tuple[str, str], ...]:
    bars = learned.bars
    told = [("min-p", "none keeps max-error" if bars.min_p is None else f"{bars.min_p:.6g}")]
    if isinstance(job.writer.writes, PairWriter):
        told.append(("max-tie", f"{bars.max_tie:g}"))
    if job.max_error is not None:
        told += [("max-error", f"{job.max_error:g}"), ("confidence", f"{job.confidence:g}")]
    return tuple(told)


def _noise(learned: Lesson, tally: Tally) -> NoiseRate | str:
    found = learned.noise
    if found is not None and found.low is not None and found.high is not None:
        return NoiseRate(found.share, found.low, found.high, COVERAGE, _source(found))
    if not tally.kept:
        return "nothing was written"
    if not tally.passed:
        return "all that was written is what human labels say"
    why = "no gold pair is above the bars" if learned.tried else "there is no gold, or too little"
    own = unchecked_noise(tally.total, tally.passed, why)
    return f"{own.share:.1%} are wrong {own.source}"


def _source(found: Noise) -> str:
    ties = f"; {found.tied:.1%} of them ties" if found.tied else ""
    level = f"; {found.level} more are of one gold class and not counted" if found.level else ""
    return f"{found.pairs} {found.source} ({found.prompts} prompts){ties}{level}"


def _checked(checked: Checked) -> CheckFact:
    right = checked.right
    if right is None:
        return CheckFact(None, None, None, 0, 0, checked.level, checked.used)
    share, low, high = (round(value, DIGITS) for value in (right.value, right.low, right.high))
    return CheckFact(share, low, high, right.n, right.groups, checked.level, checked.used)


def _origins(
    job: PairsJob, opened: PairVotes, manifest: Mapping[str, Any]
) -> tuple[tuple[str, str], ...]:
    """What the rows come from, so that somebody else can tell whether it is the same."""
    told = []
    if "sha256" in manifest.get("input", {}):
        told.append(("input, sha256", str(manifest["input"]["sha256"])))
    told += [(f"rubric {name}", asked.hash) for name, asked in opened.asked.items()]
    files = [("gold", job.gold), ("check", job.check)]
    own = {rows.before.gold for rows in opened.rows.values()}
    files += [("gold of the scores", Path(path)) for path in sorted(filter(None, own))]
    for what, path in files:
        if path is not None and path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            told.append((f"{what}: {path.name}, sha256", digest))
    return tuple(told)


def _notes(
    opened: PairVotes, plan: Plan, tally: Tally, manifest: Mapping[str, Any]
) -> tuple[str, ...]:
    learned = plan.lesson
    told = learned.notes if opened.ties_tell else [n for n in learned.notes if n[:5] != "ties:"]
    notes = [*told, *(note for one in opened.gold.values() for note in one.notes)]
    if len(opened.gold) > 1:  # what is for another rubric is used there
        notes = [note for note in notes if not note.endswith("are for other rubrics")]
    if learned.pairs:
        what = "pairs" if isinstance(plan.writes, PairWriter) else "responses"
        notes.append(f"gold {what} that the strategy draws, with gold unseen: {learned.pairs}")
        if not opened.ties_tell:
            notes.append(
                "gold has fewer classes than the votes have labels: two responses of one class may "
                "still differ, so that such pairs teach nothing of p or of ties"
            )
    if tally.turned:
        notes.append(f"{tally.turned:,} rows were turned round by --resample flip")
    return tuple(dict.fromkeys([*notes, *unfinished(manifest)]))
