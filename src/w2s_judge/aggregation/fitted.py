"""A fitted model of raters: scores new votes without another fit.

Letters: I items, J raters, L vote labels, C truth classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.aggregation.em import TINY, posterior
from w2s_judge.aggregation.layout import Layout
from w2s_judge.aggregation.patterns import lay_out
from w2s_judge.aggregation.readable import readable
from w2s_judge.arrays import Floats
from w2s_judge.calibration.prior import known_prior
from w2s_judge.consensus import Consensus, Fit
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

UNFINISHED = "the fit had not converged after {n} iterations: do not rely on it, or allow more"


@dataclass(frozen=True, eq=False, slots=True)
class Problem:
    """What a model is fitted for, apart from the votes.

    scale : (L,) the numbers that the labels stand for
    prior : P(class) (C,) and its source, where it is known before the fit
    notes : what had to be assumed
    """

    raters: tuple[str, ...]
    labels: tuple[str, ...]
    truth: Truth
    ordered: bool
    scale: Floats
    prior: tuple[Floats, str] | None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, votes: VoteMatrix, gold: Gold | None) -> Problem:
        """As votes and gold state it."""
        truth = votes.truth_with(gold)
        known = known_prior(truth, gold)
        return cls(votes.raters, votes.labels, truth, votes.ordered, votes.scale, known)

    @property
    def table(self) -> tuple[int, int]:
        """(J*L, C), the shape of a table of all raters' vote labels by class."""
        return len(self.raters) * len(self.labels), self.truth.C


@dataclass(frozen=True, eq=False, slots=True)
class Fitted:
    """P(vote label | class) of each rater, (J, C, L), and P(class), (C,); the rest says whence.

    accuracy : (J,) probability that a rater's vote names the class
    """

    raters: tuple[str, ...]
    labels: tuple[str, ...]
    classes: tuple[str, ...]
    confusion: Floats
    prior: Floats
    prior_source: str
    accuracy: Floats
    method: str
    settings: str
    fit: Fit
    notes: tuple[str, ...] = ()

    def predict(self, votes: VoteMatrix) -> Consensus:
        """The posterior of votes that need not have been in the fit, with this model as it is.

        Raters are known by their names, some or all of them; the votes of others are left out,
        and a note says so. Raises `ConfigurationError` where a vote label is none of the model's.
        """
        foreign = sorted(set(votes.labels) - set(self.labels))
        if foreign:
            raise ConfigurationError(
                f"the model knows no label {foreign[0]!r}; it knows {', '.join(self.labels[:8])}\n"
                "  fit it again with votes that have all labels"
            )
        number = {name: j for j, name in enumerate(self.raters)}
        mine = np.array([number.get(name, -1) for name in votes.raters], dtype=np.int64)
        strangers = [name for name in votes.raters if name not in number]
        notes = self.notes
        if strangers:
            votes = votes.only(mine[votes.rater] >= 0)
            notes += (
                f"votes of {len(strangers)} raters that the fit did not see were left out: "
                f"{', '.join(strangers[:5])}",
            )
        column = [self.labels.index(label) for label in votes.labels]
        confusion = self.confusion[np.maximum(mine, 0)][:, :, column]
        layout = lay_out(readable(votes), None, len(self.classes))
        return self.consensus(layout, table_of(confusion), notes)

    def consensus(self, layout: Layout, table: Floats, notes: tuple[str, ...]) -> Consensus:
        """What the model makes of laid-out votes, with `table` (J*L, C) for their raters."""
        support = np.zeros(0, dtype=np.int32) if layout.support is None else layout.support
        return Consensus(
            posterior(layout, table, logarithm(self.prior)),
            self.classes,
            support,
            self.method,
            "none",
            self.prior,
            self.prior_source,
            confusion=self.confusion,
            weight=self.accuracy,
            fit=self.fit,
            settings=self.settings,
            notes=notes,
        )


def table_of(confusion: Floats) -> Floats:
    """(J, C, L) probabilities to the (J*L, C) logarithms that votes are projected on."""
    raters, classes, labels = confusion.shape
    return logarithm(confusion.transpose(0, 2, 1)).reshape(raters * labels, classes)


def logarithm(probability: Floats) -> Floats:
    """The logarithm, of 0 a very low one."""
    return np.asarray(np.log(np.maximum(probability, TINY)))
