"""The stationary distribution of random walks on graphs, in logarithms, component by component.

Small walks are solved by elimination of one state after the other, without a subtraction: W. K.
Grassmann, M. I. Taksar and D. P. Heyman, Regenerative analysis and steady state distributions for
Markov chains, Operations Research 33 (1985). Every entry is then right to its own relative
precision, which a logarithm needs. Large ones are walked.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import coo_array, csr_array

from w2s_judge.arrays import Floats, Ints
from w2s_judge.consensus import Fit
from w2s_judge.ranking.grouped import Grouped, Places

DENSE = 2000  # states up to which a walk is solved: 32 MB, and about a second
PANEL = 32  # states that are eliminated between two products of matrices
CELLS = 4_000_000  # rates of small walks that are held at a time: 32 MB


def log_stationary(
    component: Ints,
    *,
    tail: Places,
    head: Places,
    rate: Floats,
    tol: float,
    max_iterations: int,
) -> tuple[Floats, Fit]:
    """(N,) log of the share of time at each state, up to a constant in each component.

    component : (N,) number of each state's component; each must have one stationary distribution,
                above 0 everywhere
    tail, head, rate : (E,) the walk goes from tail to head at that rate, 0 or above
    tol, max_iterations : of walks of more than `DENSE` states

    The fit has 0 iterations where all walks were small enough to be solved.
    """
    groups = Grouped.of(component)
    found, fit = np.zeros(len(component)), Fit(0, True)
    width = groups.size[component[tail]]
    for n in np.unique(width).tolist():
        edges = np.flatnonzero(width == n)
        edges = edges[np.argsort(component[tail[edges]], kind="stable")]
        of = component[tail[edges]]
        for parts, cut in _batches(of, n):
            a, b = groups.place[tail[edges[cut]]], groups.place[head[edges[cut]]]
            if n > DENSE:
                walk = coo_array((rate[edges[cut]], (b, a)), shape=(n, n))
                share, ended = _walked(walk, tol, max_iterations)
                found[groups.members(parts, n)[0]] = share
                converged = fit.converged and ended.converged
                fit = Fit(max(fit.iterations, ended.iterations), converged)
                continue
            rates = np.zeros((len(parts), n, n))
            rates[np.searchsorted(parts, of[cut]), a, b] = rate[edges[cut]]
            found[groups.members(parts, n)] = _solved(rates)
    return found, fit


def _batches(of: Ints, n: int) -> Iterator[tuple[Places, slice]]:
    """Parts (ascending) whose rates fit into `CELLS` together, at least one, and where these are.

    of : (E,) the part that each rate belongs to, ascending
    """
    every = np.unique(of).astype(np.intp)
    step = max(1, CELLS // (n * n))
    for k in range(0, len(every), step):
        parts = every[k : k + step]
        begin, end = np.searchsorted(of, [parts[0], parts[-1] + 1]).tolist()
        yield parts, slice(begin, end)


def _solved(rates: Floats) -> Floats:
    """(B, n) log-shares of B walks of n states, from their (B, n, n) rates, which are spoilt.

    States are eliminated from the last to the first; of what flows into one, its successors get
    their shares. A panel of them is eliminated among its own rows and columns first, and from all
    others by one product of matrices.
    """
    problems, n = rates.shape[:2]
    for high in range(n, 1, -PANEL):
        low = max(high - PANEL, 1)
        for k in range(high - 1, low - 1, -1):
            rates[:, :k, k] /= rates[:, k, :k].sum(axis=1)[:, None]
            into, out = rates[:, :k, k, None], rates[:, k, None, :k]
            rates[:, low:k, :k] += into[:, low:] * out
            rates[:, :low, low:k] += into[:, :low] * out[:, :, low:]
        rates[:, :low, :low] += rates[:, :low, low:high] @ rates[:, low:high, :low]
    share = np.zeros((problems, n))
    with np.errstate(divide="ignore"):  # the logarithm of 0 adds nothing
        into_log = np.log(rates)
    for k in range(1, n):
        terms = share[:, :k] + into_log[:, :k, k]
        top = terms.max(axis=1)
        share[:, k] = top + np.log(np.exp(terms - top[:, None]).sum(axis=1))
    return share


def _walked(walk: coo_array, tol: float, max_iterations: int) -> tuple[Floats, Fit]:
    """The log-shares of one walk, by half-lazy steps; `walk` has rates from column to row."""
    leaving = walk.sum(axis=0)
    step = walk.tocsr() @ _diagonal(1 / leaving)
    flow = np.asarray(walk.sum(axis=1))
    for count in range(1, max_iterations + 1):
        after = (step @ flow + flow) / 2
        moved = float(np.abs(after / flow - 1).max())
        flow = after
        if moved <= tol:
            return np.log(flow / leaving), Fit(count, True)
    return np.log(flow / leaving), Fit(max_iterations, False)


def _diagonal(values: Floats) -> csr_array:
    every = np.arange(len(values))
    return coo_array((values, (every, every))).tocsr()
