"""The asking of a cascade: the pilot, then stage after stage, all rubrics side by side."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from w2s_judge.scoring.engine import Place
from w2s_judge.scoring.settings import Ending, Settings
from w2s_judge.scoring.tally import Tally
from w2s_judge.store.journal import Journal
from w2s_judge.store.reading import Asked
from w2s_judge.workflows.asking import Asking, ask, now
from w2s_judge.workflows.cascade_turns import Batch, Turns, tallies_of
from w2s_judge.workflows.records import rubric_record
from w2s_judge.workflows.seating import placed
from w2s_judge.workflows.watching import Watcher

if TYPE_CHECKING:
    from w2s_judge.workflows.score import Prepared


@dataclass(slots=True)
class Rounds:
    """All that a session has asked so far, batch after batch."""

    prepared: Prepared
    settings: Settings
    watcher: Watcher
    parts: list[dict[str, Tally]] = field(default_factory=list)
    asking: Asking = field(default_factory=Asking)
    left: int = 0  # questions of these batches that have no answer
    unplanned: dict[str, str] = field(default_factory=dict)  # rubric -> why it has no plan

    @property
    def stopped(self) -> bool:
        """Whether nothing more is to be asked: a ceiling, or Ctrl-C."""
        return bool(self.asking.reasons)

    @property
    def db(self) -> sqlite3.Connection:
        """The run."""
        return self.prepared.db

    def places(self) -> list[Place]:
        """The judges in the run, each in the form that it was last found to answer in."""
        journal = Journal(self.db, now)
        try:
            return placed(journal, self.prepared.seats)
        finally:
            journal.close()

    def numbers(self) -> dict[str, int]:
        """The judges' numbers in the run, by name."""
        return {place.seat.name: place.number for place in self.places()}

    def cut_short(self) -> frozenset[str]:
        """The judges that were not asked all that they were to be asked."""
        return frozenset(
            name
            for name, tally in self.tallies().items()
            if self.stopped or tally.out_of_reach is not None
        )

    def ask(self, batches: Mapping[str, Batch]) -> dict[str, int]:
        """Ask some batches, by rubric; gives who is out of reach, with its number in the run."""
        tallies = tallies_of([*batches.values()])
        # Each has a session of the run to itself: what it may still spend is leased from there.
        journal = Journal(self.db, now)
        try:
            places = [
                place
                for place in placed(journal, self.prepared.seats)
                if place.seat.name in tallies
            ]
            turns = Turns(self.db, batches, places)
            found = ask(
                self.db, places, self.prepared.chosen.choice, self.prepared.chosen.rubrics,
                tallies, self.settings, journal, self.watcher, turns.selection(),
            )  # fmt: skip
        finally:
            journal.close()
        self.parts.append(tallies)
        self._add(found)
        self.left += self._left(batches, tallies, places)
        return {
            place.seat.name: place.number
            for place in places
            if tallies[place.seat.name].out_of_reach is not None
        }

    def _given(self, batches: Mapping[str, Batch], places: Sequence[Place]) -> dict[str, int]:
        """By judge, the answers to these batches that the run has."""
        return {
            place.seat.name: sum(
                batch.answers(
                    self.db, Asked.recorded(name, rubric_record(batch.things.rubric, places)), place
                )
                for name, batch in batches.items()
            )
            for place in places
        }

    def _left(
        self, batches: Mapping[str, Batch], tallies: Mapping[str, Tally], places: Sequence[Place]
    ) -> int:
        """How many questions have no answer.

        Where asking stopped not all were come to: earlier answers are counted from the run.
        """
        if not self.stopped:
            return sum(max(0, tally.planned - tally.done) for tally in tallies.values())
        given = self._given(batches, places)
        for name, many in given.items():
            tallies[name].before += max(0, many - tallies[name].done)
        return max(0, sum(tally.planned for tally in tallies.values()) - sum(given.values()))

    def _add(self, found: Asking) -> None:
        """What judges have no answer recorded of is not told: a later stage may have it."""
        self.asking.wall_s += found.wall_s
        self.asking.cpu_s += found.cpu_s
        self.asking.reasons += [why for why in found.reasons if why not in self.asking.reasons]
        self.asking.interrupted |= found.interrupted

    def tallies(self) -> dict[str, Tally]:
        """Each judge's counters over all batches."""
        names = [seat.name for seat in self.prepared.seats]
        return {name: _sum(name, [part[name] for part in self.parts if name in part])
                for name in names}  # fmt: skip

    def ending(self) -> Ending:
        """How it ended; what later stages would have asked is not known and not counted."""
        reasons = [*self.asking.reasons, *self.unplanned.values()]
        for name, tally in self.tallies().items():
            if tally.out_of_reach is not None:
                reasons.append(f"{name} is out of reach: {tally.out_of_reach}")
            elif tally.failed:
                reasons.append(f"{name} gave no answer to {tally.failed:,}: {tally.note}")
        ended = self.stopped or self.unplanned or (self.left and reasons)
        return Ending("stopped" if ended else "complete", self.left, tuple(reasons))


def _sum(name: str, parts: Sequence[Tally]) -> Tally:
    """Counters added up; of words the last that were said."""
    total = Tally(name)
    for part in parts:
        for one in fields(Tally):
            now_, more = getattr(total, one.name), getattr(part, one.name)
            if isinstance(now_, (int, float)):
                setattr(total, one.name, now_ + more)
            elif isinstance(now_, dict):  # a Counter
                now_.update(more)
            elif one.name != "judge" and more is not None:
                setattr(total, one.name, more)
    return total
