"""Near copies in words: who hangs together, and why nobody can be named."""

from __future__ import annotations

from collections.abc import Sequence

from w2s_judge.audit.part import Test
from w2s_judge.calibration.dependence import OVERLAP

SURE = 0.01  # of p times the number of pairs, for the part's own word
NONE = "No near copies are named"
FEW_ERR = f"that takes three judges who share {OVERLAP} labelled items and err on some of them"


def advice(one: str, two: str) -> str:
    """What to do about two near copies."""
    return (
        f"Count {one} and {two} as one judge: keep the cheaper one, or put a judge of another "
        "model in the place of one."
    )


def sure(test: Test, tests: int) -> bool:
    """Whether the part itself calls the two near copies (Bonferroni over its own tests)."""
    return test.effect >= test.minimum and test.p * tests < SURE


def tied(tests: Sequence[Test]) -> tuple[tuple[str, ...], ...]:
    """Judges whom near copies tie together, group by group, in the order of the tests."""
    groups: list[dict[str, None]] = []
    for test in tests:
        if not sure(test, len(tests)):
            continue
        group = dict.fromkeys(test.about)
        apart = []
        for other in groups:
            if group.keys() & other.keys():
                group = other | group
            else:
                apart.append(other)
        groups = [*apart, group]
    return tuple(tuple(group) for group in groups)


def none_named(*, by_errors: bool) -> str:
    """A note on why no two judges were tested, where the search in votes gives no reason."""
    if by_errors:
        return f"{NONE}: {FEW_ERR}."
    return (
        f"{NONE}: from votes alone it takes judges with something in common to set two beside, "
        f"most of whom share {OVERLAP} items with each other."
    )
