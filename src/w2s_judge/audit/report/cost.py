"""Accuracy against cost: what each further judge buys."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from w2s_judge.audit.part import Part
from w2s_judge.audit.report.canvas import Canvas
from w2s_judge.audit.report.cells import number, tick
from w2s_judge.audit.report.drawing import Drawing, Shown, Spot, kind, rows, spot, titles, value
from w2s_judge.audit.report.ink import ink

ROOM = 16
"""Numbers that go side by side over the width of the plot."""

_Point = tuple[float, Spot, str, bool, str]


def panels(part: Part, judges: Shown) -> Drawing | None:  # noqa: ARG001  as every plot is called
    """The best panel of each size; by its cost, or where prices are unknown by its size."""
    read = rows(part, "panels", "size", "judges", "accuracy", "cost_per_1000", "keeps")
    known = [(row, right) for row in read if (right := spot(row[2])) is not None]
    priced = [value(row[3]) for row, _ in known]
    dollars = kind(part, "panels", "cost_per_1000") == "usd"
    by_cost = dollars and all(price is not None for price in priced) and any(priced)
    points: list[_Point] = [
        (value(row[3 if by_cost else 0]) or 0.0, right, str(row[0]), row[4] == "yes", str(row[1]))
        for row, right in known
    ]
    if not points:
        return None
    points.sort(key=lambda one: one[0])
    canvas = Canvas(430, 290)
    axes = canvas.axes(48, 14, 366, 224)
    axes.plot([one[0] for one in points], [one[1].value for one in points], color=ink("line"))
    named = _named(points) if by_cost else set()  # the axis has them
    for place, point in enumerate(points):
        _point(canvas, axes, point, by_cost, named=place in named)
    axes.set_xlabel("Cost per 1,000, in dollars" if by_cost else "Judges in the panel")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=not by_cost))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.yaxis.set_major_formatter(lambda at, _: tick(at))
    axes.grid(axis="y")
    axes.margins(0.08)
    axes.tick_params(labelcolor=ink("muted"), labelsize=10)
    axes.spines["left"].set_visible(False)
    what = titles(part, "panels", "accuracy")[1]
    size = " (the number beside the dot)" if by_cost else ""
    caption = (
        f"{what} of the best panel of each size{size}, with 95 % intervals. "
        "Filled: it keeps the accuracy of the whole panel."
    )
    title = f"{what} against {'cost' if by_cost else 'size'}"
    return Drawing(canvas, title, caption, _about(points))


def _point(canvas: Canvas, axes: Axes, point: _Point, by_cost: bool, *, named: bool) -> None:
    at, right, size, keeps, names = point
    axes.plot([at, at], right.span, color=ink("accent"), linewidth=2, alpha=0.5)
    accuracy = number(right.value, "share")
    cost = f", {number(at, 'usd')} per 1,000" if by_cost else ""
    axes.plot(
        [at], [right.value], "o", markersize=8, markeredgewidth=2, markeredgecolor=ink("accent"),
        markerfacecolor=ink("accent" if keeps else "surface"),
        gid=canvas.tip(f"{accuracy}{cost}: {names}"),
    )  # fmt: skip
    if not named:
        return
    axes.annotate(
        canvas.name(size, 6), (at, right.value), xytext=(7, 6), textcoords="offset points",
        size=10, color=ink("ink"),
    )  # fmt: skip


def _named(points: list[_Point]) -> set[int]:
    """The places of the points whose size is written: the cheapest that keeps, then with room."""
    at = [one[0] for one in points]
    room = (max(at) - min(at)) / ROOM
    kept = [place for place, one in enumerate(points) if one[3]][:1]
    named: set[int] = set()
    for place in dict.fromkeys([*kept, 0, len(points) - 1, *range(len(points))]):
        if all(abs(at[place] - at[other]) >= room for other in named):
            named.add(place)
    return named


def _about(points: list[_Point]) -> str:
    kept = [one for one in points if one[3]]
    best = max(points, key=lambda one: one[1].value)
    many = "1 judge" if best[2] == "1" else f"{best[2]} judges"
    told = f"The most accurate panel has {many}: {number(best[1].value, 'share')}."
    return told + (f" The cheapest that keeps it has {kept[0][2]}." if kept else "")
