"""What the card of a data set says of how it was made."""

from __future__ import annotations

from contextlib import closing

from w2s_judge import __version__
from w2s_judge.preferences.card_facts import (
    CardFacts,
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
from w2s_judge.workflows.pair_votes import PairVotes
from w2s_judge.workflows.pair_writing import Plan, Tally, reasons

COVERAGE = 0.95


def card_facts(
    job: PairsJob,
    opened: PairVotes,
    plan: Plan,
    tally: Tally,
    files: DatasetFiles,
    learned: Lesson,
) -> CardFacts:
    """The facts; names from files are made harmless where they are written."""
    made_of_pairs = isinstance(plan.writes, PairWriter)
    return CardFacts(
        made_by=f"w2s-judge {__version__}",
        source=job.run.name,
        format=job.format,
        reads=job.writer.summary,
        kind="pairs" if made_of_pairs else "responses",
        style=job.style,
        meta=job.meta,
        files=tuple(FileFact(side, name, files.rows[side]) for side, name in files.names()),
        judges=_judges(job, plan),
        rubrics=_rubrics(opened, plan),
        strategy=plan.wish.strategy or "every response that is surely good or bad",
        thresholds=_thresholds(job, learned),
        resample=job.resample,
        validation_share=job.validation,
        seed=job.seed,
        prompts=tally.prompts,
        candidates=tally.candidates,
        kept=tally.kept,
        dropped=tuple(reasons(tally)),
        noise=_noise(learned, tally),
        lengths=tally.lengths.balance() if made_of_pairs and tally.lengths.pairs else None,
        notes=_notes(opened, plan, tally, learned),
    )


def _judges(job: PairsJob, plan: Plan) -> tuple[JudgeFact, ...]:
    with closing(Run(job.run)) as run:
        panel = {one["name"]: one for one in run.manifest.get("panel", ())}
    told = [(name, panel.get(name, {})) for name in plan.judges]
    return tuple(JudgeFact(name, one.get("model"), one.get("family")) for name, one in told)


def _rubrics(opened: PairVotes, plan: Plan) -> tuple[RubricFact, ...]:
    used = [
        RubricFact(
            name, "utility", plan.method, plan.calibration,
            len(opened.gold[name].utility) if name in opened.gold else 0,
        )
        for name in opened.rule.utilities
    ]  # fmt: skip
    vetoes = [
        RubricFact(name, f"veto below {least:g}", opened.rows[name].method, "as in scores.jsonl")
        for name, least in opened.rule.vetoes
    ]
    return (*used, *vetoes)


def _thresholds(job: PairsJob, learned: Lesson) -> tuple[tuple[str, str], ...]:
    bars = learned.bars
    told = [("min-p", "none keeps max-error" if bars.min_p is None else f"{bars.min_p:.6g}"),
            ("max-tie", f"{bars.max_tie:g}")]  # fmt: skip
    if job.max_error is not None:
        told += [("max-error", f"{job.max_error:g}"), ("confidence", f"{job.confidence:g}")]
    return tuple(told)


def _noise(learned: Lesson, tally: Tally) -> NoiseRate | str:
    found = learned.noise
    if found is not None and found.low is not None and found.high is not None:
        return NoiseRate(found.share, found.low, found.high, COVERAGE, _source(found))
    if not tally.kept:
        return "nothing was written"
    why = "no gold pair is above the bars" if learned.tried else "there is no gold, or too little"
    own = unchecked_noise(tally.total, tally.kept, why)
    return f"{own.share:.1%} {own.source}; no interval, since nothing was checked"


def _source(found: Noise) -> str:
    ties = f", {found.tied:.1%} of them ties" if found.tied else ""
    return f"{found.pairs} {found.source} ({found.prompts} prompts{ties})"


def _notes(opened: PairVotes, plan: Plan, tally: Tally, learned: Lesson) -> tuple[str, ...]:
    told = learned.notes if plan.ties_tell else [n for n in learned.notes if n[:5] != "ties:"]
    notes = [*told, *(note for one in opened.gold.values() for note in one.notes)]
    if learned.pairs:
        notes.append(f"gold pairs that the strategy draws: {learned.pairs}")
    if tally.resampled:
        notes.append(f"{tally.resampled:,} rows were not drawn by --resample")
    if not plan.ties_tell:
        notes.append(
            "gold has fewer classes than the votes have labels: two responses of one class may "
            "still differ, so that such pairs teach nothing of p or of ties, and are not counted"
        )
    return tuple(dict.fromkeys(notes))
