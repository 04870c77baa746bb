"""Dawid-Skene in which judges who repeat each other are one source.

Dawid and Skene (1979) with votes that count less where their judge is one of a cluster of near
copies (`sources.py`). Near copies are found in the votes by their excess correlation
(`copies.py`). But votes alone cannot tell three copies of a poor judge and two good ones from
three good judges and two poor ones who err together: who counts as one source is an assumption,
`sources`, which is named in the result. Where the other reading fits as well, that is said, and
how many gold labels would decide; with gold the readings are weighed by it (`readings.py`).

Without gold the posterior is tempered here, not by the caller. Where a test bears out that sources
err independently (`between_sources.py`), their errors are still taken to correlate by `between`;
where it does not, by what the votes of different sources show, if that is more, and the shares of
the votes are mixed in, as for every method that takes votes for independent
(`calibration/tempering.py`). An item never has more independent votes than families that voted.

Letters: I items, J raters, L vote labels, C truth classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from w2s_judge.aggregation.between_sources import (
    between_sources,
    borne_out,
    contradicted,
    refuted,
)
from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.copies import Copies
from w2s_judge.aggregation.dawid_skene import DawidSkene
from w2s_judge.aggregation.labels_needed import labels_needed
from w2s_judge.aggregation.readable import readable
from w2s_judge.aggregation.readings import (
    BETWEEN,
    Assumption,
    Reading,
    Told,
    chances,
    readings,
    weighed,
)
from w2s_judge.aggregation.shares import clamped
from w2s_judge.aggregation.sources import Panel
from w2s_judge.arrays import Floats
from w2s_judge.consensus import Consensus
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

NAME = "one-source"
LIKELY = 0.005  # weight below which a reading is not mentioned and not fitted again
ASSUMED = {
    "clusters": "assumed: a tight cluster of judges is one source",
    "families": "assumed: judges of one family are one source",
    "apart": "assumed: every judge is a source of its own, however alike they vote",
}
NO_FAMILY = "no two judges whose votes vary are known to be of one family"
NOTHING_TIGHT = "no judges agree so much beyond a common truth that they would be one source"
LEFT_ALONE = (
    "{names} may repeat each other and were left as they are: of what a common truth leaves open "
    "in their votes they share {excess:.2f} ({z:.1f} standard errors above none, {needed:.1f} "
    "asked; {items} items, {fewest} asked)"
)
TWO_FACTORS = (
    ", and with them merged the votes still have more in common than a truth, or fewer than two "
    "judges are left beside them"
)
GOLD_WEIGHS = "how probable gold makes each reading: {each}"
STRENGTH = (
    "how probable gold makes it that errors of two sources correlate by so much: {each}. Readings "
    "were fitted without gold, so that its labels are news to them; before it the first reading "
    "had {trust:.2f}"
)
UNWEIGHED = (
    "which label means which class is learned from gold, so that gold cannot weigh the readings, "
    "too: the assumption stands"
)


@dataclass(frozen=True, slots=True)
class OneSource:
    """Near copies count as one source.

    sources : who is one source. "clusters": a cluster of near copies that `copies` accepts (500
              items at least). "families": judges of one family, by how much they repeat each other
              as far as the votes tell that. "apart": nobody
    trust   : probability of that reading before gold, in (0, 1); its rivals share the rest
    between : correlation of the errors of two sources that is assumed without gold, in [0, 1)
    copies  : the rule that finds clusters
    model   : what is fitted to the votes, whose weights it takes into account
    """

    sources: Assumption = "clusters"
    trust: float = 0.8
    between: float = 0.1
    copies: Copies = field(default_factory=Copies)
    model: DawidSkene = field(default_factory=DawidSkene)

    def __post_init__(self) -> None:
        if self.sources not in ASSUMED:
            raise ConfigurationError(
                f"sources={self.sources!r} is not known\n  take one of {', '.join(ASSUMED)}"
            )
        if not (0 < self.trust < 1 and 0 <= self.between < 1):
            raise ConfigurationError("trust is above 0 and below 1, between from 0 to below 1")

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """(I, C) posterior; `confusion` and `weight` are those of the likeliest reading."""
        stated = replace(readable(votes), truth=votes.truth_with(gold))
        return self.on(Panel.of(stated, self.copies), gold)

    def on(self, panel: Panel, gold: Gold | None) -> Consensus:
        """The same of a panel that was looked at; its votes state their truth."""
        votes, found = panel.votes, readings(panel, self.sources)
        truth = votes.truth_with(gold)
        notes = self._assumed(panel, found[0])
        known = truth.of_label is not None
        if gold is not None and gold.G and known:
            told = [Told.of(one, votes, self.model, None) for one in found]
            return self._by_gold(votes, gold, told, notes)
        first = Told.of(found[0], votes, self.model, None if known else gold)
        test = between_sources(votes, first.reading.sources, first.fitted.posterior)
        notes = (*notes, *contradicted(test, bool(first.reading.sources)))
        if gold is not None and gold.G and len(found) > 1:
            notes = (*notes, UNWEIGHED)
        elif panel.stands_out:
            notes = (*notes, *self._rivals(votes, first, found[1:]))
        fitted = first.modest(votes, gold, self.between, believed=borne_out(test))
        return self._stated(fitted, clamped(fitted.posterior, gold), "tempered", notes)

    def _by_gold(
        self, votes: VoteMatrix, gold: Gold, told: Sequence[Told], notes: tuple[str, ...]
    ) -> Consensus:
        """The mixture of readings, by what gold says of them."""
        weight = weighed(told, gold, chances(len(told), self.trust))
        kept = [r for r, one in enumerate(weight.sum(axis=1)) if one >= LIKELY]
        share = weight[kept] / weight[kept].sum()
        fits = [told[r].anchored(votes, self.model, gold) for r in kept]
        posterior = np.zeros_like(fits[0].posterior)
        for k, r in enumerate(kept):
            for s, between in enumerate(BETWEEN):
                posterior += share[k, s] * told[r].tempered(fits[k], between)
        likeliest = int(share.sum(axis=1).argmax())
        best, taken = fits[likeliest], told[kept[likeliest]]
        test = between_sources(votes, taken.reading.sources, taken.fitted.posterior)
        prior = share.sum(axis=1) @ np.array([_prior(one) for one in fits])
        doubt = contradicted(test, bool(taken.reading.sources))
        said = (*notes, *self._weights(votes, told, weight), *doubt)
        stated = replace(best, prior=prior)
        return self._stated(stated, clamped(posterior, gold), "model", said)

    def _stated(
        self, fitted: Consensus, posterior: Floats, calibration: str, notes: tuple[str, ...]
    ) -> Consensus:
        """The consensus of this method, from that of a fit."""
        return replace(
            fitted, posterior=posterior, calibration=calibration, method=NAME,
            settings=repr(self), notes=(*notes, *fitted.notes),
        )  # fmt: skip

    def _assumed(self, panel: Panel, first: Reading) -> tuple[str, ...]:
        """What was assumed, who was merged, by how much; or why nobody was."""
        names = panel.votes.raters
        merged = tuple(one.said(names) for one in first.sources)
        if merged or self.sources == "apart":
            return (ASSUMED[self.sources], *merged)
        if self.sources == "families":
            return (ASSUMED[self.sources], NO_FAMILY)
        if panel.found.why or not panel.found.clusters:
            return (ASSUMED[self.sources], panel.found.why or NOTHING_TIGHT)
        one = panel.found.clusters[0]
        if one.excess < self.copies.second:
            return (ASSUMED[self.sources], NOTHING_TIGHT)
        said = LEFT_ALONE.format(
            names=panel.names(one.members), excess=one.excess, z=one.z, needed=one.needed,
            items=one.items, fewest=self.copies.fewest_items,
        )  # fmt: skip
        return (ASSUMED[self.sources], said + (TWO_FACTORS if one.merges else ""))

    def _rivals(self, votes: VoteMatrix, first: Told, others: Sequence[Reading]) -> tuple[str, ...]:
        """A sentence for each rival that the votes do not refute and that labels otherwise."""
        ahead = self.trust / ((1 - self.trust) / max(len(others), 1))
        notes = []
        for other in others:
            rival = Told.of(other, votes, self.model, None)
            if refuted(between_sources(votes, other.sources, rival.fitted.posterior)):
                continue
            one, two = first.posterior(self.between), rival.posterior(self.between)
            needed = labels_needed(one, two, ahead=ahead)
            if needed is not None:
                names = first.reading.said(votes.raters), other.said(votes.raters)
                notes.append(needed.said(*names, int(np.count_nonzero(votes.support))))
        return tuple(notes)

    def _weights(self, votes: VoteMatrix, told: Sequence[Told], weight: Floats) -> tuple[str, ...]:
        """What gold made of the readings and of how far their sources err together."""
        of_reading, of_strength = weight.sum(axis=1), weight.sum(axis=0)
        each = (
            f"{one.reading.said(votes.raters)} {share:.2f}"
            for one, share in zip(told, of_reading, strict=True)
        )
        strengths = (f"{b:g} {s:.2f}" for b, s in zip(BETWEEN, of_strength, strict=True))
        first = float(chances(len(told), self.trust)[0])
        return (
            GOLD_WEIGHS.format(each="; ".join(each)),
            STRENGTH.format(each=", ".join(strengths), trust=first),
        )


def _prior(fitted: Consensus) -> Floats:
    if fitted.prior is None:  # Dawid-Skene always states one; said for the type checker
        raise ValueError("a fit without a prior")
    return fitted.prior


METHOD = Method(
    NAME,
    "near copies among judges count as one source; gold weighs the readings",
    OneSource,
    frozenset({Law.ITEMS, Law.RATERS, Law.LABELS, Law.REVERSAL, Law.SILENCE, Law.GOLD, Law.MUTE}),
)
