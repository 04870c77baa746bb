"""The end of `score`: each rubric's votes aggregated, as the last `aggregate` of this run was.

Above `WHOLE` judged responses the votes are not held in memory: the scores are then the plain mean,
block by block, and the summary says so.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from w2s_judge.aggregation.mean import Mean
from w2s_judge.aggregation.normal_scores import NormalScores
from w2s_judge.errors import W2SJudgeError
from w2s_judge.store import manifest as manifests
from w2s_judge.store.matrices import CHUNK, blocks, judged, ranking_masses
from w2s_judge.store.reading import Asked
from w2s_judge.workflows.after_cascade import CASCADE, uneven
from w2s_judge.workflows.aggregated import Aggregated
from w2s_judge.workflows.gold import GoldFile, rubrics_with_gold
from w2s_judge.workflows.run_consensus import Remembered, again, plainly
from w2s_judge.workflows.scores import (
    RUN_KEYS,
    Counts,
    consensus_path,
    counted,
    gather_scores,
    with_details,
    write_consensus,
)
from w2s_judge.workflows.verdicts import verdicts

WHOLE = 50_000
STREAMED = "mean"
End = Callable[[sqlite3.Connection, Path], Aggregated]
UNHELD = "the plain mean, block by block: so many votes are not held in memory by `score`"


@dataclass(frozen=True, slots=True)
class Choice:
    """How `score` aggregates at its end; None goes on as the run's last aggregation did.

    `rubrics` are those that the gold may be about: the ones of this command. `ends` are rubrics
    whose consensus is a cascade's, by what writes it into the run.
    """

    method: str | None = None
    gold: GoldFile | None = None
    rubrics: tuple[str, ...] = ()
    ends: Mapping[str, End] = field(default_factory=dict)


def rescore(db: sqlite3.Connection, folder: Path, choice: Choice) -> dict[str, dict[str, Any]]:
    """Write each rubric's consensus and `scores.jsonl`; counts for the summary, by rubric."""
    manifest = manifests.load(db)
    told: dict[str, dict[str, Any]] = {}
    kept: dict[str, dict[str, Any]] = {}
    gone: list[str] = []
    for name, record in manifest["rubrics"].items():
        asked = Asked.recorded(name, record)
        before = Remembered.of(manifest.get("consensus", {}).get(name))
        size = judged(db, asked)
        if not size:
            gone.append(name)
            told[name] = _told(Counts().told(asked.classes))
        elif (word := _stays(db, folder, name, choice, before)) is not None:
            # Its record stays, too: with the state of the votes that its rows were made of.
            counts = counted(folder / before.file)
            told[name] = _told(counts.told(asked.classes), warning=word)
        elif size > WHOLE and name not in choice.ends:
            path = consensus_path(folder, name, STREAMED)
            rows = with_details(_streamed(db, asked, before), db, asked)
            record = {"method": STREAMED, "rubric": name, "notes": [UNHELD]}
            counts = write_consensus(path, rows, RUN_KEYS, record)
            kept[name] = asdict(replace(before, file=str(path.relative_to(folder))))
            warning = _unfollowed(name, choice, before)
            told[name] = _told(counts.told(asked.classes), streamed=size, warning=warning)
        else:
            done, warning = _aggregated(db, folder, name, choice, before)
            # What could not be followed this time is not forgotten.
            followed = warning is None
            kept[name] = done.kept if followed else asdict(replace(before, file=done.kept["file"]))
            told[name] = _told(done.counts, aggregated=done.told(), warning=warning)
    gather_scores(db, folder, kept, gone)
    return told


def _stays(
    db: sqlite3.Connection, folder: Path, name: str, choice: Choice, before: Remembered
) -> str | None:
    """Why a rubric keeps the scores of its cascade; None where it has none, or they are made anew.

    A plain aggregation would promise what it cannot keep on votes that are a cascade's.
    """
    own = consensus_path(folder, name, CASCADE)
    if name in choice.ends or folder / before.file != own or not own.is_file():
        return None
    if name not in choice.rubrics:
        return f"{name} keeps the scores of its cascade: this command did not ask it"
    if not uneven(db, folder, name):
        return None
    aside = " (also --method and --gold of this command)" if choice.method or choice.gold else ""
    return (
        f"{name} keeps the scores of its cascade: not every judge has an answer about everything "
        f"yet, and on such votes gold says nothing of the rest. Votes that came since wait{aside}: "
        "the same command goes on until all is asked, `score --cascade` makes the cascade's scores "
        "anew"
    )


def _aggregated(
    db: sqlite3.Connection, folder: Path, name: str, choice: Choice, before: Remembered
) -> tuple[Aggregated, str | None]:
    """As was asked for; where that cannot be done, by `auto` alone, and why.

    The votes are paid for and there: scores are written in any case.
    """
    if name in choice.ends:
        return choice.ends[name](db, folder), None
    method = choice.method if name in choice.rubrics else None
    try:
        labels = choice.gold
        if labels is not None and name not in rubrics_with_gold(labels, choice.rubrics):
            labels = None
        return again(db, folder, name, before, method, labels), None
    except W2SJudgeError as error:
        why = f"{name} was scored by `auto` without gold, since: {error}"
        if before.max_error is not None:
            why += "\n  no label is claimed, for the promise of few errors cannot be checked"
    try:
        return plainly(db, folder, name, before), why
    except W2SJudgeError:  # the prior that is remembered may be of other classes
        return plainly(db, folder, name, before, keep_prior=False), why


def _unfollowed(name: str, choice: Choice, before: Remembered) -> str | None:
    """What the plain mean of a large run leaves aside, None where nothing was asked for."""
    method = choice.method or before.method
    asked = [
        text
        for text, given in (
            (f"the method {method}", method not in ("auto", STREAMED)),
            ("gold labels", choice.gold is not None or before.gold is not None),
            ("the prior", before.prior is not None),
            (
                "the promise of few errors, so that no label is claimed",
                before.max_error is not None,
            ),
        )
        if given
    ]
    return f"{name}: left aside for its size: {', '.join(asked)}" if asked else None


def _told(
    counts: dict[str, Any],
    *,
    streamed: int = 0,
    aggregated: dict[str, Any] | None = None,
    warning: str | None = None,
) -> dict[str, Any]:
    return counts | {"streamed": streamed, "warning": warning, "aggregated": aggregated}


def _streamed(db: sqlite3.Connection, asked: Asked, before: Remembered) -> Iterator[dict[str, Any]]:
    """The plain mean; where an item has only votes that rank, their mean normal score."""
    silent = {"label": None, "dissent": None} if before.max_error is not None else {}
    for row in _means(db, asked):
        yield row | silent


def _means(db: sqlite3.Connection, asked: Asked) -> Iterator[dict[str, Any]]:
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
