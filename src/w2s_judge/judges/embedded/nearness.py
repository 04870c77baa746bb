"""Judged texts that are near-copies of an exemplar: they flatter the judges that compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from w2s_judge.judges.embedded import text
from w2s_judge.judges.embedded.exemplars import NAMES, Exemplars

TOO_NEAR = 0.7
"""MiniLM cosine above which two texts count as versions of one another."""

_NAMED = 5  # near-copies whose items are remembered


@dataclass(frozen=True, slots=True)
class NearCopies:
    """Questions whose text is a near-copy of an exemplar: how many, and the first items' ids."""

    count: int = 0
    items: tuple[str, ...] = ()

    def with_item(self, item: str) -> NearCopies:
        """One more."""
        new = item not in self.items and len(self.items) < _NAMED
        return NearCopies(self.count + 1, (*self.items, item) if new else self.items)


@dataclass(frozen=True, slots=True)
class Near:
    """The text at `position` and the exemplar (of a list) that it is nearest to."""

    position: int
    cosine: float
    list_name: str
    exemplar: str


def near_exemplars(
    texts: Sequence[str], exemplars: Exemplars, *, limit: float = TOO_NEAR, threads: int = 1
) -> list[Near]:
    """Find the texts whose MiniLM cosine to some exemplar is above `limit`, in order.

    For checking exemplars against rows before a run; takes about 15 ms a text.
    Raises `MissingExtra` without the extra `local`.
    """
    import numpy as np

    from w2s_judge.judges.embedded.comparison import CHARACTERS, Passage
    from w2s_judge.judges.embedded.encoder import TOKENS, Encoder

    owners = [(name, one) for name in NAMES for one in getattr(exemplars, name)]
    encoder = Encoder(threads)
    bank = np.stack(encoder.vectors([Passage(text.plain(one), TOKENS) for _, one in owners]))
    vectors = encoder.vectors([Passage(text.start(one, CHARACTERS), TOKENS) for one in texts])
    encoder.close()
    found: list[Near] = []
    for position, vector in enumerate(vectors):
        cosines = bank @ vector
        best = int(cosines.argmax())
        if cosines[best] > limit:
            found.append(Near(position, float(cosines[best]), *owners[best]))
    return found
