"""Which rows the couplings are fitted on, where there are more than enough.

Identical rows are one row. Of what is left, a priority sample (N. Duffield, C. Lund and M. Thorup,
JACM 54 (2007) 32): a row of w items has the priority w / u, u uniform in (0, 1); those of highest
priority are taken, and a row that is not heavy enough to be taken for certain counts as many items
as the next priority says, so that sums over the sample are unbiased.

u is a hash of what the row says, so that the sample does not depend on the order of the items, nor
on that of the raters (who are known by how often and how they vote), nor on which class is first.

Letters: J raters, n rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from w2s_judge.aggregation.hashes import Hashes, mixed
from w2s_judge.aggregation.signed_votes import Signed
from w2s_judge.arrays import Floats

Places = npt.NDArray[np.intp]
Whole = npt.NDArray[np.int64]

# Votes and weights that differ by less than 1 / UNIT are the same: sums of whole numbers are exact.
UNIT = 2.0**32
GOLD = 2**40  # number of the gold labels among the raters, which no rater has


@dataclass(frozen=True, eq=False, slots=True)
class Sample:
    """Rows (k,) that were taken, the items (k,) each stands for, and how many there were."""

    at: Places
    items: Floats
    of: int


def sampled(signed: Signed, most: int) -> Sample | None:
    """At most so many different rows with votes; None where no more rows than that are there."""
    if len(signed.items) <= most:
        return None
    exact, loose = _hashes(signed)
    _, at, group = np.unique(exact, return_index=True, return_inverse=True)
    items = np.bincount(group, weights=signed.items).astype(np.float64)
    at, items = at[items > 0], items[items > 0]
    if len(at) <= most:
        return Sample(at, items, len(at))
    u = ((_mixed(loose[at]) >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53
    priority = items / u
    next_best = np.partition(priority, len(at) - most - 1)[len(at) - most - 1]
    kept = priority > next_best  # rows of the same hash come together, or not at all
    if not kept.any():
        kept = priority >= next_best
    return Sample(at[kept], np.maximum(items[kept], next_best), len(at))


def _hashes(signed: Signed) -> tuple[Hashes, Hashes]:
    """(n,) of all that a row says; and one that no order of raters or of classes changes."""
    n = len(signed.items)
    exact, ahead, back = (np.zeros(n, np.uint64) for _ in range(3))
    whole = signed.items.astype(np.int64)
    for j, rows, value, count in _columns(signed):
        level, weigh = _in_units(value), _in_units(count)
        items = whole[rows]
        rater = np.abs([np.sum(level * items)]), np.array([np.sum(weigh * items)])
        known = _mixed(_mixed(rater[0]) ^ _bits(rater[1]))
        exact[rows] += _cell(_mixed(np.array([j])), weigh, level)
        ahead[rows] += _cell(known, weigh, level)
        back[rows] += _cell(known, weigh, -level)
    return exact, _mixed(ahead) + _mixed(back)


def _cell(rater: Hashes, weigh: Whole, level: Whole) -> Hashes:
    return _mixed(_mixed(_bits(weigh) ^ rater) ^ _bits(level))


def _columns(signed: Signed) -> Iterator[tuple[int, Any, Floats, Floats]]:
    """Each rater's number, rows, values and counts where it voted; at last gold, as a rater."""
    if sparse.issparse(signed.value):
        value, count = signed.value.tocsc(), signed.count.tocsc()
        for j in range(value.shape[1]):
            mine = slice(value.indptr[j], value.indptr[j + 1])
            yield j, value.indices[mine], value.data[mine], count.data[mine]
    else:
        for j in range(signed.value.shape[1]):
            rows = np.flatnonzero(signed.count[:, j])
            yield j, rows, signed.value[rows, j], signed.count[rows, j]
    rows = np.flatnonzero(signed.fixed >= 0)
    yield GOLD, rows, np.where(signed.fixed[rows] > 0, 1.0, -1.0), np.ones(len(rows))


def _in_units(values: Floats) -> Whole:
    return np.rint(values * UNIT).astype(np.int64)


def _bits(values: Whole) -> Hashes:
    return values.view(np.uint64)


def _mixed(values: npt.NDArray[Any]) -> Hashes:
    """Whole numbers to hashes."""
    return mixed(np.atleast_1d(values).astype(np.int64).view(np.uint64))
