"""What the card of a data set says, as plain values; `card.json` has them for machines."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from w2s_judge.preferences.contract import Style
from w2s_judge.preferences.files import MetaPlace
from w2s_judge.preferences.lengths import CERTAINTY, LEAST_EFFECT, LengthBalance
from w2s_judge.preferences.resample import Way
from w2s_judge.preferences.split import Side

VERSION = 1
"""Of `card.json`: it grows when a key changes its meaning or goes."""


@dataclass(frozen=True, slots=True)
class JudgeFact:
    """One of the panel. `model` and `family` are None where they are unknown."""

    name: str
    model: str | None = None
    family: str | None = None


@dataclass(frozen=True, slots=True)
class RubricFact:
    """A rubric, what it was used for ("utility", "veto"), and what was made of its votes.

    `gold` counts the labels that calibrated it; 0 is none.
    """

    name: str
    use: str
    method: str
    calibration: str
    gold: int = 0


@dataclass(frozen=True, slots=True)
class FileFact:
    """A file that the trainer reads. `prompts` None: not counted."""

    side: Side
    name: str
    rows: int
    prompts: int | None = None


@dataclass(frozen=True, slots=True)
class NoiseRate:
    """The estimated share of rows that are wrong (pairs the wrong way round), in [0, 1].

    `certainty` is that of the interval [`low`, `high`]; `source` says in words what it was
    estimated from, with how many labels.
    """

    rate: float
    low: float
    high: float
    certainty: float
    source: str


@dataclass(frozen=True, slots=True)
class CheckFact:
    """Rows against labels that nothing was fitted to.

    `right` is the share that is right with its interval; None where no row could be told. `level`
    rows have two responses of one gold class and are not counted where gold is coarser than the
    votes; `used` labels had been fitted to and were not looked at.
    """

    right: float | None
    low: float | None
    high: float | None
    rows: int
    prompts: int
    level: int
    used: int


@dataclass(frozen=True, slots=True)
class CardFacts:
    """Everything on the card. Texts may come from anywhere: they are made harmless when written.

    `format` and `reads` are the writer's name and summary, `kind` what a row is. `thresholds` are
    (name, value) as asked for; `dropped` (reason, count). `noise` is a rate, or in words why there
    is none. `lengths` is None where rows are no pairs. `by_gold` of the `kept` rows are what human
    labels say; `origins` are (what, which): files and their hashes. `fingerprint` names these rows
    and no others, in letters, digits and dashes.
    """

    made_by: str
    source: str
    format: str
    reads: str
    kind: Literal["pairs", "responses"]
    style: Style
    meta: MetaPlace
    files: tuple[FileFact, ...]
    judges: tuple[JudgeFact, ...]
    rubrics: tuple[RubricFact, ...]
    strategy: str
    thresholds: tuple[tuple[str, str], ...]
    resample: Way | None
    validation_share: float
    seed: int
    prompts: int
    candidates: int
    kept: int
    dropped: tuple[tuple[str, int], ...]
    noise: NoiseRate | str
    lengths: LengthBalance | None
    notes: tuple[str, ...] = ()
    by_gold: int = 0
    checked: CheckFact | None = None
    origins: tuple[tuple[str, str], ...] = ()
    fingerprint: str = "default"


def as_json(facts: CardFacts) -> dict[str, Any]:
    """`card.json`: the facts by their names, the warning about lengths spelt out."""
    told: dict[str, Any] = {"version": VERSION, **asdict(facts)}
    told["thresholds"] = dict(facts.thresholds)
    told["dropped"] = dict(facts.dropped)
    told["origins"] = dict(facts.origins)
    noise = facts.noise
    told["noise"] = None if isinstance(noise, str) else asdict(noise)
    told["noise_unknown"] = noise if isinstance(noise, str) else None
    if facts.lengths is not None:
        told["lengths"] |= {
            "biased": facts.lengths.biased,
            "warning": facts.lengths.warning,
            "least_effect": LEAST_EFFECT,
            "certainty": CERTAINTY,
        }
    return told
