"""Answers to probes as arrays: each is a pair of masses, before a rewrite and after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints

REPEAT = "repeat"
"""The probe that changes nothing: what flips under it is noise."""


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A probe: its name, what it does in a few words, and whether it asks for a better verdict."""

    name: str
    meaning: str
    demands: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class ProbeVotes:
    """n answers to probes, each with the same judge's own vote on the response as it was.

    Letters: n answers, L vote labels, P probes, N judges.

    probes    : the P probes
    item      : (n,) index into the items of the votes
    judge     : (n,) index into the judges
    probe     : (n,) index into probes
    order     : (n,) 0 as in the item (or of a single response), 1 swapped: before and after alike
    base      : (n, L) mass before, rows sum to 1
    mass      : (n, L) mass after; zeros where the judge abstained
    abstained : (n,) True where it gave no vote on the rewritten response
    up        : (n,) +1 where the utility of a label is that of the rewritten response, -1 where it
                is that of the other of two
    ranks     : (N,) True for judges whose mass only ranks
    """

    probes: tuple[Rewriting, ...]
    item: Ints
    judge: Ints
    probe: Ints
    order: Ints
    base: Floats
    mass: Floats
    abstained: Bools
    up: Floats
    ranks: Bools

    def __post_init__(self) -> None:
        size = len(self.item)
        columns = (self.judge, self.probe, self.order, self.mass, self.abstained, self.up)
        if any(len(column) != size for column in columns) or self.base.shape != self.mass.shape:
            raise ValueError("every column has one entry an answer")
        if size and not np.all(self.mass[self.abstained] == 0):
            raise ValueError("an abstention has no mass")

    @property
    def n(self) -> int:
        """Number of answers."""
        return len(self.item)
