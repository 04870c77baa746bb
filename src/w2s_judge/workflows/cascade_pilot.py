"""Whether a budget pays for the pilot: half a pilot costs its share and teaches nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from w2s_judge.errors import ConfigurationError
from w2s_judge.scoring.engine import Place
from w2s_judge.store.courses import answers_by
from w2s_judge.store.journal import Journal, spent
from w2s_judge.store.reading import Asked
from w2s_judge.workflows.asking import now
from w2s_judge.workflows.cascade_prices import at_present, expected_prices, worst_call
from w2s_judge.workflows.cascade_standing import Standing
from w2s_judge.workflows.lengths import mean_bytes
from w2s_judge.workflows.records import rubric_record
from w2s_judge.workflows.seating import placed

if TYPE_CHECKING:
    from w2s_judge.workflows.score import Prepared


def check_pilot(prepared: Prepared, found: Mapping[str, Standing]) -> None:
    """`ConfigurationError` where what is left of the budget is less than what the pilots lack."""
    ceiling = prepared.job.budget_usd
    new = {name: one for name, one in found.items() if one.planned is None}
    if ceiling is None or not new:
        return
    journal = Journal(prepared.db, now)
    try:
        places = placed(journal, prepared.seats)
    finally:
        journal.close()
    sizes = mean_bytes(prepared)
    lacking = sum(_lacking(prepared, one, places, sizes[name]) for name, one in new.items())
    before = spent(prepared.db).usd
    # A guess in dollars is no better than to a few digits: what is equal to them fits.
    if before + lacking <= ceiling * (1 + 1e-6):
        return
    worst = max(worst_call(prepared.seats, size) for size in sizes.values())
    many = sum(len(one.pilot) for one in new.values())
    there = f", and the run has spent ${before:.3g} already" if before else ""
    raise ConfigurationError(
        f"--budget-usd {ceiling:g} does not pay for the pilot of the cascade: asking all judges "
        f"about the {many:,} with a gold label takes about ${lacking:.3g} more{there}, and "
        "nothing is learned before it is complete\n"
        f"  Raise --budget-usd above {_up(before + lacking + worst):g} (what goes beyond the "
        "pilot is for the rest), or give fewer gold labels; --estimate says what each part takes"
    )


def _lacking(prepared: Prepared, one: Standing, places: list[Place], size: float) -> float:
    """Dollars for the answers that a pilot lacks: at what answers take so far, else as guessed."""
    things = one.things
    name = things.rubric.name
    asked = Asked.recorded(name, rubric_record(things.rubric, places))
    guessed = expected_prices(things, prepared.seats, size, {})
    among = things.places(one.pilot)
    so_far, wanted = at_present(prepared.db, asked, among, places), things.questions(one.pilot)
    dollars = 0.0
    for j, place in enumerate(places):
        judge = place.seat.name
        about = int(things.may[one.pilot, j].sum())
        if judge not in guessed or not wanted[judge]:
            continue
        given = answers_by(prepared.db, asked, place.number)
        there = min(sum(given.get(at, 0) for at in among), wanted[judge])
        known = so_far.get(place.number) if there else None
        each = guessed[judge] * about / wanted[judge] if known is None else known / there
        dollars += each * (wanted[judge] - there)
    return dollars


def _up(dollars: float) -> float:
    """Rounded up to two digits, so that what is said suffices."""
    return float(f"{dollars * 1.05:.2g}")
