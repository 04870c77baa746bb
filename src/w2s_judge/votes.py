"""Votes as arrays: what every aggregator, ranker and audit reads.

Letters: I items, J raters, L vote labels, V votes. Silence is absence: there is no -1 and no NaN.
"""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.gold import Gold, Truth


@dataclass(frozen=True, eq=False, repr=False)
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
    judge     : (J,) the judge behind each rater; None: each rater is its own
    order     : (J,) the order ("ab", "ba") a rater was asked in, None where there is none
    weight    : (V,) how much a vote counts, above 0; None: all alike
    levels    : (L,) ascending numbers that ordered labels stand for; None: 0 .. L-1
    truth     : what is known of the truth; None: its classes are the vote labels
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
    uncalibrated: Bools | None = None
    judge: tuple[str, ...] | None = None
    order: tuple[str | None, ...] | None = None
    weight: Floats | None = None
    levels: Floats | None = None
    truth: Truth | None = None

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
        optional: tuple[tuple[str, Sized | None, int], ...] = (
            ("judge", self.judge, len(self.raters)),
            ("order", self.order, len(self.raters)),
            ("weight", self.weight, size),
            ("levels", self.levels, len(self.labels)),
            ("of_label", None if self.truth is None else self.truth.of_label, len(self.labels)),
        )
        for name, column, length in optional:
            if column is not None and len(column) != length:
                raise ValueError(f"{name} must have {length} entries, it has {len(column)}")

    def __repr__(self) -> str:
        kind = "soft" if self.label is None else "hard"
        return f"VoteMatrix({self.V} {kind} votes: I={self.I}, J={self.J}, L={self.L})"

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

    @property
    def support(self) -> Ints:
        """(I,) number of votes on each item."""
        return np.bincount(self.item, minlength=self.I).astype(np.int32)

    @property
    def scale(self) -> Floats:
        """(L,) the numbers that the labels stand for, 0 .. L-1 where none are given."""
        return np.arange(self.L, dtype=np.float64) if self.levels is None else self.levels

    @property
    def scores(self) -> Floats:
        """(V,) the votes as numbers: the level voted for, of soft votes the expected level."""
        if self.label is not None:
            return self.scale[self.label]
        return np.asarray(self.soft() @ self.scale)

    def truth_with(self, gold: Gold | None) -> Truth:
        """What is known of the truth, gold's classes first; the vote labels where nothing is."""
        known = self.truth if self.truth is not None else Truth(self.labels, tuple(range(self.L)))
        if gold is None or gold.classes == known.classes:
            return known
        if self.truth is not None and self.truth.prior is not None:
            raise ValueError("gold and the prior name different classes")
        if set(gold.classes) <= set(self.labels) and len(gold.classes) == self.L:
            return Truth(gold.classes, tuple(gold.classes.index(one) for one in self.labels))
        return Truth(gold.classes)

    def only(self, kept: npt.NDArray[Any]) -> VoteMatrix:
        """The same items, raters and labels with some of the votes (a mask or indices)."""
        return replace(
            self,
            item=self.item[kept],
            rater=self.rater[kept],
            label=None if self.label is None else self.label[kept],
            mass=None if self.mass is None else self.mass[kept],
            weight=None if self.weight is None else self.weight[kept],
        )

    def of_raters(self, kept: Bools) -> VoteMatrix:
        """The votes of some raters (J,), who are numbered anew; the others are no raters of it."""
        place = np.cumsum(kept) - 1
        some, named = self.only(kept[self.rater]), np.flatnonzero(kept).tolist()
        return replace(
            some,
            raters=tuple(self.raters[j] for j in named),
            rater=place[some.rater].astype(np.int32),
            family=tuple(self.family[j] for j in named),
            judge=None if self.judge is None else tuple(self.judge[j] for j in named),
            order=None if self.order is None else tuple(self.order[j] for j in named),
            uncalibrated=None if self.uncalibrated is None else self.uncalibrated[kept],
        )

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
