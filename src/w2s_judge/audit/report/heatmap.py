"""A square of every two judges: who agrees with whom, and whose errors go together.

The judges are ordered so that those which go together stand together: average linkage (Sokal and
Michener 1958), with the leaves turned so that neighbours are close (Bar-Joseph et al. 2001).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from scipy.cluster.hierarchy import dendrogram, linkage
from scipy.spatial.distance import squareform

from w2s_judge.arrays import Floats
from w2s_judge.audit.part import Part
from w2s_judge.audit.report.canvas import Canvas, gutter
from w2s_judge.audit.report.cells import number, tick
from w2s_judge.audit.report.drawing import Drawing, Shown, Undrawn, extremes, rows, value
from w2s_judge.audit.report.ink import STEPS, diverging, ink, sequential
from w2s_judge.audit.report.square import Pair, Square, of_pairs

NUMBERED = 12
"""Judges up to which the numbers stand in the cells."""
POINTED = 20
"""Judges up to which a cell says what it is when pointed at."""
TREE = 36.0
LEGEND = 46.0
SPARSE = "no three judges have a figure for half of their pairs"


@dataclass(frozen=True, slots=True)
class _Scale:
    """`step` of a value, the classes' first letter, what stands at the ends, and what is deep."""

    step: Callable[[float], int]
    letter: str
    low: str
    high: str
    deep: frozenset[int]


def agreement(part: Part, judges: Shown) -> Drawing | Undrawn | None:
    """Agreement beyond chance of every two judges (Cohen's kappa), or raw where it has none."""
    title = "Who agrees with whom"
    for column, what in (("kappa", "Cohen's κ"), ("raw", "share of equal verdicts")):
        pairs = _pairs(part, column)
        if pairs:
            break
    else:
        return None
    found = of_pairs(pairs, judges)
    if found is None:
        return Undrawn(title, SPARSE)
    scale = _Scale(sequential, "h", "0 or less", "1", frozenset(range(6, STEPS)))
    caption = (
        f"Agreement of every two judges ({what}): the strip below the map runs from none "
        f"({scale.low}) to full ({scale.high}). Those alike stand together."
    )
    return _drawn(found, scale, title, caption, what)


def dependence(part: Part, judges: Shown) -> Drawing | Undrawn | None:
    """Correlation of every two judges' errors, within truth class where there is one."""
    title, pairs = "Whose errors go together", _pairs(part, "centred")
    if not pairs:
        return None
    found = of_pairs(pairs, judges)
    if found is None:
        return Undrawn(title, SPARSE)
    known = found.values[np.isfinite(found.values)]
    most = float(max(0.2, np.ceil(np.abs(known).max() * 10) / 10))
    ends = (tick(-most), f"+{tick(most)}")
    scale = _Scale(lambda at: diverging(at, most), "d", *ends, frozenset({0, 1, 2, 8, 9, 10}))
    caption = (
        "How far the errors of every two judges go together (correlation r): 0 is independent. "
        f"Two judges are worth 2 / (1 + r) independent ones: {_worth(most)} at {ends[1]}, the end "
        "of the scale."
    )
    return _drawn(found, scale, title, caption, "correlation")


def _worth(correlation: float) -> str:
    """How many independent judges two are worth whose errors correlate so (Kish 1965)."""
    return f"{2 / (1 + correlation):.2f}".removesuffix(".00")


def _pairs(part: Part, column: str) -> list[Pair]:
    return [
        (str(one), str(two), found)
        for one, two, cell in rows(part, "pairs", "one", "two", column)
        if (found := value(cell)) is not None
    ]


def _tree(square: Floats) -> Floats:
    """The (n - 1, 4) linkage of judges by 1 - value; a missing pair is as far as the mean one."""
    distance = np.clip(1.0 - square, 0.0, 2.0)
    distance = np.where(np.isfinite(distance), distance, np.nanmean(distance))
    np.fill_diagonal(distance, 0.0)
    tree: Floats = linkage(squareform(distance, checks=False), "average", optimal_ordering=True)
    return tree


def _drawn(found: Square, scale: _Scale, title: str, caption: str, what: str) -> Drawing:
    names, square = found.names, found.values
    leaves = dendrogram(_tree(square), no_plot=True)
    order = leaves["leaves"]
    names, square = tuple(names[one] for one in order), square[np.ix_(order, order)]
    cells = len(names)
    cell = 30.0 if cells <= NUMBERED else max(9.0, min(24.0, 560 / cells))
    left = gutter(list(names), 20)
    side = cell * cells
    width = max(left + side + 4, left + 150)
    canvas = Canvas(width, TREE + side + left + LEGEND)
    _branches(canvas.axes(left, 2, side, TREE - 4), leaves, cells)
    axes = canvas.axes(left, TREE, side, side)
    _cells(canvas, axes, names, square, scale)
    shown = [canvas.name(name, 20) for name in names]
    axes.set_yticks(range(cells), shown)
    axes.set_xticks(range(cells), shown, rotation=90)
    axes.tick_params(labelsize=11 if cell >= 14 else 8, labelcolor=ink("ink"))
    _legend(canvas, 4.0, scale)
    there = np.argwhere(np.isfinite(np.tril(square, -1)) & np.tri(cells, k=-1, dtype=bool))
    pairs = [(f"{names[a]} and {names[b]}", float(square[a, b])) for a, b in there.tolist()]
    told = extremes(pairs, what[0].upper() + what[1:])
    return Drawing(canvas, title, caption, told, found.note)


def _branches(axes: Axes, leaves: dict[str, list[list[float]]], cells: int) -> None:
    """The tree of the clustering, over the columns."""
    lines = [
        np.column_stack([(np.array(x) - 5) / 10, y])
        for x, y in zip(leaves["icoord"], leaves["dcoord"], strict=True)
    ]
    axes.add_collection(LineCollection(lines, colors=ink("muted"), linewidths=1))
    axes.set_xlim(-0.5, cells - 0.5)
    axes.set_ylim(0, max(float(line[:, 1].max()) for line in lines) * 1.03 or 1.0)
    axes.set_axis_off()


def _cells(canvas: Canvas, axes: Axes, names: Sequence[str], square: Floats, scale: _Scale) -> None:
    cells = len(names)
    axes.set_xlim(-0.5, cells - 0.5)
    axes.set_ylim(cells - 0.5, -0.5)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if cells > POINTED:
        _many(axes, square, scale)
        return
    for row, column in np.argwhere(np.isfinite(square)).tolist():
        found = float(square[row, column])
        step = scale.step(found)
        tip = canvas.tip(f"{names[row]} and {names[column]}: {number(found, 'number')}")
        colour = ink(f"{scale.letter}{step}")
        corner = (column - 0.48, row - 0.48)
        axes.add_patch(Rectangle(corner, 0.96, 0.96, color=colour, linewidth=0, gid=tip))
        if cells <= NUMBERED:
            on = ink("on-deep" if step in scale.deep else "on-pale")
            axes.text(
                column, row, _short(found), ha="center", va="center_baseline", size=9.5, color=on
            )


def _short(value: float) -> str:
    """Two decimals, which is what a cell has room for."""
    text = f"{abs(value):.2f}".removeprefix("0")
    return f"−{text}" if value < 0 and text != ".00" else text


def _many(axes: Axes, square: Floats, scale: _Scale) -> None:
    """One path for all cells of a colour, so that many judges stay small."""
    box = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * 0.48
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    steps: dict[int, list[tuple[int, int]]] = {}
    for row, column in np.argwhere(np.isfinite(square)).tolist():
        steps.setdefault(scale.step(float(square[row, column])), []).append((column, row))
    for step, at in sorted(steps.items()):
        corners = (np.array(at)[:, None, :] + box).reshape(-1, 2)
        path = Path(corners, codes * len(at))
        axes.add_patch(PathPatch(path, color=ink(f"{scale.letter}{step}"), linewidth=0))


def _legend(canvas: Canvas, left: float, scale: _Scale) -> None:
    axes = canvas.axes(left, canvas.height - 30, 12.0 * STEPS, 10)
    for step in range(STEPS):
        axes.add_patch(Rectangle((step, 0), 1, 1, color=ink(f"{scale.letter}{step}"), linewidth=0))
    axes.set_xlim(0, STEPS)
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.set_xticks([])
    for at, text, side in ((0, scale.low, "left"), (STEPS, scale.high, "right")):
        axes.text(at, -0.4, text, ha=side, va="top", size=10, color=ink("muted"))
    for spine in axes.spines.values():
        spine.set_visible(False)
