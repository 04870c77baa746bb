"""cleanlab's CROWDLAB. It needs a model's probabilities; plain Dawid-Skene gives them here.

It tells a label and that label's quality; the rest of the probability is spread evenly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from aggregate_job import Votes, run
from cleanlab.multiannotator import get_label_quality_multiannotator, get_majority_vote_label

STEPS, SMOOTHING, TOLERANCE = 200, 0.01, 1e-6


def shares(votes: Votes) -> Any:
    count = np.zeros((votes.I, votes.L))
    np.add.at(count, (votes.item, votes.label), 1.0)
    return count / np.maximum(count.sum(axis=1, keepdims=True), 1)


def dawid_skene(votes: Votes) -> Any:
    """Expectation-maximisation from the vote shares."""
    posterior = shares(votes)
    for _ in range(STEPS):
        counts = np.full((votes.J, votes.L, votes.L), SMOOTHING)
        np.add.at(counts, (votes.rater, votes.label), posterior[votes.item])
        logs = np.log(counts / counts.sum(axis=1, keepdims=True))
        scores = np.tile(np.log(posterior.mean(axis=0) + 1e-12), (votes.I, 1))
        np.add.at(scores, votes.item, logs[votes.rater, votes.label])
        likely = np.exp(scores - scores.max(axis=1, keepdims=True))
        likely /= likely.sum(axis=1, keepdims=True)
        moved = np.abs(likely - posterior).max()
        posterior = likely
        if moved < TOLERANCE:
            break
    return posterior


def on_label(label: Any, quality: Any, classes: int) -> Any:
    """Probability on the label said, never less than on the others, which share the rest."""
    top = np.maximum(quality, 1 / classes + 1e-6)
    table = np.repeat(((1 - top) / max(1, classes - 1))[:, None], classes, axis=1)
    table[np.arange(len(label)), label] = top
    return table


def over(votes: Votes, voted: Any, found: Any) -> Any:
    """Items without a vote get the same for every label."""
    table = np.full((votes.I, votes.L), 1 / votes.L)
    table[voted] = found
    return table


def with_dawid_skene(votes: Votes) -> Any:
    voted = np.unique(votes.item)
    table = votes.dense(np.nan, float)[voted]
    given = np.clip(dawid_skene(votes)[voted], 1e-6, None)
    given /= given.sum(axis=1, keepdims=True)
    said = get_label_quality_multiannotator(table, given, verbose=False)["label_quality"]
    label = said["consensus_label"].to_numpy().astype(int)
    quality = said["consensus_quality_score"].to_numpy()
    return over(votes, voted, on_label(label, quality, votes.L))


def majority(votes: Votes) -> Any:
    """Its majority vote tells a label alone; the quality is the share of the votes."""
    voted = np.unique(votes.item)
    label = get_majority_vote_label(votes.dense(np.nan, float)[voted], verbose=False).astype(int)
    return over(votes, voted, on_label(label, shares(votes)[voted, label], votes.L))


if __name__ == "__main__":
    run({"CROWDLAB": with_dawid_skene, "majority": majority})
