"""`w2s-judge replay`: what policies of asking would have cost and got right, on recorded votes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from w2s_judge import __version__
from w2s_judge.audit.part import Part
from w2s_judge.cascade.asked import judges_of
from w2s_judge.cascade.learn import Cascade
from w2s_judge.cascade.learned import Learned
from w2s_judge.errors import ConfigurationError, UsageError
from w2s_judge.gold import Gold
from w2s_judge.ledger import Ledger
from w2s_judge.store import folder as folders
from w2s_judge.store.run import Run
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.ballots import (
    Ballot,
    Repeats,
    Wanted,
    ballots,
    checked_prior,
    parse_prior,
    require_file,
)
from w2s_judge.workflows.cascade_options import cascade_settings
from w2s_judge.workflows.cascade_prices import parse_prices
from w2s_judge.workflows.gold import GoldFile, matched, rubrics_with_gold
from w2s_judge.workflows.replay_figures import Outcome
from w2s_judge.workflows.replay_lessons import Averages, lessons, size_of_lesson
from w2s_judge.workflows.replay_part import part_of
from w2s_judge.workflows.replay_policies import followed, wishes
from w2s_judge.workflows.replay_prices import replay_prices
from w2s_judge.workflows.run_consensus import Remembered

MOST_DRAWS = 100
Said = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Replays:
    """What came of a replay: a part of figures a rubric."""

    source: str
    gold: str
    rubrics: Mapping[str, Part]
    version: str = __version__

    def rows(self, table: str = "policies", rubric: str | None = None) -> list[dict[str, Any]]:
        """The rows of "policies", "prices" or "plans"; intervals as NAME_low and NAME_high.

        `rubric` may be left out where there is one. `KeyError` for what is not there.
        """
        names = list(self.rubrics) if rubric is None else [rubric]
        if len(names) != 1:
            raise KeyError(f"name one of the rubrics {', '.join(self.rubrics)}")
        found = self.rubrics[names[0]].table(table)
        if found is None:
            raise KeyError(f"{table}: there are policies, prices and plans")
        return found.flat()

    def told(self) -> dict[str, Any]:
        """As `replay --json` prints it."""
        return {
            "made_by": "w2s-judge replay",
            "version": self.version,
            "source": self.source,
            "gold": self.gold,
            "rubrics": {name: part.told() for name, part in self.rubrics.items()},
        }


@dataclass(frozen=True, slots=True)
class _Job:
    """What is replayed, beside the votes."""

    policies: tuple[str, ...]
    prices: Mapping[str, float]
    settings: Cascade
    learn: int | None
    draws: int
    margin: float
    said: Said


def replay(
    source: str | Path,
    *,
    gold: str | Path | None = None,
    policies: str | Sequence[str] = (),
    prices: Mapping[str, float] | Sequence[str] = (),
    learn: int | None = None,
    draws: int = 5,
    margin: float = 0.02,
    stages: int | None = None,
    decided: float | None = None,
    max_error: float | None = None,
    confidence: float | None = None,
    method: str = "auto",
    prior: Mapping[str, float] | str | None = None,
    rubric: str | None = None,
    levels: str | None = None,
    repeats: Repeats = "refuse",
    seed: int = 0,
    said: Said | None = None,
) -> Replays:
    """Replay policies on the votes of a run folder or a file; asks nobody, writes nothing.

    `policies` are "full", "cascade", "cascade:0.4" (with so large a share of the full price),
    "judge:NAME", "first:K", "cheapest:K"; () takes full, cascade at three budgets and without.
    `prices` are by judge, or texts JUDGE=NUMBER. Without `gold` it is that of the run's last
    aggregation. Each of `draws` times policies learn from `learn` gold labels (None: 100, at most
    half) and are judged on the rest; `margin` is how much accuracy a policy may lose to the full
    panel and still be called as good. The others are those of
    `score --cascade` and `aggregate`. Raises `InputError`, `ConfigurationError`, `UsageError`.
    """
    named = (policies,) if isinstance(policies, str) else tuple(policies)
    if not 1 <= draws <= MOST_DRAWS:
        raise UsageError(f"--draws {draws}: 1 to {MOST_DRAWS}")
    if not 0 < margin < 1:
        raise UsageError(f"--margin {margin:g} must be above 0 and below 1")
    cascade = cascade_settings(
        stages=stages, decided=decided, max_error=max_error, confidence=confidence, method=method,
        seed=seed,
    )  # fmt: skip
    given = dict(prices) if isinstance(prices, Mapping) else dict(parse_prices(prices))
    job = _Job(named, given, cascade, learn, draws, margin, said or (lambda _: None))
    told = parse_prior(prior) if not isinstance(prior, Mapping) else tuple(prior.items())
    wanted = Wanted(Path(source), rubric, checked_prior(told), levels, repeats)
    require_file(wanted.source)
    labels = GoldFile.read(_gold_path(wanted, gold))
    parts = {
        name: _rubric(ballot, ledger, labels, job)
        for name, ballot, ledger in _votes(wanted, labels)
    }
    return Replays(str(source), str(labels.path), parts)


def write_replay(found: Replays, page: Path) -> None:
    """Write the page, swapped in whole; `MissingExtra` where it needs what is not installed."""
    from w2s_judge.audit.report.replayed import render_replay

    with folders.replaced(page) as file:
        file.write(render_replay(found.source, found.rubrics, found.version))


def _gold_path(wanted: Wanted, gold: str | Path | None) -> Path:
    """As given; else that of the run's last aggregation."""
    if gold is not None:
        return Path(gold)
    if wanted.is_run:
        with closing(Run(wanted.source)) as run:
            kept = run.manifest.get("consensus", {})
        for name, record in kept.items():
            was = Remembered.of(record).gold
            if was is not None and wanted.rubric in (None, name):
                return Path(was)
    raise UsageError("only gold labels tell what a policy gets right: give --gold")


def _votes(wanted: Wanted, labels: GoldFile) -> Iterator[tuple[str, Ballot, Ledger | None]]:
    """Name, votes and ledger of each rubric that gold is about."""
    if not wanted.is_run:
        for ballot in ballots(wanted):
            yield ballot.rubric or "votes", ballot, None
        return
    with closing(Run(wanted.source)) as run:
        named = run.rubrics if wanted.rubric is None else (wanted.rubric,)
        voted = tuple(name for name in named if run.has_votes(name))
        if not voted:
            raise ConfigurationError(
                f"{wanted.source} has no votes to replay\n  `w2s-judge score` asks the judges"
            )
        known = rubrics_with_gold(labels, voted)
        for name in sorted(known):
            for ballot in ballots(replace(wanted, rubric=name)):
                yield name, ballot, run.ledger(name, ballot.votes)


def _rubric(ballot: Ballot, ledger: Ledger | None, labels: GoldFile, job: _Job) -> Part:
    votes = ballot.votes
    match = matched(labels, ballot)
    gold = match.gold
    judges = judges_of(votes)
    prices, from_where = replay_prices(votes, judges, job.prices, ledger)
    policies, unaffordable = wishes(job.policies, prices)
    held = job.settings.max_error is not None
    size = size_of_lesson(gold, job.learn, held=held)
    sums = {wish: Outcome(wish.name, Averages.of(gold.G)) for wish in policies}
    drawn = lessons(gold, votes.group, size, job.draws, job.settings.seed, held=held)
    for draw, lesson in enumerate(drawn, 1):
        plans: dict[float | None, Learned] = {}
        for k, (wish, outcome) in enumerate(sums.items(), 1):
            doing = "learning and following" if wish.learns else "following"
            job.said(
                f"{ballot.rubric or 'votes'}: draw {draw} of {job.draws}, policy {k} of "
                f"{len(sums)}: {doing} {wish.name}"
            )
            outcome.add(lesson.at, followed(wish, votes, lesson, prices, job.settings, plans))
    notes = (
        from_where, *unaffordable, *_lacking(votes, gold, judges), *ballot.notes, *match.notes,
    )  # fmt: skip
    title = ballot.rubric or "Votes"
    return part_of(title, tuple(sums.values()), votes, gold, prices, size, job.margin, notes)


def _lacking(votes: VoteMatrix, gold: Gold, judges: tuple[str, ...]) -> tuple[str, ...]:
    """A note on gold items that not every judge has voted on, as after a cascade."""
    named = votes.raters if votes.judge is None else votes.judge
    number = np.array([judges.index(name) for name in named], dtype=np.int64)
    cell = np.unique(number[votes.rater] * votes.I + votes.item)
    many = np.bincount(cell % votes.I, minlength=votes.I)[gold.item]
    bare = int(np.count_nonzero(many < len(judges)))
    if not bare:
        return ()
    return (
        f"{bare} of {gold.G} labelled items lack the vote of a judge: in a replay it is silent "
        "there, and paid all the same",
    )
