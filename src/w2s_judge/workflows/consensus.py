"""From a run's votes to `scores.jsonl`: the plain mean, until a method is asked for.

Votes that only rank (`uncalibrated`) never set a label. Where an item has votes that are
probabilities, its row is their mean and the ranking votes stay out of it; where it has none, the
row is the mean of normal scores over the run, with a null label.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from w2s_judge.aggregation.mean import Mean
from w2s_judge.aggregation.normal_scores import NormalScores
from w2s_judge.consensus import Consensus
from w2s_judge.store import folder as folders
from w2s_judge.store.reading import Asked, Block, blocks, ranking_masses
from w2s_judge.votes import VoteMatrix

BLOCK = 8192  # items held at a time
TIE = 1e-9  # two labels whose mass differs by less are level


def write_scores(
    db: sqlite3.Connection, folder: Path, rubrics: list[tuple[Asked, tuple[float, ...]]]
) -> dict[str, dict[str, Any]]:
    """Write `scores.jsonl` whole or not at all; gives counts for each rubric.

    `rubrics` are (how it was asked, utility of each label in [0, 1]).
    """
    counts: dict[str, dict[str, Any]] = {}
    with folders.replaced(folder / folders.SCORES) as file:
        for asked, utilities in rubrics:
            labels: Counter[str | None] = Counter()
            methods: Counter[str] = Counter()
            for row in score_rows(db, asked, utilities):
                labels[row["label"]] += 1
                methods[row["calibration"]] += 1
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            counts[asked.name] = {
                "rows": labels.total(),
                "labels": {name: labels[name] for name in asked.labels},
                "no_label": labels[None],
                "calibration": dict(methods),
            }
    return counts


def score_rows(
    db: sqlite3.Connection, asked: Asked, utilities: tuple[float, ...]
) -> Iterator[dict[str, Any]]:
    """The rows of one rubric in the order of the input."""
    ranks = NormalScores(ranking_masses(db, asked)) if asked.judges else NormalScores({})
    worth = np.asarray(utilities)
    for block in blocks(db, asked, BLOCK):
        votes = block.votes
        ranking = np.zeros(votes.V, dtype=np.bool_)
        if votes.uncalibrated is not None:
            ranking = votes.uncalibrated[votes.rater]
        mean = Mean()(_only(votes, ~ranking))
        ranked = ranks(_only(votes, ranking)) if ranking.any() else mean
        yield from _rows(block, asked, mean, ranked, worth)


def _only(votes: VoteMatrix, kept: np.ndarray[Any, Any]) -> VoteMatrix:
    return replace(
        votes, item=votes.item[kept], rater=votes.rater[kept], mass=votes.soft()[kept], label=None
    )


def _rows(
    block: Block,
    asked: Asked,
    mean: Consensus,
    ranked: Consensus,
    worth: np.ndarray[Any, Any],
) -> Iterator[dict[str, Any]]:
    votes = block.votes
    if votes.positions is None:
        raise ValueError("votes of a run have positions")
    for i in range(votes.I):
        chosen = mean if mean.support[i] or not ranked.support[i] else ranked
        support = int(chosen.support[i])
        posterior = chosen.posterior[i]
        top = label_of(posterior) if support and chosen is mean else None
        models = json.loads(block.models[i])
        places = [int(k) for k in votes.positions[i]]
        which: dict[str, Any] = (
            {"response": places[0], "model": models[places[0]]}
            if asked.arity == 1
            else {"responses": places, "model": [models[k] for k in places]}
        )
        yield {
            "item": votes.items[i],
            **which,
            "rubric": asked.name,
            "label": None if top is None else asked.labels[top],
            "mass": dict(zip(asked.labels, rounded(posterior), strict=True)) if support else None,
            "utility": round(float(posterior @ worth), 6) if support else None,
            "votes": support,
            "abstained": block.abstained[i],
            "dissent": None if top is None else round(float(1 - posterior[top]), 6),
            "method": chosen.method,
            "calibration": chosen.calibration,
            "stage": 0,
        }


def label_of(posterior: np.ndarray[Any, Any]) -> int | None:
    """The label with the most mass; None where two are level."""
    order = np.argsort(posterior)
    if len(order) > 1 and posterior[order[-1]] - posterior[order[-2]] < TIE:
        return None
    return int(order[-1])


def rounded(posterior: np.ndarray[Any, Any]) -> list[float]:
    """Six decimals: more would be noise."""
    return [round(float(one), 6) for one in posterior]
