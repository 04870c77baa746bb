"""What rates are quoted of: a class of the truth, or which of two responses is better."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.audit.panel import Panel
from w2s_judge.traits import Traits

EVEN = 0.5  # the worth of the first response that a tie has
FIRST, SECOND, TIE = "the first response is better", "the second response is better", "a tie"


@dataclass(frozen=True, eq=False, slots=True)
class Outcomes:
    """K outcomes, each a group of the C classes.

    onto    : (C, K) ones and zeros
    names   : words, length K
    shown   : the outcomes that rates are quoted of; of two, one says it all
    unit    : what is judged, one and many
    flipped : (I,) where the second response is by the writer that the first outcome names; None
              where outcomes are not about writers
    """

    onto: Floats
    names: tuple[str, ...]
    shown: tuple[int, ...]
    unit: tuple[str, str] = ("response", "responses")
    flipped: Bools | None = None

    def mass(self, item: Ints, mass: Floats) -> Floats:
        """(k, K) of class mass (k, C) on items (k,)."""
        return self._turned(item, np.asarray(mass @ self.onto))

    def label(self, item: Ints, label: Ints) -> Ints:
        """(k,) index of the outcome of class `label` (k,) on items (k,)."""
        return np.asarray(self._turned(item, self.onto[label]).argmax(axis=1), dtype=np.int32)

    def _turned(self, item: Ints, rows: Floats) -> Floats:
        if self.flipped is None:
            return rows
        return np.where(self.flipped[item][:, None], rows[:, ::-1], rows)


def outcomes(panel: Panel, classes: tuple[str, ...]) -> Outcomes:
    """What to quote: the class worth least of two; each of several; who is better of a pair."""
    worth = None if panel.worth is None else np.asarray(panel.worth, dtype=np.float64)
    if worth is not None and len(worth) != len(classes):
        worth = None
    pairs = panel.arity == 2
    if pairs and worth is not None and worth.min() < EVEN < worth.max():
        return _sides(worth, panel.traits)
    shown = tuple(range(len(classes)))
    if not pairs and len(classes) == 2 and worth is not None and worth[0] != worth[1]:
        shown = (int(worth.argmin()),)
    unit = ("pair", "pairs") if pairs else ("response", "responses")
    return Outcomes(np.eye(len(classes)), classes, shown, unit)


def _sides(worth: Floats, traits: Traits) -> Outcomes:
    side = np.where(worth > EVEN, 0, np.where(worth < EVEN, 2, 1))
    tied = bool(np.any(side == 1))
    names, flipped = _writers(traits)
    if not tied:
        side, names = side // 2, (names[0], names[2])
    onto = np.eye(3 if tied else 2)[side]
    return Outcomes(onto, names, (0, 1) if tied else (0,), ("pair", "pairs"), flipped)


def _writers(traits: Traits) -> tuple[tuple[str, ...], Bools | None]:
    """Names of first better, tie, second better; by writer where all items are of the same two."""
    found = set(traits.family)
    writers = sorted({str(one) for pair in found for one in pair if one is not None})
    known = all(len(pair) == 2 and None not in pair and pair[0] != pair[1] for pair in found)
    if len(writers) != 2 or not known:
        return (FIRST, TIE, SECOND), None
    one, two = writers
    flipped = np.array([pair[0] == two for pair in traits.family], dtype=np.bool_)
    return (f"{one} is better than {two}", TIE, f"{two} is better than {one}"), flipped
