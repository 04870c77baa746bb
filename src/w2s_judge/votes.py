"""Votes as arrays: what every aggregator, ranker and audit reads.

Letters: I items, J raters, L vote labels, V votes. Silence is absence: there is no -1 and no NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class VoteMatrix:
    """Sparse votes under one rubric.

    An item is what is judged: a response, or two responses, to a prompt. A rater is a judge, or a
    judge with an order or a variant; it may vote several times on an item.

    items     : names, length I; for a run `positions` tells which responses of the item are meant
    raters    : names, length J
    labels    : vote labels, length L, ascending where `ordered`
    item      : (V,) index into items
    rater     : (V,) index into raters
    label     : (V,) index into labels for hard votes, else None
    mass      : (V, L) rows sum to 1 for soft votes, else None; exactly one of the two is given
    group     : (I,) items with one number answer the same prompt
    family    : (J,) names, None where unknown
    positions : (I, A) positions of the judged responses in their item's list, or None
    uncalibrated : (J,) True where a rater's mass ranks but is no probability
    """

    items: tuple[str, ...]
    raters: tuple[str, ...]
    labels: tuple[str, ...]
    item: Ints
    rater: Ints
    group: Ints
    family: tuple[str | None, ...]
    label: Ints | None = None
    mass: Floats | None = None
    ordered: bool = True
    positions: Ints | None = None
    uncalibrated: npt.NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        size = len(self.item)
        given = self.mass if self.mass is not None else self.label
        if given is None or (self.mass is not None and self.label is not None):
            raise ValueError("give either `label` (hard votes) or `mass` (soft votes)")
        if len(self.rater) != size or len(given) != size:
            raise ValueError("item, rater and label or mass must have one entry a vote")
        if len(self.group) != len(self.items) or len(self.family) != len(self.raters):
            raise ValueError("group has one entry an item, family one a rater")
        if self.mass is not None and self.mass.shape != (size, len(self.labels)):
            raise ValueError(f"mass must have shape (V, L) = ({size}, {len(self.labels)})")

    @property
    def I(self) -> int:  # noqa: E743, N802 (the field's letter)
        """Number of items."""
        return len(self.items)

    @property
    def J(self) -> int:  # noqa: N802
        """Number of raters."""
        return len(self.raters)

    @property
    def L(self) -> int:  # noqa: N802
        """Number of vote labels."""
        return len(self.labels)

    @property
    def V(self) -> int:  # noqa: N802
        """Number of votes."""
        return len(self.item)

    def soft(self) -> Floats:
        """The votes as mass, (V, L): hard votes are one-hot."""
        if self.mass is not None:
            return self.mass
        if self.label is None:  # __post_init__ rules it out; said for the type checker
            raise ValueError("a vote matrix without votes")
        return np.eye(self.L)[self.label]

    def columns(self) -> dict[str, Any]:
        """One entry a vote, for `pandas.DataFrame(votes.columns())` or any other table."""
        columns: dict[str, Any] = {
            "item": [self.items[i] for i in self.item],
            "judge": [self.raters[j] for j in self.rater],
            "family": [self.family[j] for j in self.rater],
            "group": self.group[self.item],
        }
        if self.positions is not None:
            columns["responses"] = [tuple(map(int, self.positions[i])) for i in self.item]
        for position, name in enumerate(self.labels):
            columns[f"mass:{name}"] = self.soft()[:, position]
        return columns


@dataclass(frozen=True, eq=False)
class Consensus:
    """What a method makes of the votes.

    posterior : (I, L) over the vote labels (later (I, C) over truth classes), rows sum to 1;
                rows without a vote are NaN-free zeros and have `support` 0
    support   : (I,) number of votes that entered
    method    : the method's name; `calibration` as in `scores.jsonl`
    """

    posterior: Floats
    support: Ints
    method: str
    calibration: str
