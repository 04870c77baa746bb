"""What must hold before the first call: prices are known, and there is something to ask."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from w2s_judge.errors import ConfigurationError
from w2s_judge.judges.price import Price
from w2s_judge.judges.seat import Seat
from w2s_judge.scoring.plan import TOO_FEW
from w2s_judge.store.items import blocks
from w2s_judge.store.journal import reprice

if TYPE_CHECKING:
    from w2s_judge.workflows.score import Prepared


def check_prices(seats: Sequence[Seat], budget_usd: float | None) -> None:
    """A dollar budget needs to know what a call costs; the judge without a price is named."""
    if budget_usd is None:
        return
    for seat in seats:
        if not seat.price.known:
            raise ConfigurationError(
                f"the price of judge {seat.name!r} is unknown, so --budget-usd cannot be kept: "
                "add `usd_per_1m_in = ...` and `usd_per_1m_out = ...` (0 where it costs nothing) "
                "to its row in the panel"
            )


def count_unpriced(db: sqlite3.Connection, seats: Sequence[Seat]) -> None:
    """Calls that were made before their price was known count against the budget, too."""
    for seat in seats:
        left = reprice(db, seat.name, seat.spec.identity, _pricing(seat.price))
        if left:
            raise ConfigurationError(
                f"{left:,} earlier calls of judge {seat.name!r} in this run folder have an unknown "
                "cost, so --budget-usd cannot be kept: name another --out, or leave the budget out"
            )


def _pricing(price: Price) -> Callable[[int, int], float]:
    return lambda asked, answered: price.of(asked, answered) or 0.0


def check_askable(prepared: Prepared) -> None:
    """There must be something to ask, and a judge for each rubric that was named."""
    asked = prepared.plan.by_rubric
    if prepared.chosen.named:
        for name in prepared.chosen.rubrics:
            if not any(asked.get(name, {}).values()):
                raise ConfigurationError(nothing_under(prepared, name))
    if not prepared.plan.questions:
        whys = "\n".join(f"  {why}" for _, why in prepared.plan.unasked.values())
        raise ConfigurationError(f"there is nothing to ask:\n{whys}")


def asked_of(prepared: Prepared) -> tuple[str, ...]:
    """The rubrics under which there is something to ask."""
    return tuple(name for name, judges in prepared.plan.by_rubric.items() if any(judges.values()))


def check_recorded(prepared: Prepared) -> None:
    """Replays have only the answers that they recorded: there must be one to give."""
    if any(seat.spec.kind != "replay" for seat in prepared.seats):
        return
    wanted = set(prepared.chosen.rubrics) if prepared.chosen.named else {""}
    for block in blocks(prepared.db, prepared.job.block):
        for _, item in block:
            for name in prepared.chosen.choice(item.task):
                for question in prepared.design.questions(prepared.chosen.rubrics[name], item):
                    if any(seat.answers(question) for seat in prepared.seats):
                        wanted -= {name, ""}
        if not wanted:
            return
    raise ConfigurationError(
        f"the panel replays recorded votes, and none of them answers what is asked"
        f"{' under ' + ', '.join(sorted(wanted)) if '' not in wanted else ''}: they must be about "
        "the same items, under the same rubric (its hash is in the recording)"
    )


def nothing_under(prepared: Prepared, name: str) -> str:
    """Why a rubric that was named has no question."""
    count, why = prepared.plan.unasked.get(name, (0, TOO_FEW))
    if why == TOO_FEW and prepared.design.settled.get(name):
        return (
            f"the scores of single responses leave no pair undecided: there is nothing to ask "
            f"under {name!r}; leave out --compare undecided to ask all the same"
        )
    return (
        f"nothing can be asked under {name!r}, {count:,} times: {why}\n  Give items two responses "
        "or more, or name a rubric for single responses."
        if why == TOO_FEW
        else why
    )
