"""What must hold before a cascade makes its first call, and what it begins with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from shlex import quote
from typing import TYPE_CHECKING, Any

import numpy as np

from w2s_judge.calibration.selective import FEWEST
from w2s_judge.cascade.learn import ENOUGH, PROMPTS, Cascade, testable
from w2s_judge.cascade.promise import stage_confidence
from w2s_judge.errors import ConfigurationError, UsageError
from w2s_judge.gold import Gold
from w2s_judge.sentences import listed
from w2s_judge.store.reading import Asked
from w2s_judge.workflows.before_asking import asked_of
from w2s_judge.workflows.cascade_options import CascadeJob
from w2s_judge.workflows.cascade_prices import check_cascade_prices
from w2s_judge.workflows.cascade_record import (
    check_unchanged,
    forget_plans,
    kept_plan,
    source_of,
)
from w2s_judge.workflows.cascade_standing import Standing
from w2s_judge.workflows.cascade_things import Things, things_judged
from w2s_judge.workflows.gold import GoldFile, rubrics_with_gold
from w2s_judge.workflows.records import rubric_record

if TYPE_CHECKING:
    from w2s_judge.workflows.cascade_asking import Rounds
    from w2s_judge.workflows.score import Job, Prepared


def check_cascade(job: Job, labels: GoldFile | None) -> GoldFile:
    """The labels that the cascade learns from; `UsageError` where none were named."""
    if labels is None:
        raise UsageError(
            "--cascade learns from gold labels of some of these items which judge is worth asking:"
            f" give --gold FILE\n  `w2s-judge label {quote(str(job.folder))}` draws items to label "
            "once something was scored, or write a CSV with the columns item,label"
        )
    return labels


def standings(
    prepared: Prepared, cascade: CascadeJob, labels: GoldFile, manifest: Mapping[str, Any]
) -> dict[str, Standing]:
    """One a rubric that is asked, with its plan where the run's manifest has one; checks it all."""
    names = asked_of(prepared)
    check_cascade_prices(prepared.seats, cascade.given, names)
    bare = [name for name in names if name not in rubrics_with_gold(labels, names)]
    if bare:
        raise UsageError(
            f"--gold has no labels under {listed(bare)}, and a cascade learns from them: leave "
            f"{'it' if len(bare) == 1 else 'them'} out with --rubric, or label items for "
            f"{'it' if len(bare) == 1 else 'them'}"
        )
    judged = things_judged(
        prepared.db, {name: prepared.chosen.rubrics[name] for name in names},
        lambda task: tuple(n for n in prepared.chosen.choice(task) if n in names),
        prepared.seats, prepared.design, allow_own_family=prepared.job.allow_own_family,
    )  # fmt: skip
    return {name: _standing(prepared, cascade, labels, judged[name], manifest) for name in names}


def _standing(
    prepared: Prepared,
    cascade: CascadeJob,
    labels: GoldFile,
    things: Things,
    manifest: Mapping[str, Any],
) -> Standing:
    job, name = prepared.job, things.rubric.name
    gold = things.matched(labels).gold
    settings = cascade.settings
    source = source_of(things, gold, prepared.seats, cascade.given, settings, _ways(job, things))
    planned = None if cascade.relearn else kept_plan(manifest, name)
    if planned is not None:
        check_unchanged(planned, source, name, job.folder)
    else:
        check_gold(things, gold, settings, str(job.folder))
    return Standing(things, gold, source, planned)


def _ways(job: Job, things: Things) -> dict[str, Any]:
    """What else of a command says whom a plan asks about what."""
    ways: dict[str, Any] = {"allow_own_family": job.allow_own_family}
    if things.rubric.arity > 1:
        ways |= {"compare": job.compare, "one_order": job.one_order}
    return ways


def check_gold(things: Things, gold: Gold, settings: Cascade, folder: str) -> None:
    """Whether there is enough to learn from, before the pilot is paid for."""
    fit, test = settings.split(things.framed(None), gold)
    half = " of the half that --max-error leaves to learn from" if test.G else ""
    more = (
        f"\n  `w2s-judge label {quote(folder)} --rubric {things.rubric.name}` draws more once "
        "something was scored"
    )
    if fit.G < ENOUGH:
        raise ConfigurationError(
            f"{gold.G} gold labels under {things.rubric.name} are too few for a cascade: "
            f"{ENOUGH * (2 if test.G else 1)} are the least, 100 are better{more}"
        )
    if len(np.unique(fit.label)) == 1:
        raise ConfigurationError(
            f"all gold labels{half} under {things.rubric.name} are "
            f"{fit.classes[int(fit.label[0])]!r}: nobody's mistakes can be learned from one class; "
            f"label items of another{more}"
        )
    prompts = len(np.unique(things.position[fit.item]))
    if prompts < PROMPTS:
        raise ConfigurationError(
            f"the gold labels{half} under {things.rubric.name} are about {prompts} prompts, and "
            f"{PROMPTS} are the least: label responses to others{more}"
        )
    if settings.max_error is not None:
        _check_promise(things, gold, settings, settings.max_error, more)


def _check_promise(
    things: Things, gold: Gold, settings: Cascade, max_error: float, more: str
) -> None:
    """Whether the labels held back could keep the promise, if not one of them was wrong."""
    at = stage_confidence(settings.confidence, settings.stages)
    least = max(FEWEST, math.ceil(math.log(1 - at) / math.log(1 - max_error)))
    prompts = testable(gold, things.framed(None).group, settings)
    if prompts < least:
        thinned = gold.chosen is not None and bool(np.ptp(gold.chosen))
        drawn = (
            ", once those are left out that `p_chosen` says were drawn more often than the rest; "
            "label a sample that is drawn evenly"
            if thinned
            else ""
        )
        raise ConfigurationError(
            f"--max-error {max_error:g} holds half of the gold back to test on, over at most "
            f"{settings.stages} stages that takes {least} labels on as many prompts even if none "
            f"is wrong, and {gold.G} gold labels under {things.rubric.name} leave {prompts}"
            f"{drawn}: label about {3 * least} items, or take fewer --stages or a larger "
            f"--max-error{more}"
        )


def read_standings(rounds: Rounds, found: Mapping[str, Standing], *, relearn: bool) -> None:
    """What the run has decided; with `relearn` its plans and decisions are forgotten first."""
    prepared = rounds.prepared
    if relearn:
        forget_plans(prepared.db, prepared.job.folder, [*found])
    asked = asked_now(rounds, found)
    for name, one in found.items():
        one.read(prepared.db, asked[name])


def asked_now(rounds: Rounds, found: Mapping[str, Standing]) -> dict[str, Asked]:
    """The rubrics as the run asks them now, by name."""
    places = rounds.places()
    return {
        name: Asked.recorded(name, rubric_record(one.things.rubric, places))
        for name, one in found.items()
    }
