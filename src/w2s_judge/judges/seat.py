"""A seat on the panel: a judge with all that is known about it and what it may be asked."""

from __future__ import annotations

import dataclasses
import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from w2s_judge.errors import ConfigurationError
from w2s_judge.families import family_of
from w2s_judge.judges.contracts import Judge, LocalJudge
from w2s_judge.judges.kind import KINDS, Kind, Making
from w2s_judge.judges.panel_checks import faults
from w2s_judge.judges.price import FREE, Price
from w2s_judge.judges.spec import JudgeSpec
from w2s_judge.prompts.load import builtin
from w2s_judge.prompts.rubric import Rubric
from w2s_judge.registry import unknown
from w2s_judge.transport.endpoint import Endpoint
from w2s_judge.types import Question

TIMEOUT = 120.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What the panel allows: calls in flight, rates per minute (None: no limit), seconds a call."""

    concurrency: int | None = None
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    timeout: float = TIMEOUT


@dataclass(frozen=True)
class Seat:
    """A judge, its family, price and limits.

    `rubrics` are the names of those that it can answer, None for all. `endpoint` is where it is
    called, None for a judge in this process; of an SDK that has its own addresses it only tells
    one provider from another.
    """

    judge: Judge
    spec: JudgeSpec
    family: str | None = None
    price: Price = dataclasses.field(default_factory=Price)
    limits: Limits = dataclasses.field(default_factory=Limits)
    rubrics: frozenset[str] | None = None
    endpoint: Endpoint | None = None

    @property
    def name(self) -> str:
        """How votes name the judge."""
        return self.judge.name

    @property
    def repeats(self) -> int:
        """How often each question is asked of the judge."""
        return self.spec.repeats

    def answers(self, question: Question) -> bool:
        """Whether the judge can be asked this; what it cannot be asked is no abstention."""
        if self.rubrics is not None and question.rubric not in self.rubrics:
            return False
        own = getattr(self.judge, "answers", None)
        return True if own is None else bool(own(question))


def seat(
    spec: JudgeSpec, rubrics: Mapping[str, Rubric], *, folder: Path, allow_import: bool = False
) -> Seat:
    """Make the judge that a panel's row describes.

    `rubrics` are those that may be asked, by name; `folder` is the panel's. Raises
    `ConfigurationError` where the row does not hold together (a panel's rows were looked at, one
    made in Python was not), a key's variable is not set, a file is missing or a rubric's name is
    misspelt, and `MissingExtra` where a package is missing.
    """
    kind = KINDS.get(spec.kind)
    for fault in faults(spec, kind, allow_import=allow_import, rubrics=None):
        raise ConfigurationError(f"judge '{spec.name}', {fault}")
    spec = spec.with_content(folder)
    settled = _settled(spec, kind)
    _look_for_key(settled)
    _look_for_slips(spec, rubrics)
    judge = kind.make(settled, Making(rubrics, folder, allow_import))
    return seated(judge, spec, endpoint=_endpoint(settled, judge), price=_price(spec, kind))


def seated(
    judge: Judge, spec: JudgeSpec, *, endpoint: Endpoint | None = None, price: Price | None = None
) -> Seat:
    """Seat a judge that was made already, in Python for example.

    The rubrics are the spec's, else those that the judge itself `declares`, else all.
    """
    declared = getattr(judge, "declares", None)
    named = declared if spec.rubrics is None else spec.rubrics
    return Seat(
        judge=judge,
        spec=spec,
        family=spec.family or getattr(judge, "family", None) or family_of(spec.model),
        price=price or (FREE if isinstance(judge, LocalJudge) else Price()),
        limits=Limits(
            spec.concurrency,
            spec.requests_per_minute,
            spec.tokens_per_minute,
            spec.timeout or TIMEOUT,
        ),
        rubrics=None if named is None else frozenset(named),
        endpoint=endpoint,
    )


def _settled(spec: JudgeSpec, kind: Kind) -> JudgeSpec:
    if spec.base_url is not None or kind.base_url is None:
        return spec
    return dataclasses.replace(
        spec, base_url=kind.base_url, api_key_env=spec.api_key_env or kind.key_env
    )


def _look_for_key(spec: JudgeSpec) -> None:
    if spec.api_key_env is not None and not os.environ.get(spec.api_key_env, "").strip():
        raise ConfigurationError(
            f"judge '{spec.name}': the environment variable {spec.api_key_env} is not set\n"
            f"  export {spec.api_key_env}=... with the key for {spec.base_url or spec.model}"
        )


def _look_for_slips(spec: JudgeSpec, rubrics: Mapping[str, Rubric]) -> None:
    """Refuse the name of a rubric that is nearly one; a strange one may be for another run."""
    there_are = {*rubrics, *builtin()}
    for name in spec.rubrics or ():
        near = difflib.get_close_matches(name.lower(), there_are, n=1, cutoff=0.75)
        if name not in there_are and near:
            raise ConfigurationError(
                f"judge '{spec.name}', rubrics: {unknown('rubric', name, [*there_are])}"
            )


def _endpoint(spec: JudgeSpec, judge: Judge) -> Endpoint | None:
    if isinstance(judge, LocalJudge):
        return None
    provider = (spec.model or "").partition("/")[0]
    return Endpoint(spec.base_url or f"{spec.kind}:{provider}", spec.api_key_env)


def _price(spec: JudgeSpec, kind: Kind) -> Price | None:
    given = Price(spec.usd_per_1m_in, spec.usd_per_1m_out, spec.usd_per_call)
    if given != Price():
        return given
    known = kind.price_of(spec.model) if kind.price_of and spec.model else None
    return None if known is None else Price(*known)
