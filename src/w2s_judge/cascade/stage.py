"""A batch of judges that are asked together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """Judges that this stage adds, in their order, and the price of asking them all one thing."""

    judges: tuple[str, ...]
    price: float
