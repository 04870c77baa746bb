"""Votes and abstentions together: everything that judges answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from w2s_judge.arrays import Bools, Ints
from w2s_judge.audit.panel import Panel

Places = npt.NDArray[Any]


@dataclass(frozen=True, eq=False, slots=True)
class Answers:
    """Every vote and abstention; (k,) each. `silent` is True for an abstention."""

    item: Ints
    judge: Ints
    silent: Bools

    @classmethod
    def of(cls, panel: Panel) -> Answers:
        """Of all raters, under the names of their judges."""
        votes, ledger = panel.votes, panel.ledger
        rater = np.concatenate([votes.rater, ledger.rater])
        judge = panel.judge_of_rater[rater] if len(rater) else rater
        silent = np.zeros(len(rater), dtype=np.bool_)
        silent[votes.V :] = True
        return cls(np.concatenate([votes.item, ledger.item]), judge, silent)

    def only(self, kept: Places) -> Answers:
        """Some of them."""
        return Answers(self.item[kept], self.judge[kept], self.silent[kept])

    def among(self, judges: Places) -> Answers:
        """Those of some judges (ascending), who are numbered anew."""
        kept = np.flatnonzero(np.isin(self.judge, judges))
        judge = np.searchsorted(judges, self.judge[kept]).astype(np.int32)
        return Answers(self.item[kept], judge, self.silent[kept])
