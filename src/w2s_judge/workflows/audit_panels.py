"""The panels of an audit: votes, gold, consensus, ledger and traits, rubric by rubric."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from w2s_judge.aggregation.contract import METHODS
from w2s_judge.aggregation.readable import look_like_scores
from w2s_judge.arrays import Floats
from w2s_judge.audit.by_judge import by_judge
from w2s_judge.audit.panel import Panel
from w2s_judge.calibration.class_mass import known_classes
from w2s_judge.calibration.share_cut import cut_at_share, lower_shares
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.ledger import Ledger
from w2s_judge.sentences import listed
from w2s_judge.store import folder as folders
from w2s_judge.store.reading import evenly
from w2s_judge.store.run import Run
from w2s_judge.store.schema import connect
from w2s_judge.traits import Traits
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.after_cascade import HARD_ONES, uneven
from w2s_judge.workflows.ballots import Ballot, Repeats, Wanted, ballots, require_file
from w2s_judge.workflows.conclude import (
    ENOUGH,
    FEWEST_PROMPTS,
    Aim,
    calibrated,
    prompts_of,
    without_gold,
)
from w2s_judge.workflows.gold import GoldFile, matched, rubrics_with_gold
from w2s_judge.workflows.records import unfinished
from w2s_judge.workflows.run_consensus import Remembered


@dataclass(frozen=True, slots=True)
class AuditJob:
    """What is audited: a run folder or a file of votes; arguments as `audit` has them.

    `remember` the gold labels of a run's last aggregation where `gold` names none.
    """

    source: Path
    gold: Path | None = None
    rubric: str | None = None
    levels: str | None = None
    repeats: Repeats = "refuse"
    seed: int = 0
    remember: bool = True


@dataclass(frozen=True, eq=False, slots=True)
class Prepared:
    """A panel, the votes as they were cast, what is to be said of it, and the file of its gold."""

    panel: Panel
    cast: VoteMatrix
    notes: tuple[str, ...]
    path: Path | None


def panels(job: AuditJob) -> Iterator[Prepared]:
    """One rubric after the other; raises `InputError` where gold is of other items altogether."""
    require_file(job.source)
    labels = None if job.gold is None else GoldFile.read(job.gold)
    if job.source.is_dir():
        yield from _of_runs(job, labels)
        return
    wanted = Wanted(job.source, job.rubric, levels=job.levels, repeats=job.repeats)
    for ballot in ballots(wanted):
        yield _of_file(ballot, labels, job)


def _of_runs(job: AuditJob, labels: GoldFile | None) -> Iterator[Prepared]:
    with closing(Run(job.source)) as run:
        manifest = run.manifest
        named = run.rubrics if job.rubric is None else (job.rubric,)
        asked = tuple(name for name in named if run.has_votes(name))
        known = frozenset(asked) if labels is None else rubrics_with_gold(labels, asked)
        for name in asked:
            was = Remembered.of(manifest.get("consensus", {}).get(name))
            mine, told = (labels, ()) if labels is not None else _remembered(was, job)
            prior = tuple((was.prior or {}).items())
            (ballot,) = ballots(Wanted(job.source, name, prior, job.levels, job.repeats))
            made = _of_run(run, ballot, mine if name in known else None, was, job)
            yield replace(made, notes=(*_cascaded(job.source, name), *told, *made.notes))


def _cascaded(folder: Path, name: str) -> tuple[str, ...]:
    """What to say where a cascade has chosen who was asked about what."""
    with closing(connect(folder / folders.DATABASE, read_only=True)) as db:
        return (HARD_ONES,) if uneven(db, folder, name) else ()


def bare(job: AuditJob) -> tuple[str, ...]:
    """Rubrics of a run under which nobody has voted: there is nothing to audit."""
    if not job.source.is_dir() or job.rubric is not None:
        return ()
    with closing(Run(job.source)) as run:
        return tuple(name for name in run.rubrics if not run.has_votes(name))


def state(source: Path) -> tuple[str, ...]:
    """What to say of a run that is not finished."""
    if not source.is_dir():
        return ()
    with closing(Run(source)) as run:
        manifest = run.manifest
    if manifest.get("counts") is None:
        return ("this run never came to its end: it is audited as far as it came",)
    return tuple(f"the run is not finished: {line}" for line in unfinished(manifest))


def _remembered(was: Remembered, job: AuditJob) -> tuple[GoldFile | None, tuple[str, ...]]:
    """The gold of the run's last aggregation, where no other is named."""
    if was.gold is None or not job.remember:
        return None, ()
    path = Path(was.gold)
    if not path.is_file():
        return None, (
            f"the last aggregation used the gold labels of {path}, which are not there any more: "
            "name their file with --gold",
        )
    return GoldFile.read(path), (f"gold labels: those of the last aggregation, {path}",)


def _of_run(
    run: Run, ballot: Ballot, labels: GoldFile | None, was: Remembered, job: AuditJob
) -> Prepared:
    name = ballot.rubric or ""
    asked = run.asked(name)
    method = was.method if METHODS.get(was.method).needs_gold is False or labels else "auto"
    counts: Mapping[str, Any] = run.manifest.get("counts") or {}
    ledger = replace(run.ledger(name, ballot.votes), unasked=int(counts.get("left") or 0))
    sources = was.sources if method == was.method else None
    return _prepared(
        ballot, labels, Aim(method, seed=job.seed, sources=sources), asked.arity, asked.utilities,
        ledger, run.traits(ballot.votes),
    )  # fmt: skip


def _of_file(ballot: Ballot, labels: GoldFile | None, job: AuditJob) -> Prepared:
    votes = ballot.votes
    shown = votes.order is not None and any(votes.order)
    compares = shown or (votes.positions is not None and votes.positions.shape[1] > 1)
    utility = evenly(votes.L) if votes.ordered else None
    if utility is not None and compares:
        # Of comparisons the first label and class say that the first response is better.
        utility = utility[::-1]
        ballot = replace(
            ballot,
            worth=None if ballot.worth is None else ballot.worth[::-1],
            notes=(
                *ballot.notes,
                f"of the labels {listed(votes.labels)} the first is taken to say that the first "
                "response is better, the last that the second is",
            ),
        )
    method = "mean" if look_like_scores(votes) else "auto"
    return _prepared(
        ballot, labels, Aim(method, seed=job.seed), 2 if compares else 1, utility,
        ballot.ledger or Ledger.empty(), Traits(),
    )  # fmt: skip


def _prepared(
    ballot: Ballot,
    labels: GoldFile | None,
    aim: Aim,
    arity: int,
    utility: tuple[float, ...] | None,
    ledger: Ledger,
    traits: Traits,
) -> Prepared:
    match = None if labels is None else matched(labels, ballot)
    gold = None if match is None or not match.gold.G else match.gold
    consensus, held = _consensus(ballot.votes, gold, aim)
    C = len(consensus.classes)  # noqa: N806
    worth = ballot.worth if ballot.worth is not None and len(ballot.worth) == C else None
    if worth is None and ballot.votes.ordered:
        worth = evenly(C)[::-1] if arity == 2 else evenly(C)
    votes, which, cut = _verdicts(ballot.votes, gold, aim.seed)
    if utility is not None and len(utility) > votes.L:
        utility = (utility[0], utility[-1])
    panel = Panel(
        ballot.rubric or "votes", votes, by_judge(votes), consensus, gold, held, arity, utility,
        worth, traits, ledger, which,
    )  # fmt: skip
    notes = (*ballot.notes, *(() if match is None else match.notes), *cut)
    return Prepared(panel, ballot.votes, notes, None if labels is None else labels.path)


def _verdicts(
    votes: VoteMatrix, gold: Gold | None, seed: int
) -> tuple[VoteMatrix, tuple[str, ...], tuple[str, ...]]:
    """Scores that only rank as verdicts, where it is known how many of each class there are.

    The votes, the judges whose scores were cut, and what is to be said of it.
    """
    ranks, share = votes.uncalibrated, lower_shares(votes, gold, seed)
    if ranks is None or share is None or not ranks[votes.rater].any():
        return votes, (), ()
    names = votes.raters if votes.judge is None else votes.judge
    which = tuple(dict.fromkeys(names[j] for j in np.flatnonzero(ranks).tolist()))
    truth = votes.truth_with(gold)
    of_label = known_classes(votes, truth)
    lower = truth.classes[0 if of_label is None else int(of_label[0])]
    given = truth.prior is not None
    return (
        cut_at_share(votes, share, truth),
        which,
        (
            f"the scores of {listed(which)} only rank: about the lowest {np.median(share):.0%} of "
            f"each judge's are read as {lower!r}, the share of that class "
            + ("as it was given" if given else "among gold labels (other than the item's own)"),
        ),
    )


def _consensus(votes: VoteMatrix, gold: Gold | None, aim: Aim) -> tuple[Consensus, Floats | None]:
    """The consensus, and of gold items what fits said that did not see them."""
    card = METHODS.get(aim.method)
    if gold is not None and gold.G >= ENOUGH and prompts_of(votes, gold) >= FEWEST_PROMPTS:
        mapped = calibrated(votes, gold, aim.made(card), aim)
        return mapped.consensus, mapped.held_out
    return without_gold(votes, gold, card, aim.made(card)), None
