"""What a cascade leaves behind: votes whose number depends on what the votes were.

Items with gold were asked of every judge, the others of few, and of dear judges only where cheap
ones were unsure. So held-back gold is no sample of the rest: a promise of few errors that is tested
there does not hold elsewhere, and a calibration that is learned there is too sure. The cascade
itself cuts gold to the judges of each stage; it keeps no course of gold items by which a plain
aggregation could.
"""

from __future__ import annotations

import json
import shlex
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from w2s_judge.errors import UsageError
from w2s_judge.store import manifest as manifests
from w2s_judge.store.reading import Asked
from w2s_judge.workflows.scores import consensus_path

CASCADE = "cascade"  # what the manifest calls the plans, and the file of rows its method

_LACKING = (
    "SELECT DISTINCT q.responses, i.families FROM questions q JOIN items i ON i.position = q.item "
    "WHERE q.rubric = ? AND q.rubric_hash = ? AND q.variant = 'base' "
    "AND NOT EXISTS (SELECT 1 FROM votes v WHERE v.key = q.key AND v.judge = ?)"
)


def cascaded(folder: Path, manifest: Mapping[str, Any], rubric: str) -> bool:
    """Whether a cascade has decided who was asked: its plan is there, or the rows of one."""
    planned = rubric in (manifest.get(CASCADE) or {})
    return planned or consensus_path(folder, rubric, CASCADE).is_file()


def uneven(db: sqlite3.Connection, folder: Path, rubric: str) -> bool:
    """Whether a cascade has left out judges under a rubric, and nobody has asked them since.

    A judge that may not be asked, for it is kin to the response, is not left out.
    """
    manifest = manifests.load(db)
    record = manifest.get("rubrics", {}).get(rubric)
    if record is None or not cascaded(folder, manifest, rubric):
        return False
    asked = Asked.recorded(rubric, record)
    kin_too = bool(manifest.get("options", {}).get("allow_own_family"))
    family = dict(db.execute("SELECT id, family FROM judges"))
    return any(
        kin_too or family[judge] is None or family[judge] not in _families(responses, families)
        for judge in asked.judges
        for responses, families in db.execute(_LACKING, (asked.name, asked.hash, judge))
    )


def _families(responses: str, families: str) -> list[str | None]:
    of_item = json.loads(families)
    return [of_item[int(place)] for place in responses.split(",")]


def check_promise(
    db: sqlite3.Connection, folder: Path, rubric: str, max_error: float | None
) -> None:
    """`UsageError` where a promise of few errors would be tested on gold that is no sample."""
    if max_error is None or not uneven(db, folder, rubric):
        return
    raise UsageError(
        f"--max-error cannot be promised here: the votes under {rubric} in {folder} are a "
        "cascade's. Items with gold were asked of every judge and others of few, so that errors on "
        "gold say nothing of the others\n"
        f"  `w2s-judge score --cascade --max-error {max_error:g}` promises it of labels, and tests "
        "each stage on gold with the same judges; `w2s-judge score` without --cascade asks all "
        "judges about everything"
    )


def caution(db: sqlite3.Connection, folder: Path, rubric: str, *, gold: bool) -> tuple[str, ...]:
    """What a plain aggregation of such votes must say first; () where there is nothing to say."""
    if not uneven(db, folder, rubric):
        return ()
    back = (
        "The cascade's own scores are made again by the same `w2s-judge score --cascade`"
        f" ({shlex.quote(str(folder))})"
    )
    if gold:
        return (
            "the votes are a cascade's: items with gold were asked of every judge, and most others "
            "of few. Figures on gold are of the full panel, better than those of the rest, and the "
            f"calibration is too sure of the rest. {back}",
        )
    return (
        "the votes are a cascade's: dear judges were asked where cheap ones were unsure, so that "
        f"they are no fair sample. {back}",
    )


HARD_ONES = (
    "the votes are a cascade's: dear judges were asked about items with gold and about those that "
    "cheap ones left open, and so they seem to agree less than they would elsewhere; figures on "
    "gold are of the full panel, and most other items have few votes"
)
