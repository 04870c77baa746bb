"""Records summed up by pair, and systems in Laplacians of connected parts."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from w2s_judge.comparisons import Comparisons
from w2s_judge.ranking.laplacian_blocks import Blocks
from w2s_judge.ranking.pair_counts import PairCounts, pair_counts


def test_blocks_of_every_size_solve_their_systems() -> None:
    rng = np.random.default_rng(5)
    first, second, starts = [], [], [0, 5, 60, 61, 2200]
    for begin, end in pairwise(starts):
        n = end - begin
        first += [begin + np.arange(n - 1), begin + rng.integers(0, n, 8 * n)]
        second += [begin + np.arange(1, n), begin + rng.integers(0, n, 8 * n)]
    one, two = np.concatenate(first), np.concatenate(second)
    one, two = one[one != two], two[one != two]
    weight = rng.uniform(0.1, 2, len(one))
    counts = PairCounts(2200, one, two, weight, weight, 0.0, ordered=False, both_orders=False)
    part = counts.connected()
    assert part.max() == 3
    right = rng.normal(size=(2200, 2))
    right -= (np.stack([np.bincount(part, r) for r in right.T], 1) / np.bincount(part)[:, None])[
        part
    ]
    for ridge in (0.0, 0.3):
        found = Blocks.of(counts, part).factor(weight, ridge).solve(right)
        flow = weight[:, None] * (found[one] - found[two])
        back = ridge * found
        np.add.at(back, one, flow)
        np.subtract.at(back, two, flow)
        np.testing.assert_allclose(back, right, atol=1e-7)
        for column in found.T:
            np.testing.assert_allclose(np.bincount(part, column), 0, atol=1e-6)


def test_few_records_of_many_objects_are_counted_the_same() -> None:
    rng = np.random.default_rng(6)
    left = rng.integers(0, 6, 300).astype(np.int32)
    right = ((left + rng.integers(1, 6, 300)) % 6).astype(np.int32)
    zero = np.zeros(300, dtype=np.int32)
    data = Comparisons(
        tuple("abcdef"), np.zeros(6, np.int32), ("",), ("judge",), left, right, zero,
        rng.dirichlet(np.ones(3), 300), zero, weight=rng.uniform(0.1, 2, 300),
    )  # fmt: skip
    among = replace(data, objects=tuple(map(str, range(900))), question=np.zeros(900, np.int32))
    for ordered in (True, False):
        few, many = pair_counts(data, ordered=ordered), pair_counts(among, ordered=ordered)
        np.testing.assert_array_equal(few.first, many.first)
        np.testing.assert_allclose(few.net, many.net)
        np.testing.assert_allclose(few.total, many.total)
        assert few.both_orders is many.both_orders is ordered
        assert few.ties == pytest.approx(data.weights @ data.outcome[:, 1])
        np.testing.assert_allclose(few.mass, data.weights.sum())
        assert few.ordered is ordered
