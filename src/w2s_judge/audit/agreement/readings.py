"""What is read from each judge's votes: a verdict, and a score.

The verdict is the label with most mass; where two are level on top there is none. The score is the
level voted for, of soft votes the expected one. Judges whose mass only ranks have neither a verdict
nor a score that can be set beside another's, but their scores have an order.

Letters: V votes, N judges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Bools, Floats
from w2s_judge.audit.agreement.kendall import ScoreCodes
from w2s_judge.audit.agreement.label_counts import Column
from w2s_judge.audit.common_notes import rankers
from w2s_judge.audit.top_label import top_label
from w2s_judge.votes import VoteMatrix


@dataclass(frozen=True, eq=False, slots=True)
class Readings:
    """Votes with one rater a judge, and what is read from them.

    label : (V,) the verdict, -1 where there is none;  score : (V,)
    sure  : (V,) False for the votes of judges whose mass only ranks
    """

    votes: VoteMatrix
    label: Column
    score: Floats
    sure: Bools

    @classmethod
    def of(cls, votes: VoteMatrix) -> Readings:
        """Read the votes of a panel, one rater a judge."""
        unsure = votes.uncalibrated
        sure = np.ones(votes.V, dtype=np.bool_) if unsure is None else ~unsure[votes.rater]
        return cls(votes, top_label(votes), votes.scores, sure)

    @property
    def verdicts(self) -> Column:
        """Positions of the votes with a verdict."""
        return np.flatnonzero(self.sure & (self.label >= 0))

    @property
    def scores(self) -> Column:
        """Positions of the votes whose score can be set beside another judge's."""
        return np.flatnonzero(self.sure)

    @property
    def undecided(self) -> int:
        """Votes of which two labels are level on top."""
        return int(np.count_nonzero(self.sure & (self.label < 0)))

    @property
    def codes(self) -> ScoreCodes:
        """All votes' scores as small integers that keep each judge's order."""
        return ScoreCodes.of(self.votes.rater, self.score, self.votes.J)

    @property
    def heard(self) -> Bools:
        """(N,) judges with a vote."""
        return np.bincount(self.votes.rater, minlength=self.votes.J) > 0

    @property
    def unsure(self) -> tuple[str, ...]:
        """Names of the judges with a vote whose mass only ranks."""
        return rankers(self.votes)
