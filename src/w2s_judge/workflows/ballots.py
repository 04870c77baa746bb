"""What is to be aggregated: the votes under each rubric of a run, or those in a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from w2s_judge.datasets.numerals import label_number
from w2s_judge.errors import ConfigurationError, InputError, UsageError
from w2s_judge.gold import SUMS_TO_ONE, Truth
from w2s_judge.ledger import Ledger
from w2s_judge.store.reading import evenly
from w2s_judge.store.run import Run
from w2s_judge.votes import VoteMatrix

Repeats = Literal["refuse", "count", "mean"]


@dataclass(frozen=True, eq=False, slots=True)
class Ballot:
    """Votes on one question; `rubric` is None where a file names none.

    `worth` (C,) is the utility of each truth class in the votes' truth, None where it is unknown;
    `ledger` who was silent, of a file.
    """

    rubric: str | None
    votes: VoteMatrix
    worth: tuple[float, ...] | None
    notes: tuple[str, ...] = ()
    ledger: Ledger | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which votes, and what the user knows of the truth. `prior` maps every class, ascending."""

    source: Path
    rubric: str | None = None
    prior: tuple[tuple[str, float], ...] = ()
    levels: str | None = None
    repeats: Repeats = "refuse"

    @property
    def is_run(self) -> bool:
        """Whether the source is a run folder rather than a file of votes."""
        return self.source.is_dir()


def ballots(wanted: Wanted) -> Iterator[Ballot]:
    """The votes, rubric by rubric."""
    if wanted.is_run:
        yield from _of_run(wanted)
    else:
        yield _of_file(wanted)


def _of_run(wanted: Wanted) -> Iterator[Ballot]:
    if wanted.levels is not None or wanted.repeats != "refuse":
        raise UsageError("--levels and --repeats are for files of votes; a run knows its own")
    with closing(Run(wanted.source)) as run:
        names = run.rubrics if wanted.rubric is None else (wanted.rubric,)
        if wanted.prior and len(names) > 1:
            raise UsageError(
                f"--prior is for one rubric, and this run has {', '.join(names)}: name it with "
                "--rubric"
            )
        for name in names:
            asked = run.asked(name)
            votes = run.votes(name)
            truth = Truth(asked.classes, asked.of_label, _prior(wanted, asked.classes))
            yield Ballot(name, replace(votes, truth=truth), asked.worth)


def _prior(wanted: Wanted, classes: tuple[str, ...]) -> tuple[float, ...] | None:
    if not wanted.prior:
        return None
    given = dict(wanted.prior)
    if set(given) != set(classes):
        raise UsageError(
            f"--prior names {', '.join(given)}, and the truth classes are {', '.join(classes)}"
        )
    return tuple(given[name] for name in classes)


def _of_file(wanted: Wanted) -> Ballot:
    from w2s_judge.datasets.vote_files import read_votes

    require_file(wanted.source)
    read = read_votes(
        wanted.source, levels=wanted.levels, repeats=wanted.repeats, rubric=wanted.rubric
    )
    votes = read.votes
    truth = file_truth(votes, wanted.prior)
    worth = evenly(votes.L if truth is None else truth.C) if votes.ordered else None
    return Ballot(read.rubric, replace(votes, truth=truth), worth, read.notes, read.ledger)


def require_file(source: Path) -> None:
    """`InputError` where there is nothing of that name."""
    if not source.exists():
        raise InputError(
            "there is no such file or run folder", path=str(source),
            remedy="name a run folder, or a CSV, JSONL or Parquet file of votes",
        )  # fmt: skip


def file_truth(votes: VoteMatrix, prior: tuple[tuple[str, float], ...]) -> Truth | None:
    """What a prior says of the truth: its classes, and which label is which where names agree."""
    if not prior:
        return votes.truth
    # A class that is a vote label in other spelling (0.0 for 0) is called as the votes call it.
    spelled = {label_number(label): label for label in votes.labels}
    spelled.pop(None, None)
    classes = tuple(spelled.get(label_number(name), name) for name, _ in prior)
    shares = tuple(share for _, share in prior)
    numbers = [number for name in classes if (number := label_number(name)) is not None]
    if votes.ordered and len(numbers) == len(classes) and numbers != sorted(numbers):
        raise UsageError(f"--prior names {', '.join(classes)}: name numbers in ascending order")
    if set(votes.labels) <= set(classes):
        places = [classes.index(label) for label in votes.labels]
        if votes.ordered and places != sorted(places):
            raise UsageError(
                f"--prior names {', '.join(classes)}, and the vote labels ascend as "
                f"{', '.join(votes.labels[:8])}: name the classes in that order"
            )
        return Truth(classes, tuple(classes.index(label) for label in votes.labels), shares)
    if not votes.ordered:
        raise ConfigurationError(
            f"--prior names the classes {', '.join(classes)}, and the votes say "
            f"{', '.join(votes.labels[:8])}\n  name every vote label in --prior, or declare their "
            "order with --levels"
        )
    return Truth(classes, None, shares)


def parse_prior(text: str | None) -> tuple[tuple[str, float], ...]:
    """Read `0=0.5,1=0.5`; raises `UsageError` for what is no prior."""
    if not text:
        return ()
    found: list[tuple[str, float]] = []
    for part in text.split(","):
        name, equals, share = part.rpartition("=")
        try:
            value = float(share)
        except ValueError:
            equals = ""
        if not equals or not name.strip():
            raise UsageError(
                f"--prior {part!r} is no CLASS=PROBABILITY: write --prior unsafe=0.2,safe=0.8"
            )
        found.append((name.strip(), value))
    return tuple(found)


def checked_prior(prior: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
    """The prior, if it is one: classes that differ, shares between 0 and 1 that sum to 1."""
    for name, share in prior:
        if not isinstance(share, (int, float)):
            raise UsageError(f"--prior: the share of {name!r} is {share!r}, which is no number")
    total = sum(share for _, share in prior)
    for name, share in prior:
        if not 0 < share < 1:
            raise UsageError(f"--prior: the share of {name!r} is {share:g}, not between 0 and 1")
    if prior and (abs(total - 1) > SUMS_TO_ONE or len(dict(prior)) != len(prior)):
        raise UsageError(
            f"--prior: the classes must differ and their shares sum to 1, not {total:g}"
        )
    return prior
