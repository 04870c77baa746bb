"""Block panels: small dense panels, drawn before any method was run; no gold and 20 labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from aggregation_parts.baselines import BEST, MAJORITY, RIDGE, WITH_GOLD, Estimator, majority
from aggregation_parts.draws import draws
from aggregation_parts.figures import Figures, Interval, figures, standard_error
from aggregation_parts.fits import Plan, Timed, applying, estimator
from aggregation_parts.foot import GOLD, foot
from aggregation_parts.forked import Arrays, Done, forked
from aggregation_parts.lines import Line, cost, markdown, share, signed
from aggregation_parts.sets import VoteSet, panels
from w2s_judge.calibration.metrics import credit

BLOCK = "panels"
LIST = Path(__file__).parent.parent / "aggregation" / "panels.json"
GOLD_SIZE, DRAWS, LIMIT_S = 20, 5, 900
SET = "120 panels"
NORMAL = 1.96  # standard errors to the ends of a 95 % interval
FIELDS = ("n", "accuracy", "auc", "ece10", "ece15", "perfect", "brier", "log_loss")
DRAWN = (
    "120 panels: 20 of 5 and 20 of 8 raters of each of three sets, from panels.json, drawn with "
    "seed 0 and committed before any method was run on them; scores cut at 5; no prior is given. "
    "'> 1 SE under' is the share of panels whose accuracy is more than one standard error of the "
    "paired difference under plain majority's."
)
DIFFERENCE = "Differences to {names} are means over panels ± standard error over panels."


def report(plan: Plan) -> Iterator[tuple[str, list[Line]]]:
    """One table without gold, one with 20 gold labels."""
    drawn = panels(LIST, plan.data)
    one_set = drawn[0].votes
    chosen = {m.name: estimator(m) for m in applying(one_set, gold=False)}
    tried = {MAJORITY: majority, **chosen}
    done = _forks({name: _no_gold(estimate, drawn) for name, estimate in tried.items()})
    lines = [_line(name, done, 0, 1) for name in done]
    yield f"## Small panels, no gold\n\n{_plain(done, drawn)}\n\n{foot(lines, plan, DRAWN)}", lines
    count = min(plan.draws, DRAWS)
    chosen = {m.name: estimator(m) for m in applying(one_set, gold=True)}
    tried = {MAJORITY: majority, **WITH_GOLD, **chosen}
    done = _forks({name: _with_gold(estimate, drawn, count) for name, estimate in tried.items()})
    lines = [_line(name, done, GOLD_SIZE, count) for name in done]
    anew = sum(draws(one.gold, GOLD_SIZE, count)[1] for one in drawn)
    said = GOLD.format(draws=f"{count} draws a panel, and 120 panels;", anew=anew)
    names = DIFFERENCE.format(names="ridge logistic and the best single judge")
    text = f"{_golden(done, drawn)}\n\n{foot(lines, plan, DRAWN, said, names)}"
    yield f"## Small panels, {GOLD_SIZE} gold labels\n\n{text}", lines


def _forks(works: Mapping[str, Callable[[], Arrays]]) -> dict[str, Done]:
    """Each in a child; what refuses such votes is left out."""
    done = {name: forked(work, limit_s=LIMIT_S) for name, work in works.items()}
    return {name: one for name, one in done.items() if not one.refused}


def _no_gold(estimate: Estimator, drawn: Sequence[VoteSet]) -> Callable[[], Arrays]:
    """Work that gives `figures` (panels, fields), `gain` with its standard error, and `cpu_s`."""

    def work() -> Arrays:
        timed = Timed(estimate)
        found, gains, errors = [], [], []
        for panel in drawn:
            gold = panel.gold
            posterior = timed(panel.votes, None)[gold.item]
            found.append(_row(figures(posterior, gold.label)))
            plain = credit(majority(panel.votes)[gold.item], gold.label)
            difference = credit(posterior, gold.label) - plain
            gains.append(difference.mean())
            errors.append(standard_error(difference))
        return {
            "figures": np.array(found),
            "gain": np.array(gains),
            "gain_se": np.array(errors),
            "cpu_s": np.array(timed.cpu_s),
        }

    return work


def _with_gold(estimate: Estimator, drawn: Sequence[VoteSet], count: int) -> Callable[[], Arrays]:
    """Work that gives `figures` (panels, fields), means over draws, and `cpu_s`."""

    def work() -> Arrays:
        timed = Timed(estimate)
        found = []
        for panel in drawn:
            gold, each = panel.gold, []
            for inside in draws(gold, GOLD_SIZE, count)[0]:
                outside = np.setdiff1d(np.arange(gold.G), inside)
                posterior = timed(panel.votes, gold.only(inside))[gold.item[outside]]
                each.append(_row(figures(posterior, gold.label[outside])))
            found.append(np.mean(each, axis=0))
        return {"figures": np.array(found), "cpu_s": np.array(timed.cpu_s)}

    return work


def _row(found: Figures) -> list[float]:
    return [float("nan") if (x := getattr(found, name)) is None else float(x) for name in FIELDS]


def _line(name: str, done: Mapping[str, Done], gold: int, count: int) -> Line:
    one = done[name]
    if one.error:
        return Line(BLOCK, SET, name, gold=gold, note=one.error)
    table = one.arrays["figures"]
    mean = table.mean(axis=0)
    gains = {
        other: table[:, 1] - done[other].arrays["figures"][:, 1]
        for other in (MAJORITY, *WITH_GOLD)
        if other in done and other != name
    }
    return Line(
        BLOCK,
        SET,
        name,
        Figures(int(mean[0]), *map(float, mean[1:])),
        (standard_error(table[:, 1]), standard_error(table[:, 3])),
        {other: _interval(values) for other, values in gains.items()},
        float(one.arrays["cpu_s"]) / len(table) / count,
        one.peak_mb,
        gold,
        count,
        _under(one) if "gain" in one.arrays else None,
    )


def _under(one: Done) -> float:
    """The share of panels more than a standard error under plain majority."""
    return float((one.arrays["gain"] < -one.arrays["gain_se"] - 1e-12).mean())


def _interval(values: np.ndarray) -> Interval:
    half = NORMAL * standard_error(values)
    mean = float(values.mean())
    return Interval(mean, mean - half, mean + half)


def _plain(done: Mapping[str, Done], drawn: Sequence[VoteSet]) -> str:
    head = ["method", "accuracy", "minus majority ± SE", "> 1 SE under", "ECE 10 width",
            "minus majority's", "ECE 15 mass", "perfect", "Brier", "log-loss"]  # fmt: skip
    sets = _sets(drawn)
    head += [f"{name}: minus majority" for name in sets] + ["CPU s a fit", "peak MB", "note"]
    base = done[MAJORITY].arrays["figures"]
    rows = []
    for name, one in done.items():
        if one.error:
            rows.append([name, *[""] * (len(head) - 2), one.error])
            continue
        table, gained = one.arrays["figures"], one.arrays["gain"]
        mean = dict(zip(FIELDS, table.mean(axis=0), strict=True))
        rows.append([
            name, share(mean["accuracy"]), _spread(gained), f"{_under(one):.1%}",
            share(mean["ece10"]), signed(mean["ece10"] - base[:, 3].mean()), share(mean["ece15"]),
            share(mean["perfect"]), share(mean["brier"]), f"{mean['log_loss']:.3f}",
            *(signed(gained[where].mean()) for where in sets.values()),
            cost(float(one.arrays["cpu_s"]) / len(table)), f"{one.peak_mb:.0f}", "",
        ])  # fmt: skip
    return markdown(head, rows)


def _golden(done: Mapping[str, Done], drawn: Sequence[VoteSet]) -> str:
    head = ["method", "accuracy", f"minus {RIDGE}", f"minus {BEST}", f"minus {MAJORITY}",
            "ECE 10 width", "ECE 15 mass", "perfect", "Brier", "log-loss"]  # fmt: skip
    sets = _sets(drawn)
    head += [f"{name}: accuracy" for name in sets] + ["CPU s, all", "peak MB", "note"]
    rows = []
    for name, one in done.items():
        if one.error:
            rows.append([name, *[""] * (len(head) - 2), one.error])
            continue
        table = one.arrays["figures"]
        gains = [
            table[:, 1] - done[other].arrays["figures"][:, 1] for other in (RIDGE, BEST, MAJORITY)
        ]
        mean = dict(zip(FIELDS, table.mean(axis=0), strict=True))
        rows.append([
            name, share(mean["accuracy"]), *map(_spread, gains), share(mean["ece10"]),
            share(mean["ece15"]), share(mean["perfect"]), share(mean["brier"]),
            f"{mean['log_loss']:.3f}", *(share(table[where, 1].mean()) for where in sets.values()),
            cost(float(one.arrays["cpu_s"])), f"{one.peak_mb:.0f}", "",
        ])  # fmt: skip
    return markdown(head, rows)


def _sets(drawn: Sequence[VoteSet]) -> dict[str, np.ndarray]:
    names = [one.name for one in drawn]
    return {name: np.array([n == name for n in names]) for name in dict.fromkeys(names)}


def _spread(values: np.ndarray) -> str:
    return f"{signed(float(values.mean()))} ± {share(standard_error(values))}"
