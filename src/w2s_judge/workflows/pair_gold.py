"""Gold labels for pairs: what they say of the responses, and posteriors that did not see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from w2s_judge.aggregation.contract import METHODS
from w2s_judge.arrays import Floats, Ints
from w2s_judge.calibration.crossfit import held_out
from w2s_judge.errors import W2SJudgeError
from w2s_judge.gold import Gold
from w2s_judge.store.reading import Asked
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.ballots import Ballot, Wanted, ballots
from w2s_judge.workflows.conclude import ENOUGH, FEWEST_PROMPTS, calibrated, prompts_of
from w2s_judge.workflows.gold import GoldFile, matched
from w2s_judge.workflows.pair_verdicts import Key, key_of, keys_of
from w2s_judge.workflows.verdict_rows import VerdictRows

UNDRAWN = (
    "the gold labels are those that the scores were made with; their file is not there any more or "
    "another, so that each is taken as drawn with the same probability"
)


@dataclass(frozen=True, eq=False, slots=True)
class Labelled:
    """One rubric's gold, by key.

    utility : of the gold class; chosen : probability by which the item came to be labelled
    own     : keys of the labels that the consensus was given
    blind   : posterior (C,) of a fit that did not see the item's label, for these
    """

    votes: VoteMatrix
    utility: Mapping[Key, float]
    chosen: Mapping[Key, float]
    own: frozenset[Key] = frozenset()
    blind: Mapping[Key, Floats] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def labelled(
    folder: Path, rows: VerdictRows, labels: GoldFile | None, seed: int
) -> Labelled | None:
    """Match labels to a run's items, and take back what the consensus learned from its own.

    Without a file the labels are those that the rows say the consensus was given; None where there
    are none. What the consensus knows is read from the rows and nowhere else: the file that it came
    from may have changed since. Holds the rubric's votes in memory.
    """
    own = own_gold(rows)
    if labels is None and not own:
        return None
    ballot = _ballot(folder, rows)
    utility, chosen, notes = _told(ballot, rows.asked, labels, own, rows.before.gold)
    blind = _blind(ballot, rows, own, chosen, seed) if own else {}
    return Labelled(ballot.votes, utility, chosen, frozenset(own), blind, notes)


def own_gold(rows: VerdictRows) -> dict[Key, str]:
    """The gold label of every row that has one."""
    if rows.before.gold is None:
        return {}
    return {key_of(row): row["gold"] for row in rows.rows() if row["gold"] is not None}


def utilities_of(folder: Path, rows: VerdictRows, labels: GoldFile) -> dict[Key, float]:
    """The utility that a file of labels gives to each item that it is about."""
    return _told(_ballot(folder, rows), rows.asked, labels, {}, None)[0]


def _ballot(folder: Path, rows: VerdictRows) -> Ballot:
    prior = tuple((rows.before.prior or {}).items())
    (ballot,) = ballots(Wanted(folder, rows.asked.name, prior))
    return ballot


def _told(
    ballot: Ballot,
    asked: Asked,
    labels: GoldFile | None,
    own: Mapping[Key, str],
    path: str | None,
) -> tuple[dict[Key, float], dict[Key, float], tuple[str, ...]]:
    """Utility and sampling probability by key, and notes; of a file, else of the rows' own."""
    worth = dict(zip(asked.classes, asked.worth, strict=True))
    keys = keys_of(ballot.votes)
    file = labels if labels is not None or path is None else _readable(Path(path), ballot)
    if file is None:
        return {key: worth[name] for key, name in own.items()}, {}, (UNDRAWN,)
    match = matched(file, ballot)
    gold = match.gold
    named = [keys[i] for i in gold.item.tolist()]
    drawn = np.ones(gold.G) if gold.chosen is None else gold.chosen
    chosen = dict(zip(named, drawn.tolist(), strict=True))
    if labels is None:
        return {key: worth[name] for key, name in own.items()}, chosen, match.notes
    classes = [gold.classes[c] for c in gold.label.tolist()]
    return {k: worth[c] for k, c in zip(named, classes, strict=True)}, chosen, match.notes


def _readable(path: Path, ballot: Ballot) -> GoldFile | None:
    """The labels' file of the scores, if it still is one: read for its probabilities alone."""
    try:
        found = GoldFile.read(path)
        matched(found, ballot)
    except W2SJudgeError:
        return None
    return found


def _blind(
    ballot: Ballot,
    rows: VerdictRows,
    own: Mapping[Key, str],
    chosen: Mapping[Key, float],
    seed: int,
) -> dict[Key, Floats]:
    """Posteriors of the consensus' own gold items from fits without their fold.

    Too few labels to calibrate on were anchors of the fit alone; fewer than two prompts cannot be
    parted, and nothing is learned from so few.
    """
    votes = ballot.votes
    place = {key: i for i, key in enumerate(keys_of(votes))}
    known = sorted((place[key], key) for key in own)
    names = rows.asked.classes
    drawn = np.array([chosen.get(key, 1.0) for _, key in known])
    gold = Gold(
        _ints([i for i, _ in known]),
        _ints([names.index(own[key]) for _, key in known]),
        names,
        drawn if (drawn < 1).any() else None,
    )
    prompts = prompts_of(votes, gold)
    if prompts < 2:
        return {}
    method = rows.before.aim.made(METHODS.get(rows.aggregator))
    if gold.G >= ENOUGH and prompts >= FEWEST_PROMPTS:
        found = calibrated(votes, gold, method, rows.before.aim).held_out
    else:
        found = held_out(method, votes, gold, seed=seed)
    return {key: row for (_, key), row in zip(known, found, strict=True)}


def _ints(values: list[int]) -> Ints:
    return np.array(values, dtype=np.int32)
