"""A run's answers to probes as the audit reads them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from w2s_judge.arrays import Ints
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.robustness.probe_effects import Scale
from w2s_judge.audit.robustness.probe_votes import ProbeVotes, Rewriting
from w2s_judge.audit.robustness.theme import class_of_label
from w2s_judge.scoring.probes import PROBES, rewritten_place
from w2s_judge.store import folder as folders
from w2s_judge.store import manifest as manifests
from w2s_judge.store.probe_votes import ProbeRow, Responses, probe_rows
from w2s_judge.store.reading import Asked
from w2s_judge.store.schema import connect
from w2s_judge.votes import VoteMatrix

Unit = tuple[str, Responses]
"""What is judged: an item's id, and the positions of the responses."""


def probes_of(run: Path, panel: Panel) -> ProbeVotes | None:
    """The answers to probes under the panel's rubric in a run folder; None where there are none."""
    with closing(connect(folders.require(run), read_only=True)) as db:
        record = manifests.load(db).get("rubrics", {}).get(panel.name)
        if record is None:
            return None
        return probe_votes(db, Asked.recorded(panel.name, record), panel.votes, panel.judges)


def probe_votes(
    db: sqlite3.Connection, asked: Asked, votes: VoteMatrix, judges: Sequence[str]
) -> ProbeVotes | None:
    """The answers to probes under a rubric, on the items of its votes; None where there are none.

    `judges` are the names that the answers' `judge` is an index into.
    """
    rows = list(probe_rows(db, asked))
    places = _places(votes, {row.item for row in rows})
    kept = [row for row in rows if (row.item, row.responses) in places]
    return _arranged(db, asked, kept, places, judges) if kept else None


def probes_alone(db: sqlite3.Connection, asked: Asked) -> tuple[ProbeVotes, Scale, Resample] | None:
    """The same without the votes of the run: its items are those that were asked about."""
    rows = list(probe_rows(db, asked))
    if not rows:
        return None
    names = dict(db.execute("SELECT id, name FROM judges"))
    judges = tuple(names[number] for number in asked.judges)
    places: dict[Unit, int] = {}
    groups: list[int] = []
    for row in rows:
        if places.setdefault((row.item, row.responses), len(places)) == len(groups):
            groups.append(row.prompt)
    scale = Scale(judges, asked.utilities, _classes(asked), asked.arity)
    resample = Resample.of(np.array(groups, dtype=np.int32))
    return _arranged(db, asked, rows, places, judges), scale, resample


def _classes(asked: Asked) -> Ints:
    """(L,) the class of each label; a scale whose map is learned is cut evenly, as in the audit."""
    of_label, labels, classes = asked.of_label, len(asked.labels), len(asked.classes)
    if of_label is None and asked.ordered and labels >= classes:
        of_label = tuple(label * classes // labels for label in range(labels))
    return class_of_label(of_label, labels)


def _arranged(
    db: sqlite3.Connection,
    asked: Asked,
    rows: Sequence[ProbeRow],
    places: Mapping[Unit, int],
    judges: Sequence[str],
) -> ProbeVotes:
    names = dict(db.execute("SELECT id, name FROM judges"))
    number = {name: j for j, name in enumerate(judges)}
    there = {row.probe for row in rows}
    # A probe that this version does not know is shown by its name.
    known = [*(name for name in PROBES if name in there), *sorted(there - set(PROBES))]
    place = {unit: rewritten_place(*unit) for unit in {(row.item, row.responses) for row in rows}}
    judge = np.array([number[names[row.judge]] for row in rows], dtype=np.int32)
    ranks = np.zeros(len(judges), dtype=np.bool_)
    ranks[judge[np.array([row.only_ranks for row in rows], dtype=np.bool_)]] = True
    none = (0.0,) * len(asked.labels)
    return ProbeVotes(
        probes=tuple(_rewriting(name) for name in known),
        item=np.array([places[row.item, row.responses] for row in rows], dtype=np.int32),
        judge=judge,
        probe=np.array([known.index(row.probe) for row in rows], dtype=np.int32),
        order=np.array([row.order == "ba" for row in rows], dtype=np.int32),
        base=np.array([row.base for row in rows], dtype=np.float64),
        mass=np.array([row.mass or none for row in rows], dtype=np.float64),
        abstained=np.array([row.mass is None for row in rows], dtype=np.bool_),
        up=np.array([1.0 - 2 * place[row.item, row.responses] for row in rows]),
        ranks=ranks,
    )


def _rewriting(name: str) -> Rewriting:
    probe = PROBES.get(name)
    if probe is None:
        return Rewriting(name, "a rewrite that this version does not know")
    return Rewriting(name, probe.summary, probe.demands)


def _places(votes: VoteMatrix, names: set[str]) -> dict[Unit, int]:
    """Where the items of these names are among those of the votes."""
    if votes.positions is None:
        return {}
    return {
        (name, tuple(votes.positions[k].tolist())): k
        for k, name in enumerate(votes.items)
        if name in names
    }
