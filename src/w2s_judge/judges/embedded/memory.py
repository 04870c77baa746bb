"""What was worked out once and is likely to be asked again: the latest results by key."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Memory(Generic[K, V]):
    """The `size` results that were used last. Not for two threads at once."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[K, V] = OrderedDict()

    def all(self, keys: Sequence[K], work_out: Callable[[Sequence[K]], Sequence[V]]) -> list[V]:
        """Return the result of each key; what is new is worked out in one go, each key once."""
        new = [key for key in dict.fromkeys(keys) if key not in self._kept]
        found = dict(zip(new, work_out(new), strict=True)) if new else {}
        results = [found[key] if key in found else self._kept[key] for key in keys]
        for key, value in zip(keys, results, strict=True):
            self._kept[key] = value
            self._kept.move_to_end(key)
        while len(self._kept) > self._size:
            self._kept.popitem(last=False)
        return results
