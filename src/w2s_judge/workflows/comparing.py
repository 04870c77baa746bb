"""Which comparisons `score` asks: what `--compare` says, read against what the run knows."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from contextlib import closing
from itertools import combinations, groupby
from pathlib import Path
from typing import Any

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.errors import ConfigurationError, UsageError
from w2s_judge.prompts.rubric import Rubric
from w2s_judge.scoring.design import FEWEST, Design, Pair
from w2s_judge.store import folder as folders
from w2s_judge.store import manifest as manifests
from w2s_judge.store.items import stretches
from w2s_judge.store.matrices import asked_about
from w2s_judge.store.reading import Asked
from w2s_judge.store.schema import connect
from w2s_judge.workflows.verdict_rows import verdict_rows

ALL, UNDECIDED = "all", "undecided"
SURE = 0.8  # P(better) from which on single scores have decided a pair
MOST_TIE = 0.5  # and the most that they may put on "equally good"


def designed(
    compare: str, folder: Path, rubrics: Iterable[Rubric], *, one_order: bool, seed: int
) -> Design:
    """The design that `--compare` names; `UsageError` for what names none.

    "undecided" needs scores of single responses under a rubric of the same task in this run.
    """
    if compare == ALL:
        return Design(one_order=one_order, seed=seed)
    if compare == UNDECIDED:
        settled = {one.name: _settled(folder, one) for one in rubrics if one.arity == 2}
        return Design(settled=settled, one_order=one_order, seed=seed)
    if not compare.isdecimal() or int(compare) < FEWEST:
        raise UsageError(
            f"--compare {compare[:40]!r}: write all, undecided, or a number from {FEWEST} on (in "
            "how many comparisons each response takes part; fewer connect nothing)"
        )
    return Design(each=int(compare), one_order=one_order, seed=seed)


def _settled(folder: Path, rubric: Rubric) -> dict[str, frozenset[Pair]]:
    """By item, the pairs of responses that the scores of single responses decide, if any.

    What has no score decides nothing: a response that no judge may rate, an item that was added,
    or one whose texts have changed since.
    """
    scores = verdict_rows(folder, _single(_manifest(folder), rubric), current=False)
    asked = scores.asked
    there = _judged(folder, asked)
    rows = (row for row in scores.rows() if row["item"] in there)
    worth = np.asarray(asked.worth)
    found: dict[str, frozenset[Pair]] = {}
    for item, responses in groupby(rows, key=lambda row: row["item"]):
        masses = {row["response"]: _mass(row, asked.classes) for row in responses}
        known = {place: mass for place, mass in masses.items() if mass is not None}
        decided = frozenset(
            (a, b) for a, b in combinations(sorted(known), 2) if _decided(known[a], known[b], worth)
        )
        if decided:
            found[item] = decided
    return found


def _judged(folder: Path, asked: Asked) -> frozenset[str]:
    """The items that the votes under a rubric are about as they are worded now."""
    with closing(connect(folder / folders.DATABASE, read_only=True)) as db:
        found = (asked_about(db, (asked,), stretch) for stretch in stretches(db, sys.maxsize // 2))
        return frozenset(name for names in found for name in names)


def _manifest(folder: Path) -> dict[str, Any]:
    if not (folder / folders.DATABASE).is_file():
        return {}
    with closing(connect(folder / folders.DATABASE, read_only=True)) as db:
        return manifests.load(db)


def _single(manifest: Mapping[str, Any], rubric: Rubric) -> str:
    """The rubric for single responses that decides: that of the same task, or the only one."""
    scored = manifest.get("consensus", {})
    single = [
        str(name)
        for name, record in manifest.get("rubrics", {}).items()
        if record["arity"] == 1 and name in scored
    ]
    if rubric.task in single:
        return rubric.task
    if len(single) == 1:
        return single[0]
    raise ConfigurationError(
        f"--compare undecided needs this run's scores of single responses, and there are "
        f"{'several: ' + ', '.join(single) if single else 'none'}\n  first `w2s-judge score ... "
        f"--rubric {rubric.task}` into the same run folder, then this command"
    )


def _mass(row: Mapping[str, Any], classes: tuple[str, ...]) -> Floats | None:
    """The probabilities (C,) of a response's classes; None where no vote gives any."""
    if row["mass"] is None or row["calibration"] == "uncalibrated":
        return None
    return np.array([row["mass"][name] for name in classes])


def _decided(first: Floats, second: Floats, worth: Floats) -> bool:
    """Whether two responses' masses (C,) say which is the better."""
    joint = np.outer(first, second)
    above = float(joint[worth[:, None] > worth].sum())
    below = float(joint[worth[:, None] < worth].sum())
    return max(above, below) >= SURE * (above + below) > 0 and above + below >= 1 - MOST_TIE
