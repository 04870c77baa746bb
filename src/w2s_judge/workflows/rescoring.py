"""The end of `score`: each rubric's votes aggregated, as the last `aggregate` of this run was.

Above `WHOLE` judged responses the votes are not held in memory: the scores are then the plain mean,
block by block, and the summary says so.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from w2s_judge.aggregation.mean import Mean
from w2s_judge.aggregation.normal_scores import NormalScores
from w2s_judge.store import manifest as manifests
from w2s_judge.store.matrices import CHUNK, blocks, judged, ranking_masses
from w2s_judge.store.reading import Asked
from w2s_judge.workflows.aggregate import into_run
from w2s_judge.workflows.ballots import Wanted, ballots
from w2s_judge.workflows.conclude import Aim
from w2s_judge.workflows.scores import (
    RUN_KEYS,
    Counts,
    consensus_path,
    gather_scores,
    with_details,
    write_rows,
)
from w2s_judge.workflows.verdicts import verdicts

WHOLE = 50_000
STREAMED = "mean"


@dataclass(frozen=True, slots=True)
class Choice:
    """How `score` aggregates at its end; None goes on as the run's last aggregation did."""

    method: str | None = None
    gold: Path | None = None


def rescore(db: sqlite3.Connection, folder: Path, choice: Choice) -> dict[str, dict[str, Any]]:
    """Write each rubric's consensus and `scores.jsonl`; counts for the summary, by rubric."""
    manifest = manifests.load(db)
    told: dict[str, dict[str, Any]] = {}
    kept: dict[str, dict[str, Any]] = {}
    for name, record in manifest["rubrics"].items():
        asked = Asked.recorded(name, record)
        size = judged(db, asked)
        if size > WHOLE:
            path = consensus_path(folder, name, STREAMED)
            counts = write_rows(path, with_details(_streamed(db, asked), db, asked), RUN_KEYS)
            kept[name] = {"file": str(path.relative_to(folder)), "method": STREAMED}
            told[name] = counts.told(asked.classes) | {"streamed": size, "aggregated": None}
            continue
        before = manifest.get("consensus", {}).get(name, {})
        done = _aggregated(db, folder, name, choice, before) if size else None
        if done is None:
            told[name] = Counts().told(asked.classes) | {"streamed": 0, "aggregated": None}
            continue
        kept[name] = done.kept
        told[name] = done.counts | {"streamed": 0, "aggregated": done.told()}
    gather_scores(db, folder, kept)
    return told


def _aggregated(
    db: sqlite3.Connection, folder: Path, name: str, choice: Choice, before: Mapping[str, Any]
) -> Any:
    labels = choice.gold
    if labels is None and before.get("gold") and Path(before["gold"]).is_file():
        labels = Path(before["gold"])
    # What was streamed for its size is no choice of the user's.
    method = choice.method or (before.get("method") if "prior" in before else None) or "auto"
    prior = tuple((before.get("prior") or {}).items())
    (ballot,) = ballots(Wanted(folder, name, prior))
    return into_run(db, folder, ballot, labels, Aim(method))


def _streamed(db: sqlite3.Connection, asked: Asked) -> Iterator[dict[str, Any]]:
    """The plain mean; where an item has only votes that rank, their mean normal score."""
    ranks = NormalScores(ranking_masses(db, asked))
    for block in blocks(db, asked, CHUNK):
        votes = block.votes
        ranking = votes.uncalibrated
        if ranking is None or not ranking.any():
            yield from verdicts(votes, Mean(scale=None)(votes), asked.worth)
            continue
        only = ranking[votes.rater]
        mean, ranked = Mean(scale=None)(votes.only(~only)), ranks(votes.only(only))
        yield from verdicts(votes, mean, asked.worth, ranked=ranked)
