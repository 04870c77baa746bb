"""Gold in two parts, again and again: what policies learn from, and what they are judged on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.cascade.learn import ENOUGH
from w2s_judge.errors import UsageError
from w2s_judge.gold import Gold

FEWEST = 20  # labels left to judge policies on
SPARE = 2  # labels beyond twice the least, for halves that prompts make uneven
TRIES = 100  # draws of labels to learn from, until they hold every class


@dataclass(frozen=True, slots=True)
class Lesson:
    """Gold to learn from, gold to judge on, and the positions (n,) of the latter in all gold."""

    learn: Gold
    judge: Gold
    at: Ints


def size_of_lesson(gold: Gold, wanted: int | None, *, held: bool) -> int:
    """How many labels to learn from: as asked, else 100, but at most half of them.

    held : half of them is held back to test a promise on
    """
    least, most = _least(held=held), gold.G - FEWEST
    if most < least:
        half = ", half of them to test the promise on" if held else ""
        raise UsageError(
            f"{gold.G} gold labels are too few to replay on: a policy learns from {least} at "
            f"least{half}, and is judged on {FEWEST} others; `w2s-judge label` draws more"
        )
    if wanted is None:
        return max(least, min(100, gold.G // 2, most))
    if not least <= wanted <= most:
        raise UsageError(
            f"--learn {wanted}: from {least} to {most}, for there are {gold.G} gold labels and "
            f"{FEWEST} are to be left to judge policies on"
        )
    return wanted


def _least(*, held: bool) -> int:
    return 2 * ENOUGH + SPARE if held else ENOUGH


def lessons(
    gold: Gold, group: Ints, size: int, draws: int, seed: int, *, held: bool = False
) -> Iterator[Lesson]:
    """Draws of at most `size` labels, prompts (group, of all items) whole on one side.

    A draw with too few labels, or without every class that gold has, is drawn anew. Raises
    `UsageError` where no draw will do, as where one prompt has most of the labels.
    """
    rng = np.random.default_rng(seed)
    _, member = np.unique(group[gold.item], return_inverse=True)
    sizes, classes = np.bincount(member), len(np.unique(gold.label))
    for _ in range(draws):
        for _ in range(TRIES):
            inside = _taken(rng, sizes.astype(np.int32), size)[member]
            seen = len(np.unique(gold.label[inside]))
            if seen == classes and np.count_nonzero(inside) >= _least(held=held):
                break
        else:
            raise UsageError(
                f"no draw of {size} labels, prompts whole, has labels enough of every class: "
                "label more prompts, or change --learn"
            )
        at = np.flatnonzero(~inside).astype(np.int32)
        yield Lesson(gold.only(inside), gold.only(at), at)


def _taken(rng: np.random.Generator, sizes: Ints, most: int) -> Bools:
    """Prompts by lot, each that still fits."""
    taken, left = np.zeros(len(sizes), dtype=np.bool_), most
    for prompt in rng.permutation(len(sizes)):
        if sizes[prompt] <= left:
            taken[prompt] = True
            left -= int(sizes[prompt])
    return taken


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
