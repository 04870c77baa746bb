"""The judges one by one, beside a consensus: how much each said, agreed, and was right."""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.calibration.class_mass import class_mass
from w2s_judge.calibration.estimates import estimated_share
from w2s_judge.calibration.metrics import credit
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

DIGITS = 6
FEWEST = 5  # gold items under which a rater's accuracy is not worth a figure


def judge_records(
    votes: VoteMatrix, consensus: Consensus, gold: Gold | None
) -> dict[str, dict[str, Any]]:
    """By rater: its votes, how often its word is the consensus' and gold's, weight and confusion.

    `agrees` is the share of its votes whose top class is the consensus' top class, `right` the same
    on gold items, weighted by gold's sampling, with a 95 % interval; ties are credited in
    expectation. Both are None where it is not known which label means which class.
    """
    mass = class_mass(votes, gold)
    counts = np.bincount(votes.rater, minlength=votes.J)
    told: dict[str, dict[str, Any]] = {}
    for j, name in enumerate(votes.raters):
        mine = votes.rater == j
        told[name] = {
            "votes": int(counts[j]),
            "family": votes.family[j],
            "agrees": None if mass is None else _agrees(votes, mass, mine, consensus),
            "right": None if mass is None or gold is None else _right(votes, mass, mine, gold),
            "weight": None if consensus.weight is None else _figure(consensus.weight[j]),
            "confusion": None
            if consensus.confusion is None
            else np.round(consensus.confusion[j], DIGITS).tolist(),
        }
    return told


def _agrees(
    votes: VoteMatrix, mass: Floats, mine: np.ndarray[Any, Any], consensus: Consensus
) -> float | None:
    if consensus.calibration == "uncalibrated" or not mine.any():
        return None
    top = consensus.posterior.argmax(axis=1).astype(np.int32)
    return _figure(credit(mass[mine], top[votes.item[mine]]).mean())


def _right(
    votes: VoteMatrix, mass: Floats, mine: np.ndarray[Any, Any], gold: Gold
) -> dict[str, float | int | None] | None:
    row = np.full(votes.I, -1)
    row[gold.item] = np.arange(gold.G)
    known = mine & (row[votes.item] >= 0)
    at = row[votes.item[known]]
    if len(at) < FEWEST:
        return None
    right = credit(mass[known], gold.label[at])
    found = estimated_share(right, gold.weight[at], votes.group[votes.item[known]])
    return {
        "share": _figure(found.value), "low": _figure(found.low), "high": _figure(found.high),
        "n": len(at),
    }  # fmt: skip


def _figure(value: float) -> float | None:
    return round(float(value), DIGITS) if np.isfinite(value) else None
