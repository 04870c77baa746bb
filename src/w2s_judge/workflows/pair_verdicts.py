"""What a consensus says of the items of a stretch of votes: read along, or looked up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol, TypeAlias

import numpy as np

from w2s_judge.arrays import Bools, Floats
from w2s_judge.errors import RunFolderError
from w2s_judge.store.reading import Asked
from w2s_judge.votes import VoteMatrix

OUT_OF_STEP = (
    "the votes have changed since the scores were made: `w2s-judge aggregate RUN` makes them anew"
)

Key: TypeAlias = tuple[str, tuple[int, ...]]
"""An item's id and the positions of the responses that are judged."""


@dataclass(frozen=True, eq=False, slots=True)
class Told:
    """A consensus on items of votes, I of them, over C classes.

    posterior : (I, C), NaN where nobody voted
    gold      : (I,) the utility of the gold class, NaN without a gold label
    ranks     : (I,) True where the votes only rank and the posterior is no probability
    dissent   : (I,) mean mass of the votes off the row's label, NaN where it has none
    """

    posterior: Floats
    gold: Floats
    ranks: Bools
    dissent: Floats

    @property
    def known(self) -> Bools:
        """(I,) whether there is a posterior."""
        return np.asarray(~np.isnan(self.posterior).any(axis=1))


class Verdicts(Protocol):
    """Where a consensus comes from."""

    def of(self, votes: VoteMatrix, /) -> Told:
        """What it says of these items; `RunFolderError` where it does not know them."""


@dataclass(slots=True)
class Along:
    """The rows of a consensus, read along with the votes: each asked for once, in their order.

    `gold` has the utilities of gold labels beside those in the rows.
    """

    asked: Asked
    rows: Iterator[Mapping[str, Any]]
    gold: Mapping[Key, float] = field(default_factory=dict)

    def of(self, votes: VoteMatrix, /) -> Told:
        found = list(islice(self.rows, votes.I))
        keys = keys_of(votes)
        if len(found) < votes.I or any(map(_differs, found, keys)):
            raise RunFolderError(OUT_OF_STEP)
        return _told(found, self.asked, [self.gold.get(key) for key in keys])

    def end(self) -> None:
        """Check that no row is left: `RunFolderError` where there are scores without votes."""
        if next(self.rows, None) is not None:
            raise RunFolderError(OUT_OF_STEP)


@dataclass(frozen=True, slots=True)
class Looked:
    """Some rows of a consensus by key, with posteriors put in the place of theirs.

    `blind` maps keys to posteriors (C,) of a fit that did not see the item's gold label.
    """

    asked: Asked
    rows: Mapping[Key, Mapping[str, Any]]
    gold: Mapping[Key, float] = field(default_factory=dict)
    blind: Mapping[Key, Floats] = field(default_factory=dict)

    def of(self, votes: VoteMatrix, /) -> Told:
        keys = keys_of(votes)
        if not self.rows.keys() >= set(keys):
            raise RunFolderError(OUT_OF_STEP)
        rows = [self.rows[key] for key in keys]
        told = _told(rows, self.asked, [self.gold.get(key) for key in keys])
        for k, key in enumerate(keys):
            if key in self.blind:
                told.posterior[k] = self.blind[key]
        return told


def keys_of(votes: VoteMatrix) -> list[Key]:
    """The key of each item of a run's votes."""
    places = [] if votes.positions is None else votes.positions.tolist()
    return [(name, tuple(at)) for name, at in zip(votes.items, places, strict=True)]


def key_of(row: Mapping[str, Any]) -> Key:
    """The key of a row of a consensus."""
    return row["item"], tuple(row["responses"]) if "responses" in row else (row["response"],)


def table_of(rows: Iterable[Mapping[str, Any]], prompts: frozenset[str]) -> dict[Key, Any]:
    """The rows of some prompts, by key."""
    return {key_of(row): row for row in rows if row["item"] in prompts}


def _differs(row: Mapping[str, Any], key: Key) -> bool:
    return key_of(row) != key


def _told(rows: list[Mapping[str, Any]], asked: Asked, gold: list[float | None]) -> Told:
    worth = dict(zip(asked.classes, asked.worth, strict=True))
    nothing = [np.nan] * len(asked.classes)
    return Told(
        np.array(
            [nothing if (m := row["mass"]) is None else [m[c] for c in asked.classes]
             for row in rows],
            dtype=np.float64,
        ).reshape(len(rows), len(asked.classes)),
        np.array(
            [known if known is not None else worth.get(row["gold"], np.nan)
             for known, row in zip(gold, rows, strict=True)],
            dtype=np.float64,
        ),
        np.array([row["calibration"] == "uncalibrated" for row in rows], dtype=np.bool_),
        np.array(
            [np.nan if row["dissent"] is None else row["dissent"] for row in rows], np.float64
        ),
    )  # fmt: skip
