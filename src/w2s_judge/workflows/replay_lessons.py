"""Gold in two parts, again and again: what policies learn from, and what they are judged on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.cascade.learn import ENOUGH
from w2s_judge.errors import UsageError
from w2s_judge.gold import Gold

FEWEST = 20  # labels left to judge policies on
TRIES = 100  # draws of labels to learn from, until they hold every class


@dataclass(frozen=True, slots=True)
class Lesson:
    """Gold to learn from, gold to judge on, and the positions (n,) of the latter in all gold."""

    learn: Gold
    judge: Gold
    at: Ints


def size_of_lesson(gold: Gold, wanted: int | None) -> int:
    """How many labels to learn from: as asked, else 100, but at most half of them."""
    most = gold.G - FEWEST
    if most < ENOUGH:
        raise UsageError(
            f"{gold.G} gold labels are too few to replay on: a policy learns from {ENOUGH} at "
            f"least and is judged on {FEWEST} others; `w2s-judge label` draws more"
        )
    if wanted is None:
        return max(ENOUGH, min(100, gold.G // 2, most))
    if not ENOUGH <= wanted <= most:
        raise UsageError(
            f"--learn {wanted}: from {ENOUGH} to {most}, for there are {gold.G} gold labels and "
            f"{FEWEST} are to be left to judge policies on"
        )
    return wanted


def lessons(gold: Gold, group: Ints, size: int, draws: int, seed: int) -> Iterator[Lesson]:
    """Draws of about `size` labels, prompts (group, of all items) whole on one side.

    A draw without every class that gold has is drawn anew; where that does not help, taken.
    """
    rng = np.random.default_rng(seed)
    _, member = np.unique(group[gold.item], return_inverse=True)
    sizes = np.bincount(member)
    classes = len(np.unique(gold.label))
    for _ in range(draws):
        for _ in range(TRIES):
            order = rng.permutation(len(sizes))
            taken = np.zeros(len(sizes), dtype=np.bool_)
            taken[order[np.cumsum(sizes[order]) <= size]] = True
            inside = taken[member]
            if len(np.unique(gold.label[inside])) == classes:
                break
        at = np.flatnonzero(~inside).astype(np.int32)
        yield Lesson(gold.only(inside), gold.only(at), at)


@dataclass(slots=True)
class Averages:
    """Sums over draws, by gold label; what is asked for are means over the draws that judged it."""

    right: Floats
    price: Floats
    kept: Floats
    wrong: Floats
    times: Floats

    @classmethod
    def of(cls, labels: int) -> Averages:
        """Nothing yet."""
        return cls(*(np.zeros(labels) for _ in range(5)))

    def add(self, at: Ints, right: Floats, price: Floats, kept: Floats) -> None:
        """What became of the labels at these positions in one draw."""
        self.right[at] += right
        self.price[at] += price
        self.kept[at] += kept
        self.wrong[at] += kept * (1 - right)
        self.times[at] += 1
