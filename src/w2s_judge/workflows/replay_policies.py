"""The policies that a replay follows: names, which of them a panel cannot afford, one in a draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from w2s_judge.cascade.learn import Cascade
from w2s_judge.cascade.learned import Learned
from w2s_judge.cascade.replay import POLICIES, Replayed, replay
from w2s_judge.errors import UsageError
from w2s_judge.registry import unknown
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.replay_lessons import Lesson

CASCADE, FULL = "cascade", "full"
DEFAULT_SHARES = (0.2, 0.4, 0.6)  # of the full price, where no policy is named
LEFT_OUT = (
    "left out: cascade:{share:g}, for {share:.0%} of the full price affords no judge (the cheapest "
    "is {least:.0%})"
)


@dataclass(frozen=True, slots=True)
class Wish:
    """A policy as named; `wanted` is the judge, the number or the share behind the colon."""

    name: str
    kind: str
    wanted: str

    @property
    def share(self) -> float | None:
        """Of the full price, of a cascade with a budget."""
        return float(self.wanted) if self.kind == CASCADE and self.wanted else None

    @property
    def learns(self) -> bool:
        """Whether it needs a plan: an order of judges, at least."""
        return self.kind in (CASCADE, "first")

    @classmethod
    def of(cls, name: str) -> Wish:
        """A name in its parts, unchecked."""
        kind, _, wanted = name.partition(":")
        return cls(name, kind, wanted)


def wishes(
    named: Sequence[str], prices: Mapping[str, float]
) -> tuple[tuple[Wish, ...], tuple[str, ...]]:
    """What to follow, full first and each once, and notes on what the panel cannot afford.

    Without names: full, a cascade, and cascades at `DEFAULT_SHARES`. Raises `UsageError` for a name
    that is no policy, and for a named share that affords no judge.
    """
    judges, whole = tuple(prices), sum(prices.values())
    least = min(prices.values()) / whole if whole else 0.0
    if named:
        made = [_wish(name, judges) for name in named]
        poor = next((one for one in made if one.share is not None and one.share < least), None)
        if poor is not None:
            raise UsageError(
                f"--policy {poor.name}: {poor.share:.0%} of the full price affords no judge, for "
                f"the cheapest is {least:.0%} of it"
            )
        notes: tuple[str, ...] = ()
    else:
        shares = [one for one in DEFAULT_SHARES if one >= least]
        made = [_wish(name, judges) for name in (CASCADE, *(f"{CASCADE}:{s:g}" for s in shares))]
        notes = tuple(
            LEFT_OUT.format(share=one, least=least) for one in DEFAULT_SHARES if one < least
        )
    return tuple(dict.fromkeys([_wish(FULL, judges), *made])), notes


def _wish(name: str, judges: tuple[str, ...]) -> Wish:
    made, colon, most = Wish.of(name), ":" in name, len(judges)
    kind, wanted = made.kind, made.wanted
    if kind == "judge" and colon:
        if wanted not in judges:
            raise UsageError(f"--policy {name!r}: {unknown('judge', wanted, judges)}")
    elif kind in ("first", "cheapest") and colon:
        if not (wanted.isdecimal() and 1 <= int(wanted) <= most):
            raise UsageError(f"--policy {name!r}: a number of judges from 1 to {most}")
    elif kind == CASCADE and colon:
        if not _is_share(wanted):
            raise UsageError(
                f"--policy {name!r}: a share of the full price above 0 and at most 1, such as "
                f"{CASCADE}:0.4"
            )
    elif name not in (FULL, CASCADE):
        raise UsageError(f"--policy: {unknown('policy', name, (*POLICIES, 'cascade:SHARE'))}")
    return made


def followed(
    wish: Wish,
    votes: VoteMatrix,
    lesson: Lesson,
    prices: Mapping[str, float],
    settings: Cascade,
    plans: dict[float | None, Learned],
) -> Replayed:
    """One policy in one draw; plans that are learned are put in `plans`, by their budget."""
    budget = None if wish.share is None else wish.share * sum(prices.values())
    aim = replace(settings, budget=budget)
    if wish.learns and budget not in plans:
        plans[budget] = aim.learn(votes, lesson.learn, prices)
    name = CASCADE if wish.kind == CASCADE else wish.name
    return replay(name, votes, lesson.learn, lesson.judge, prices, aim, plans.get(budget))


def _is_share(text: str) -> bool:
    try:
        return 0 < float(text) <= 1
    except ValueError:
        return False
