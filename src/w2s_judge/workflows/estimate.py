"""What a run would take, before a call is made: calls, tokens, dollars."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from w2s_judge.judges.contracts import LocalJudge
from w2s_judge.judges.seat import Seat
from w2s_judge.scoring.call import BYTES_PER_TOKEN
from w2s_judge.store import folder as folders
from w2s_judge.store.journal import spent
from w2s_judge.store.probe_votes import calls_for_probes
from w2s_judge.store.schema import connect
from w2s_judge.workflows.before_asking import check_prices
from w2s_judge.workflows.cascade_estimate import cascade_estimate
from w2s_judge.workflows.cascade_setup import check_cascade
from w2s_judge.workflows.choosing import choose_rubrics, seats_at
from w2s_judge.workflows.gold import GoldFile
from w2s_judge.workflows.lengths import answer_tokens, mean_bytes
from w2s_judge.workflows.records import not_asked
from w2s_judge.workflows.score import Job, Prepared, prepare


def estimate(
    path: str | Path, *, panel: str | Path | None = None, rubrics: Sequence[str] = ()
) -> dict[str, Any]:
    """What `score` with the same arguments would take; asks nothing and writes nothing."""
    return estimate_job(Job(Path(path), Path(panel) if panel is not None else None, tuple(rubrics)))


def estimate_job(job: Job) -> dict[str, Any]:
    """Counts by judge, with tokens and dollars guessed from a sample of the questions.

    Nothing is written where the user would find it. Token counts are guesses, a token for every
    four bytes; the budget itself reckons with a token a byte.
    """
    chosen = choose_rubrics(job.rubrics)
    seats, missing = seats_at(job.panel, chosen, allow_import=job.allow_import)
    check_prices(seats, job.budget_usd)
    with tempfile.TemporaryDirectory(prefix="w2s-judge-") as scratch:
        here = replace(job, out=Path(scratch))
        with closing(connect(here.folder / folders.DATABASE)) as db:
            prepared = prepare(here, db, chosen, seats, missing, job.folder)
            sizes = mean_bytes(prepared)
            # What is wrong is told of the folder that the run would have.
            staged = _cascade(job, replace(prepared, job=job), sizes)
    judges = {seat.name: _judge(seat, prepared, sizes) for seat in seats}
    costs = [one["usd"] for one in judges.values()]
    return {
        "input": prepared.input,
        "judges": judges,
        "calls": sum(one["calls"] for one in judges.values()),
        "prompt_tokens": sum(one["prompt_tokens"] for one in judges.values()),
        "completion_tokens": sum(one["completion_tokens"] for one in judges.values()),
        "usd": None if None in costs else sum(costs),
        "left_out": list(missing),
        "not_asked": not_asked(prepared),
        "already_called": calls_before(job.folder),
        "cascade": staged,
    }


def _cascade(job: Job, prepared: Prepared, sizes: Mapping[str, float]) -> dict[str, Any] | None:
    if job.cascade is None:
        return None
    labels = check_cascade(job, None if job.gold is None else GoldFile.read(job.gold))
    return cascade_estimate(prepared, job.cascade, labels, job.folder, sizes)


def calls_before(folder: Path) -> int:
    """Calls that the run folder has made for its votes; answers that it holds are not asked again.

    Those for probes do not count: they answer nothing that `score` asks.
    """
    if not (folder / folders.DATABASE).is_file():
        return 0
    with closing(connect(folder / folders.DATABASE, read_only=True)) as db:
        return max(0, spent(db).calls - calls_for_probes(db))


def _judge(seat: Seat, prepared: Prepared, sizes: Mapping[str, float]) -> dict[str, Any]:
    counts = {name: by[seat.name] for name, by in prepared.plan.by_rubric.items() if by[seat.name]}
    calls = sum(counts.values())
    if isinstance(seat.judge, LocalJudge):
        return {"calls": calls, "prompt_tokens": 0, "completion_tokens": 0, "usd": 0.0}
    prompt = sum(count * sizes[name] for name, count in counts.items()) / BYTES_PER_TOKEN
    each = answer_tokens(seat)
    return {
        "calls": calls,
        "prompt_tokens": round(prompt),
        "completion_tokens": calls * each,
        "usd": seat.price.of(prompt, calls * each, calls),
    }
