"""How near a text is to one list of exemplars rather than to another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Vectors: TypeAlias = NDArray[np.float32]
"""(N, D), a row for each text; or (D,), one text."""

NEAREST = 5  # exemplars of a list that count
AGAINST = 0.5  # weight of the other list


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two lists of exemplars as unit vectors (N, D) and (M, D), after (vector - mean) / spread."""

    towards: Vectors
    away: Vectors
    mean: Vectors
    spread: Vectors

    def score(self, vector: Vectors) -> float:
        """Return the mean cosine to the nearest of one list less half that to the other's."""
        placed = unit((vector - self.mean) / self.spread)
        return _nearest(self.towards, placed) - AGAINST * _nearest(self.away, placed)

    def closest(self, vector: Vectors) -> float:
        """Return the cosine to the single nearest exemplar of either list."""
        placed = unit((vector - self.mean) / self.spread)
        return float(max((self.towards @ placed).max(), (self.away @ placed).max()))


def contrast(towards: Vectors, away: Vectors, *, standardised: bool) -> Contrast:
    """Make a contrast from the vectors of two lists.

    `standardised` gives every dimension mean 0 and deviation 1 over both lists: a language model's
    hidden states share a few huge dimensions that would drown the rest.
    """
    both = np.concatenate([towards, away])
    mean = both.mean(axis=0) if standardised else np.zeros_like(both[0])
    spread = both.std(axis=0) + np.float32(1e-6) if standardised else np.ones_like(both[0])
    placed = unit((towards - mean) / spread), unit((away - mean) / spread)
    return Contrast(*placed, mean, spread)


def unit(vectors: Vectors) -> Vectors:
    """Scale rows to length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)


def _nearest(exemplars: Vectors, vector: Vectors) -> float:
    cosines = np.sort(exemplars @ vector)
    return float(cosines[-NEAREST:].mean(dtype=np.float64))
