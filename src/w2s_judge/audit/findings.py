"""Which tests hold: Holm's adjustment over all of them, and an effect that is worth a word."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.audit.audited import Finding
from w2s_judge.audit.part import Test

LEVEL = 0.01


def holm(p: Floats) -> Floats:
    """(n,) p adjusted for n tests (Holm 1979): max over smaller ones of (n - rank) p, at most 1."""
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p))))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def findings(tests: Sequence[tuple[str, Test]], level: float = LEVEL) -> tuple[Finding, ...]:
    """The (rubric, test) that hold, those furthest beyond their minimum first.

    All tests count in the adjustment, also those whose effect is too small to be stated.
    """
    adjusted = holm(np.array([test.p for _, test in tests], dtype=np.float64))
    held = [
        Finding(rubric, test, float(p))
        for (rubric, test), p in zip(tests, adjusted, strict=True)
        if p < level and test.effect >= test.minimum
    ]
    return tuple(
        sorted(held, key=lambda one: (-one.test.effect / one.test.minimum, one.test.about))
    )


def by_kind(found: Sequence[Finding]) -> tuple[tuple[Finding, ...], ...]:
    """Findings of one rubric and kind together, the strongest first, in the order given."""
    kinds: dict[tuple[str, str], list[Finding]] = {}
    for one in found:
        kinds.setdefault((one.rubric, one.test.kind), []).append(one)
    return tuple(tuple(same) for same in kinds.values())
