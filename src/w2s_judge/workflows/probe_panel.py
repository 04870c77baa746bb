"""Under which rubrics of a run, and by which of its judges, `probe` asks again."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from w2s_judge.errors import ConfigurationError
from w2s_judge.judges.panel import default_panel
from w2s_judge.judges.seat import Seat
from w2s_judge.prompts import Rubric, builtin, load
from w2s_judge.registry import unknown
from w2s_judge.scoring.engine import Place
from w2s_judge.sentences import listed
from w2s_judge.store.probe_votes import found_form
from w2s_judge.workflows.choosing import Chosen, seats_at

Records = Mapping[str, Mapping[str, Any]]
"""The manifest's records of rubrics."""


@dataclass(frozen=True, slots=True)
class Again:
    """Who is asked again: the places, by rubric the numbers, and in words who is left out."""

    places: tuple[Place, ...]
    numbers: Mapping[str, tuple[int, ...]]
    left_out: tuple[str, ...]


def rubrics_again(
    records: Records, named: Sequence[str]
) -> tuple[dict[str, Rubric], tuple[str, ...]]:
    """The rubrics of a run as they were asked, all where none is named, and which cannot be.

    Raises `ConfigurationError` for one that the run has not, or that has changed since.
    """
    if not records:
        raise ConfigurationError("nothing was asked in this run yet: `w2s-judge score` comes first")
    own = [name for name in (named or records) if name in records and name not in builtin()]
    told = tuple(
        f"{name} is a rubric of your own: give its file, --rubric {name}.toml" for name in own
    )
    wanted = [name for name in (named or records) if name not in own]
    if not wanted or (named and own):
        raise ConfigurationError("\n".join(told))
    found = {}
    for name in wanted:
        rubric = load(name)
        if rubric.name not in records:
            raise ConfigurationError(unknown("rubric of this run", rubric.name, [*records]))
        if rubric.hash != records[rubric.name]["hash"]:
            raise ConfigurationError(
                f"{rubric.name} has changed since the votes were cast: answers now cannot be set "
                "against them\n  name its file as it was with --rubric, or `w2s-judge score` asks "
                "for votes under it as it is now"
            )
        found[rubric.name] = rubric
    return found, told


def judges_again(
    db: sqlite3.Connection,
    records: Records,
    rubrics: Mapping[str, Rubric],
    panel: Path | None,
    *,
    allow_import: bool,
) -> Again:
    """The judges of the panel that voted in the run, as the very same judges.

    Raises `ConfigurationError` for a judge of a name of the run that has become another, and where
    nobody is left.
    """
    voted = {name: _by_name(records[name]) for name in rubrics}
    names = list(dict.fromkeys(one for judges in voted.values() for one in judges))
    if panel is None and not set(names) <= {spec.name for spec in default_panel()}:
        raise ConfigurationError(
            f"this run was judged by {listed(names)}: name their panel with --panel panel.toml"
        )
    seats, missing = seats_at(panel, Chosen(rubrics, named=True), allow_import=allow_import)
    left_out = [*missing]
    numbers: dict[str, list[int]] = {name: [] for name in rubrics}
    places: list[Place] = []
    for seat in seats:
        mine = {name: judges[seat.name] for name, judges in voted.items() if seat.name in judges}
        if not mine:
            elsewhere = any(seat.name in _by_name(record) for record in records.values())
            where = f"no vote under {listed([*rubrics])}" if elsewhere else "not voted in this run"
            left_out.append(f"{seat.name} has {where}, and is not asked")
            continue
        _check_same(seat, mine)
        if seat.spec.kind == "replay":
            left_out.append(f"{seat.name} is a recording, which can answer nothing new")
            continue
        number = next(iter(mine.values()))["number"]
        places.append(Place(seat, number, found_form(db, number)))
        for name in mine:
            numbers[name].append(number)
    absent = [name for name in names if all(name != seat.name for seat in seats)]
    if absent and panel is not None:
        left_out.append(f"{listed(absent)}: voted in this run, not in the panel, not asked")
    if not places:
        raise ConfigurationError("no judge can be asked again:\n" + "\n".join(left_out))
    return Again(tuple(places), {name: tuple(of) for name, of in numbers.items()}, tuple(left_out))


def _by_name(record: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {judge["name"]: judge for judge in record["judges"]}


def _check_same(seat: Seat, mine: Records) -> None:
    others = [name for name, judge in mine.items() if judge["identity"] != seat.spec.identity]
    if others:
        raise ConfigurationError(
            f"judge {seat.name!r} is not the one that voted under {listed(others)}: its kind, "
            "model, way of reading or settings are others now, so that its answers cannot be set "
            "against those votes\n  name the panel as it was, or score with this one first"
        )
