"""What a user says of a cascade, on the command line or from Python, as one job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from w2s_judge.aggregation.contract import METHODS
from w2s_judge.cascade.learn import MOST_STAGES, Cascade
from w2s_judge.errors import UsageError
from w2s_judge.sentences import listed
from w2s_judge.workflows.cascade_prices import parse_prices
from w2s_judge.workflows.conclude import confidence_of


@dataclass(frozen=True, slots=True)
class CascadeJob:
    """What `score --cascade` can be told besides; `prices` are per thing judged, by judge."""

    settings: Cascade
    prices: tuple[tuple[str, float], ...] = ()
    relearn: bool = False

    @property
    def given(self) -> dict[str, float]:
        """The prices that were given, by judge."""
        return dict(self.prices)


def cascade_settings(
    *,
    stages: int | None = None,
    decided: float | None = None,
    max_error: float | None = None,
    confidence: float | None = None,
    method: str | None = None,
    seed: int = 0,
) -> Cascade:
    """Settings out of options, None for those not given; `UsageError` for a value that is none."""
    if stages is not None and not 1 <= stages <= MOST_STAGES:
        raise UsageError(f"--stages {stages}: a cascade has 1 to {MOST_STAGES} stages")
    if decided is not None and max_error is not None:
        raise UsageError(
            "--decided and --max-error are two ways to say when an item is decided: keep one"
        )
    shares = {"decided": decided, "max-error": max_error, "confidence": confidence}
    for name, share in shares.items():
        if share is not None and not 0 < share < 1:
            raise UsageError(f"--{name} {share:g} must be above 0 and below 1")
    made = Cascade(max_error=max_error, method=METHODS.get(method or "auto").name, seed=seed)
    return replace(
        made,
        stages=made.stages if stages is None else stages,
        decided=made.decided if decided is None else decided,
        confidence=confidence_of(confidence, max_error),
    )


def cascade_job(
    wanted: bool,
    *,
    stages: int | None,
    decided: float | None,
    max_error: float | None,
    confidence: float | None,
    price: Sequence[str],
    relearn: bool,
    method: str | None,
    seed: int,
) -> CascadeJob | None:
    """What the command line said of a cascade; `UsageError` for parts of one without it."""
    given = {
        "--max-error": max_error, "--confidence": confidence, "--decided": decided,
        "--stages": stages, "--price": price or None, "--relearn": relearn or None,
    }  # fmt: skip
    named = [name for name, value in given.items() if value is not None]
    if named and not wanted:
        raise UsageError(
            f"{listed(named)} {'is' if len(named) == 1 else 'are'} for --cascade; of what is "
            "scored without one, `w2s-judge aggregate RUN --gold gold.csv --max-error 0.1` claims "
            "only labels of which few are wrong"
        )
    if not wanted:
        return None
    settings = cascade_settings(
        stages=stages, decided=decided, max_error=max_error, confidence=confidence, method=method,
        seed=seed,
    )  # fmt: skip
    return CascadeJob(settings, parse_prices(price), relearn)


def method_named(settings: Cascade, method: str | None) -> Cascade:
    """The settings with their method by its name, as a run remembers it; `method` goes first."""
    if method is not None or isinstance(settings.method, str):
        return replace(settings, method=METHODS.get(str(method or settings.method)).name)
    for name in METHODS.names():
        if METHODS.get(name).make() == settings.method:
            return replace(settings, method=name)
    raise UsageError(
        "the method of a cascade is given by its name, such as 'dawid-skene', so that the run "
        "remembers it; a method with settings of your own has none"
    )


def asked_for(
    cascade: bool | Cascade,
    prices: Mapping[str, float] | None,
    method: str | None,
    *,
    relearn: bool,
) -> CascadeJob | None:
    """What Python's `score` was told of a cascade; `UsageError` for parts of one without it."""
    if cascade is False:
        if prices is not None or relearn:
            raise UsageError("prices and relearn are for score(..., cascade=True)")
        return None
    settings = cascade_settings() if cascade is True else cascade
    if not isinstance(settings, Cascade):
        raise UsageError("cascade is True, or settings such as Cascade(stages=2, max_error=0.1)")
    return CascadeJob(method_named(settings, method), tuple((prices or {}).items()), relearn)
