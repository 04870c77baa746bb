"""How vote labels map to truth classes: one to one, by a cut through the scale, or learned."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Cut:
    """`how`, and for "ordered" the position of the first label of each class but the first.

    `Cut("ordered", (3,))` over five labels: the first three are the lower class, the rest the
    upper. "learned" leaves the map to gold labels.
    """

    how: Literal["identity", "ordered", "learned"]
    starts: tuple[int, ...] = ()

    def class_at(self, label: int) -> int | None:
        """Position of the truth class of the label at that position; None where it is learned."""
        if self.how == "learned":
            return None
        return label if self.how == "identity" else bisect_right(self.starts, label)
