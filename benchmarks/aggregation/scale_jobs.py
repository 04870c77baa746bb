"""What `scale.py` measures, each in a process of its own: figures as one line of JSON."""

from __future__ import annotations

import csv
import gzip
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from w2s_judge.aggregation.dawid_skene import DawidSkene
from w2s_judge.votes import VoteMatrix

JUDGES, LABELS = 5, 3
ACCURACY = np.array([0.9, 0.8, 0.7, 0.65, 0.6])
CLASSES = {2: (0.6, 0.4), 3: (0.5, 0.3, 0.2)}  # by number of labels
CHUNK = 50_000  # items whose votes are drawn at a time: the drawing must not be the peak
FEW, MANY = 2, 12  # iterations; seconds of one are the difference over their number
Figures = dict[str, float]


def matrix(item: np.ndarray, rater: np.ndarray, shape: tuple[int, int, int], **votes) -> VoteMatrix:
    """Votes with made-up names."""
    names = [tuple(map(str, range(length))) for length in shape]
    return VoteMatrix(
        *names, item.astype(np.int32, copy=False), rater.astype(np.int32, copy=False),
        np.zeros(shape[0], np.int32), (None,) * shape[1], ordered=False, **votes,
    )  # fmt: skip


def dense(items: int, *, soft: bool = False) -> VoteMatrix:
    """Everybody votes on everything, in order; soft votes hold 0.35 to 1 of their label."""
    return dense_and_truth(items, soft=soft)[0]


def dense_and_truth(
    items: int, *, labels: int = LABELS, soft: bool = False
) -> tuple[VoteMatrix, np.ndarray]:
    """The same of 2 or 3 labels, and what is right (items,); of 2, soft votes hold 0.5 to 1."""
    rng = np.random.default_rng(0)
    item = np.repeat(np.arange(items, dtype=np.int32), JUDGES)
    rater = np.tile(np.arange(JUDGES, dtype=np.int32), items)
    label = np.empty(len(item), dtype=np.int32)
    right = np.empty(items, dtype=np.int32)
    mass = np.empty((len(item), labels)) if soft else None
    for start in range(0, items, CHUNK):
        size = min(CHUNK, items - start)
        truth = rng.choice(labels, size, p=CLASSES[labels])[:, None]
        right[start : start + size] = truth[:, 0]
        other = (truth + rng.integers(1, labels, (size, JUDGES))) % labels
        votes = np.where(rng.random((size, JUDGES)) < ACCURACY, truth, other).ravel()
        here = slice(start * JUDGES, (start + size) * JUDGES)
        label[here] = votes
        if mass is not None:
            top = rng.uniform(0.35 if labels > 2 else 0.5, 1.0, len(votes))
            mass[here] = ((1 - top) / (labels - 1))[:, None]
            mass[np.arange(here.start, here.stop), votes] = top
    columns = {"label": label} if mass is None else {"mass": mass}
    return matrix(item, rater, (items, JUDGES, labels), **columns), right


def crowd(items: int) -> VoteMatrix:
    """Five votes an item of 1,000 raters, four labels."""
    rng, raters, each, labels = np.random.default_rng(1), 1000, 5, 4
    truth = np.repeat(rng.integers(0, labels, items), each)
    rater = (rng.integers(0, raters, items)[:, None] + np.arange(each) * 191) % raters
    rater = rater.ravel()
    right = rng.random(len(rater)) < rng.uniform(0.4, 0.95, raters)[rater]
    label = np.where(right, truth, (truth + rng.integers(1, labels, len(rater))) % labels)
    item = np.repeat(np.arange(items), each)
    return matrix(item, rater, (items, raters, labels), label=label.astype(np.int32))


def real(folder: Path) -> VoteMatrix:
    """The votes of `folder/votes.csv` or `.csv.gz`."""
    path = folder / "votes.csv"
    packed = path.with_suffix(".csv.gz")
    text = gzip.decompress(packed.read_bytes()) if packed.exists() else path.read_bytes()
    lines = csv.DictReader(text.decode().splitlines())
    rows = [(row["item"], row["judge"], row["label"]) for row in lines]
    numbers = [np.unique(column, return_inverse=True) for column in zip(*rows, strict=True)]
    (item, i), (rater, j), (label, k) = ((names, inverse) for names, inverse in numbers)
    shape = (len(item), len(rater), len(label))
    return matrix(i, j, shape, label=k.astype(np.int32))


def seconds(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def majority(votes: VoteMatrix) -> np.ndarray:
    cell = votes.item * votes.L + votes.label
    return np.bincount(cell, minlength=votes.I * votes.L).reshape(votes.I, votes.L).argmax(axis=1)


def hard(items: int, repeats: int) -> Figures:
    """Majority and Dawid-Skene in turn, on votes in order and shuffled: medians of the ratios."""
    votes = dense(items)
    shuffled = votes.only(np.random.default_rng(2).permutation(votes.V))
    found: Figures = {"iterations": DawidSkene()(votes).fit.iterations}
    for name, one in (("in order", votes), ("shuffled", shuffled)):
        times = [
            (seconds(lambda one=one: majority(one)), seconds(lambda one=one: DawidSkene()(one)))
            for _ in range(repeats)
        ]
        plain, ours = zip(*times, strict=True)
        found[f"{name} majority"] = statistics.median(plain)
        found[f"{name} ours"] = statistics.median(ours)
        ratios = [b / a for a, b in times]
        found[f"{name} ratio"] = statistics.median(ratios)
        found[f"{name} worst"] = max(ratios)
    return found


def converged(items: int, votes_out: Path) -> Figures:
    """Seconds of one converged fit, median of 300; iterations with and without acceleration."""
    votes = dense(items)
    save(votes, votes_out)
    fit, plain = (DawidSkene(accelerate=on)(votes).fit.iterations for on in (True, False))
    took = statistics.median(seconds(lambda: DawidSkene()(votes)) for _ in range(300))
    return {"seconds": took, "iterations": fit, "plain": plain}


def sparse(votes: VoteMatrix, votes_out: Path, posterior_out: Path) -> Figures:
    """Seconds of `FEW` and of `MANY` iterations, each the least of three; the last posterior."""
    save(votes, votes_out)
    found: Figures = {"votes": votes.V}
    for count in (FEW, MANY):
        method = DawidSkene(
            smoothing=0.0, prior_count=0.0, accelerate=False, tol=0.0, max_iterations=count
        )
        found[str(count)] = min(seconds(lambda one=method: one(votes)) for _ in range(3))
    np.savez(posterior_out, posterior=method(votes).posterior)
    return found


def soft(items: int) -> Figures:
    """Seconds of one converged fit of soft votes, and MB of the votes' own columns."""
    votes = dense(items, soft=True)
    size = sum(one.nbytes for one in (votes.item, votes.rater, votes.mass))
    fits = []
    took = seconds(lambda: fits.append(DawidSkene()(votes).fit))
    return {"seconds": took, "votes_mb": size / 2**20, "iterations": fits[0].iterations}


def save(votes: VoteMatrix, path: Path) -> None:
    shape = (votes.I, votes.J, votes.L)
    np.savez(path, item=votes.item, rater=votes.rater, label=votes.label, shape=shape)
