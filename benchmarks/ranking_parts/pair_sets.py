"""Sets of real comparisons, read from `NAME/votes.csv[.gz]`, with `NAME/gold.csv` where it is."""

from __future__ import annotations

import csv
import gzip
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from w2s_judge.comparisons import Comparisons
from w2s_judge.datasets.comparison_files import read_comparisons

EMOTION, MUSIC = "emotion_pairs", "music_pairs"
SETS = ("llmfao", EMOTION, MUSIC, "photo_color", "photo_sharpness")
GOLDEN = {
    EMOTION: "the source's own scores",
    MUSIC: "its gold was derived from these very votes: it is no independent truth",
}
BY_QUERY = (MUSIC,)  # objects are called query|document, and are compared within a query
LLMBAR = "votes_llmbar.jsonl.gz", "pair_llmbar.jsonl.gz"


@dataclass(frozen=True, eq=False, slots=True)
class PairSet:
    """Comparisons, and (N,) gold scores of the objects, higher is better, NaN where unknown."""

    name: str
    comparisons: Comparisons
    gold: np.ndarray


def load(name: str, folder: Path) -> PairSet:
    """The set `folder / name`. Raises FileNotFoundError where it is not there."""
    path = folder / name / "votes.csv"
    packed = path.with_name(path.name + ".gz")
    found = read_comparisons(packed if packed.is_file() else path).comparisons
    if name in BY_QUERY:
        found = by_query(found)
    return PairSet(name, found, _gold(found, folder / name / "gold.csv"))


def by_query(found: Comparisons) -> Comparisons:
    """What stands before the `|` of an object's name is its question."""
    query = [name.partition("|")[0] for name in found.objects]
    number = {one: q for q, one in enumerate(dict.fromkeys(query))}
    question = np.array([number[one] for one in query], dtype=np.int32)
    return replace(found, question=question, questions=tuple(number))


def load_llmbar(folder: Path) -> PairSet:
    """Verdicts on pairs of responses, each pair a question; a judge in both orders is one rater."""
    votes, pairs = (_lines(folder / name) for name in LLMBAR)
    items = {pair["id"]: k for k, pair in enumerate(pairs)}
    gold = np.array([float(k == pair["preferred"]) for pair in pairs for k in (0, 1)])
    judges = {name: j for j, name in enumerate(dict.fromkeys(vote["judge"] for vote in votes))}
    item = np.array([items[vote["item"]] for vote in votes], dtype=np.int32)
    rater = np.array([judges[vote["judge"]] for vote in votes], dtype=np.int32)
    turned = np.array([vote["order"] == "ba" for vote in votes], dtype=np.int32)
    winner = np.array([vote["label"] for vote in votes], dtype=np.int32)
    outcome = np.zeros((len(votes), 3))
    outcome[np.arange(len(votes)), np.where(winner == turned, 0, 2)] = 1  # the first shown, or not
    comparisons = Comparisons(
        tuple(f"{name}/{k}" for name in items for k in (0, 1)),
        np.repeat(np.arange(len(items), dtype=np.int32), 2), tuple(items), tuple(judges),
        left=2 * item + turned, right=2 * item + 1 - turned, rater=rater, outcome=outcome,
        group=item,
    )  # fmt: skip
    return PairSet("votes_llmbar", comparisons, gold)


def pair_of(comparisons: Comparisons) -> np.ndarray:
    """(M,) one number for the two objects, whichever was shown first."""
    low = np.minimum(comparisons.left, comparisons.right).astype(np.int64)
    return low * comparisons.N + np.maximum(comparisons.left, comparisons.right)


def _gold(found: Comparisons, path: Path) -> np.ndarray:
    if not path.is_file():
        return np.full(found.N, np.nan)
    with path.open(newline="") as file:
        known = {row["object"]: float(row["score"]) for row in csv.DictReader(file)}
    return np.array([known.get(name, np.nan) for name in found.objects])


def _lines(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt") as file:
        return [json.loads(line) for line in file]
