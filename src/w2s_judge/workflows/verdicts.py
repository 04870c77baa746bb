"""A consensus as rows: one a judged response or pair, in the order of the input."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from w2s_judge.aggregation.shares import class_sums
from w2s_judge.arrays import Floats
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

TIE = 1e-9  # two classes whose mass differs by less are level


def verdicts(
    votes: VoteMatrix,
    consensus: Consensus,
    worth: tuple[float, ...] | None,
    gold: Gold | None = None,
    ranked: Consensus | None = None,
) -> Iterator[dict[str, Any]]:
    """Rows with `item`, `response`s, `label`, `mass`, `utility`, `votes`, `gold` and the method.

    An item nobody voted on has null for all; where only votes that rank were cast, the row is
    taken from `ranked` and has no label.
    """
    known = {} if gold is None else dict(zip(gold.item.tolist(), gold.label.tolist(), strict=True))
    off = dissents(votes, consensus)
    for i in range(votes.I):
        chosen = consensus
        if ranked is not None and not consensus.support[i] and i not in known:
            chosen = ranked
        row: dict[str, Any] = {"item": votes.items[i], **_which(votes, i)}
        posterior = chosen.posterior[i]
        if i in known:  # also where a fit did not see the label, as with half of the gold held back
            posterior = np.eye(len(chosen.classes))[known[i]]
        told = bool(chosen.support[i]) or i in known
        top = known.get(i, claimed(chosen, i) if told else None)
        row["label"] = None if top is None else chosen.classes[top]
        row["mass"] = dict(zip(chosen.classes, rounded(posterior), strict=True)) if told else None
        row["utility"] = (
            round(float(posterior @ np.asarray(worth)), 6) if told and worth is not None else None
        )
        row["votes"] = int(chosen.support[i])
        row["gold"] = chosen.classes[known[i]] if i in known else None
        row["dissent"] = None if top is None or off is None else round(1 - float(off[i, top]), 6)
        row["method"] = chosen.method
        row["calibration"] = "gold" if i in known else chosen.calibration
        yield row


def _which(votes: VoteMatrix, i: int) -> dict[str, Any]:
    if votes.positions is None:
        return {}
    places = [int(k) for k in votes.positions[i]]
    return {"response": places[0]} if len(places) == 1 else {"responses": places}


def claimed(consensus: Consensus, i: int) -> int | None:
    """The class that is claimed for an item; None where two are level or the method claims none."""
    if consensus.calibration == "uncalibrated":
        return None
    if consensus.decided is not None and not consensus.decided[i]:
        return None
    posterior = consensus.posterior[i]
    order = np.argsort(posterior)
    if len(order) > 1 and posterior[order[-1]] - posterior[order[-2]] < TIE:
        return None
    return int(order[-1])


def dissents(votes: VoteMatrix, consensus: Consensus) -> Floats | None:
    """(I, C) mean mass of the votes on each class; None where labels do not map to classes."""
    truth = votes.truth_with(None)
    if truth.classes != consensus.classes or truth.of_label is None:
        return None
    of_label = np.asarray(truth.of_label, dtype=np.int32)
    total = class_sums(votes, of_label, truth.C, np.ones(votes.V))
    mean: Floats = total / np.maximum(total.sum(axis=1, keepdims=True), 1e-300)
    return mean


def rounded(posterior: Floats) -> list[float]:
    """Six decimals: more would be noise."""
    return [round(float(one), 6) for one in posterior]
