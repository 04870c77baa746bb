"""The judges of a panel take their places in a run."""

from __future__ import annotations

from collections.abc import Sequence

from w2s_judge.judges.seat import Seat
from w2s_judge.scoring.engine import Place
from w2s_judge.store.journal import Journal


def model_of(seat: Seat) -> str | None:
    """What is asked behind this name: the panel's model, or what an embedded judge says it is."""
    return seat.spec.model or getattr(seat.judge, "model", None)


def placed(journal: Journal, seats: Sequence[Seat]) -> list[Place]:
    """Each judge with its number in the run and the form in which it was found to answer."""
    return [
        Place(seat, *journal.judge(
            seat.name, seat.spec.identity, seat.spec.kind, model_of(seat), seat.family
        ))
        for seat in seats
    ]  # fmt: skip
