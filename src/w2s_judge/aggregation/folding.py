"""EM over votes that need not fit into memory, chunk by chunk.

EM needs counts alone. Hard votes of a small panel are read once: their patterns are counted, chunk
after chunk, and the fit runs on those. Other votes are read once an iteration, so `chunks` is a
function that starts over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from w2s_judge.aggregation.fitted import Fitted, Problem
from w2s_judge.aggregation.layout import Block, Layout, item_blocks
from w2s_judge.aggregation.patterns import Patterns
from w2s_judge.aggregation.readable import readable
from w2s_judge.arrays import Floats
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix


class Foldable(Protocol):
    """A method whose fit sees votes as a layout alone: `DawidSkene`, `OneCoin`."""

    def problem(self, votes: VoteMatrix, gold: Gold | None) -> Problem: ...

    def fit(self, layout: Layout, problem: Problem) -> Fitted: ...


Chunks = Callable[[], Iterable[VoteMatrix]]
GoldOf = Callable[[VoteMatrix], Gold]


def fold(method: Foldable, chunks: Chunks, gold_of: GoldOf | None = None) -> Fitted:
    """The model that `method` would fit to all chunks in one piece.

    chunks  : starts over at each call and gives the same chunks; they have the same raters, labels
              and truth, and all votes on an item are in one of them
    gold_of : the gold labels of a chunk, indices into its items, with the same classes for each
              (no labels where it has none)

    `Fitted.predict` gives each chunk its posterior. Raises `ConfigurationError` where chunks differ
    in what they share, or where there is none.
    """
    survey = _survey(chunks, gold_of)
    problem = method.problem(survey.first, survey.gold)
    if survey.patterns is not None:
        block = survey.patterns.block(survey.rows, survey.weight)
        return method.fit(Layout(lambda: (block,), survey.votes), problem)

    def blocks() -> Iterator[Block]:
        for chunk in chunks():
            yield from item_blocks(chunk, None if gold_of is None else gold_of(chunk))

    return method.fit(Layout(blocks, survey.votes), problem)


@dataclass(eq=False, slots=True)
class _Survey:
    """What the first pass sees. `patterns` is None from the first chunk on that has none."""

    first: VoteMatrix
    gold: Gold | None
    patterns: Patterns | None
    rows: np.ndarray[tuple[int], np.dtype[np.int64]]
    weight: Floats
    votes: float = 0.0


def _survey(chunks: Chunks, gold_of: GoldOf | None) -> _Survey:
    seen: _Survey | None = None
    golds: list[Gold] = []
    for chunk in chunks():
        readable(chunk)
        gold = None if gold_of is None else gold_of(chunk)
        if gold is not None:
            golds.append(gold)
        if seen is None:
            digits = 1 if gold is None else len(gold.classes) + 1
            patterns = Patterns(chunk.J, chunk.L, digits)
            seen = _Survey(chunk, None, patterns, np.zeros(0, np.int64), np.zeros(0))
        _same(seen.first, chunk)
        seen.votes += float(chunk.V if chunk.weight is None else chunk.weight.sum())
        _count(seen, chunk, gold)
    if seen is None:
        raise ConfigurationError("there are no votes: `chunks` gave none")
    seen.gold = _together(golds)
    return seen


def _count(seen: _Survey, chunk: VoteMatrix, gold: Gold | None) -> None:
    """Adds the chunk's patterns, in place."""
    code = None if seen.patterns is None else seen.patterns.codes(chunk, gold)
    if seen.patterns is None or code is None:
        seen.patterns = None
        return
    rows, weight, _ = seen.patterns.counted(code)
    seen.rows, position = np.unique(np.concatenate([seen.rows, rows]), return_inverse=True)
    items = np.concatenate([seen.weight, weight])
    seen.weight = np.bincount(position, weights=items).astype(np.float64)


def _same(first: VoteMatrix, chunk: VoteMatrix) -> None:
    for name in ("raters", "labels", "truth", "ordered"):
        if getattr(first, name) != getattr(chunk, name):
            raise ConfigurationError(f"two chunks differ in their {name}; give all the same")


def _together(golds: list[Gold]) -> Gold | None:
    """All gold labels, numbered anew: for the class probabilities."""
    if not golds:
        return None
    if len({gold.classes for gold in golds}) > 1:
        raise ConfigurationError(
            "two chunks' gold labels have different classes; give all the same"
        )
    label = np.concatenate([gold.label for gold in golds])
    chosen = None
    if any(gold.chosen is not None for gold in golds):
        each = [np.ones(gold.G) if gold.chosen is None else gold.chosen for gold in golds]
        chosen = np.concatenate(each)
    return Gold(np.arange(len(label), dtype=np.int32), label, golds[0].classes, chosen)
