"""The policies that a replay follows: their names, and which of them a panel cannot afford."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from w2s_judge.cascade.replay import POLICIES
from w2s_judge.errors import UsageError
from w2s_judge.registry import unknown

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
    kind, colon, wanted = name.partition(":")
    most = len(judges)
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
    return Wish(name, kind, wanted)


def _is_share(text: str) -> bool:
    try:
        return 0 < float(text) <= 1
    except ValueError:
        return False
