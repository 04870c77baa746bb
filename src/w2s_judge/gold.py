"""What is known of the truth: its classes and prior, and labels that are known to be right.

Letters: C truth classes, L vote labels, G gold labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from w2s_judge.arrays import Floats, Ints

SUMS_TO_ONE = 1e-6  # how far from 1 a prior may sum


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of the truth before a vote is counted.

    classes  : truth classes, length C, ascending with the labels where these are ordered
    of_label : class of each vote label, length L; None where the map is to be learned
    prior    : P(class), length C, as the user gave it; None where it is to be estimated
    """

    classes: tuple[str, ...]
    of_label: tuple[int, ...] | None = None
    prior: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if len(set(self.classes)) != len(self.classes) or not self.classes:
            raise ValueError("truth classes must be named, each once")
        if self.prior is None:
            return
        if len(self.prior) != len(self.classes) or min(self.prior) <= 0:
            raise ValueError("a prior has one probability above 0 a class")
        if abs(sum(self.prior) - 1) > SUMS_TO_ONE:
            raise ValueError("a prior sums to 1")

    @property
    def C(self) -> int:  # noqa: N802 (the field's letter)
        """Number of classes."""
        return len(self.classes)


@dataclass(frozen=True, eq=False, slots=True)
class Gold:
    """Labels that are known to be right, on some of the items.

    item    : (G,) index into the votes' items, each at most once
    label   : (G,) index into classes
    classes : names, length C, in truth space
    chosen  : (G,) probability in (0, 1] by which each item came to be labelled; None: all alike
    """

    item: Ints
    label: Ints
    classes: tuple[str, ...]
    chosen: Floats | None = None

    def __post_init__(self) -> None:
        if len(self.item) != len(self.label):
            raise ValueError("item and label must have one entry a gold label")
        if len(np.unique(self.item)) != len(self.item):
            raise ValueError("an item has at most one gold label")
        if len(self.label) and not 0 <= self.label.min() <= self.label.max() < len(self.classes):
            raise ValueError("gold labels are indices into classes")
        if self.chosen is None:
            return
        if len(self.chosen) != len(self.item) or not np.all((self.chosen > 0) & (self.chosen <= 1)):
            raise ValueError("chosen has one probability in (0, 1] a gold label")

    @property
    def G(self) -> int:  # noqa: N802
        """Number of gold labels."""
        return len(self.item)

    @property
    def weight(self) -> Floats:
        """(G,) inverse of the sampling probability, scaled to mean 1 (Hajek 1971)."""
        if self.chosen is None or not self.G:
            return np.ones(self.G)
        inverse = 1 / self.chosen
        return np.asarray(inverse / inverse.mean())

    def only(self, kept: npt.NDArray[Any]) -> Gold:
        """The gold labels at these positions (a mask or indices)."""
        chosen = None if self.chosen is None else self.chosen[kept]
        return Gold(self.item[kept], self.label[kept], self.classes, chosen)
