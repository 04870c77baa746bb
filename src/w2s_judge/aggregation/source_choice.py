"""When a panel's judges are read as sources without gold: near copies as one, others independent.

Merging gains much where judges are copies and nothing else errs together, and loses where the
cluster was the good half of a panel. So what is left after merging must pass the test of
independence that Dawid-Skene has to pass on a panel without copies, at the same p: on random
panels of five and eight language models whose clusters would merge, ten of twelve failed it, and
on ten of the twelve vote shares were better. No exception is made for small correlations.

Where families are one source because that was asked, the assumption is kept, but what is left must
pass the test, too: else the families' votes are shares, in which a family counts what its votes are
worth. On simulated panels of families that share a factor besides (log-loss .50 to .51 where p is
below .3, .56 to .68 where it is below .01) that is the better answer.

With gold: `gold_choice.py`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from w2s_judge.aggregation.between_sources import assumed_dependence, between_sources
from w2s_judge.aggregation.mean import Mean
from w2s_judge.aggregation.one_source import OneSource
from w2s_judge.aggregation.readable import readable
from w2s_judge.aggregation.readings import Assumption, Told, readings
from w2s_judge.aggregation.sources import Panel, thinned
from w2s_judge.calibration.even_vote import with_even_vote
from w2s_judge.calibration.independence import ACCEPTED
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

MERGED = (
    "a dense panel with near copies, beside which the votes do not contradict independent errors "
    "(p = {p:.2f}): near copies are one source, by assumption"
)
FAMILIES = "judges of one family are one source, as asked"
SHARES = (
    "judges of one family are one source, as asked; but the votes do not bear out that these "
    "sources err independently (p = {p:.2g}): vote shares, in which a family counts what its votes "
    "are worth. About 20 gold labels would tell more"
)


def source_choice(
    votes: VoteMatrix, gold: Gold | None, sources: Assumption
) -> tuple[str, Consensus] | None:
    """Why, and the consensus by sources; None where the rule does not read the panel so."""
    method = OneSource(sources)
    votes = replace(readable(votes), truth=votes.truth_with(gold))
    voted = int(np.count_nonzero(votes.support))
    if sources == "apart" or (sources == "clusters" and voted < method.copies.fewest_items):
        return None
    panel = Panel.of(votes, method.copies)
    if not (panel.families if sources == "families" else panel.found.accepted):
        return None
    known = votes.truth_with(gold).of_label is not None
    assumed = Told.of(readings(panel, sources)[0], votes, method.model, None if known else gold)
    test = between_sources(votes, assumed.reading.sources, assumed.fitted.posterior)
    if test is not None and test.p >= ACCEPTED and sources == "clusters":
        return MERGED.format(p=test.p), method.on(panel, gold)
    if sources == "clusters":
        return None
    if test is None or test.p >= ACCEPTED or not known:
        return FAMILIES, method.on(panel, gold)
    of = assumed.reading.sources
    thin, phi = thinned(votes, of), assumed_dependence(votes, of, gold)
    shares = with_even_vote(Mean(scale=None)(thin, gold), thin, gold, phi=phi)
    said = tuple(one.said(votes.raters) for one in of)
    return SHARES.format(p=test.p), replace(shares, notes=(*said, *shares.notes))
