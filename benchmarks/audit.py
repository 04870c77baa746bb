"""What it costs to audit a run of a million votes, and how large its page is.

    python benchmarks/audit.py                    # 200,000 responses x 5 judges, and 50,000 x 20
    python benchmarks/audit.py --items 20000      # a tenth

The run is made by writing it to the store, since asking a million questions is `client.py`'s to
measure: texts, five labels, soft votes, abstentions, 500 gold labels. Exits with 1 where it takes
60 CPU seconds, 1.5 GB or a page of 3 MB or more.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
from measure import run

from w2s_judge.prompts import Rubric, load
from w2s_judge.store import manifest
from w2s_judge.store.schema import connect

CPU_S, PEAK_GB, PAGE_MB, LIMIT_S = 60.0, 1.5, 3.0, 600.0
RUBRIC, GOLD = "safety", 500
SHAPES = ((200_000, 5), (50_000, 20))
AT = "2026-01-01T00:00:00.000+00:00"
WORDS = ("the", "reply", "says", "what", "it", "can", "and", "leaves", "the", "rest", "unsaid")
ITEM = (
    "INSERT INTO items (position, id, shuffle, task, families, models, grouped, line, body) "
    "VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?)"
)
QUESTION = (
    "INSERT INTO questions (item, rubric, responses, ord, variant, rubric_hash, key) "
    "VALUES (?, ?, '0', '', 'base', ?, ?)"
)
JUDGE = "INSERT INTO judges (id, name, identity, kind, model, family) VALUES (?, ?, ?, ?, ?, ?)"
VOTE = (
    "INSERT INTO votes (key, judge, way, mass, uncalibrated, abstained, attempts, latency_s, "
    "cost_usd, prompt_tokens, completion_tokens, at) "
    "VALUES (?, ?, 'logprob', ?, 0, ?, 1, 0.3, 0.0001, 300, 1, ?)"
)
ATTEMPT = (
    "INSERT INTO attempts (session, key, judge, at, latency_s, error, prompt_tokens, "
    "completion_tokens, cost_usd, counted_usd) "
    "VALUES (1, ?, ?, ?, 0.3, NULL, 300, 1, 0.0001, 0.0001)"
)


def made(folder: Path, items: int, judges: int, seed: int = 0) -> Path:
    """A run folder with a vote or an abstention of every judge on every response; its gold."""
    random = np.random.default_rng(seed)
    rubric = load(RUBRIC)
    folder.mkdir(parents=True)
    truth, shared = random.random(items) < 0.4, random.normal(size=items)
    with closing(connect(folder / "run.db")) as db:
        db.execute("BEGIN")
        db.executemany(ITEM, (_item(k, random) for k in range(items)))
        db.executemany(QUESTION, ((k, RUBRIC, rubric.hash, _key(k)) for k in range(items)))
        for j in range(judges):
            db.execute(JUDGE, (j, f"judge-{j}", str(j), "chat", f"model-{j}", f"family-{j}"))
            db.executemany(VOTE, _votes(truth, shared, j, random))
            db.executemany(ATTEMPT, ((_key(k), j, AT) for k in range(items)))
        db.execute("COMMIT")
        manifest.save(db, folder, _manifest(rubric, judges))
    gold = folder.with_suffix(".gold.jsonl")
    rows = (
        {"item": f"item-{k}", "label": rubric.classes[int(not truth[k])]}
        for k in random.choice(items, GOLD, replace=False).tolist()
    )
    gold.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return gold


def _manifest(rubric: Rubric, judges: int) -> dict[str, object]:
    record = {
        "hash": rubric.hash, "arity": rubric.arity, "labels": list(rubric.labels),
        "utilities": list(rubric.utilities), "ordered": True, "classes": list(rubric.classes),
        "of_label": [rubric.cut.class_at(k) for k in range(len(rubric.labels))],
        "cannot_tell": rubric.cannot_tell,
        "judges": [
            {"name": f"judge-{j}", "number": j, "identity": str(j)} for j in range(judges)
        ],
    }  # fmt: skip
    return {"status": "complete", "counts": {"left": 0}, "rubrics": {RUBRIC: record}}


def _key(k: int) -> bytes:
    return k.to_bytes(16)


def _item(k: int, random: np.random.Generator) -> tuple[object, ...]:
    text = " ".join(random.choice(WORDS, int(random.integers(5, 60))).tolist())
    body = {
        "prompt": f"question {k}", "reference": None, "meta": {"topic": f"topic-{k % 7}"},
        "responses": [{"text": text, "model": "strong", "family": "strong"}],
    }  # fmt: skip
    return (k, f"item-{k}", k, RUBRIC, '["strong"]', '["strong"]', k, json.dumps(body))


def _votes(
    truth: np.ndarray, shared: np.ndarray, j: int, random: np.random.Generator
) -> Iterator[tuple[object, ...]]:
    """Rows of one judge: right in .70 or so, wrong together with the others; some abstain."""
    items = len(truth)
    seen = 1.1 * (2 * (~truth) - 1.0) + 0.9 * shared + 1.2 * random.normal(size=items)
    level = np.clip(np.round(2 + seen), 0, 4).astype(int)
    sharp = 0.6 + 0.35 * random.random(items)
    silent = random.random(items) < 0.03
    for k in range(items):
        if silent[k]:
            yield (_key(k), j, None, "refused", AT)
            continue
        mass = [(1 - sharp[k]) / 4] * 5
        mass[level[k]] = sharp[k]
        yield (_key(k), j, json.dumps(mass), None, AT)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, help="responses, with five judges")
    given = parser.parse_args()
    kept = True
    print("| responses | judges | CPU s | wall s | peak GB | page MB |")
    print("| --- | --- | --- | --- | --- | --- |")
    for items, judges in SHAPES if given.items is None else ((given.items, 5),):
        with tempfile.TemporaryDirectory() as scratch:
            place = Path(scratch)
            gold, page = made(place / "outputs.w2s", items, judges), place / "audit.html"
            command = [sys.executable, "-m", "w2s_judge", "audit", "outputs.w2s", "--gold",
                       str(gold), "-o", str(page), "--json", "audit.json"]  # fmt: skip
            done = run(command, cwd=place, limit_s=LIMIT_S)
            if done.code:
                print(done.errors, file=sys.stderr)
                return 1
            size = page.stat().st_size / 1e6
        print(f"| {items:,} | {judges} | {done.cpu_s:.1f} | {done.wall_s:.1f} "
              f"| {done.peak_mb / 1000:.2f} | {size:.2f} |", flush=True)  # fmt: skip
        kept &= done.cpu_s < CPU_S and done.peak_mb < 1000 * PEAK_GB and size < PAGE_MB
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
