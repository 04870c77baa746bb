"""What `w2s-judge pairs` costs: a million candidate pairs to a file, and whether memory grows.

    python benchmarks/pairs.py [--pairs 1000000] [--strategy above-bar] [--keep DIR]

A run is laid down in a folder without asking anybody: prompts of four responses, three judges who
are right more often than not, and the scores that `score` would write. Then the command itself is
measured, at a tenth of the pairs and at all of them. At most 60 CPU seconds and 1.3 times the
memory are promised; exit code 1 where either is not kept, or where a pair is lost.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from itertools import combinations
from pathlib import Path

import numpy as np
from measure import HERE, Ended, run

MAX_CPU_S, MAX_RATIO, LIMIT_S = 60.0, 1.3, 1800.0
RESPONSES, JUDGES = 4, 3
PAIRS = len(list(combinations(range(RESPONSES), 2)))  # of a prompt
RUBRIC = "safety"
SHARE = (0.75, 0.15, 0.05, 0.03, 0.02)  # of a vote's mass, from the label voted for on
WORDS = "the answer goes on for a while and says what it has to say in plain words "


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=1_000_000, help="candidates of the larger run")
    parser.add_argument("--strategy", default="above-bar")
    parser.add_argument("--format", default="trl-dpo")
    parser.add_argument("--keep", type=Path, help="make the runs there and leave them")
    parser.add_argument("--lay", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--prompts", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.lay is not None:
        lay(chosen.lay, chosen.prompts)
        return 0
    print(f"strategy {chosen.strategy}, format {chosen.format}, {RESPONSES} responses a prompt, "
          f"{JUDGES} judges")  # fmt: skip
    print("| candidates | written | left out | CPU s | wall s | peak MB |")
    print("| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as scratch:
        place = chosen.keep or Path(scratch)
        found = [measured(place, size, chosen) for size in (chosen.pairs // 10, chosen.pairs)]
    (less, _), (more, whole) = found
    ratio = more.peak_mb / less.peak_mb
    print(f"\nten times the pairs take {ratio:.2f} times the memory, at most {MAX_RATIO} promised; "
          f"{more.cpu_s:.1f} CPU s, at most {MAX_CPU_S:.0f}")  # fmt: skip
    return 0 if whole and ratio <= MAX_RATIO and more.cpu_s <= MAX_CPU_S else 1


def measured(place: Path, pairs: int, chosen: argparse.Namespace) -> tuple[Ended, bool]:
    """Lay a run down and write its pairs; whether every candidate is accounted for."""
    prompts = -(-pairs // PAIRS)
    folder = place / f"run-{prompts}.w2s"
    if not (folder / "run.db").exists():
        # In a process of its own: a peak cannot be seen below that of the process that measures.
        command = [sys.executable, __file__, "--lay", str(folder), "--prompts", str(prompts)]
        subprocess.run(command, check=True)
    ended = run(
        [sys.executable, "-m", "w2s_judge", "pairs", str(folder), "-o",
         str(place / f"out-{prompts}"), "--strategy", chosen.strategy, "--format", chosen.format,
         "--min-p", "0.7", "--json"],
        cwd=HERE, limit_s=LIMIT_S,
    )  # fmt: skip
    if ended.code:
        raise SystemExit(f"the command failed: {ended.errors[-2000:]}")
    told = ended.last_json()
    dropped = sum(told["dropped"].values())
    print(f"| {told['candidates']:,} | {told['kept']:,} | {dropped:,} | {ended.cpu_s:.1f} | "
          f"{ended.wall_s:.1f} | {ended.peak_mb:.0f} |", flush=True)  # fmt: skip
    return ended, told["kept"] + dropped == told["candidates"] > 0


def lay(folder: Path, prompts: int) -> None:
    """A run folder as `score` leaves it."""
    from w2s_judge.prompts import load
    from w2s_judge.store import folder as folders
    from w2s_judge.store import manifest
    from w2s_judge.store.items import stage
    from w2s_judge.store.schema import connect
    from w2s_judge.types import Item, Response
    from w2s_judge.workflows.rescoring import Choice, rescore

    rubric = load(RUBRIC)
    folders.prepare(folder)
    names = [f"judge-{j}" for j in range(JUDGES)]
    items = (
        Item(f"p{k:07}", f"Question {k}? " + WORDS,
             tuple(Response(f"Response {r} to {k}. " + WORDS * (3 + r)) for r in range(RESPONSES)))
        for k in range(prompts)
    )  # fmt: skip
    with closing(connect(folder / folders.DATABASE)) as db:
        stage(db, ((item, False, 1) for item in items), seed=0, merge=max, misfit=_refuse)
        db.execute("BEGIN")
        db.executemany(
            "INSERT INTO judges (id, name, identity, kind) VALUES (?, ?, ?, 'chat')",
            [(j + 1, name, name) for j, name in enumerate(names)],
        )
        positions = [row[0] for row in db.execute("SELECT position FROM items ORDER BY position")]
        for start in range(0, len(positions), 5_000):
            some = positions[start : start + 5_000]
            questions, votes = zip(*_asked(some, rubric.hash), strict=True)
            db.executemany(
                "INSERT INTO questions (item, rubric, responses, ord, variant, rubric_hash, key) "
                "VALUES (?, ?, ?, '', 'base', ?, ?)",
                questions,
            )
            db.executemany(
                "INSERT INTO votes (key, judge, way, mass, uncalibrated, attempts, at) "
                "VALUES (?, ?, 'logprob', ?, 0, 1, '')",
                [vote for three in votes for vote in three],
            )
        db.execute("COMMIT")
        record = {
            "hash": rubric.hash, "arity": 1, "labels": rubric.labels,
            "utilities": rubric.utilities, "ordered": True, "classes": rubric.classes,
            "of_label": [rubric.cut.class_at(k) for k in range(len(rubric.labels))],
            "judges": [{"name": name, "number": j + 1} for j, name in enumerate(names)],
        }  # fmt: skip
        manifest.save(db, folder, {"schema": 1, "rubrics": {RUBRIC: record}})
        rescore(db, folder, Choice())


def _asked(positions: list[int], hash_: str) -> Iterator[tuple[tuple[object, ...], list[object]]]:
    """A question for each response, and three votes on it."""
    random = np.random.default_rng(positions[0])
    truth = random.integers(5, size=(len(positions), RESPONSES))
    seen = np.where(random.random((*truth.shape, JUDGES)) < 0.6, truth[..., None],
                    random.integers(5, size=(*truth.shape, JUDGES)))  # fmt: skip
    masses = [json.dumps(np.roll(SHARE, label).round(3).tolist()) for label in range(5)]
    for k, position in enumerate(positions):
        for r in range(RESPONSES):
            key = (position * RESPONSES + r).to_bytes(16, "big")
            votes: list[object] = [(key, j + 1, masses[seen[k, r, j]]) for j in range(JUDGES)]
            yield (position, RUBRIC, str(r), hash_, key), votes


def _refuse(misfit: Exception) -> None:
    raise misfit


if __name__ == "__main__":
    sys.exit(main())
