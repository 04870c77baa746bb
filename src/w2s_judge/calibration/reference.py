"""What a consensus has to be compared with: plain majority, and the best single judge.

Both are held out as the consensus is: which judge is best, and how far its word goes, is found on
the other folds.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.calibration.crossfit import FOLDS, Fitted, held_out
from w2s_judge.calibration.folds import folds_of
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

PSEUDO = 2.0  # labels that a judge's verdict on a class is shrunk by, to its accuracy


@dataclass(frozen=True, eq=False, slots=True)
class HeldOut:
    """`posterior` (G, C), rows as gold's, from what did not see the row's label; `name` of what."""

    posterior: Floats
    name: str


def reference_held_out(
    majority: Fitted, votes: VoteMatrix, gold: Gold, *, folds: int = FOLDS, seed: int = 0
) -> tuple[HeldOut, HeldOut]:
    """`majority` and the best single judge, in the folds of `with_gold` of the same seed."""
    share = held_out(majority, votes, gold, folds=folds, seed=seed)
    return HeldOut(share, "majority"), best_single(votes, gold, folds=folds, seed=seed)


def best_single(votes: VoteMatrix, gold: Gold, *, folds: int = FOLDS, seed: int = 0) -> HeldOut:
    """The judge with most gold labels right on the other folds, by its word alone.

    All votes of a judge on an item (orders, variants, repeats) are one: their mean mass over the
    classes. Its accuracy is (sum of w * right + 1) / (sum of w + C) over all gold of the other
    folds, ties credited in expectation, an item that it is silent on as a guess (1 / C); w are
    gold's weights. Its word d on an item becomes P(class | d) among these gold labels, with
    `PSEUDO` labels at its accuracy. Where it is silent: the shares of the classes.
    """
    fold = folds_of(gold.label, votes.group[gold.item], folds, seed)
    posterior = np.zeros((gold.G, len(gold.classes)))
    taken: list[str] = []
    for f in np.unique(fold):
        rest = fold != f
        names, mass = judge_mass(votes, gold, rest)
        name, rows = _best(names, mass, gold.label, gold.weight * rest)
        posterior[~rest] = rows[~rest]
        taken.append(name)
    counts = Counter(taken).most_common()
    told = ", ".join(f"{one} in {many} of {len(taken)} folds" for one, many in counts)
    return HeldOut(posterior, f"best single judge ({told})" if told else "best single judge")


def judge_mass(votes: VoteMatrix, gold: Gold, rest: Bools) -> tuple[tuple[str, ...], Floats]:
    """Judges, and (judges, G, C) mean class mass of each on each gold item; 0 where silent.

    A label map that is not known is learnt from gold where `rest` is True.
    """
    judge_of = votes.raters if votes.judge is None else votes.judge
    names = tuple(dict.fromkeys(judge_of))
    number = {name: k for k, name in enumerate(names)}
    row_of = np.full(votes.I, -1)
    row_of[gold.item] = np.arange(gold.G)
    seen = votes.only(row_of[votes.item] >= 0)
    row = row_of[seen.item]
    judge = np.array([number[name] for name in judge_of], dtype=np.int64)[seen.rater]
    weight = np.ones(seen.V) if seen.weight is None else seen.weight
    mass = seen.soft() @ _onto(seen, gold, row, rest) * weight[:, None]
    C = len(gold.classes)  # noqa: N806
    cell = judge * gold.G + row
    total = np.stack(
        [np.bincount(cell, weights=mass[:, c], minlength=len(names) * gold.G) for c in range(C)],
        axis=1,
    ).reshape(len(names), gold.G, C)
    sums = total.sum(axis=2, keepdims=True)
    return names, np.divide(total, sums, out=np.zeros_like(total), where=sums > 0)


def _onto(votes: VoteMatrix, gold: Gold, row: Ints, rest: Bools) -> Floats:
    """(L, C) class of each vote label, one-hot.

    Where the map is not known: the class that the label goes with most often among gold of the
    other folds, all judges together, as a share of the class (so that a rare class is not lost);
    a label not seen there goes with its nearest neighbour if labels are ordered.
    """
    truth = votes.truth_with(gold)
    if truth.of_label is not None:
        return np.asarray(np.eye(truth.C)[list(truth.of_label)])
    known = rest[row]
    together = votes.soft()[known].T @ np.eye(truth.C)[gold.label[row[known]]]
    share = together / np.maximum(together.sum(axis=0), 1e-12)
    best = share.argmax(axis=1)
    seen = np.flatnonzero(together.sum(axis=1) > 0)
    if votes.ordered and len(seen):
        near = np.abs(np.arange(votes.L)[:, None] - seen).argmin(axis=1)
        best = best[seen[near]]
    return np.asarray(np.eye(truth.C)[best])


def _best(names: tuple[str, ...], mass: Floats, label: Ints, weight: Floats) -> tuple[str, Floats]:
    """The best judge where weight is above 0, and its (G, C) rows for all gold items."""
    judges, G, C = mass.shape  # noqa: N806
    top = mass >= mass.max(axis=2, keepdims=True) - 1e-12
    right = top[:, np.arange(G), label] / top.sum(axis=2)
    accuracy = (right @ weight + 1) / (weight.sum() + C)
    best = int(accuracy.argmax()) if judges else -1
    prior = np.bincount(label, weights=weight, minlength=C) + 1
    rows = np.tile(prior / prior.sum(), (G, 1))
    if best < 0:
        return "none", rows
    a = accuracy[best]
    shrunk = np.full((C, C), (1 - a) / max(C - 1, 1))
    np.fill_diagonal(shrunk, a if C > 1 else 1.0)
    counts = mass[best].T @ (weight[:, None] * np.eye(C)[label]) + PSEUDO * shrunk
    spoken = mass[best].sum(axis=1) > 0
    rows[spoken] = mass[best][spoken] @ (counts / counts.sum(axis=1, keepdims=True))
    return names[best], rows
