"""When a panel's judges are read as sources: near copies as one, all others as independent.

Merging gains much where judges are copies and nothing else errs together, and loses where the
cluster was the good half of a panel. So what is left after merging must pass the test of
independence that Dawid-Skene has to pass on a panel without copies, at the same p: on random
panels of five and eight language models whose clusters would merge, ten of twelve failed it, and
on ten of the twelve vote shares were better. No exception is made for small correlations.

With gold, readings of the panel are weighed by it (`readings.py`); that is preferred to weighing
factors and judges (`hypotheses.py`) where the assumed reading passes the same test. In simulations
it is then better by up to seven points where there are copies, and as good elsewhere.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from w2s_judge.aggregation.between_sources import between_sources
from w2s_judge.aggregation.one_source import OneSource
from w2s_judge.aggregation.readable import readable
from w2s_judge.aggregation.readings import Assumption, Told, readings
from w2s_judge.aggregation.sources import Panel
from w2s_judge.calibration.independence import ACCEPTED
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

MERGED = (
    "a dense panel with near copies, beside which the votes do not contradict independent errors "
    "(p = {p:.2f}): near copies are one source, by assumption"
)
BY_GOLD = (
    "{G} gold labels on a dense panel whose sources may err independently (p = {p:.2f}): readings "
    "of who is one source are weighed by what gold says of them"
)
FAMILIES = "judges of one family are one source, as asked"


def source_choice(
    votes: VoteMatrix, gold: Gold | None, sources: Assumption, *, told: bool
) -> tuple[str, Consensus] | None:
    """Why, and the consensus by sources; None where the rule does not read the panel so.

    told : whether gold is enough to weigh readings by
    """
    method = OneSource(sources)
    votes = replace(readable(votes), truth=votes.truth_with(gold))
    voted = int(np.count_nonzero(votes.support))
    if sources == "families":
        panel = Panel.of(votes, method.copies)
        return (FAMILIES, method.on(panel, gold)) if panel.families else None
    if sources == "apart" or voted < method.copies.fewest_items:
        return None
    panel = Panel.of(votes, method.copies)
    if not (panel.found.accepted or told):
        return None
    assumed = Told.of(readings(panel, sources)[0], votes, method.model, None)
    test = between_sources(votes, assumed.reading.sources, assumed.fitted.posterior)
    if test is None or test.p < ACCEPTED:
        return None
    why = BY_GOLD if told and gold is not None else MERGED
    return why.format(p=test.p, G=0 if gold is None else gold.G), method.on(panel, gold)
