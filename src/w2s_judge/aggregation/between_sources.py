"""A test whether sources err independently, once those who repeat each other are merged.

The test of `calibration/independence.py` on the pairs of raters of different sources: those of one
source are known to repeat each other. It can refute that nothing else errs together; it cannot
tell copies from competence, for both readings of the votes have the same tables of pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from w2s_judge.aggregation.pair_tables import pair_tables
from w2s_judge.aggregation.sources import Source
from w2s_judge.arrays import Floats
from w2s_judge.calibration.independence import IndependenceTest, independence_test
from w2s_judge.votes import VoteMatrix

REFUTED = 0.01  # p below which a reading is refuted, unless what is left is
NEGLIGIBLE = 0.01  # residual correlation: with a million items anything is significant


def refuted(test: IndependenceTest | None) -> bool:
    """Whether a reading is; where nothing can be tested it is not."""
    return test is not None and test.p < REFUTED and test.size > NEGLIGIBLE


def between_sources(
    votes: VoteMatrix, sources: Sequence[Source], posterior: Floats
) -> IndependenceTest | None:
    """Beside the posterior (I, C) of a fit that took these for sources.

    None where there is nothing to test: too few raters, or too few items in common.
    """
    tables = pair_tables(votes, posterior)
    together = tables.together.copy()
    for one in sources:
        mine = np.asarray(one.raters)
        together[mine[:, None], :, mine[None, :], :] = 0.0
    return independence_test(replace(tables, together=together))
