"""`w2s-judge pairs`: votes and consensus in, preference data for a trainer out, with its card."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from w2s_judge.errors import UsageError
from w2s_judge.preferences.card import write_card
from w2s_judge.preferences.card_facts import CardFacts, as_json
from w2s_judge.preferences.contract import PairWriter, Style, Writer
from w2s_judge.preferences.files import MetaPlace, dataset_files, prepare_folder
from w2s_judge.preferences.resample import Way
from w2s_judge.preferences.row_files import FileKind
from w2s_judge.preferences.split import Split
from w2s_judge.preferences.turns import DEFAULT_STYLE
from w2s_judge.store import folder as folders
from w2s_judge.store.items import between, stretches
from w2s_judge.store.matrices import asked_about
from w2s_judge.store.run import Run
from w2s_judge.store.schema import connect
from w2s_judge.workflows.after_cascade import check_promise
from w2s_judge.workflows.gold import GoldFile
from w2s_judge.workflows.pair_card import card_facts
from w2s_judge.workflows.pair_choice import PairsJob, rule_of
from w2s_judge.workflows.pair_gold import utilities_of
from w2s_judge.workflows.pair_lessons import Lesson, lesson
from w2s_judge.workflows.pair_tally import Check
from w2s_judge.workflows.pair_verdicts import Key
from w2s_judge.workflows.pair_votes import PairVotes, pair_votes, stretch_of
from w2s_judge.workflows.pair_writing import Desk, Plan, write_pairs
from w2s_judge.workflows.rated_writing import write_rated

CHECKED = "gold: no map was better"
STRETCH = 2_000  # prompts whose votes and texts are held at a time


@dataclass(frozen=True, slots=True)
class PairsMade:
    """What `pairs` wrote: the folder, and what its card says."""

    folder: Path
    facts: CardFacts

    @property
    def rows(self) -> int:
        """Rows in the trainer's files."""
        return sum(file.rows for file in self.facts.files)

    def told(self) -> dict[str, Any]:
        """As `pairs --json` prints it: the card, and where it is."""
        return {**as_json(self.facts), "path": str(self.folder)}


def pairs(
    run: str | Path,
    out: str | Path,
    *,
    rubrics: str | Sequence[str] = (),
    vetoes: str | Sequence[str] = (),
    method: str | None = None,
    strategy: str | None = None,
    format: str = "trl-dpo",  # noqa: A002
    style: Style = DEFAULT_STYLE,
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
    not grow with the run, but gold, `check`, another method and a ranker hold its votes. Raises
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


def make_pairs(job: PairsJob, seen: Callable[[int], None] = lambda _: None) -> PairsMade:
    """Write what the job says; `seen` is told after each stretch how many prompts it had."""
    wish, writer = job.wish(), job.writer
    database = folders.require(job.run)
    labels = None if job.gold is None else GoldFile.read(job.gold)
    held_back = None if job.check is None else GoldFile.read(job.check)
    split = Split(job.validation, job.seed)
    with closing(Run(job.run)) as run:
        rule = rule_of(run, job.rubrics, job.vetoes)
        panel = _panel(run, rule.utilities)
    with closing(connect(database, read_only=True)) as db:
        for name in rule.utilities:
            check_promise(db, job.run, name, job.max_error)
        opened = pair_votes(db, job.run, rule, job.method, labels, job.seed)
        _check_kind(opened, writer)
        learned = lesson(opened.lessons(wish), wish, ties_tell=opened.ties_tell)
        check = Check({}) if held_back is None else _check(opened, held_back)
        opened = replace(
            opened, gold={name: replace(one, blind={}) for name, one in opened.gold.items()}
        )
        plan = Plan(
            wish, learned, writer.writes, job.style, split, job.drawn, "+".join(rule.utilities),
            opened.method,
            _calibration(opened, learned, pairs=isinstance(writer.writes, PairWriter)), panel,
        )  # fmt: skip
        with _folder(job.out), dataset_files(job.out, job.kind, job.meta) as files:
            desk = Desk(files, plan, check)
            _write(db, opened, learned, desk, seen)
            checked = None if held_back is None else check.result()
            facts = card_facts(job, opened, plan, desk.tally, files, checked)
            write_card(files, facts)
    return PairsMade(job.out, facts)


@contextmanager
def _folder(out: Path) -> Iterator[None]:
    """The folder to write in; one that was made for this is gone again where nothing came of it."""
    there = out.exists()
    prepare_folder(out)
    try:
        yield
    except BaseException:
        if not there:
            with suppress(OSError):
                out.rmdir()
        raise


def _write(
    db: sqlite3.Connection,
    opened: PairVotes,
    learned: Lesson,
    desk: Desk,
    seen: Callable[[int], None],
) -> None:
    source, read = opened.writing(ranking_too=learned.tried)
    writes = desk.plan.writes
    counted = [opened.asked[name] for name in opened.rule.utilities]
    for stretch in stretches(db, STRETCH):
        items = between(db, stretch)
        found = source.cut(stretch_of(db, opened.asked, stretch))
        if found is not None:
            desk.begin(found)
            if isinstance(writes, PairWriter):
                write_pairs(desk, found, items, writes)
            else:
                write_rated(desk, found, items, writes)
        judged = frozenset(() if found is None else found.prompts)
        if len(judged) < len(items):
            asked = asked_about(db, counted, stretch)
            for name in items:
                if name not in judged:
                    desk.unjudged(name, asked=name in asked)
        seen(len(items))
    for rows in read:
        rows.end()


def _check_kind(opened: PairVotes, writer: Writer) -> None:
    """Single responses need something that rates them."""
    if isinstance(writer.writes, PairWriter):
        return
    if opened.compares or opened.scores is not None:
        what = opened.method if opened.scores is not None else opened.rule.utilities[0]
        raise UsageError(
            f"--format {writer.name} is made of single responses and their P(desirable), and "
            f"{what} only compares: take a rubric for single responses, or --format trl-dpo"
        )


def _panel(run: Run, rubrics: tuple[str, ...]) -> tuple[str, ...]:
    """The judges under these rubrics, each once."""
    records = run.manifest["rubrics"]
    return tuple(dict.fromkeys(one["name"] for name in rubrics for one in records[name]["judges"]))


def _calibration(opened: PairVotes, learned: Lesson, *, pairs: bool) -> str:
    """What p is called: the map from gold, else what the consensus is, else vote shares."""
    if learned.map.name != learned.map.none:
        return learned.map.name
    if learned.tried:
        return CHECKED
    if opened.scores is None and (opened.compares or not pairs):
        return f"consensus: {opened.rows[opened.rule.utilities[0]].calibration}"
    return learned.map.none


def _check(opened: PairVotes, labels: GoldFile) -> Check:
    """The utilities by gold that nothing is fitted to; labels that something was are left out."""
    found: dict[Key, list[float]] = {}
    used: set[Key] = set()
    for name in opened.rule.utilities:
        seen = (
            opened.gold[name].utility.keys() | opened.gold[name].own if name in opened.gold else ()
        )
        for key, utility in utilities_of(opened.folder, opened.rows[name], labels).items():
            if key in seen:
                used.add(key)
            else:
                found.setdefault(key, []).append(utility)
    whole = len(opened.rule.utilities)
    told = {key: float(np.mean(known)) for key, known in found.items() if len(known) == whole}
    if not told:
        raise UsageError(
            "--check: every label in it was used, by --gold or by the scores: name labels that "
            "nothing was fitted to"
        )
    return Check(told, len(used), opened.ties_tell)
