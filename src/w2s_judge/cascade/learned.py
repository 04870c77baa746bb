"""What the pilot taught, in a form that a run folder keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.cascade.stage import Stage


@dataclass(frozen=True, slots=True)
class Learned:
    """A plan for all items outside the pilot.

    stages      : which judges each stage adds
    thresholds  : by stage, the top probability from which on its items stop; with a budget what
                  is expected of it, since the budget says how many go on. None: a test of
                  held-back labels finds it at that stage
    reach       : by stage, the share of all items expected to be asked there; the first is 1
    bounded     : whether at most that share may be asked (a budget was given)
    order       : all judges by information per price
    information : nats that each of them added to those before it
    full_price  : of asking every judge about one thing
    price       : expected mean price of one thing judged
    error       : expected share of wrong labels by the posterior's own word, before any is withheld
    why         : sentences
    settings    : the settings as text
    """

    stages: tuple[Stage, ...]
    thresholds: tuple[float | None, ...]
    reach: tuple[float, ...]
    bounded: bool
    order: tuple[str, ...]
    information: tuple[float, ...]
    full_price: float
    price: float
    error: float
    why: tuple[str, ...]
    settings: str

    def __post_init__(self) -> None:
        if not len(self.stages) == len(self.thresholds) == len(self.reach) or not self.stages:
            raise ValueError("there is one threshold and one share a stage")
        if len(self.order) != len(self.information):
            raise ValueError("information has one number a judge")

    def judges(self, stage: int) -> tuple[str, ...]:
        """All judges asked up to and with this stage, counted from 0."""
        return tuple(name for one in self.stages[: stage + 1] for name in one.judges)

    def paid(self, came: Ints) -> Floats:
        """(n,) price of asking all judges of the stages up to and with these, counted from 0."""
        return np.asarray(np.cumsum([one.price for one in self.stages])[came])

    def told(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_told(cls, told: Mapping[str, Any]) -> Learned:
        """The same from what `told` gave, lists in place of tuples allowed.

        Raises `KeyError` where a part is missing.
        """
        return cls(
            stages=tuple(Stage(tuple(one["judges"]), one["price"]) for one in told["stages"]),
            thresholds=tuple(told["thresholds"]),
            reach=tuple(told["reach"]),
            bounded=told["bounded"],
            order=tuple(told["order"]),
            information=tuple(told["information"]),
            full_price=told["full_price"],
            price=told["price"],
            error=told["error"],
            why=tuple(told["why"]),
            settings=told["settings"],
        )
