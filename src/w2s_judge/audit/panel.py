"""What is audited: the votes under one rubric, what is known of the truth, and of the calls.

Letters: I items, J raters, V votes, L vote labels, C truth classes, G gold labels, N judges,
A responses that an item is about (1, or 2 that are compared).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.ranking.responses import judges_of
from w2s_judge.votes import VoteMatrix


@dataclass(frozen=True, eq=False, slots=True)
class Slice:
    """A division of the items: `part` (I,) is an index into `names`; unknown is a name of its own."""

    part: Ints
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Traits:
    """What is known of the items beside their votes.

    length : (I, A) characters of each judged response; None where texts are not at hand
    family : I rows of A names, who wrote them; None for each that is unknown; () where none is
    slices : "task" and columns of `meta` by name
    """

    length: Ints | None = None
    family: tuple[tuple[str | None, ...], ...] = ()
    slices: Mapping[str, Slice] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Calls:
    """What one judge's answers took, for one task; a cost, tokens or seconds unknown are None.

    answers counts votes and abstentions (repeats each); failures the calls that gave none, by kind
    of error. cost_usd and tokens are of all calls; latency_s is the mean of answered calls.
    """

    judge: str
    task: str | None
    answers: int
    calls: int
    failures: Mapping[str, int]
    cost_usd: float | None
    prompt_tokens: int | None
    completion_tokens: int | None
    latency_s: float | None


@dataclass(frozen=True, eq=False, slots=True)
class Ledger:
    """The abstentions one by one, and what the calls took.

    item, rater, reason : (n,) indices into the votes' items and raters, and into `reasons`: a rater
                          that gave no vote on the item although it answered
    calls               : a judge and task a row; () for a file of votes
    models              : judge -> the model behind it, where known
    unasked             : questions of the run that have no answer
    """

    item: Ints
    rater: Ints
    reason: Ints
    reasons: tuple[str, ...]
    calls: tuple[Calls, ...] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    unasked: int = 0

    @classmethod
    def empty(cls) -> Ledger:
        """Of votes from a file without abstentions."""
        none = np.zeros(0, dtype=np.int32)
        return cls(none, none, none, ())


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
