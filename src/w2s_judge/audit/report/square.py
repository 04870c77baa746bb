"""Which judges a map of pairs shows, where not every pair has a figure.

With many judges only some pairs are compared, and the judges with the most votes may have few
pairs among them: a map of those is holes. Then the judges are shown among whom most is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from w2s_judge.arrays import Bools, Floats
from w2s_judge.audit.report.drawing import MOST_JUDGES, Shown

FILLED = 0.5
"""Pairs that have a figure, of all pairs of the judges in a map: with fewer it is mostly holes."""
FEWEST = 3
"""Judges of a map that were chosen for their pairs."""

Pair: TypeAlias = tuple[str, str, float]


@dataclass(frozen=True, slots=True)
class Square:
    """The judges, and their (n, n) values, NaN where a pair has none; `note` if some are left out.

    `note` is None where the judges are those that every plot shows.
    """

    names: tuple[str, ...]
    values: Floats
    note: str | None


def of_pairs(pairs: Sequence[Pair], judges: Shown) -> Square | None:
    """The judges that every plot shows; or those among whom most is known; or None, for too few."""
    among = [pair for pair in pairs if judges.has(pair[0]) and judges.has(pair[1])]
    if among:
        names, values = _placed(among, judges)
        if _filled(values) >= FILLED:
            return Square(names, values, None)
    names, values = _placed(pairs, judges)
    kept = _densest(np.isfinite(values))
    if len(kept) < FEWEST:
        return None
    total = len(judges.names) + len(judges.left_out)
    note = f"The {len(kept)} of {total:,} judges among whom most pairs are known."
    return Square(tuple(names[one] for one in kept), values[np.ix_(kept, kept)], note)


def _placed(pairs: Sequence[Pair], judges: Shown) -> tuple[tuple[str, ...], Floats]:
    there = {name for one, two, _ in pairs for name in (one, two)}
    names = [name for name in judges.names if name in there]
    names += sorted(there.difference(names))
    place = {name: index for index, name in enumerate(names)}
    values = np.full((len(names), len(names)), np.nan)
    for one, two, found in pairs:
        values[place[one], place[two]] = values[place[two], place[one]] = found
    return tuple(names), values


def _filled(values: Floats) -> float:
    """The share of the pairs that have a value."""
    size = len(values)
    known = np.isfinite(values) & ~np.eye(size, dtype=bool)
    return float(known.sum() / max(1, size * (size - 1)))


def _densest(known: Bools) -> list[int]:
    """The places of the judges to show, [] where no few of them have half of their pairs.

    The one with the fewest pairs goes, again and again (Charikar 2000); of what was left each time
    that is shown which has the most pairs times their share, if it has half of them and is not
    too large for a map.
    """
    left = list(range(len(known)))
    known = known & ~np.eye(len(known), dtype=bool)
    degrees = known.sum(axis=1)
    best: list[int] = []
    most = 0.0
    while len(left) >= FEWEST:
        there = float(degrees[left].sum())
        share = there / (len(left) * (len(left) - 1))
        if len(left) <= MOST_JUDGES and share >= FILLED and share * there > most:
            best, most = list(left), share * there
        gone = min(reversed(left), key=lambda one: int(degrees[one]))  # the last of the fewest
        left.remove(gone)
        degrees = degrees - known[gone]
    return best
