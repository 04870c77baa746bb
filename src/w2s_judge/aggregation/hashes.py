"""Numbers like random ones that hang on what is hashed alone: no seed, no order, no place."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]

GAMMA = np.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def mixed(keys: Hashes) -> Hashes:
    """The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), element by element."""
    keys = keys + GAMMA
    keys = (keys ^ (keys >> np.uint64(30))) * FIRST
    keys = (keys ^ (keys >> np.uint64(27))) * SECOND
    return np.asarray(keys ^ (keys >> np.uint64(31)))


def hashed(names: Sequence[str]) -> Hashes:
    """A number for each name, half a surrogate pair among them."""
    return np.array([zlib.crc32(one.encode("utf-8", "surrogatepass")) for one in names], np.uint64)
