"""`w2s-judge pairs`: votes and consensus in, preference data for a trainer out, with its card."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.calibration.estimates import Estimate, estimated_share
from w2s_judge.preferences.card import write_card
from w2s_judge.preferences.card_facts import CardFacts, as_json
from w2s_judge.preferences.contract import Style
from w2s_judge.preferences.files import MetaPlace, dataset_files, prepare_folder
from w2s_judge.preferences.pair_mass import BETTER, TIE
from w2s_judge.preferences.resample import Way
from w2s_judge.preferences.row_files import FileKind
from w2s_judge.preferences.split import Split
from w2s_judge.store import folder as folders
from w2s_judge.store.items import between, stretches
from w2s_judge.store.matrices import asked_about
from w2s_judge.store.run import Run
from w2s_judge.store.schema import connect
from w2s_judge.workflows.gold import GoldFile
from w2s_judge.workflows.pair_card import card_facts
from w2s_judge.workflows.pair_choice import PairsJob, rule_of
from w2s_judge.workflows.pair_gold import labelled
from w2s_judge.workflows.pair_lessons import Lesson, lesson
from w2s_judge.workflows.pair_votes import PairVotes, pair_votes, stretch_of
from w2s_judge.workflows.pair_writing import Plan, Tally, Writing

CHECKED = "gold: no map was better"
STRETCH = 2_000  # prompts whose votes and texts are held at a time


@dataclass(frozen=True, slots=True)
class PairsMade:
    """What `pairs` wrote. `right` is the share of right rows by gold that was held back."""

    folder: Path
    facts: CardFacts
    right: Estimate | None
    tied: int = 0

    @property
    def rows(self) -> int:
        """Rows in the trainer's files."""
        return sum(file.rows for file in self.facts.files)

    def told(self) -> dict[str, Any]:
        """As `pairs --json` prints it: the card, and what was checked."""
        right = self.right
        checked = None if right is None else {
            "right": round(right.value, 6), "low": round(right.low, 6),
            "high": round(right.high, 6), "n": right.n, "prompts": right.groups,
            "tied": self.tied,
        }  # fmt: skip
        return {**as_json(self.facts), "path": str(self.folder), "checked": checked}


def pairs(
    run: str | Path,
    out: str | Path,
    *,
    rubrics: str | Sequence[str] = (),
    vetoes: str | Sequence[str] = (),
    method: str | None = None,
    strategy: str | None = None,
    format: str = "trl-dpo",  # noqa: A002
    style: Style = "conversational",
    kind: FileKind = "jsonl",
    meta: MetaPlace = "beside",
    gold: str | Path | None = None,
    check: str | Path | None = None,
    min_p: float = 0.8,
    max_tie: float = 0.5,
    max_error: float | None = None,
    confidence: float = 0.9,
    validation: float = 0.0,
    resample: Way | None = None,
    seed: int = 0,
) -> PairsMade:
    """Write a data set of preferences, or of rated responses, from a run into the folder `out`.

    Candidates come from the strategy, p from differences within judges (or from the consensus on
    pairs that were compared), calibrated on gold pairs drawn by the same strategy. What is left out
    is in `dropped.jsonl` with its reason. `check` are labels that nothing is fitted to. Memory does
    not grow with the run, but for gold: learning from it holds the votes. Raises
    `ConfigurationError`, `InputError` and `UsageError`.
    """
    return make_pairs(
        PairsJob(
            Path(run), Path(out), (rubrics,) if isinstance(rubrics, str) else tuple(rubrics),
            (vetoes,) if isinstance(vetoes, str) else tuple(vetoes), method, strategy, format,
            style, kind, meta, None if gold is None else Path(gold),
            None if check is None else Path(check), min_p, max_tie, max_error, confidence,
            validation, resample, seed,
        )
    )  # fmt: skip


def make_pairs(job: PairsJob) -> PairsMade:
    """Write what the job says."""
    wish, writer = job.wish(), job.writer
    database = folders.require(job.run)
    labels = None if job.gold is None else GoldFile.read(job.gold)
    held_back = None if job.check is None else GoldFile.read(job.check)
    split = Split(job.validation, job.seed)
    with closing(Run(job.run)) as run:
        rule = rule_of(run, job.rubrics, job.vetoes)
        panel = _panel(run, rule.utilities)
    with closing(connect(database, read_only=True)) as db:
        opened = pair_votes(db, job.run, rule, job.method, labels, job.seed)
        gold = opened.lessons(wish) if opened.gold else None
        learned = lesson(gold, wish, ties_tell=opened.ties_tell)
        check = {} if held_back is None else _check(opened, held_back, job.seed)
        opened = replace(
            opened, gold={name: replace(one, blind={}) for name, one in opened.gold.items()}
        )
        plan = Plan(
            wish, learned, writer.writes, job.style, split, job.drawn, "+".join(rule.utilities),
            opened.method, _calibration(opened, learned), panel, opened.ties_tell,
        )  # fmt: skip
        prepare_folder(job.out)
        with dataset_files(job.out, job.kind, job.meta) as files:
            writing = Writing(files, plan, check)
            _write(db, opened, learned, writing)
            facts = card_facts(job, opened, plan, writing.tally, files, learned)
            write_card(files, facts)
    right, tied = _right(writing.tally, ties_tell=opened.ties_tell)
    return PairsMade(job.out, facts, right, tied)


def _write(db: sqlite3.Connection, opened: PairVotes, learned: Lesson, writing: Writing) -> None:
    source = opened.writing(ranking_too=learned.tried)
    for stretch in stretches(db, STRETCH):
        items = between(db, stretch)
        votes = stretch_of(db, opened.asked, stretch)
        judged: frozenset[str] = frozenset()
        if votes:
            found = source.cut(votes)
            writing.write(found, items)
            judged = frozenset(found.prompts)
        if len(judged) < len(items):
            asked = asked_about(db, opened.asked.values(), stretch)
            for name in items:
                if name not in judged:
                    writing.unjudged(name, asked=name in asked)


def _panel(run: Run, rubrics: tuple[str, ...]) -> tuple[str, ...]:
    """The judges under these rubrics, each once."""
    records = run.manifest["rubrics"]
    return tuple(dict.fromkeys(one["name"] for name in rubrics for one in records[name]["judges"]))


def _calibration(opened: PairVotes, learned: Lesson) -> str:
    """What p is called: the map from gold, else what the consensus is, else vote shares."""
    if learned.map.name != learned.map.none:
        return learned.map.name
    if learned.tried:
        return CHECKED
    if opened.scores is not None or not opened.compares:
        return learned.map.none
    rows = opened.rows[opened.rule.utilities[0]].rows()
    own = next((row["calibration"] for row in rows if row["calibration"] != "gold"), "none")
    return f"consensus: {own}"


def _check(opened: PairVotes, labels: GoldFile, seed: int) -> dict[object, float]:
    """The utilities that gold which nothing is fitted to gives, by item and positions."""
    found: dict[object, list[float]] = {}
    for name in opened.rule.utilities:
        rows = opened.rows[name]
        before = replace(rows.before, gold=None)
        one = labelled(opened.folder, opened.asked[name], labels, before, rows.method, seed)
        for key, utility in one.utility.items():
            found.setdefault(key, []).append(utility)
    whole = len(opened.rule.utilities)
    return {key: float(np.mean(known)) for key, known in found.items() if len(known) == whole}


def _right(tally: Tally, *, ties_tell: bool) -> tuple[Estimate | None, int]:
    """The share of checked rows that are right, clustered by prompt, and how many tie."""
    outcome = np.array([one for one, _ in tally.checked], dtype=np.int32)
    prompt = np.unique([name for _, name in tally.checked], return_inverse=True)[1]
    tied = outcome == TIE
    counts = np.ones(len(outcome), dtype=np.bool_) if ties_tell else ~tied
    if not counts.any():
        return None, int(tied.sum())
    value: Floats = (outcome[counts] == BETTER).astype(np.float64)
    group = prompt[counts].astype(np.int32)
    return estimated_share(value, None, group), int(tied.sum())
