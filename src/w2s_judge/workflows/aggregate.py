"""`w2s-judge aggregate`: votes in, consensus out, beside majority and the best single judge."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from w2s_judge.aggregation.contract import METHODS
from w2s_judge.aggregation.readings import Assumption
from w2s_judge.errors import ConfigurationError, UsageError
from w2s_judge.store import folder as folders
from w2s_judge.store import manifest as manifests
from w2s_judge.store.schema import connect
from w2s_judge.workflows.after_cascade import caution, check_promise
from w2s_judge.workflows.aggregated import Aggregated, concluded
from w2s_judge.workflows.ballots import (
    Ballot,
    Repeats,
    Wanted,
    ballots,
    checked_prior,
    parse_prior,
    require_file,
)
from w2s_judge.workflows.conclude import Aim
from w2s_judge.workflows.gold import GoldFile, path_of, rubrics_with_gold
from w2s_judge.workflows.run_consensus import Remembered, into_run, label_command
from w2s_judge.workflows.scores import (
    FILE_KEYS,
    fit_path,
    gather_scores,
    require_gathered,
    write_consensus,
)

PACKED = (".gz", ".zst")
ENDINGS = (".csv", ".tsv", ".jsonl", ".json", ".parquet", *PACKED)


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
    sources: Assumption | None = None,
    write: bool = True,
) -> tuple[Aggregated, ...]:
    """Aggregate a run folder or a file of votes; one result a rubric.

    For a run the rows go to `consensus/RUBRIC.METHOD.jsonl` in it and `scores.jsonl` is rewritten;
    for a file they go to `out` (default: the file's name with .consensus.jsonl). `sources`
    ("clusters", "families", "apart") says which judges are one source, for `auto` and `one-source`.
    `write=False` writes nothing. Raises `InputError`, `ConfigurationError` and `UsageError`.
    """
    if not isinstance(method, str):
        raise UsageError(
            "method is a name, such as 'dawid-skene'; one with settings of your own is called "
            "itself: DawidSkene(smoothing=1)(votes, gold)"
        )
    if not (prior is None or isinstance(prior, (str, Mapping))):
        raise UsageError(
            "prior is a mapping of classes to shares, or text such as 'ok=0.5,bad=0.5'"
        )
    pairs = (
        [(str(name), share) for name, share in prior.items()] if isinstance(prior, Mapping) else ()
    )
    named = tuple(pairs) or parse_prior(prior if isinstance(prior, str) else None)
    wanted = Wanted(Path(source), rubric, checked_prior(named), levels, repeats)
    aim = Aim(method, max_error, confidence, seed, sources)
    labels = None if gold is None else GoldFile.read(Path(gold))
    if wanted.is_run:
        if out is not None:
            raise UsageError("a run's consensus goes into the run folder: leave -o out")
        return _of_run(wanted, labels, aim, write=write)
    target = None
    if write:
        require_file(wanted.source)
        target = Path(out) if out is not None else default_out(wanted.source)
        check_target(target, wanted.source, None if labels is None else labels.path)
    (ballot,) = ballots(wanted)
    return (_of_file(ballot, labels, aim, target),)


def _of_run(
    wanted: Wanted, labels: GoldFile | None, aim: Aim, *, write: bool
) -> tuple[Aggregated, ...]:
    folder = wanted.source
    folders.require(folder)
    with closing(connect(folder / folders.DATABASE, read_only=True)) as db:
        manifest = manifests.load(db)
        asked = tuple(manifest.get("rubrics", {})) if wanted.rubric is None else (wanted.rubric,)
        first = {}
        for name in asked:
            check_promise(db, folder, name, aim.max_error)
            first[name] = caution(db, folder, name, gold=labels is not None)
    known = frozenset(asked) if labels is None else rubrics_with_gold(labels, asked)
    bare = sorted(set(asked) - known)
    if bare and (aim.max_error is not None or METHODS.get(aim.method).needs_gold):
        raise UsageError(
            f"gold has no labels for {', '.join(bare)}, and this needs them: pick a rubric that "
            f"has some with --rubric ({', '.join(sorted(known))})"
        )
    files = {name: labels if name in known else None for name in asked}
    # All is computed before anything is written.
    cautioned = (
        replace(ballot, notes=(*first[ballot.rubric or ""], *ballot.notes))
        for ballot in ballots(wanted)
    )
    done = tuple(
        _concluded(folder, ballot, files[ballot.rubric or ""], aim, manifest)
        for ballot in cautioned
    )
    if not write:
        return done
    with folders.held(folder), closing(connect(folder / folders.DATABASE)) as db:
        require_gathered(folder, manifest, asked)
        done = tuple(into_run(db, folder, one, files[one.rubric or ""], aim) for one in done)
        gather_scores(db, folder, {one.rubric or "": one.kept for one in done})
    return done


def _concluded(
    folder: Path, ballot: Ballot, labels: GoldFile | None, aim: Aim, manifest: Mapping[str, Any]
) -> Aggregated:
    """Aggregate a rubric; say where labels that were used before are not used now."""
    name = ballot.rubric or ""
    done = concluded(ballot, labels, aim, label_command(folder, name, path_of(labels)))
    was = Remembered.of(manifest.get("consensus", {}).get(name))
    if was.gold is None or labels is not None:
        return done
    note = f"the aggregation before this one used the gold labels of {was.gold}; this one has none"
    return replace(done, record={**done.record, "notes": [*done.record["notes"], note]})


def _of_file(ballot: Ballot, labels: GoldFile | None, aim: Aim, out: Path | None) -> Aggregated:
    done = concluded(ballot, labels, aim, None)
    if out is None:
        return done
    counts = write_consensus(out, done.rows(), FILE_KEYS, done.record)
    return replace(done, path=out, counts=counts.told(done.consensus.classes))


def check_target(out: Path, source: Path, labels: Path | None) -> None:
    """Refuse a file that cannot take the rows, or that holds something else."""
    if out.suffix != ".jsonl":
        raise UsageError(f"{out}: the rows are JSON lines, name a file that ends in .jsonl")
    if not out.parent.is_dir():
        raise ConfigurationError(f"{out} cannot be written: there is no folder {out.parent}")
    for path in (out, fit_path(out)):
        if path.exists() and not path.is_file():
            raise ConfigurationError(f"{path} is there and is no file: name another with -o")
        for given in (source, labels):
            if given is not None and given.exists() and path.exists() and path.samefile(given):
                raise UsageError(f"{path} is what is read: name another file with -o")


def default_out(source: Path, what: str = "consensus") -> Path:
    """`votes.csv.gz` gives `votes.consensus.jsonl` beside it."""
    name = source.name
    for _ in range(2):
        stem, dot, ending = name.rpartition(".")
        if stem and f"{dot}{ending}" in ENDINGS:
            name = stem
    return source.with_name(f"{name}.{what}.jsonl")
