"""Rankings as rows: one an object, within each item or over the whole run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from w2s_judge.comparisons import Ranking
from w2s_judge.ranking.components import within_question
from w2s_judge.ranking.percentiles import FEWEST
from w2s_judge.sentences import listed
from w2s_judge.workflows.scores import fit_path

Scope = Literal["item", "run"]
DIGITS = 6


@dataclass(frozen=True, eq=False, slots=True)
class Board:
    """A ranking of objects, each of an item (`scope` "item") or of the run (item None).

    items, objects : (N,) names; `known` (N,) False where there is nothing to rank an object by
    """

    scope: Scope
    items: tuple[str | None, ...]
    objects: tuple[str, ...]
    ranking: Ranking
    known: tuple[bool, ...] | None = None

    def rows(self, rubric: str | None) -> Iterator[dict[str, Any]]:
        """The rows of `ranking.jsonl`: items in order, within them component by component."""
        number = {name: k for k, name in enumerate(dict.fromkeys(self.items))}
        of_item = np.array([number[name] for name in self.items], dtype=np.int64)
        made = self.ranking
        order = np.lexsort((made.rank, made.component, of_item))
        for k in order.tolist():
            there = self.known is None or self.known[k]
            yield {
                "scope": self.scope,
                "item": self.items[k],
                "rubric": rubric,
                "object": self.objects[k],
                "score": _figure(made.score[k]) if there else None,
                "rank": int(made.rank[k]) if there else None,
                "low": None if made.low is None else _figure(made.low[k]),
                "high": None if made.high is None else _figure(made.high[k]),
                "component": int(made.component[k]) if there else None,
                "method": made.method,
            }


def board_of_run(names: Sequence[str], ranking: Ranking) -> Board:
    """The board over the run of names (K,), components numbered in order of their first."""
    part = within_question(ranking.component, np.zeros_like(ranking.component))
    return Board("run", (None,) * len(names), tuple(names), replace(ranking, component=part))


def no_interval(names: Sequence[str]) -> str:
    """What to say of models whose prompts are too few to draw from."""
    return f"no interval for {listed(names)}: in fewer than {FEWEST} prompts, or in few draws"


@dataclass(frozen=True, eq=False, slots=True)
class Ranked:
    """What `rank` made under one rubric; `record` is what its `.fit.json` holds.

    `path` is the file of rows, None where none was written.
    """

    rubric: str | None
    method: str
    boards: tuple[Board, ...]
    record: dict[str, Any]
    path: Path | None = None

    def rows(self) -> Iterator[dict[str, Any]]:
        """All rows: those of the run first, then item by item."""
        for board in sorted(self.boards, key=lambda one: one.scope, reverse=True):
            yield from board.rows(self.rubric)

    def told(self) -> dict[str, Any]:
        """As `rank --json` prints it: the record, and the rows over the whole run."""
        over = [board for board in self.boards if board.scope == "run"]
        return {
            **self.record,
            "ranking": [row for board in over for row in board.rows(self.rubric)],
            "path": None if self.path is None else str(self.path),
            "fit_path": None if self.path is None else str(fit_path(self.path)),
        }


def _figure(value: float) -> float | None:
    return round(float(value), DIGITS) if math.isfinite(value) else None
