"""`w2s-judge aggregate`: votes in, consensus out, beside majority and the best single judge."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from w2s_judge.aggregation.normal_scores import NormalScores
from w2s_judge.consensus import Consensus
from w2s_judge.errors import UsageError
from w2s_judge.gold import Gold
from w2s_judge.store import folder as folders
from w2s_judge.store import manifest as manifests
from w2s_judge.store.reading import Asked, evenly
from w2s_judge.store.schema import connect
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.ballots import Ballot, Repeats, Wanted, ballots, parse_prior
from w2s_judge.workflows.conclude import Aim, conclude
from w2s_judge.workflows.fit_record import fit_record
from w2s_judge.workflows.gold import matched
from w2s_judge.workflows.scores import (
    FILE_KEYS,
    RUN_KEYS,
    consensus_path,
    gather_scores,
    with_details,
    write_rows,
)
from w2s_judge.workflows.verdicts import verdicts


@dataclass(frozen=True, eq=False, slots=True)
class Aggregated:
    """One rubric's votes and what came of them; `record` is what `.fit.json` holds.

    `path` is the file of rows, None where none was written; `counts` are its labels; `kept` is what
    a run remembers of it.
    """

    rubric: str | None
    votes: VoteMatrix
    gold: Gold | None
    consensus: Consensus
    record: dict[str, Any]
    path: Path | None = None
    counts: dict[str, Any] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def exports(self) -> bool:
        """Whether any label is claimed: not where no threshold keeps `--max-error`."""
        selection = self.record["selection"]
        return selection is None or selection["threshold"] is not None

    def told(self) -> dict[str, Any]:
        """As `aggregate --json` prints it."""
        written = None if self.path is None else str(self.path)
        fit = None if self.path is None else str(fit_path(self.path))
        unclaimed = {"rows": 0, "labels": {}, "no_label": self.votes.I}
        return {**unclaimed, **self.counts, **self.record, "path": written, "fit_path": fit}


def aggregate(
    source: str | Path,
    *,
    method: str = "auto",
    gold: str | Path | None = None,
    prior: Mapping[str, float] | str | None = None,
    levels: str | None = None,
    rubric: str | None = None,
    repeats: Repeats = "refuse",
    out: str | Path | None = None,
    max_error: float | None = None,
    confidence: float = 0.9,
    seed: int = 0,
    write: bool = True,
) -> tuple[Aggregated, ...]:
    """Aggregate a run folder or a file of votes; one result a rubric.

    For a run the rows go to `consensus/RUBRIC.METHOD.jsonl` in it and `scores.jsonl` is rewritten;
    for a file they go to `out` (default: the file's name with .consensus.jsonl). `write=False`
    writes nothing. Raises `InputError`, `ConfigurationError` and `UsageError`.
    """
    given = parse_prior(prior) if prior is None or isinstance(prior, str) else tuple(prior.items())
    wanted = Wanted(Path(source), rubric, given, levels, repeats)
    aim = Aim(method, max_error, confidence, seed)
    labels = None if gold is None else Path(gold)
    if not wanted.is_run:
        (ballot,) = ballots(wanted)
        target = Path(out) if out is not None else default_out(wanted.source)
        return (_of_file(ballot, labels, aim, target if write else None),)
    if out is not None:
        raise UsageError("a run's consensus goes into the run folder: leave -o out")
    if not write:
        return tuple(_concluded(ballot, labels, aim, str(source)) for ballot in ballots(wanted))
    with folders.held(wanted.source), closing(connect(wanted.source / folders.DATABASE)) as db:
        done = tuple(into_run(db, wanted.source, ballot, labels, aim) for ballot in ballots(wanted))
        gather_scores(db, wanted.source, {one.rubric or "": one.kept for one in done if one.path})
    return done


def into_run(
    db: sqlite3.Connection, folder: Path, ballot: Ballot, labels: Path | None, aim: Aim
) -> Aggregated:
    """Aggregate one rubric of a run and write its consensus and its fit into the folder."""
    done = _concluded(ballot, labels, aim, str(folder))
    if not done.exports:
        return done
    name = ballot.rubric or ""
    asked = Asked.recorded(name, manifests.load(db)["rubrics"][name])
    path = consensus_path(folder, name, aim.method)
    counts = write_rows(path, with_details(_rows(ballot, done), db, asked), RUN_KEYS)
    folders.write_json(fit_path(path), done.record)
    kept = {
        "file": str(path.relative_to(folder)),
        "method": aim.method,
        "gold": None if labels is None else str(labels.resolve()),
        "prior": _given_prior(ballot),
    }
    return replace(done, path=path, kept=kept, counts=counts.told(done.consensus.classes))


def _given_prior(ballot: Ballot) -> dict[str, float] | None:
    truth = ballot.votes.truth
    if truth is None or truth.prior is None:
        return None
    return dict(zip(truth.classes, truth.prior, strict=True))


def _of_file(ballot: Ballot, labels: Path | None, aim: Aim, out: Path | None) -> Aggregated:
    done = _concluded(ballot, labels, aim, None)
    if out is None or not done.exports:
        return done
    counts = write_rows(out, _rows(ballot, done), FILE_KEYS)
    folders.write_json(fit_path(out), done.record)
    return replace(done, path=out, counts=counts.told(done.consensus.classes))


def _concluded(ballot: Ballot, labels: Path | None, aim: Aim, run: str | None) -> Aggregated:
    match = None if labels is None else matched(labels, ballot)
    gold = None if match is None else match.gold
    conclusion = conclude(ballot.votes, gold, aim)
    record = fit_record(ballot, conclusion, match, aim, run)
    return Aggregated(ballot.rubric, ballot.votes, gold, conclusion.consensus, record)


def _rows(ballot: Ballot, done: Aggregated) -> Iterator[dict[str, Any]]:
    """The verdicts; an item that has only votes that rank is told by their mean normal score."""
    votes, ranked = ballot.votes, None
    if votes.uncalibrated is not None and votes.uncalibrated.any():
        ranked = NormalScores()(votes.only(votes.uncalibrated[votes.rater]))
    worth = ballot.worth
    if worth is not None and len(worth) != len(done.consensus.classes):
        worth = evenly(len(done.consensus.classes))
    return verdicts(votes, done.consensus, worth, done.gold, ranked)


def default_out(source: Path) -> Path:
    """`votes.csv.gz` gives `votes.consensus.jsonl` beside it."""
    return source.with_name(f"{source.name.split('.')[0]}.consensus.jsonl")


def fit_path(rows: Path) -> Path:
    """`x.jsonl` gives `x.fit.json`."""
    name = rows.name.removesuffix(".jsonl")
    return rows.with_name(f"{name}.fit.json")
