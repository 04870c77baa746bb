"""Judged texts that are near-copies of an exemplar: they flatter the judges that compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from w2s_judge.judges.embedded.exemplars import NAMES, Exemplars

TOO_NEAR = 0.7
"""MiniLM cosine above which two texts count as versions of one another."""


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

    from w2s_judge.judges.embedded.encoder import Encoder

    owners = [(name, text) for name in NAMES for text in getattr(exemplars, name)]
    encoder = Encoder(threads)
    bank = np.stack([encoder.vector(text) for _, text in owners])
    found: list[Near] = []
    for position, text in enumerate(texts):
        cosines = bank @ encoder.vector(text)
        best = int(cosines.argmax())
        if cosines[best] > limit:
            found.append(Near(position, float(cosines[best]), *owners[best]))
    return found
