"""A replay in words and tables: price and accuracy of each policy, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from w2s_judge.audit.part import Cell, Column, Figure, Part, Table
from w2s_judge.audit.spoken import percent, plural, points, sentence
from w2s_judge.calibration.estimates import COVERAGE
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.replay_choice import Choice, choice
from w2s_judge.workflows.replay_figures import Judged, Line, Outcome, lines_of
from w2s_judge.workflows.replay_policies import FULL, Wish

COLUMNS = (
    Column("policy", "policy"),
    Column("judges", "judges asked", "number"),
    Column("price", "price of one", "number"),
    Column("share", "of the full price", "share"),
    Column("accuracy", "accuracy", "share"),
    Column("behind", "minus full", "signed"),
    Column("ece", "ECE", "share"),
    Column("claimed", "labels claimed", "share"),
    Column("error", "wrong among them", "share"),
)
MEANING = (
    "a row is a policy: what it would have paid for one thing judged outside the labels it learned "
    "from, how often its likeliest class is right there, and how far that is from the full panel"
)
INTERVALS = (
    "Intervals are over labelled prompts, of means over {draws}; what a policy learns varies with "
    "the draw of its labels as well, which is not in them{apart}."
)
APART = ": draw by draw {policy} was between {low} and {high} against the full panel"
TOGETHER = (
    "The brackets behind the policy that is named hold over all {among} policies compared "
    "(Bonferroni), those of a table for one policy alone."
)
UNCLAIMED = (
    "No policy claims a label with the promise that was asked for: more labels, or a larger "
    "--max-error, would let some be claimed."
)
PILOT = (
    "The {size} labels that a policy learns from are asked of every judge: at the full price, and "
    "in no figure here{whole}."
)
WITH_PILOT = "; with them {policy} costs {share} of the full price of these {items:,} items"


def part_of(
    title: str,
    outcomes: Sequence[Outcome],
    votes: VoteMatrix,
    gold: Gold,
    prices: Mapping[str, float],
    size: int,
    margin: float,
    notes: Sequence[str],
) -> Part:
    """Sentences, the table of policies, the prices and the plans."""
    judged = Judged.of(outcomes[0], votes, gold)
    lines = lines_of(outcomes, judged, prices)
    chosen = choice(lines, judged, margin)
    return Part(
        "replay",
        title,
        _sentences(lines, chosen, margin),
        (
            Table("policies", "Policies", MEANING, COLUMNS, tuple(line.cells for line in lines)),
            _prices(prices),
            _plans(outcomes),
        ),
        notes=(
            _on_the_pilot(chosen, size, votes.I, sum(prices.values())),
            *_on_intervals(chosen, len(outcomes[0].accuracies)),
            *(sentence(note) for note in notes),
        ),
    )


def _sentences(lines: Sequence[Line], chosen: Choice | None, margin: float) -> tuple[str, ...]:
    """The full panel, and the cheapest policy that is shown to lose little to it."""
    full = next(line for line in lines if line.policy == FULL)
    told = f"The full panel is right on {percent(full.accuracy)} of the labelled items."
    if not any(line.claimed for line in lines):
        return told, UNCLAIMED
    if chosen is None:
        return (told,)
    name, share = chosen.line.policy, chosen.line.share
    over = "" if chosen.among == 1 else f" over all {chosen.among} policies compared"
    least = f"at most {100 * margin:g} points to it, at {percent(COVERAGE)} confidence{over}"
    if chosen.shown:
        said = f"The cheapest policy that loses {least}, is {name}"
    elif chosen.behind.high is not None and chosen.behind.high < -margin:
        said = f"No policy loses {least}. The one that loses least is {name}"
    else:
        said = (
            f"No policy is shown to lose {least}: more labels would tell. The one that may lose "
            f"least is {name}"
        )
    cost = "" if share is None else f"{percent(share)} of the full price, "
    return (told, f"{said}: {cost}{points(chosen.behind)} against the full panel.")


def _on_the_pilot(chosen: Choice | None, size: int, items: int, full: float) -> str:
    """What no figure holds, and the price with it of the policy that is named, if it learns."""
    whole = ""
    if chosen is not None and full and Wish.of(chosen.line.policy).learns:
        share = percent(chosen.line.with_pilot / full)
        whole = WITH_PILOT.format(policy=chosen.line.policy, share=share, items=items)
    return PILOT.format(size=size, whole=whole)


def _on_intervals(chosen: Choice | None, draws: int) -> tuple[str, ...]:
    """What the intervals hold, and what they leave out."""
    apart = ""
    if chosen is not None and draws > 1:
        low, high = (points(Figure(end(chosen.line.apart))) for end in (min, max))
        low = low.removesuffix(" points")
        apart = APART.format(policy=chosen.line.policy, low=low, high=high)
    said = INTERVALS.format(draws=plural(draws, "draw"), apart=apart)
    if chosen is None or chosen.among == 1:
        return (said,)
    return (said, TOGETHER.format(among=chosen.among))


def _prices(prices: Mapping[str, float]) -> Table:
    whole = sum(prices.values())
    rows = tuple(
        (name, price, price / whole if whole else None)
        for name, price in sorted(prices.items(), key=lambda one: (-one[1], one[0]))
    )
    columns = (
        Column("judge", "judge"),
        Column("price", "price of one", "number"),
        Column("share", "of the full price", "share"),
    )
    return Table("prices", "Prices", "what asking a judge about one thing costs", columns, rows)


def _plans(outcomes: Sequence[Outcome]) -> Table:
    """The plan that each cascade learned most often, a row a stage, and in how many draws."""
    rows: list[tuple[Cell, ...]] = []
    for one in outcomes:
        if one.plans:
            plan = max(sorted(set(one.plans)), key=one.plans.count)
            often = one.plans.count(plan)
            rows += [(one.policy, k, judges, often) for k, judges in enumerate(plan, 1)]
    columns = (
        Column("policy", "policy"),
        Column("stage", "stage", "count"),
        Column("judges", "judges added, in their order"),
        Column("draws", "draws", "count"),
    )
    meaning = "which judges a cascade asks at each stage, in the draws where this plan was learned"
    return Table("plans", "Plans", meaning, columns, tuple(rows))
