"""A run opened for `pairs`: its sources of slices, for learning and for writing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from w2s_judge.aggregation.contract import METHODS
from w2s_judge.arrays import Floats, Ints
from w2s_judge.errors import UsageError
from w2s_judge.preferences.rules import Rule
from w2s_judge.ranking.compared import compared
from w2s_judge.ranking.contract import RANKERS
from w2s_judge.ranking.responses import positions
from w2s_judge.ranking.within_judges import within_judges
from w2s_judge.registry import unknown
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
from w2s_judge.workflows.verdict_rows import VerdictRows, verdict_rows


@dataclass(frozen=True, eq=False, slots=True)
class PairVotes:
    """The rubrics of a rule in a run. `method` is what ordered the responses.

    `calibration` is what the consensus on pairs of a comparing rubric calls itself, else None;
    `gold` is by rubric, empty without labels.
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
    def ties_tell(self) -> bool:
        """Whether gold is as fine as the votes, so that its ties say something."""
        return not any(one.coarse for one in self.gold.values())

    def writing(self, *, ranking_too: bool) -> Source:
        """The source of the slices of all prompts, to be cut in the order of the input."""
        verdicts = {
            name: Along(self.asked[name], rows.rows(), self._utilities(name))
            for name, rows in self.rows.items()
        }
        return self._source(verdicts, ranking_too=ranking_too)

    def lessons(self, wish: Wish) -> Examples:
        """The gold pairs that the strategy draws, utilities blind to the gold."""
        prompts = frozenset(name for one in self.gold.values() for name, _ in one.utility)
        verdicts = {
            name: Looked(
                self.asked[name], table_of(rows.rows(), prompts), self._utilities(name),
                self.gold[name].blind if name in self.gold else {},
            )
            for name, rows in self.rows.items()
        }  # fmt: skip
        source = self._source(verdicts, ranking_too=True)
        votes = {name: of_prompts(self._whole(name), prompts) for name in self.asked}
        found = source.cut({name: one for name, one in votes.items() if one.I})
        return examples(found, self._chances(found), wish)

    def _source(self, verdicts: Mapping[str, Verdicts], *, ranking_too: bool) -> Source:
        if self.compares:
            name = self.rule.utilities[0]
            return Compared(
                self.asked[name], verdicts[name], self.ranked[name], ranking_too, self.scores
            )
        return Ratings(self.rule, self.asked, verdicts, self.ranked, ranking_too, self.scores)

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
                for labels in self.gold.values()
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
    """By utility rubric, its labels: of the file given, else of the consensus' own."""
    found: dict[str, Labelled] = {}
    names = opened.rule.utilities
    told = frozenset(names) if labels is None else rubrics_with_gold(labels, names)
    for name in names:
        before = opened.rows[name].before
        mine = labels if name in told else None
        if labels is None and before.gold is not None and Path(before.gold).is_file():
            mine = GoldFile.read(Path(before.gold))
        if mine is not None:
            found[name] = labelled(
                opened.folder, opened.asked[name], mine, before, opened.rows[name].method, seed
            )
    if len(found) < len(names):
        return {}  # utilities are averaged: labels under some of the rubrics tell nothing
    return found


def scores_of(folder: Path, asked: Asked, ranker: str) -> dict[tuple[str, int], float]:
    """A ranker's score of each response of a run; only comparable within a prompt."""
    with closing(Run(folder)) as run:
        votes = run.votes(asked.name)
    made = compared(votes, asked.utilities) if asked.arity == 2 else within_judges(
        votes, asked.utilities
    )  # fmt: skip
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


def judges_of(votes: Mapping[str, VoteMatrix]) -> Iterator[str]:
    """The judges of the rubrics, each once."""
    yield from dict.fromkeys(name for one in votes.values() for name in one.judge or one.raters)
