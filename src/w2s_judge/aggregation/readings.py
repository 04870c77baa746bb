"""Readings of the same votes: which judges are one source, and what gold says of each reading.

Three copies of a poor judge and two good ones have the correlations of three good judges and two
poor ones that err together, so that votes alone do not decide who is the copy. Each reading is
fitted as if it were true, without gold, and so a gold label is news to all of them:

    weight of a reading  ~  prior weight * product over gold of P(label | votes, reading)^w

with w the sampling weight, and P mixed with .1 of the flat row (`labels_needed.py`). A reading is
taken at four strengths: its sources err independently, or their errors correlate by .1 or .3, as
those of real judges do, or by 1, so that all their votes are worth one (a panel with one strong
error in common is else far too sure); log odds then count 1 / (1 + (n - 1) correlation), n the
votes' worth.

Gold has its say on P(class), too, after the weighing. What it tells alone is poor where it is
little, and what votes tell is poor where they lean together. So the votes' estimate is the mean of
a Dirichlet prior, and gold's labels, weighted by their sampling, are counted on top. What the
prior is worth, 1 to 1,000 labels, is averaged over by the probability of gold's counts.

Letters: I items, C truth classes, R readings, S strengths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import gammaln, softmax

from w2s_judge.aggregation.between_sources import assumed_dependence
from w2s_judge.aggregation.dawid_skene import DawidSkene
from w2s_judge.aggregation.evidence_average import sampling_weight
from w2s_judge.aggregation.fitted import table_of
from w2s_judge.aggregation.labels_needed import floored
from w2s_judge.aggregation.patterns import lay_out
from w2s_judge.aggregation.sources import Panel, Source, thinned, worth
from w2s_judge.arrays import Floats
from w2s_judge.calibration.dependence import effective_votes
from w2s_judge.calibration.prior import GIVEN
from w2s_judge.calibration.tempering import TINY, families, powered, tempered
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.sentences import listed
from w2s_judge.votes import VoteMatrix

Assumption = Literal["clusters", "families", "apart"]
NOBODY = "every judge is a source of its own"
LEAST = 0.1  # excess below which all judges outside a cluster are hardly one source
BETWEEN = (0.0, 0.1, 0.3, 1.0)  # correlations of the sources' errors that gold chooses from
CLASS_LABELS = np.array([1.0, 10.0, 100.0, 1000.0])  # what the votes' P(class) may be worth
TEMPERED = "errors of two {whose} are taken to correlate by {between:g}"
CAPPED = "an item has no more independent votes than families that voted"
CHECKED = "{assumed}: an assumption, gold checks it"
BOTH = "votes and gold"


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

    def posterior(self, between: float, most: Floats | None = None) -> Floats:
        """(I, C) where errors of two sources correlate by `between`."""
        return self.tempered(self.fitted, between, most)

    def tempered(self, fitted: Consensus, between: float, most: Floats | None = None) -> Floats:
        """(I, C) posterior of a fit of this reading, where errors of two sources correlate so.

        most : (I,) independent votes that an item has at most, None where that is not known
        """
        if fitted.prior is None or (not between and most is None):
            return fitted.posterior
        count = np.maximum(self.worth, 1.0)
        effective = effective_votes(count, between)
        if most is not None:
            effective = np.minimum(effective, np.maximum(most, 1.0))
        return powered(fitted.posterior, fitted.prior, effective / count)

    def modest(
        self, votes: VoteMatrix, gold: Gold | None, between: float, *, believed: bool
    ) -> Consensus:
        """The fit, tempered without gold; `believed` where its sources seem to err independently.

        Their errors then correlate by `between`, else at least so; families cap either.
        """
        of = self.reading.sources
        if not believed:
            phi = max(between, assumed_dependence(votes, of, gold))
            return tempered(self.fitted, thinned(votes, of), gold, phi=phi)
        most = families(votes)
        whose = "sources" if of else "judges"
        assumed = [TEMPERED.format(whose=whose, between=between)] if between else []
        assumed += [CAPPED] if most is not None else []
        said = (CHECKED.format(assumed="; ".join(assumed)),) if assumed else ()
        posterior = self.posterior(between, most)
        return replace(self.fitted, posterior=posterior, notes=(*said, *self.fitted.notes))

    def anchored(self, votes: VoteMatrix, model: DawidSkene, gold: Gold) -> Consensus:
        """The reading fitted once more with gold items at their label, by `class_prior`."""
        thin = thinned(votes, self.reading.sources)
        problem = model.problem(thin, None)
        problem = replace(problem, prior=class_prior(self.fitted, gold))
        layout = lay_out(thin, gold, problem.truth.C)
        fitted = model.fit(layout, problem)
        return fitted.consensus(layout, table_of(fitted.confusion), fitted.notes)


def class_prior(fitted: Consensus, gold: Gold) -> tuple[Floats, str] | None:
    """(C,) P(class) and its source: as given, else what the votes and gold tell together."""
    if fitted.prior is None or fitted.prior_source == GIVEN:
        return None if fitted.prior is None else (fitted.prior, GIVEN)
    weight = sampling_weight(gold)
    count = np.bincount(gold.label, weights=weight, minlength=len(fitted.prior))
    before = CLASS_LABELS[:, None] * np.maximum(fitted.prior, TINY)
    evidence = (gammaln(before + count) - gammaln(before)).sum(axis=1)
    evidence -= gammaln(CLASS_LABELS + count.sum()) - gammaln(CLASS_LABELS)
    mean = (before + count) / (CLASS_LABELS + count.sum())[:, None]
    rows = softmax(evidence) @ mean
    return rows / rows.sum(), BOTH


def chances(count: int, trust: float) -> Floats:
    """(R,) prior weights: `trust` for the first reading, the others share the rest."""
    weight = np.full(count, (1 - trust) / max(count - 1, 1))
    weight[0] = trust if count > 1 else 1.0
    return weight


def weighed(told: Sequence[Told], gold: Gold, prior: Floats) -> Floats:
    """(R, S) what the readings weigh once gold is known, each at the strengths `BETWEEN`; sum 1."""
    return np.asarray(softmax(joint_with_gold(told, gold, prior)))


def joint_with_gold(told: Sequence[Told], gold: Gold, prior: Floats) -> Floats:
    """(R, S) log of a reading's prior weight times P(gold's labels | votes, reading).

    prior : (R,) shared evenly by a reading's strengths
    """
    weight = sampling_weight(gold)
    score = np.empty((len(told), len(BETWEEN)))
    for r, one in enumerate(told):
        for s, between in enumerate(BETWEEN):
            said = floored(one.posterior(between)[gold.item])
            score[r, s] = weight @ np.log(said[np.arange(gold.G), gold.label])
    with np.errstate(divide="ignore"):  # a reading of weight 0 stays at 0
        log_prior = np.log(prior / len(BETWEEN))
    return np.asarray(log_prior[:, None] + score)
