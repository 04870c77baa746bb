"""Readings of the same votes: which judges are one source, and what gold says of each reading.

Three copies of a poor judge and two good ones have the correlations of three good judges and two
poor ones that err together, so that votes alone do not decide who is the copy. Each reading is
fitted as if it were true, without gold, and so a gold label is news to all of them:

    weight of a reading  ~  prior weight * product over gold of P(label | votes, reading)^w

with w the sampling weight, and P mixed with .1 of the flat row (`labels_needed.py`). A reading is
taken at three strengths: its sources err independently, or their errors correlate by .1 or .3, as
those of real judges do; log odds then count 1 / (1 + (n - 1) correlation), n the votes' worth.

Letters: I items, C truth classes, R readings, S strengths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import softmax

from w2s_judge.aggregation.dawid_skene import DawidSkene
from w2s_judge.aggregation.evidence_average import sampling_weight
from w2s_judge.aggregation.fitted import table_of
from w2s_judge.aggregation.labels_needed import floored
from w2s_judge.aggregation.patterns import lay_out
from w2s_judge.aggregation.sources import Panel, Source, thinned, worth
from w2s_judge.arrays import Floats
from w2s_judge.calibration.dependence import effective_votes
from w2s_judge.calibration.tempering import powered
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.sentences import listed
from w2s_judge.votes import VoteMatrix

Assumption = Literal["clusters", "families", "apart"]
NOBODY = "every judge is a source of its own"
LEAST = 0.1  # excess below which all judges outside a cluster are hardly one source
BETWEEN = (0.0, 0.1, 0.3)  # correlations of the sources' errors that gold chooses from


@dataclass(frozen=True, slots=True)
class Reading:
    """An explanation of the votes: these judges are one source each, all others their own."""

    sources: tuple[Source, ...]

    def said(self, names: Sequence[str]) -> str:
        """In words; `names` are all raters'."""
        if not self.sources:
            return NOBODY
        each = [listed([names[j] for j in one.raters], 8) for one in self.sources]
        return " and ".join(f"{one} are one source" for one in each)


def readings(panel: Panel, assumption: Assumption) -> tuple[Reading, ...]:
    """The assumed reading first, then its rivals: the cluster, its second, families, nobody."""
    merging = tuple(one.members for one in panel.merging)
    families = panel.families
    assumed: tuple[tuple[int, ...], ...] = ()
    if assumption == "clusters" and panel.found.accepted:
        assumed = merging
    elif assumption == "families":
        assumed = families
    rivals = [assumed, *_clusters(panel, merging), families, ()]
    distinct = dict.fromkeys(tuple(sorted(one)) for one in rivals)
    return tuple(Reading(panel.sources(one)) for one in distinct)


def _clusters(
    panel: Panel, merging: tuple[tuple[int, ...], ...]
) -> list[tuple[tuple[int, ...], ...]]:
    """What merges, else the best cluster in clear excess; and with its alternative in its place.

    That is the disjoint second cluster, or else all judges outside a lone cluster: the correlations
    of the panel are the same where those are the ones that err together.
    """
    best = panel.merging or panel.found.clusters[:1]
    best = tuple(one for one in best if one.excess >= panel.copies.second)
    whole = merging or tuple(one.members for one in best)
    found = [whole]
    for one in best:
        if one.second:
            kept = tuple(m for m in whole if m != one.members and not set(m) & set(one.second))
            found.append((*kept, one.second))
    if len(whole) == 1 and not any(one.second for one in best):
        rest = tuple(sorted(set(range(len(panel.found.units))) - set(whole[0])))
        if len(rest) <= panel.copies.widest * len(panel.found.units):
            (mirror,) = panel.sources((rest,))
            found += [(rest,)] if mirror.cluster and mirror.excess >= LEAST else []
    return found


@dataclass(frozen=True, eq=False, slots=True)
class Told:
    """A reading, fitted without gold; `worth` (I,) is what an item's votes count, as it says."""

    reading: Reading
    fitted: Consensus
    worth: Floats

    @classmethod
    def of(cls, reading: Reading, votes: VoteMatrix, model: DawidSkene, gold: Gold | None) -> Told:
        """Fit it; `gold` only where labels cannot be read as classes without."""
        fitted = model(thinned(votes, reading.sources), gold)
        return cls(reading, fitted, worth(votes, reading.sources))

    def posterior(self, between: float) -> Floats:
        """(I, C) where errors of two sources correlate by `between`."""
        return self.tempered(self.fitted.posterior, between)

    def tempered(self, posterior: Floats, between: float) -> Floats:
        """(I, C) a posterior of this reading, where errors of two sources correlate so."""
        prior = self.fitted.prior
        if not between or prior is None:
            return posterior
        count = np.maximum(self.worth, 1.0)
        return powered(posterior, prior, effective_votes(count, between) / count)

    def anchored(self, votes: VoteMatrix, model: DawidSkene, gold: Gold) -> Consensus:
        """The reading fitted once more with gold items at their label, its prior kept."""
        thin = thinned(votes, self.reading.sources)
        problem = model.problem(thin, None)
        if self.fitted.prior is not None:
            problem = replace(problem, prior=(self.fitted.prior, self.fitted.prior_source))
        layout = lay_out(thin, gold, problem.truth.C)
        fitted = model.fit(layout, problem)
        return fitted.consensus(layout, table_of(fitted.confusion), fitted.notes)


def chances(count: int, trust: float) -> Floats:
    """(R,) prior weights: `trust` for the first reading, the others share the rest."""
    weight = np.full(count, (1 - trust) / max(count - 1, 1))
    weight[0] = trust if count > 1 else 1.0
    return weight


def weighed(told: Sequence[Told], gold: Gold, prior: Floats) -> Floats:
    """(R, S) what the readings weigh once gold is known, each at the strengths `BETWEEN`.

    prior : (R,) before, shared evenly by a reading's strengths; the result sums to 1
    """
    weight = sampling_weight(gold)
    score = np.empty((len(told), len(BETWEEN)))
    for r, one in enumerate(told):
        for s, between in enumerate(BETWEEN):
            said = floored(one.posterior(between)[gold.item])
            score[r, s] = weight @ np.log(said[np.arange(gold.G), gold.label])
    with np.errstate(divide="ignore"):  # a reading of weight 0 stays at 0
        log_prior = np.log(prior / len(BETWEEN))
    return np.asarray(softmax(log_prior[:, None] + score))
