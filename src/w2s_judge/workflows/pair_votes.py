"""A run opened for `pairs`: its sources of slices, for learning and for writing."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from w2s_judge.aggregation.contract import METHODS
from w2s_judge.arrays import Floats, Ints
from w2s_judge.errors import UsageError
from w2s_judge.preferences.rules import Rule
from w2s_judge.ranking.contract import RANKERS
from w2s_judge.ranking.responses import positions
from w2s_judge.registry import unknown
from w2s_judge.sentences import listed
from w2s_judge.store.matrices import ranking_masses, within
from w2s_judge.store.reading import Asked
from w2s_judge.store.run import Run
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.gold import GoldFile, rubrics_with_gold
from w2s_judge.workflows.pair_compared import Compared
from w2s_judge.workflows.pair_gold import Labelled, labelled
from w2s_judge.workflows.pair_lessons import Chances, Examples, Wish, examples
from w2s_judge.workflows.pair_ratings import Ratings
from w2s_judge.workflows.pair_slices import Scores, Slice, Source
from w2s_judge.workflows.pair_verdicts import Along, Looked, Verdicts, table_of
from w2s_judge.workflows.pair_vetoes import Vetoes
from w2s_judge.workflows.verdict_rows import VerdictRows, verdict_rows
from w2s_judge.workflows.vote_comparisons import compared_by_judges


@dataclass(frozen=True, eq=False, slots=True)
class PairVotes:
    """The rubrics of a rule in a run. `method` is what ordered the responses.

    `gold` is by rubric, those that veto too; empty without labels.
    """

    folder: Path
    rule: Rule
    asked: Mapping[str, Asked]
    rows: Mapping[str, VerdictRows]
    ranked: Mapping[str, Mapping[str, Floats]]
    method: str
    scores: Scores | None = None
    gold: Mapping[str, Labelled] = field(default_factory=dict)

    @property
    def compares(self) -> bool:
        """Whether the votes compare two responses."""
        return self.asked[self.rule.utilities[0]].arity == 2

    @property
    def learns(self) -> bool:
        """Whether gold says of two responses which is the better, under all rubrics that count."""
        return all(name in self.gold for name in self.rule.utilities)

    @property
    def ties_tell(self) -> bool:
        """Whether gold is as fine as the votes, so that its ties say something."""
        rubrics = [self.asked[name] for name in self.rule.utilities]
        return not any(one.arity == 1 and len(one.classes) < len(one.labels) for one in rubrics)

    def writing(self, *, ranking_too: bool) -> tuple[Source, tuple[Along, ...]]:
        """The source of the slices of all prompts, cut in the order of the input, and its rows."""
        rows = {name: self._along(name) for name in self.rule.utilities}
        vetoing = {name: self._along(name) for name, _ in self.rule.vetoes}
        source = self._source(rows, vetoing, ranking_too=ranking_too)
        return source, (*rows.values(), *vetoing.values())

    def _along(self, name: str) -> Along:
        return Along(self.asked[name], self.rows[name].rows(), self._utilities(name))

    def lessons(self, wish: Wish) -> Examples | None:
        """The gold pairs that the strategy draws, utilities blind to the gold; None without any."""
        if not self.learns:
            return None
        told = [self.gold[name] for name in self.rule.utilities]
        prompts = frozenset(name for one in told for name, _ in one.utility)
        verdicts = {
            name: Looked(
                self.asked[name], table_of(rows.rows(), prompts), self._utilities(name),
                self.gold[name].blind if name in self.gold else {},
            )
            for name, rows in self.rows.items()
        }  # fmt: skip
        source = self._source(verdicts, verdicts, ranking_too=True, blind=True)
        votes = {name: of_prompts(self._whole(name), prompts) for name in self.asked}
        found = source.cut({name: one for name, one in votes.items() if one.I})
        return None if found is None else examples(found, self._chances(found), wish)

    def _source(
        self,
        verdicts: Mapping[str, Verdicts],
        vetoing: Mapping[str, Verdicts],
        *,
        ranking_too: bool,
        blind: bool = False,
    ) -> Source:
        vetoes = Vetoes(self.rule, self.asked, vetoing, blind)
        if self.compares:
            name = self.rule.utilities[0]
            return Compared(
                self.asked[name], verdicts[name], vetoes, self.ranked[name], ranking_too,
                self.scores,
            )  # fmt: skip
        return Ratings(
            self.rule, self.asked, verdicts, vetoes, self.ranked, ranking_too, self.scores
        )

    def _utilities(self, name: str) -> Mapping[tuple[str, tuple[int, ...]], float]:
        return self.gold[name].utility if name in self.gold else {}

    def _whole(self, name: str) -> VoteMatrix:
        if name in self.gold:
            return self.gold[name].votes
        with closing(Run(self.folder)) as run:
            return run.votes(name)

    def _chances(self, found: Slice) -> Chances:
        """Of pairs of rows of a slice: the probability that all the labels on both were drawn."""
        at = [
            (found.prompts[g], k)
            for g, k in zip(found.group.tolist(), found.position.tolist(), strict=True)
        ]

        def one(keys: list[tuple[str, tuple[int, ...]]]) -> Floats:
            drawn = [
                np.array([labels.chosen.get(key, 1.0) for key in keys])
                for labels in (self.gold[name] for name in self.rule.utilities)
            ]
            return np.asarray(np.prod(drawn, axis=0), dtype=np.float64)

        def chances(first: Ints, second: Ints) -> Floats:
            pairs = list(zip(first.tolist(), second.tolist(), strict=True))
            if self.compares:  # a label on a pair is drawn once
                return one([(at[a][0], tuple(sorted((at[a][1], at[b][1])))) for a, b in pairs])
            sides = one([(at[a][0], (at[a][1],)) for a, _ in pairs])
            others = one([(at[b][0], (at[b][1],)) for _, b in pairs])
            return np.where(first == second, sides, sides * others)

        return chances


def pair_votes(
    db: sqlite3.Connection, folder: Path, rule: Rule, method: str | None, gold: GoldFile | None,
    seed: int,
) -> PairVotes:  # fmt: skip
    """Open the rubrics of a rule; `gold` None takes the labels that the consensus used, if any."""
    known = (*METHODS.names(), *RANKERS.names())
    if method is not None and method not in known:
        raise UsageError(unknown("method", method, known))
    ranker = method if method in RANKERS.names() else None
    names = (*rule.utilities, *(name for name, _ in rule.vetoes))
    rows = {name: verdict_rows(folder, name, None if ranker else method) for name in names}
    asked = {name: one.asked for name, one in rows.items()}
    scores = None
    if ranker is not None:
        if len(rule.utilities) > 1:
            raise UsageError(f"--method {ranker} ranks under one rubric: name one --rubric")
        scores = scores_of(folder, asked[rule.utilities[0]], ranker)
    methods = dict.fromkeys(rows[name].method for name in rule.utilities)
    opened = PairVotes(
        folder, rule, asked, rows,
        {name: ranking_masses(db, one) for name, one in asked.items()},
        ranker or ", ".join(methods), scores,
    )  # fmt: skip
    return replace(opened, gold=_gold(opened, gold, seed))


def _gold(opened: PairVotes, labels: GoldFile | None, seed: int) -> dict[str, Labelled]:
    """By rubric, its labels: of the file given, else those that the consensus was given."""
    names = tuple(opened.rows)
    told = frozenset[str]() if labels is None else rubrics_with_gold(labels, names)
    lacking = [name for name in opened.rule.utilities if name not in told]
    if labels is not None and lacking:
        raise UsageError(
            f"--gold has no labels under {listed(lacking)}: without them it does not say which of "
            "two responses is the better; label these, too, or leave the rubric out"
        )
    found: dict[str, Labelled] = {}
    for name, rows in opened.rows.items():
        one = labelled(opened.folder, rows, labels if name in told else None, seed)
        if one is not None:
            found[name] = one
    return found


def scores_of(folder: Path, asked: Asked, ranker: str) -> dict[tuple[str, int], float]:
    """A ranker's score of each response of a run; only comparable within a prompt."""
    with closing(Run(folder)) as run:
        made = compared_by_judges(run, asked)
    ranking = RANKERS.get(ranker).make()(made)
    alone = np.bincount(np.r_[made.left, made.right], minlength=made.N) == 0
    keys = zip(
        (made.questions[q] for q in made.question.tolist()), positions(made).tolist(), strict=True
    )
    return {
        key: score
        for key, score, none in zip(keys, ranking.score.tolist(), alone.tolist(), strict=True)
        if not none
    }


def of_prompts(votes: VoteMatrix, prompts: frozenset[str]) -> VoteMatrix:
    """The items of some prompts and the votes on them."""
    kept = np.array([name in prompts for name in votes.items], dtype=np.bool_)
    number = np.cumsum(kept, dtype=np.int32) - 1
    there = votes.only(kept[votes.item])
    return replace(
        there,
        items=tuple(name for name, stays in zip(votes.items, kept, strict=True) if stays),
        item=number[there.item].astype(np.int32),
        group=votes.group[kept],
        positions=None if votes.positions is None else votes.positions[kept],
    )


def stretch_of(
    db: sqlite3.Connection, asked: Mapping[str, Asked], stretch: tuple[int, int]
) -> dict[str, VoteMatrix]:
    """The votes on a stretch of the input, by rubric; rubrics without any are not in it."""
    blocks = {name: within(db, one, stretch) for name, one in asked.items()}
    return {name: block.votes for name, block in blocks.items() if block is not None}
