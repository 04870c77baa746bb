"""Who answered: votes, abstentions and their reasons, failed calls, and what it all took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from w2s_judge.audit.coverage.abstentions import abstentions_by_class
from w2s_judge.audit.coverage.answered import Answers
from w2s_judge.audit.panel import Calls, Panel, Slice
from w2s_judge.audit.part import Cell, Column, Figure, Part, Table
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.spoken import of_kind, percent, plural, sentence
from w2s_judge.audit.sums_by import rows_of
from w2s_judge.sentences import listed

NAME, TITLE = "coverage", "Who answered?"
UNRECORDED = "the votes come without abstentions: who was asked is not known"
UNANSWERED = "it answered nothing"

JUDGES = (
    Column("judge", "Judge"),
    Column("family", "Family"),
    Column("model", "Model"),
    Column("asked", "Answers", "count"),
    Column("votes", "Votes", "count"),
    Column("abstained", "Abstained", "share"),
    Column("calls", "Calls", "count"),
    Column("failures", "Failed calls", "count"),
    Column("cost_usd", "Cost", "usd"),
    Column("cost_per_1000", "Cost of 1,000 votes", "usd"),
    Column("prompt_tokens", "Prompt tokens", "count"),
    Column("completion_tokens", "Completion tokens", "count"),
    Column("latency_s", "Latency", "seconds"),
)
TASKS = (
    Column("judge", "Judge"),
    Column("task", "Task"),
    Column("asked", "Answers", "count"),
    Column("abstained", "Abstained", "share"),
)
REASONS = (
    Column("judge", "Judge"),
    Column("reason", "Reason"),
    Column("count", "Abstentions", "count"),
    Column("share", "Share of its answers", "share"),
)


def coverage(panel: Panel, resample: Resample) -> Part:
    """Votes, abstentions by reason and by truth class, failures, cost, tokens and latency.

    Tests are those of `abstentions_by_class`.
    """
    answers = Answers.of(panel)
    recorded = panel.ledger.complete
    judges = _judges(panel, answers, recorded, resample)
    tables = [judges]
    task = panel.traits.slices.get("task")
    if recorded and task is not None and len(task.names) > 1:
        tables.append(_tasks(panel, answers, task, resample))
    if len(panel.ledger.item):
        tables.append(_reasons(panel, answers, resample))
    classes = abstentions_by_class(panel, resample)
    return Part(
        NAME,
        TITLE,
        (*_said(panel, answers, recorded, judges, resample), *classes.sentences),
        (*tables, *classes.tables),
        classes.tests,
        () if recorded else (sentence(UNRECORDED),),
    )


def _silence(answers: Answers, resample: Resample, recorded: bool) -> Figure:
    """The share of abstentions among answers."""
    if not recorded:
        return Figure(None, n=len(answers.item), why=UNRECORDED)
    if not len(answers.item):
        return Figure(None, why=UNANSWERED)
    return resample.share(answers.item, answers.silent.astype(np.float64))


def _judges(panel: Panel, answers: Answers, recorded: bool, resample: Resample) -> Table:
    rows: list[tuple[Cell, ...]] = []
    mine = rows_of(answers.judge, len(panel.judges))
    calls_of: dict[str, list[Calls]] = {}
    for call in panel.ledger.calls:
        calls_of.setdefault(call.judge, []).append(call)
    for j, name in enumerate(panel.judges):
        own = answers.only(mine[j])
        votes = int((~own.silent).sum())
        calls = calls_of.get(name, [])
        cost = _total([one.cost_usd for one in calls])
        rows.append(
            (
                name, panel.judged.family[j], panel.ledger.models.get(name), len(own.item), votes,
                _silence(own, resample, recorded),
                sum(one.calls for one in calls) if calls else None,
                sum(sum(one.failures.values()) for one in calls) if calls else None,
                cost, None if cost is None or not votes else 1000 * cost / votes,
                _whole([one.prompt_tokens for one in calls]),
                _whole([one.completion_tokens for one in calls]), _latency(calls),
            )
        )  # fmt: skip
    meaning = (
        "Answers are votes and abstentions; failed calls brought neither and were repeated or left "
        "open. Costs and tokens are of all calls, latency is the mean of answered ones; what a "
        "provider did not report is empty."
    )
    return Table("judges", "Judges", meaning, JUDGES, tuple(rows))


def _total(parts: Sequence[float | None]) -> float | None:
    """The sum, None where a part is unknown or there is none."""
    known = [part for part in parts if part is not None]
    return float(sum(known)) if parts and len(known) == len(parts) else None


def _whole(parts: Sequence[int | None]) -> int | None:
    total = _total(parts)
    return None if total is None else round(total)


def _latency(calls: Sequence[Calls]) -> float | None:
    """Mean over answered calls of all tasks, seconds."""
    timed = [(one.latency_s, one.answers) for one in calls if one.latency_s is not None]
    answers = sum(many for _, many in timed)
    return sum(latency * many for latency, many in timed) / answers if answers else None


def _tasks(panel: Panel, answers: Answers, task: Slice, resample: Resample) -> Table:
    rows: list[tuple[Cell, ...]] = []
    part = task.part[answers.item]
    mine = rows_of(answers.judge, len(panel.judges))
    for j, name in enumerate(panel.judges):
        for k, title in enumerate(task.names):
            own = answers.only(mine[j][part[mine[j]] == k])
            if len(own.item):
                rows.append((name, title, len(own.item), _silence(own, resample, True)))
    meaning = "How many answers a judge gave for each task, and how many of them were abstentions."
    return Table("tasks", "Tasks", meaning, TASKS, tuple(rows))


def _reasons(panel: Panel, answers: Answers, resample: Resample) -> Table:
    rows: list[tuple[Cell, ...]] = []
    why = np.full(len(answers.item), -1)
    why[panel.votes.V :] = panel.ledger.reason
    for name, own in zip(panel.judges, rows_of(answers.judge, len(panel.judges)), strict=True):
        for reason, many in sorted(Counter(why[own][answers.silent[own]].tolist()).items()):
            hit = (why[own] == reason).astype(np.float64)
            share = resample.share(answers.item[own], hit)
            rows.append((name, panel.ledger.reasons[reason], many, share))
    meaning = "Why judges answered and gave no vote, as shares of all their answers."
    return Table("abstentions", "Abstentions", meaning, REASONS, tuple(rows))


def _said(
    panel: Panel, answers: Answers, recorded: bool, judges: Table, resample: Resample
) -> list[str]:
    votes, unasked = panel.votes, panel.ledger.unasked
    heard = [row[0] for row in judges.rows if row[4]]
    about = "pair of responses" if panel.arity == 2 else "response"
    plenty = f"{about.replace('pair', 'pairs') if panel.arity == 2 else about + 's'}"
    said = [
        f"{plural(len(heard), 'judge')} gave {plural(votes.V, 'vote')} on "
        f"{len(np.unique(votes.item)):,} of {plural(votes.I, about, plenty)}."
    ]
    if unasked:
        said.append(
            f"The run is not finished: {plural(unasked, 'question')} of it "
            f"{'has' if unasked == 1 else 'have'} no answer yet, and the figures are of those that "
            "do."
        )
    said += _mute(judges)
    if recorded and len(answers.item):
        said.append(_abstained(answers, judges, resample))
    return [*said, *_taken(panel)]


def _mute(judges: Table) -> list[str]:
    """Who gave no vote: those that abstained every time, and those without any answer."""
    said = []
    for answered, how in ((True, ", which abstained every time"), (False, "")):
        names = [str(row[0]) for row in judges.rows if not row[4] and bool(row[3]) == answered]
        if names:
            them = "it" if len(names) == 1 else "them"
            said.append(f"Not one vote came from {listed(names)}{how}: nothing is known of {them}.")
    return said


def _abstained(answers: Answers, judges: Table, resample: Resample) -> str:
    said = f"{percent(_silence(answers, resample, True))} of all answers are abstentions"
    known = [
        (str(row[0]), row[5].value or 0.0) for row in judges.rows if isinstance(row[5], Figure)
    ]
    most = max(known, key=lambda one: one[1], default=("", 0.0))
    if not most[1]:
        return f"{said}."
    return f"{said}; {most[0]} abstains most, in {percent(most[1])} of its own."


def _taken(panel: Panel) -> list[str]:
    """What the calls took, in sentences."""
    calls, votes = panel.ledger.calls, panel.votes.V
    if not calls:
        return []
    said = []
    failures: Counter[str] = Counter()
    for one in calls:
        failures.update(one.failures)
    failed, made = sum(failures.values()), sum(one.calls for one in calls)
    if failed:
        kinds = listed([f"{kind} {many:,}" for kind, many in failures.most_common()])
        said.append(
            f"{failed:,} of {plural(made, 'call')} failed ({kinds}); they were repeated or left "
            "open, and are no votes."
        )
    cost = _total([one.cost_usd for one in calls])
    if cost is not None and votes:
        each = of_kind(1000 * cost / votes, "usd")
        said.append(f"The calls cost {of_kind(cost, 'usd')}, {each} for 1,000 votes.")
    elif any(one.cost_usd is not None for one in calls):
        unknown = dict.fromkeys(one.judge for one in calls if one.cost_usd is None)
        said.append(f"What {listed(list(unknown))} cost is not known.")
    return said
