"""Gold labels for pairs: what they say of the responses, and posteriors that did not see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from w2s_judge.aggregation.contract import METHODS
from w2s_judge.arrays import Floats
from w2s_judge.calibration.crossfit import held_out
from w2s_judge.gold import Gold
from w2s_judge.store.reading import Asked
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.ballots import Ballot, Wanted, ballots
from w2s_judge.workflows.conclude import ENOUGH, FEWEST_PROMPTS, Aim, calibrated, prompts_of
from w2s_judge.workflows.gold import GoldFile, matched
from w2s_judge.workflows.pair_verdicts import Key, keys_of
from w2s_judge.workflows.run_consensus import Remembered


@dataclass(frozen=True, eq=False, slots=True)
class Labelled:
    """One rubric's gold, by key.

    utility : of the gold class; chosen : probability by which the item came to be labelled
    blind   : posterior (C,) of a fit that did not see the item's label, where the consensus did
    coarse  : True where gold has fewer classes than votes have labels: its ties then tell nothing
    """

    votes: VoteMatrix
    utility: Mapping[Key, float]
    chosen: Mapping[Key, float]
    blind: Mapping[Key, Floats] = field(default_factory=dict)
    coarse: bool = False
    notes: tuple[str, ...] = ()


def labelled(
    folder: Path, asked: Asked, labels: GoldFile, before: Remembered, method: str, seed: int
) -> Labelled:
    """Match the labels to a run's items, and take back what the consensus learned from its own.

    `before` is how the consensus was made: where it used gold, its rows know these items too well
    to say what picking by it is worth. Holds the rubric's votes in memory.
    """
    (ballot,) = ballots(Wanted(folder, asked.name, tuple((before.prior or {}).items())))
    match = matched(labels, ballot)
    gold, keys = match.gold, keys_of(ballot.votes)
    worth = dict(zip(asked.classes, asked.worth, strict=True))
    named = [keys[i] for i in gold.item.tolist()]
    utility = {
        key: worth[gold.classes[c]] for key, c in zip(named, gold.label.tolist(), strict=True)
    }
    chosen = np.ones(gold.G) if gold.chosen is None else gold.chosen
    return Labelled(
        ballot.votes,
        utility,
        dict(zip(named, chosen.tolist(), strict=True)),
        {} if before.gold is None else _blind(ballot, Path(before.gold), method, before.aim, seed),
        asked.arity == 1 and len(asked.classes) < len(asked.labels),
        match.notes,
    )


def _blind(ballot: Ballot, path: Path, method: str, aim: Aim, seed: int) -> dict[Key, Floats]:
    """Posteriors of the consensus' own gold items from fits without their fold.

    Too few labels to calibrate on were anchors of the fit alone; fewer than two prompts cannot be
    parted, and nothing is learned from so few.
    """
    if not path.is_file():
        return {}
    gold = matched(GoldFile.read(path), ballot).gold
    prompts = prompts_of(ballot.votes, gold)
    if prompts < 2:
        return {}
    rows = _held_out(ballot.votes, gold, method, aim, seed, prompts)
    keys = keys_of(ballot.votes)
    return {keys[i]: row for i, row in zip(gold.item.tolist(), rows, strict=True)}


def _held_out(
    votes: VoteMatrix, gold: Gold, method: str, aim: Aim, seed: int, prompts: int
) -> Floats:
    made = METHODS.get(method).make()
    if gold.G >= ENOUGH and prompts >= FEWEST_PROMPTS:
        return calibrated(votes, gold, made, aim).held_out
    return held_out(made, votes, gold, seed=seed)
