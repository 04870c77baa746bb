"""Dots with their intervals, a row a judge: accuracy, flips between orders, flips under probes."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import MaxNLocator

from w2s_judge.audit.part import Cell, Part
from w2s_judge.audit.report.canvas import Canvas, gutter
from w2s_judge.audit.report.cells import number, tick
from w2s_judge.audit.report.drawing import Drawing, Shown, Spot, extremes, rows, spot, titles
from w2s_judge.audit.report.ink import ink

ROW = 24
SUMS = ("majority", "consensus")
"""Rows of the skill table that are no judges: the whole panel."""


def accuracy(part: Part, judges: Shown) -> Drawing | None:
    """How often each judge is right, the best on top, and the panel as a whole.

    Without gold the table says what stands there instead: its titles are the plot's.
    """
    named = _named(rows(part, "judges", "judge", "accuracy"), judges)
    if not named:
        return None
    named.sort(key=lambda one: -one[1].value)
    table, what = titles(part, "judges", "accuracy")
    caption = f"{what}, with the 95 % interval."
    if any(name in SUMS for name, _ in named):
        caption += " Filled: the whole panel."
    title = f"{table}: {what[:1].lower()}{what[1:]}"
    return _one(named, title, caption, what, strong=SUMS)


def flips(part: Part, judges: Shown) -> Drawing | None:
    """How often a judge changes its verdict when the two responses swap places."""
    named = _named(rows(part, "orders", "judge", "flips"), judges)
    named.sort(key=lambda one: one[1].value)
    caption = (
        "How often a judge changes its verdict when the two responses swap places, with the 95 % "
        "interval. A careful judge is near 0."
    )
    return _one(named, "Flips between orders", caption, "Share of verdicts that flip", zero=True)


def probes(part: Part, judges: Shown) -> Drawing | None:
    """How often a judge changes its verdict under each harmless rewrite."""
    read = [
        (str(judge), str(probe), found)
        for judge, probe, cell in rows(part, "probes", "judge", "probe", "flips")
        if judges.has(judge) and (found := spot(cell)) is not None
    ]
    if not read:
        return None
    kinds = list(dict.fromkeys(probe for _, probe, _ in read))[:9]
    names = list(dict.fromkeys(judge for judge, _, _ in read))
    across, left, width, height = (
        min(3, len(kinds)),
        gutter(names, 16),
        132.0,
        1.0 * ROW * len(names),
    )
    down = -(-len(kinds) // across)
    canvas = Canvas(left + across * (width + 14) + 4, down * (height + 58) + 22)
    top = max(found.high for _, _, found in read) * 1.05 or 1.0
    for place, probe in enumerate(kinds):
        row, column = divmod(place, across)
        axes = canvas.axes(left + column * (width + 14), 26 + row * (height + 58), width, height)
        by_judge = {judge: found for judge, kind, found in read if kind == probe}
        _rows(canvas, axes, [(name, by_judge.get(name)) for name in names], (), most=16)
        axes.set_title(canvas.name(probe, 20), loc="left")
        axes.set_xlim(-0.02 * top, top)
        if column:
            axes.set_yticks([])
    canvas.figure.text(
        left / canvas.width, 6 / canvas.height, "Share of verdicts that flip", color=ink("muted")
    )
    about = extremes([(f"{a} under {b}", f.value) for a, b, f in read], "Flips")
    caption = "How often a judge's verdict changes when the question is rewritten. 0 is best."
    return Drawing(canvas, "Flips under each probe", caption, about)


def _named(read: list[tuple[Cell, ...]], judges: Shown) -> list[tuple[str, Spot]]:
    return [
        (str(name), found)
        for name, cell in read
        if judges.has(name) and (found := spot(cell)) is not None
    ]


def _one(
    named: Sequence[tuple[str, Spot]], title: str, caption: str, what: str, *,
    strong: Sequence[str] = (), zero: bool = False,
) -> Drawing | None:  # fmt: skip
    if not named:
        return None
    left, height = gutter([name for name, _ in named]), ROW * len(named) + 0.0
    width = max(240.0, 430 - left)
    canvas = Canvas(left + width + 12, height + 50)
    axes = canvas.axes(left, 4, width, height)
    _rows(canvas, axes, named, strong)
    low = min(found.low for _, found in named)
    high = max(found.high for _, found in named)
    air = 0.05 * (high - low) or 0.02
    axes.set_xlim(-0.02 * high if zero and low >= 0 else low - air, high + air)
    axes.set_xlabel(what)
    told = extremes([(name, found.value) for name, found in named], what)
    return Drawing(canvas, title, caption, told)


def _rows(
    canvas: Canvas, axes: Axes, named: Sequence[tuple[str, Spot | None]],
    strong: Sequence[str], most: int = 22,
) -> None:  # fmt: skip
    """A line and a dot for each, the first on top."""
    lines = [((0.0, place), (1.0, place)) for place in range(len(named))]
    across = axes.get_yaxis_transform()
    axes.add_collection(
        LineCollection(lines, colors=ink("line"), linewidths=1, transform=across), autolim=False
    )
    known = [(place, name, found) for place, (name, found) in enumerate(named) if found]
    for side in (False, True):
        spans = [
            [(end, place) for end in found.span]
            for place, name, found in known
            if (name in strong) == side
        ]
        colour = ink("second" if side else "accent")
        axes.add_collection(LineCollection(spans, colors=colour, linewidths=2.4, alpha=0.55))
    for place, name, found in known:
        _dot(canvas, axes, place, name, found, name in strong)
    axes.set_ylim(len(named) - 0.5, -0.5)
    axes.set_yticks(range(len(named)), [canvas.name(name, most) for name, _ in named])
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.xaxis.set_major_formatter(lambda at, _: tick(at))


def _dot(canvas: Canvas, axes: Axes, place: int, name: str, found: Spot, strong: bool) -> None:
    value, (low, high) = found.value, found.span
    colour = ink("second" if strong else "accent")
    tip = f"{name}: {number(value, 'share')} [{number(low, 'share')}, {number(high, 'share')}]"
    axes.plot(
        [value], [place], "o", markersize=7, markeredgewidth=2, markeredgecolor=colour,
        markerfacecolor=colour if strong else ink("surface"), gid=canvas.tip(tip),
    )  # fmt: skip
