"""How far each source of rankings can be trusted, without gold: Mallows spreads by triplets.

C. Shin, W. Li, H. Vishwakarma, N. Roberts and F. Sala, Universalizing weak supervision (ICLR 2022):
sources scatter around one unseen order, P(order) ~ exp(-theta d(order, truth)) with Kendall's
distance d. Where their errors have nothing to do with each other, distances add up, so that

    d(a, truth) = median over b, c of (d(a, b) + d(a, c) - d(b, c)) / 2

and theta_a is what makes a Mallows model expect that distance, within [.1, 100]. The sum form, the
median over triplets and the bounds are those of the rank ensembles in the code released with GED
(arXiv 2410.12869) and of the code that it borrows, not formulas seen in the papers. Sums of shares
of discordant pairs hold to first order, since two wrong sides of one pair agree: a source at random
seems nearer to the truth than it is, though behind the others.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from w2s_judge.arrays import Floats, Ints
from w2s_judge.ranking.rank_lists import RankLists

LEAST, MOST = 0.1, 100.0  # of theta
UNKNOWN = 1.0  # theta of all where no three sources can be compared
PARTNERS = 50  # sources that triplets are formed with, drawn where there are more: 1,225 triplets
ROWS = 2048  # sources at a time: 20 MB
HALVINGS = 40  # of a thousandfold range: the log of theta to 1e-11


def spreads(lists: RankLists, /, *, seed: int = 0) -> Floats:
    """(sources,) theta of each source, higher for one that is nearer to what all scatter around.

    Sources are compared on the pairs of names that both order, those of one question where sources
    are rankings; a tie is half a discordance. A source that shares no pair with two others that
    share one has the median theta of the rest, and all have 1 where none can be compared.

    seed : of the draw of partners where there are more than `PARTNERS` sources
    """
    sides, asked = _sides(lists)
    every = np.arange(lists.sources, dtype=np.int32)
    heard = every[np.diff(asked.indptr) > 0]
    rng = np.random.default_rng(seed)
    if len(heard) > PARTNERS:
        heard = np.sort(rng.choice(heard, PARTNERS, replace=False))
    apart = _discordant(sides, asked, sides[heard], asked[heard])
    mean = np.full(lists.sources, np.nan)
    for start in range(0, lists.sources, ROWS):
        rows = slice(start, start + ROWS)
        mean[rows] = _medians(apart[rows], apart[heard], every[rows], heard)
    known = ~np.isnan(mean)
    theta = np.full(lists.sources, UNKNOWN)
    if known.any():
        theta[known] = _theta(mean[known], _sizes(lists)[known], np.unique(lists.size))
        theta[~known] = np.median(theta[known])
    return theta


def expected_distance(theta: Floats, n: int) -> Floats:
    """Kendall's distance that a Mallows model of n objects expects: 0 to n (n - 1) / 4."""
    steps = np.arange(1, n + 1)
    theta = np.asarray(theta, dtype=np.float64)[..., None]
    return np.asarray(n / np.expm1(theta[..., 0]) - (steps * _odds(steps * theta)).sum(axis=-1))


def _odds(exponent: Floats) -> Floats:
    # 1 / (e^x - 1), written so that a large x is 0 and no overflow
    return np.asarray(np.exp(-exponent) / -np.expm1(-exponent))


def _sides(lists: RankLists) -> tuple[csr_array, csr_array]:
    """(sources, pairs) mean side of each source on a pair of names, in [-1, 1], and 1 where any."""
    lower, upper = np.minimum(lists.above, lists.below), np.maximum(lists.above, lists.below)
    pair = lower.astype(np.int64) * len(lists.names) + upper
    if not lists.by_question:
        pair += lists.question[lists.of_list] * np.int64(len(lists.names)) ** 2
    pairs, column = np.unique(pair, return_inverse=True)
    place = (lists.source[lists.of_list], column)
    shape = (lists.sources, len(pairs))
    side = np.where(lists.tied, 0.0, np.where(lists.above == lower, 1.0, -1.0))
    times = csr_array((np.ones(len(pair)), place), shape=shape)
    times.sum_duplicates()
    asked = times.copy()
    asked.data = np.ones(len(asked.data))
    times.data = 1 / times.data
    return csr_array((side, place), shape=shape).multiply(times).tocsr(), asked


def _discordant(sides: csr_array, asked: csr_array, other: csr_array, with_: csr_array) -> Floats:
    """(sources, partners) share of common pairs that are discordant; NaN where there is none."""
    common = (asked @ with_.T).toarray()
    agreed = (sides @ other.T).toarray()
    share = np.full(common.shape, np.nan)
    np.divide(common - agreed, 2 * common, out=share, where=common > 0)
    return share


def _medians(apart: Floats, among: Floats, source: Ints, partners: Ints) -> Floats:
    """(rows,) median over pairs of partners, the source itself not among them; NaN without one."""
    apart = np.where(source[:, None] == partners, np.nan, apart)
    b, c = np.triu_indices(len(partners), 1)
    each = (apart[:, b] + apart[:, c] - among[b, c]) / 2
    some = ~np.isnan(each).all(axis=1)
    found = np.full(len(source), np.nan)
    if some.any():
        found[some] = np.nanmedian(each[some], axis=1)
    return found


def _sizes(lists: RankLists) -> Ints:
    """(sources, sizes) how many lists of each size a source has."""
    sizes, of_list = np.unique(lists.size, return_inverse=True)
    count = np.zeros((lists.sources, len(sizes)), dtype=np.int32)
    np.add.at(count, (lists.source, of_list), 1)
    return count


def _theta(share: Floats, count: Ints, sizes: Ints) -> Floats:
    """(rows,) theta at which the share of discordant pairs is the expected one, by halving."""
    target = share * (count @ (sizes * (sizes - 1) / 2))
    low, high = np.full(len(share), np.log(LEAST)), np.full(len(share), np.log(MOST))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        tables = [expected_distance(np.exp(middle), int(n)) for n in sizes]
        expected = (count * np.stack(tables, axis=1)).sum(axis=1)
        low, high = (
            np.where(expected > target, middle, low),
            np.where(expected > target, high, middle),
        )
    return np.asarray(np.exp((low + high) / 2))
