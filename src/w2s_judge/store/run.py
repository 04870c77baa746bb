"""A run as Python sees it: its manifest, votes and scores, as arrays, mappings or frames."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from w2s_judge.errors import ConfigurationError
from w2s_judge.ledger import Ledger
from w2s_judge.store import folder as folders
from w2s_judge.store import manifest, matrices, reading
from w2s_judge.store.items import blocks as staged_blocks
from w2s_judge.store.items import models
from w2s_judge.store.ledger import ledger_of
from w2s_judge.store.said import Said, said_of
from w2s_judge.store.schema import connect
from w2s_judge.store.traits import traits_of
from w2s_judge.traits import Traits
from w2s_judge.types import Item
from w2s_judge.votes import VoteMatrix

BLOCK = 256  # items whose texts are held at a time


class Run:
    """A run folder, open for reading. `summary` is what `score` reported, if that was here."""

    def __init__(self, folder: str | Path, summary: dict[str, Any] | None = None) -> None:
        self.folder = Path(folder)
        self._db: sqlite3.Connection = connect(folders.require(self.folder), read_only=True)
        self.summary = summary

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    @property
    def manifest(self) -> dict[str, Any]:
        """Versions, panel, rubrics, input, seed, counts and cost of the run."""
        return manifest.load(self._db)

    @property
    def rubrics(self) -> tuple[str, ...]:
        """Names of the rubrics that were asked."""
        return tuple(self.manifest.get("rubrics", {}))

    def asked(self, rubric: str) -> reading.Asked:
        """How a rubric was asked; `ConfigurationError` for one that was not."""
        known = self.manifest.get("rubrics", {})
        if rubric not in known:
            near = get_close_matches(rubric, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ConfigurationError(
                f"this run has no rubric {rubric!r}, it has {', '.join(known) or 'none'}{hint}"
            )
        return reading.Asked.recorded(rubric, known[rubric])

    def votes(self, rubric: str) -> VoteMatrix:
        """All votes under a rubric, repeats of a judge averaged: a `VoteMatrix`."""
        votes = matrices.whole(self._db, self.asked(rubric))
        if votes is None:
            raise ConfigurationError(f"there is no vote under {rubric!r} yet")
        return votes

    def has_votes(self, rubric: str) -> bool:
        """Whether anybody has voted or abstained under a rubric."""
        asked = self.asked(rubric)
        return matrices.any_vote(self._db, asked)

    def ledger(self, rubric: str, votes: VoteMatrix) -> Ledger:
        """Abstentions and calls under a rubric; `votes` are all its votes."""
        return ledger_of(self._db, self.asked(rubric), votes)

    def traits(self, votes: VoteMatrix) -> Traits:
        """Lengths, authors, tasks and columns of meta of the items of votes of this run."""
        return traits_of(self._db, votes)

    def models(self) -> dict[str, tuple[str | None, ...]]:
        """Who wrote each item's responses, by the item's id; None where it is unknown."""
        return models(self._db)

    def items(self) -> Iterator[Item]:
        """The items with their texts, in the seeded order of asking."""
        for block in staged_blocks(self._db, BLOCK):
            yield from (item for _, item in block)

    def vote_lines(self, rubric: str | None = None) -> Iterator[dict[str, Any]]:
        """Every vote and abstention as the mapping that `w2s-judge votes` prints."""
        for name in self.rubrics if rubric is None else (rubric,):
            asked = self.asked(name)
            if asked.judges:
                yield from reading.vote_lines(self._db, asked)

    def said_of(self, rubric: str, items: Iterable[str]) -> Iterator[Said]:
        """Items by their ids with all that was said of them under a rubric, probes left out."""
        return said_of(self._db, self.asked(rubric), items)

    def votes_frame(self, rubric: str | None = None) -> Any:
        """`vote_lines` as a pandas DataFrame (extra `pandas`)."""
        from w2s_judge.frames import frame

        return frame(list(self.vote_lines(rubric)))

    def scores(self) -> Iterator[dict[str, Any]]:
        """The rows of `scores.jsonl`."""
        path = self.folder / folders.SCORES
        if not path.is_file():
            return
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)

    def scores_frame(self) -> Any:
        """`scores` as a pandas DataFrame (extra `pandas`)."""
        from w2s_judge.frames import frame

        return frame(list(self.scores()))
