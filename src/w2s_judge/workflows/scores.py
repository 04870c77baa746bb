"""The consensus of a run: a file for each rubric and method, and `scores.jsonl` made of them."""

from __future__ import annotations

import itertools
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import Any

from w2s_judge.errors import RunFolderError
from w2s_judge.store import folder as folders
from w2s_judge.store import manifest as manifests
from w2s_judge.store.matrices import CHUNK, blocks, state_of
from w2s_judge.store.reading import Asked

CONSENSUS = "consensus"
FILE_KEYS = ("item", "response", "responses", "label", "mass", "utility", "votes", "gold")
RUN_KEYS = ("item", "response", "responses", "model", "rubric", "label", "mass", "utility", "votes",
        "abstained", "dissent", "method", "calibration", "stage", "gold")  # fmt: skip


@dataclass(slots=True)
class Counts:
    """Rows, labels and calibrations of one rubric, as the summary of `score` tells them."""

    labels: Counter[str | None] = field(default_factory=Counter)
    calibrations: Counter[str] = field(default_factory=Counter)

    def add(self, row: Mapping[str, Any]) -> None:
        """Count one row."""
        self.labels[row["label"]] += 1
        self.calibrations[row["calibration"]] += 1

    def told(self, classes: Iterable[str]) -> dict[str, Any]:
        """As `score --json` prints it."""
        return {
            "rows": self.labels.total(),
            "labels": {name: self.labels[name] for name in classes},
            "no_label": self.labels[None],
            "calibrations": dict(self.calibrations),
        }


def with_details(
    rows: Iterable[dict[str, Any]],
    db: sqlite3.Connection,
    asked: Asked,
    stages: Sequence[int] | None = None,
) -> Iterator[dict[str, Any]]:
    """Verdicts with what the run knows of each response: its model, its abstentions, its rubric.

    `stages` are those of a cascade at which the rows stopped; None: all judges were asked at once.
    """
    at = itertools.repeat(0) if stages is None else iter(stages)
    for row, (models, abstained) in zip(rows, _details(db, asked), strict=True):
        places = row.get("responses", [row.get("response")])
        named = [models[k] for k in places]
        yield row | {
            "model": named[0] if asked.arity == 1 else named,
            "rubric": asked.name,
            "abstained": abstained,
            "stage": next(at),
        }


def _details(db: sqlite3.Connection, asked: Asked) -> Iterator[tuple[list[str | None], int]]:
    for block in blocks(db, asked, CHUNK):
        for models, abstained in zip(block.models, block.abstained, strict=True):
            yield json.loads(models), abstained


def write_consensus(
    path: Path,
    rows: Iterable[Mapping[str, Any]],
    keys: Sequence[str],
    record: Mapping[str, Any],
) -> Counts:
    """Write these keys of the rows as JSON lines, and the record beside them: both or none."""
    counts = Counts()
    if path.parent.name == CONSENSUS:
        path.parent.mkdir(mode=0o700, exist_ok=True)
    with folders.replaced(fit_path(path)) as fit, folders.replaced(path) as file:
        json.dump(record, fit, indent=2, ensure_ascii=False, allow_nan=False)
        fit.write("\n")
        for row in rows:
            counts.add(row)
            told = {key: row[key] for key in keys if key in row}
            file.write(json.dumps(told, ensure_ascii=False) + "\n")
    return counts


def counted(path: Path) -> Counts:
    """The counts of rows that were written before."""
    counts = Counts()
    with path.open(encoding="utf-8") as file:
        for line in file:
            counts.add(json.loads(line))
    return counts


def consensus_path(folder: Path, rubric: str, method: str) -> Path:
    """`consensus/RUBRIC.METHOD.jsonl`."""
    return folder / CONSENSUS / f"{rubric}.{method}.jsonl"


def require_gathered(folder: Path, manifest: Mapping[str, Any], anew: Collection[str]) -> None:
    """The consensus of every rubric that is not made anew must be there: `scores.jsonl` has it."""
    for name, record in manifest.get("consensus", {}).items():
        if name not in anew and not (folder / record["file"]).is_file():
            raise RunFolderError(
                f"{folder / record['file']} is missing, and scores.jsonl is made of it: "
                f"`w2s-judge aggregate {quote(str(folder))} --rubric {name}` makes it again, or "
                "aggregate all"
            )


def gather_scores(
    db: sqlite3.Connection,
    folder: Path,
    chosen: Mapping[str, Mapping[str, Any]],
    gone: Collection[str] = (),
) -> None:
    """Make `scores.jsonl` of the chosen consensus of each rubric, and remember which was chosen.

    `chosen` maps a rubric to its record: the `file` in the folder, the method, gold and prior; it
    is kept with the state of the votes. `gone` are rubrics under which nothing is judged any more.
    """
    manifest = manifests.load(db)
    rubrics = manifest.get("rubrics", {})
    dated = {
        name: {**record, "state": state_of(db, Asked.recorded(name, rubrics[name]))}
        for name, record in chosen.items()
    }
    known = {**manifest.get("consensus", {}), **dated}
    current = {name: known[name] for name in rubrics if name in known and name not in gone}
    with folders.replaced(folder / folders.SCORES) as file:
        for record in current.values():
            with (folder / record["file"]).open(encoding="utf-8") as rows:
                shutil.copyfileobj(rows, file)
    manifests.save(db, folder, {**manifest, "consensus": current})


def fit_path(rows: Path) -> Path:
    """`x.jsonl` gives `x.fit.json`."""
    name = rows.name.removesuffix(".jsonl")
    return rows.with_name(f"{name}.fit.json")
