"""What is audited: the votes under one rubric, what is known of the truth, and of the calls.

Letters: I items, J raters, V votes, L vote labels, C truth classes, G gold labels, N judges,
A responses that an item is about (1, or 2 that are compared).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.ledger import Calls as Calls
from w2s_judge.ledger import Ledger as Ledger
from w2s_judge.ranking.responses import judges_of
from w2s_judge.traits import Slice as Slice
from w2s_judge.traits import Traits as Traits
from w2s_judge.votes import VoteMatrix

MAJORITY, CONSENSUS = "majority", "consensus"
"""What the two are called beside the judges, in tables."""


@dataclass(frozen=True, eq=False, slots=True)
class Panel:
    """One rubric's votes with all that the audit reads.

    name      : of the rubric, or of the file
    votes     : as they were cast: a rater is a judge, or a judge in one order
    judged    : the same with one rater a judge (N raters): orders, variants, repeats as their mean
    consensus : (I, C) what stands for the truth where there is no gold; it saw the gold
    gold      : None where there is none
    held      : (G, C) the consensus on gold items from fits that did not see them, rows as gold's;
                None where gold is too little to hold any back
    arity     : 1 (one response is judged) or 2 (two are compared)
    utility   : (L,) in [0, 1] of the vote labels: of the response, or of the first of two; None
                where labels have neither an order nor a worth
    worth     : (C,) the same of the truth classes
    cut       : judges whose scores only rank and were cut into verdicts where the share of a class
                said so: how often they say what is no finding of theirs, nor how sure they are
    """

    name: str
    votes: VoteMatrix
    judged: VoteMatrix
    consensus: Consensus
    gold: Gold | None = None
    held: Floats | None = None
    arity: int = 1
    utility: tuple[float, ...] | None = None
    worth: tuple[float, ...] | None = None
    traits: Traits = field(default_factory=Traits)
    ledger: Ledger = field(default_factory=Ledger.empty)
    cut: tuple[str, ...] = ()

    @property
    def judges(self) -> tuple[str, ...]:
        """Names of the N judges, in the order of `judged.raters`."""
        return self.judged.raters

    @property
    def judge_of_rater(self) -> Ints:
        """(J,) index into `judges`."""
        return judges_of(self.votes)[1]

    def certainty(self) -> tuple[Floats, str]:
        """(I, C) what stands for the truth, one-hot on gold items, and its source in words.

        With gold: rows of other items are zeros, and "gold". Without: the consensus, and
        "consensus".
        """
        if self.gold is None or not self.gold.G:
            return self.consensus.posterior, "consensus"
        truth = np.zeros((self.votes.I, len(self.gold.classes)))
        truth[self.gold.item, self.gold.label] = 1.0
        return truth, "gold"
