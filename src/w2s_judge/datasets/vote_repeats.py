"""Several votes of one rater on one item: variants become one vote, plain repeats are refused.

Letters: V votes, J raters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.datasets.rows import quoted
from w2s_judge.datasets.vote_ballots import Ballots
from w2s_judge.datasets.vote_columns import VoteColumns

Repeats: TypeAlias = Literal["refuse", "count", "mean"]
REPEATS = ("refuse", "count", "mean")


@dataclass(frozen=True, eq=False, slots=True)
class Cast:
    """Votes with who cast them: item, rater, variant, weight have one entry a vote."""

    item: Ints
    rater: Ints
    variant: Ints
    ballots: Ballots
    weight: Floats | None

    def only(self, kept: npt.NDArray[Any]) -> Cast:
        """Some of the votes."""
        weight = None if self.weight is None else self.weight[kept]
        return Cast(
            self.item[kept], self.rater[kept], self.variant[kept], self.ballots.only(kept), weight
        )


def counted_once(
    cast: Cast, columns: VoteColumns, raters: tuple[str, ...], repeats: Repeats
) -> tuple[Cast, tuple[str, ...]]:
    """One vote a rater and item, and what was done for it.

    A rater's variants (repeats of one question) are one vote, their mean mass, by their weights.
    The same variant twice, or twice without a variant, is refused whether the labels agree or not
    (agreeing ones would count double), unless `repeats` is "mean" (mean mass) or "count".
    """
    key = cast.item.astype(np.int64) * max(len(raters), 1) + cast.rater
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    if len(starts) == len(key):
        return cast, ()
    group = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(key)))
    variant = cast.variant[order]
    inner = np.lexsort((variant, group))
    same = (np.diff(group[inner]) == 0) & (np.diff(variant[inner]) == 0)
    again = order[inner][1:][same]
    if len(again) and repeats == "refuse":
        before = order[inner][:-1][same]
        k = int(np.argmin(again))
        raise _refused(cast, columns, raters, int(before[k]), int(again[k]))
    several = np.diff(starts, append=len(key)) > 1
    merged = several if repeats == "mean" else several & _varied(variant, starts)
    done = _means(cast, columns, order, starts, merged)
    return done, _notes(repeats, len(again), int(merged.sum()))


def _varied(variant: Ints, starts: npt.NDArray[np.int64]) -> Bools:
    low = np.minimum.reduceat(variant, starts)
    return np.asarray(np.maximum.reduceat(variant, starts) > low, dtype=np.bool_)


def _means(
    cast: Cast,
    columns: VoteColumns,
    order: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int64],
    merged: Bools,
) -> Cast:
    """Replace the votes of each merged group by one, which stands where its first stood."""
    if not merged.any():
        return cast
    size = np.diff(starts, append=len(order))
    rows = order[np.repeat(merged, size)]
    begins = np.cumsum(np.append(0, size[merged][:-1]))
    kept = np.ones(len(order), dtype=np.bool_)
    kept[rows] = False
    firsts = rows[begins]
    kept[firsts] = True
    weight = np.ones(len(rows)) if cast.weight is None else cast.weight[rows]
    total = np.add.reduceat(weight, begins)
    ballots = _mean_ballots(cast.ballots, rows, begins, weight, total, firsts, columns)
    if cast.weight is not None:
        new = cast.weight.copy()
        new[firsts] = total / size[merged]
        cast = replace(cast, weight=new)
    return replace(cast, ballots=ballots).only(kept)


def _mean_ballots(
    ballots: Ballots,
    rows: npt.NDArray[np.int64],
    begins: npt.NDArray[np.int64],
    weight: Floats,
    total: Floats,
    firsts: npt.NDArray[np.int64],
    columns: VoteColumns,
) -> Ballots:
    if ballots.label is not None:
        label = ballots.label[rows]
        if (np.minimum.reduceat(label, begins) == np.maximum.reduceat(label, begins)).all():
            return ballots  # repeats that agree: the first says it
    mass = ballots.soft(columns.place)
    mass = mass.copy() if mass is ballots.mass else mass
    mass[firsts] = np.add.reduceat(mass[rows] * weight[:, None], begins, axis=0) / total[:, None]
    return replace(ballots, label=None, mass=mass)


def _notes(repeats: Repeats, again: int, merged: int) -> tuple[str, ...]:
    found = []
    if merged:
        found.append(f"{merged:,} votes are the mean of a rater's repeats on an item")
    if again and repeats == "count":
        found.append(f"{again:,} votes repeat a rater's vote on an item; each counts")
    return tuple(found)


def _refused(
    cast: Cast, columns: VoteColumns, raters: tuple[str, ...], first: int, second: int
) -> Exception:
    lines = [int(columns.lines[row]) for row in (first, second)]
    said = [cast.ballots.shown(row) for row in (first, second)]
    item = columns.texts["item"].at(second)
    votes = "the same vote" if said[0] == said[1] else f"{said[0]} and {said[1]}"
    return columns.place.error(
        f"{quoted(raters[cast.rater[second]])} votes twice on the item {quoted(item)}: {votes} "
        f"({columns.place.lines(*lines)})",
        lines[1],
        "--repeats mean takes their mean, --repeats count counts each; a column 'variant' "
        "(base, repeat:2, ...) tells repeats of a question apart",
    )
