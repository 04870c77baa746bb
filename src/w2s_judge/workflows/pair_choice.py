"""What `pairs` is told, checked: which rubrics, which strategy goes with which format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from w2s_judge.errors import ConfigurationError, UsageError
from w2s_judge.preferences.contract import WRITERS, PairWriter, RatedWriter, Style, Writer
from w2s_judge.preferences.files import MetaPlace
from w2s_judge.preferences.resample import Resample, Way, refuse_needless
from w2s_judge.preferences.row_files import FILE_KINDS, FileKind
from w2s_judge.preferences.rules import Rule
from w2s_judge.preferences.screening import Bars
from w2s_judge.preferences.strategies import STRATEGIES, Strategy
from w2s_judge.preferences.turns import DEFAULT_STYLE
from w2s_judge.registry import unknown
from w2s_judge.sentences import listed
from w2s_judge.store.run import Run
from w2s_judge.workflows.pair_lessons import Wish

CLEARED = 0.5  # P of the upper classes that a veto asks for, unless it says more


@dataclass(frozen=True, slots=True)
class PairsJob:
    """All that `pairs` can be told. `rubrics` () takes the run's only one."""

    run: Path
    out: Path
    rubrics: tuple[str, ...] = ()
    vetoes: tuple[str, ...] = ()
    method: str | None = None
    strategy: str | None = None
    format: str = "trl-dpo"
    style: Style = DEFAULT_STYLE
    kind: FileKind = "jsonl"
    meta: MetaPlace = "beside"
    gold: Path | None = None
    check: Path | None = None
    min_p: float = 0.8
    max_tie: float = 0.5
    max_error: float | None = None
    confidence: float = 0.9
    validation: float = 0.0
    resample: Way | None = None
    seed: int = 0

    @property
    def writer(self) -> Writer:
        """The card of the format; `UsageError` where there is none of that name."""
        found = WRITERS.get(self.format)
        if self.resample is not None:
            refuse_needless(found)
        return found

    @property
    def drawn(self) -> Resample | None:
        """How rows are resampled."""
        return None if self.resample is None else Resample(self.resample, self.seed)

    def wish(self) -> Wish:
        """The strategy and the bars, where they go with the format."""
        writes = self.writer.writes
        for name, value in (("max-error", self.max_error), ("confidence", self.confidence)):
            if value is not None and not 0 < value < 1:
                raise UsageError(f"--{name} {value!r} must be above 0 and below 1")
        self._check_values(writes)
        return Wish(
            self._strategy(writes), self.min_p, self.max_tie, self.max_error, self.confidence,
            self.seed,
        )  # fmt: skip

    def _check_values(self, writes: PairWriter | RatedWriter) -> None:
        """`UsageError` for numbers out of range, and for what does not go together."""
        single = isinstance(writes, RatedWriter)
        for what, value, offered in (
            ("style", self.style, get_args(Style)),
            ("kind of file", self.kind, FILE_KINDS),
            ("place for our columns", self.meta, get_args(MetaPlace)),
        ):
            if value not in offered:
                raise UsageError(unknown(what, str(value), offered))
        Bars(self.min_p, self.max_tie)
        if self.seed < 0:
            raise UsageError(f"--seed {self.seed} is negative: give 0 or more")
        if single and self.min_p <= 0.5:
            raise UsageError(f"--min-p {self.min_p!r} must be above 0.5 for {self.format}")
        if self.resample == "flip" and self.max_error is not None:
            raise UsageError("--max-error promises few wrong rows, and flip turns some: drop one")
        if self.resample == "flip" and isinstance(writes, RatedWriter) and not writes.undesirable:
            raise UsageError(f"{self.format} imitates what it is given: --resample draw, not flip")

    def _strategy(self, writes: PairWriter | RatedWriter) -> Strategy | None:
        asked = self.strategy
        if asked is not None and asked not in STRATEGIES:
            raise UsageError(unknown("strategy", asked, STRATEGIES))
        if isinstance(writes, PairWriter):
            if asked == "best-of-n":
                raise UsageError(
                    f"--strategy best-of-n picks single responses, and {self.format} is made of "
                    "pairs: write --format trl-sft, or take another strategy"
                )
            return next((one for one in STRATEGIES if one == asked), "best-worst")
        if writes.undesirable:
            if asked is not None:
                raise UsageError(
                    f"{self.format} takes every response that is surely good or bad: leave out "
                    "--strategy"
                )
            return None
        if asked not in (None, "best-of-n"):
            raise UsageError(f"{self.format} takes the best of each prompt: --strategy best-of-n")
        return "best-of-n"


def rule_of(run: Run, rubrics: Sequence[str], vetoes: Sequence[str]) -> Rule:
    """Which rubrics of a run say how good a response is, and which veto one beforehand.

    A veto is `NAME` or `NAME=LEAST`, the least probability of its upper classes. Where no rubric
    is named it is the only one that does not veto.
    """
    named = tuple(_veto(text) for text in vetoes)
    left = [name for name in run.rubrics if name not in {veto for veto, _ in named}]
    if not rubrics and len(left) != 1:
        raise ConfigurationError(
            f"this run has {listed(run.rubrics) or 'no rubric'}: say with --rubric which one tells "
            "the better of two responses (named twice or more, their utilities are averaged), and "
            "with --veto which one must clear both"
        )
    rule = Rule(tuple(rubrics) or tuple(left), named)
    for name in (*rule.utilities, *(veto for veto, _ in rule.vetoes)):
        run.asked(name)
    _check_arity(run, rule)
    return rule


def _check_arity(run: Run, rule: Rule) -> None:
    two = [name for name in rule.utilities if run.asked(name).arity == 2]
    if two and len(rule.utilities) > 1:
        raise UsageError(
            f"{two[0]} compares two responses and stands alone: name no other --rubric beside it"
        )
    vetoing = [name for name, _ in rule.vetoes if run.asked(name).arity == 2]
    if vetoing:
        raise UsageError(f"--veto {vetoing[0]}: only a rubric for single responses can veto one")


def _veto(text: str) -> tuple[str, float]:
    name, equals, least = text.partition("=")
    if not equals:
        return name, CLEARED
    try:
        return name, float(least)
    except ValueError:
        raise UsageError(f"--veto {text!r}: write --veto safety, or --veto safety=0.9") from None
