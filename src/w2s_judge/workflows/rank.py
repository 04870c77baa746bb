"""`w2s-judge rank`: responses within an item, and models over items, in order."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from w2s_judge.aggregation.contract import METHODS
from w2s_judge.comparisons import Comparisons
from w2s_judge.datasets.comparison_files import read_comparisons
from w2s_judge.errors import UsageError
from w2s_judge.ranking.contract import RANKERS
from w2s_judge.ranking.rank_ensembles import How
from w2s_judge.ranking.responses import positions
from w2s_judge.registry import unknown
from w2s_judge.sentences import listed
from w2s_judge.store import folder as folders
from w2s_judge.store.run import Run
from w2s_judge.workflows.aggregate import check_target, default_out
from w2s_judge.workflows.authors import Authors
from w2s_judge.workflows.ballots import require_file
from w2s_judge.workflows.boards import Ranked
from w2s_judge.workflows.rank_comparisons import Draws, boards_of_comparisons
from w2s_judge.workflows.rank_record import rank_record
from w2s_judge.workflows.rank_scores import boards_of_scores
from w2s_judge.workflows.records import unfinished
from w2s_judge.workflows.scores import fit_path
from w2s_judge.workflows.verdict_comparisons import comparisons_of
from w2s_judge.workflows.verdict_rows import VerdictRows, verdict_rows
from w2s_judge.workflows.vote_comparisons import compared_by_judges

RANKING = "ranking.jsonl"
WAYS: tuple[How, ...] = get_args(How)
MOST_DRAWS = 100_000
DEFAULT = "bradley-terry"  # for comparisons, where nobody names a ranker


def rank(
    source: str | Path,
    *,
    method: str | None = None,
    rubric: str | None = None,
    merge: str = "borda",
    draws: int = 200,
    seed: int = 0,
    out: str | Path | None = None,
    write: bool = True,
) -> tuple[Ranked, ...]:
    """Rank the responses of a run, or the objects of a file of comparisons; one result a rubric.

    `method` is a ranker, or for a run also an aggregation method, by default the one that
    `scores.jsonl` was made with. Single responses are ranked by expected utility, pairs by
    Bradley-Terry on the consensus; a ranker takes the judges' votes themselves. `merge` says how
    methods that rank each item by itself come to a ranking of models. Rows go to `out`: by default
    to `ranking.jsonl` in the run folder (`ranking.RUBRIC.jsonl` where one rubric is named), or to
    `NAME.ranking.jsonl` beside the file. `write=False` writes nothing.
    Raises `InputError`, `ConfigurationError` and `UsageError`.
    """
    path = Path(source)
    settings = _settings(draws, seed, merge)
    _check_method(method, of_run=path.is_dir())
    if path.is_dir():
        folders.require(path)
        done = _of_run(path, method, rubric, settings)
        target = _in_run(path, rubric) if out is None else Path(out)
    else:
        require_file(path)
        if rubric is not None:
            raise UsageError("--rubric is for a run folder: a file of comparisons has none")
        done = (_of_file(path, method or DEFAULT, settings),)
        target = default_out(path, "ranking") if out is None else Path(out)
    if not write:
        return done
    check_target(target, path, None)
    _write(target, done)
    return tuple(replace(one, path=target) for one in done)


def _in_run(folder: Path, rubric: str | None) -> Path:
    """One rubric alone does not take the place of a file of all."""
    return folder / (RANKING if rubric is None else f"ranking.{rubric}.jsonl")


def _settings(draws: int, seed: int, merge: str) -> Draws:
    if draws < 2:
        raise UsageError(f"--draws {draws}: an interval takes 2 draws at least, better 200")
    if draws > MOST_DRAWS:
        raise UsageError(f"--draws {draws}: {MOST_DRAWS:,} are the most, and 1,000 are plenty")
    if seed < 0:
        raise UsageError(f"--seed {seed} is negative: give 0 or more")
    return Draws(draws, seed, _merge(merge))


def _check_method(method: str | None, *, of_run: bool) -> None:
    known = (*RANKERS.names(), *(METHODS.names() if of_run else ()))
    if method is not None and method not in known:
        raise UsageError(unknown("method", method, known))


def _merge(name: str) -> How:
    for how in WAYS:
        if how == name:
            return how
    raise UsageError(unknown("way to merge rankings", name, WAYS))


@dataclass(frozen=True, slots=True)
class _Way:
    """Which ranker ranks comparisons, what its rows are called, and what the user asked for."""

    ranker: str
    called: str
    asked_for: str | None


def _of_file(path: Path, method: str, settings: Draws) -> Ranked:
    read = read_comparisons(path)
    way = _Way(method, method, method)
    return _compared(None, read.comparisons, None, way, settings, read.notes)


def _of_run(
    folder: Path, method: str | None, rubric: str | None, settings: Draws
) -> tuple[Ranked, ...]:
    with closing(Run(folder)) as run:
        rubrics = run.rubrics if rubric is None else (run.asked(rubric).name,)
        authors = Authors(folder, run.models())
        if not rubrics:
            raise UsageError(f"{folder} has no votes yet: `w2s-judge score` asks for them")
        told = unfinished(run.manifest)
        found = [
            _by_ranker(run, name, authors, method, settings)
            if method is not None and method in RANKERS.names()
            else _by_verdicts(verdict_rows(folder, name, method), authors, method, settings)
            for name in rubrics
        ]
    return tuple(
        replace(one, record={**one.record, "notes": [*one.record["notes"], *told]}) for one in found
    )


def _by_verdicts(
    verdicts: VerdictRows, authors: Authors, method: str | None, settings: Draws
) -> Ranked:
    by = _by_scores if verdicts.asked.arity == 1 else _by_consensus
    return by(verdicts, authors, method, settings)


def _by_ranker(run: Run, rubric: str, authors: Authors, method: str, settings: Draws) -> Ranked:
    """A ranker on the judges' own votes."""
    made = compared_by_judges(run, run.asked(rubric))
    way = _Way(method, method, method)
    return _compared(rubric, made, _names(made, authors), way, settings, ())


def _by_scores(
    verdicts: VerdictRows, authors: Authors, asked_for: str | None, settings: Draws
) -> Ranked:
    """Single responses by the utility that the consensus gives them."""
    name, method = verdicts.asked.name, verdicts.method
    boards, notes = boards_of_scores(
        verdicts.rows(), authors, method, settings.draws, settings.seed
    )
    record = rank_record(name, method, asked_for, None, [], notes, settings)
    return Ranked(name, method, tuple(boards), record)


def _by_consensus(
    verdicts: VerdictRows, authors: Authors, asked_for: str | None, settings: Draws
) -> Ranked:
    """Bradley-Terry on the consensus of each pair, in the judges' place."""
    made = comparisons_of(verdicts.rows(), verdicts.asked.classes, verdicts.asked.worth)
    way = _Way(DEFAULT, f"{verdicts.method}+{DEFAULT}", asked_for)
    notes = [f"each pair counts once, by the consensus of {verdicts.method} on it"]
    only_rank = sum(
        row["mass"] is not None and row["calibration"] == "uncalibrated" for row in verdicts.rows()
    )
    if only_rank:
        some = f"{only_rank:,} of {made.M:,} pairs have" if only_rank < made.M else "all pairs have"
        notes.append(
            f"{some} only votes that rank: which response these put first counts, how far ahead "
            "is no probability"
        )
    return _compared(verdicts.asked.name, made, _names(made, authors), way, settings, notes)


def _names(comparisons: Comparisons, authors: Authors) -> list[str | None]:
    """(N,) the model behind each response."""
    return [
        authors.of(comparisons.questions[q], place)
        for q, place in zip(
            comparisons.question.tolist(), positions(comparisons).tolist(), strict=True
        )
    ]


def _compared(
    rubric: str | None,
    comparisons: Comparisons,
    names: Sequence[str | None] | None,
    way: _Way,
    settings: Draws,
    notes: Sequence[str],
) -> Ranked:
    if not comparisons.M:
        raise UsageError(
            f"{rubric or 'the file'}: there is no comparison to rank by: items need two responses "
            "that one judge has rated, or that were compared"
        )
    ranker = RANKERS.get(way.ranker)
    boards, rankings = boards_of_comparisons(comparisons, names, ranker, settings)
    boards = [replace(b, ranking=replace(b.ranking, method=way.called)) for b in boards]
    said = [*notes, *_said_of(comparisons)]
    record = rank_record(rubric, way.called, way.asked_for, comparisons, rankings, said, settings)
    return Ranked(rubric, way.called, tuple(boards), record)


def _said_of(comparisons: Comparisons) -> Iterator[str]:
    unsure = comparisons.uncalibrated
    if unsure is not None and unsure.any():
        ranking = [n for n, only in zip(comparisons.raters, unsure, strict=True) if only]
        yield (
            f"the votes of {listed(ranking)} only rank: which response they put first counts, how "
            "far ahead is no probability"
        )


def _write(path: Path, done: tuple[Ranked, ...]) -> None:
    with folders.replaced(fit_path(path)) as fit, folders.replaced(path) as file:
        json.dump([one.record for one in done], fit, indent=2, ensure_ascii=False, allow_nan=False)
        fit.write("\n")
        for one in done:
            for row in one.rows():
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
