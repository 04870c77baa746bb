"""Checks what a client stored against what the server said about that very item."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from fake_answers import label_of


@dataclass(frozen=True, slots=True)
class Checked:
    """Counts over the items that were to be judged.

    `lost`: nothing is stored about the item. `abstained`: that the judge gave no vote is stored.
    `invented`: votes that the server never gave: another label, an unknown item, a second vote.
    """

    stored: int
    lost: int
    abstained: int
    invented: int

    @property
    def right(self) -> bool:
        """Whether what is stored is what the server said, item by item."""
        return not (self.lost or self.abstained or self.invented)


def check(votes: Iterable[tuple[int, str | None]], items: int) -> Checked:
    """Checks (item number, label) pairs, label None for an abstention, in one pass."""
    seen = bytearray(items)  # a byte an item: this process must stay small
    stored = abstained = invented = 0
    for number, label in votes:
        stored += 1
        if not 0 <= number < items or seen[number]:
            invented += 1
            continue
        seen[number] = 1
        if label is None:
            abstained += 1
        elif label != label_of(number):
            invented += 1
    return Checked(stored, seen.count(0), abstained, invented)


def from_file(path: Path) -> Iterator[tuple[int, str]]:
    """The verdicts that a peer's script wrote, one `number<TAB>label` a line."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            number, _, label = line.rstrip("\n").partition("\t")
            yield int(number), label
