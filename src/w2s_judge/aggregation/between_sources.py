"""Whether sources err independently, once those who repeat each other are merged; and how far not.

The test of `calibration/independence.py` on the pairs of raters of different sources: those of one
source, and a judge's two orders, are known to repeat each other. It can refute that nothing else
errs together; it cannot tell copies from competence, for both readings of the votes have the same
tables of pairs.

Where errors are not believed to be independent, the correlation of two sources' errors is assumed
as `calibration/tempering.py` does: `INFLATION` times the residual dependence of the votes on their
shares, here of two votes of different sources, each by what it counts, so that copies, who are
merged already, do not count again. The same measure is above 0 for independent votes, too (they
agree where they are right): it is asked only where the test does not bear independence out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from w2s_judge.aggregation.order_averaging import units_of
from w2s_judge.aggregation.pair_tables import pair_tables
from w2s_judge.aggregation.sources import Source, thinned, vote_shares
from w2s_judge.arrays import Floats, Ints
from w2s_judge.calibration.class_mass import class_mass, class_shares
from w2s_judge.calibration.independence import ACCEPTED, IndependenceTest, independence_test
from w2s_judge.calibration.tempering import INFLATION
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

REFUTED = 0.01  # p below which a reading is refuted, unless what is left is
NEGLIGIBLE = 0.01  # residual correlation: with a million items anything is significant

CONTRADICTED = (
    "the votes contradict that {whose} err independently (p = {p:.2g}): something else is shared, "
    "and majority or a few gold labels are the safer answer"
)


def refuted(test: IndependenceTest | None) -> bool:
    """Whether a reading is; where nothing can be tested it is not."""
    return test is not None and test.p < REFUTED and test.size > NEGLIGIBLE


def borne_out(test: IndependenceTest | None) -> bool:
    """Whether the votes bear a reading out; where nothing can be tested they do not."""
    return test is not None and (test.p >= ACCEPTED or test.size <= NEGLIGIBLE)


def contradicted(test: IndependenceTest | None, merged: bool) -> tuple[str, ...]:
    """A sentence where the votes refute a reading, be anybody merged in it or not."""
    if test is None or not refuted(test):
        return ()
    whose = "even these sources" if merged else "the judges"
    return (CONTRADICTED.format(whose=whose, p=test.p),)


def between_sources(
    votes: VoteMatrix, sources: Sequence[Source], posterior: Floats
) -> IndependenceTest | None:
    """Beside the posterior (I, C) of a fit that took these for sources.

    None where there is nothing to test: too few raters, or too few items in common.
    """
    tables = pair_tables(votes, posterior)
    of_rater = _source_of(votes, sources)
    apart = of_rater[:, None] != of_rater
    together = tables.together * apart[:, None, :, None]
    return independence_test(replace(tables, together=together))


def assumed_dependence(votes: VoteMatrix, sources: Sequence[Source], gold: Gold | None) -> float:
    """In [0, 1], the correlation of the errors of two sources where it must be assumed.

    Gold tells what the labels mean where nothing else does, and nothing more.
    """
    known = class_mass(votes, gold)
    mass = votes.soft() if known is None else known
    share, _ = class_shares(thinned(votes, sources), mass)
    agreed = np.einsum("vc,vc->v", mass, share[votes.item])
    count = np.maximum(np.bincount(votes.rater, minlength=votes.J), 1)
    mean = np.bincount(votes.rater, weights=agreed, minlength=votes.J) / count
    mean = np.clip(mean, 0.0, 1.0)
    weight = vote_shares(votes, sources)
    source = _source_of(votes, sources)[votes.rater]
    together = _across(votes, source, weight * (agreed - mean[votes.rater]))
    possible = _across(votes, source, weight * np.sqrt(mean * (1 - mean))[votes.rater])
    found = INFLATION * together / possible if possible > 0 else 0.0
    return float(np.clip(found, 0.0, 1.0))


def _across(votes: VoteMatrix, source: Ints, values: Floats) -> float:
    """Sum over items of (sum of values)^2 less that of each source: of pairs of two sources."""
    size = int(source.max(initial=0)) + 1
    cell = votes.item.astype(np.int64) * size + source
    whole = np.bincount(votes.item, weights=values)
    part = np.bincount(np.unique(cell, return_inverse=True)[1], weights=values)
    return float(whole @ whole - part @ part)


def _source_of(votes: VoteMatrix, sources: Sequence[Source]) -> Ints:
    """(J,) number of each rater's source; a judge in both orders is one."""
    found = units_of(votes)[0].copy()
    for k, one in enumerate(sources):
        found[list(one.raters)] = votes.J + k
    return found
