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
from w2s_judge.audit.report.drawing import Drawing, Shown, extremes, rows, value
from w2s_judge.audit.report.ink import STEPS, diverging, ink, sequential

NUMBERED = 12
"""Judges up to which the numbers stand in the cells."""
POINTED = 20
"""Judges up to which a cell says what it is when pointed at."""
TREE = 36.0
LEGEND = 46.0


@dataclass(frozen=True, slots=True)
class _Scale:
    """`step` of a value, the classes' first letter, what stands at the ends, and what is deep."""

    step: Callable[[float], int]
    letter: str
    low: str
    high: str
    deep: frozenset[int]


def agreement(part: Part, judges: Shown) -> Drawing | None:
    """Agreement beyond chance of every two judges (Cohen's kappa), or raw where it has none."""
    for column, what in (("kappa", "Cohen's κ"), ("raw", "share of equal verdicts")):
        names, square = _square(part, column, judges)
        if len(names) >= 2 and np.isfinite(square).sum() > 0:
            break
    else:
        return None
    scale = _Scale(sequential, "h", "0 or less", "1", frozenset(range(6, STEPS)))
    caption = f"Agreement of every two judges ({what}): deeper is more. Those alike stand together."
    return _drawn(names, square, scale, "Who agrees with whom", caption, what)


def dependence(part: Part, judges: Shown) -> Drawing | None:
    """Correlation of every two judges' errors, within truth class where there is one."""
    names, square = _square(part, "centred", judges)
    known = square[np.isfinite(square)]
    if len(names) < 2 or not known.size:
        return None
    most = float(max(0.2, np.ceil(np.abs(known).max() * 10) / 10))
    ends = (tick(-most), f"+{tick(most)}")
    scale = _Scale(lambda at: diverging(at, most), "d", *ends, frozenset({0, 1, 2, 8, 9, 10}))
    caption = (
        "How far the errors of every two judges go together: 0 is independent, and towards "
        f"{ends[1]} two judges are hardly more than one."
    )
    return _drawn(names, square, scale, "Whose errors go together", caption, "correlation")


def _square(part: Part, column: str, judges: Shown) -> tuple[list[str], Floats]:
    """The judges with a pair, and their (n, n) values; NaN where a pair has none."""
    read = [
        (str(one), str(two), found)
        for one, two, cell in rows(part, "pairs", "one", "two", column)
        if judges.has(one) and judges.has(two) and (found := value(cell)) is not None
    ]
    there = {name for one, two, _ in read for name in (one, two)}
    names = [name for name in judges.names if name in there]
    names += sorted(there.difference(names))
    place = {name: index for index, name in enumerate(names)}
    square = np.full((len(names), len(names)), np.nan)
    for one, two, found in read:
        square[place[one], place[two]] = square[place[two], place[one]] = found
    return names, square


def _tree(square: Floats) -> Floats:
    """The (n - 1, 4) linkage of judges by 1 - value; a missing pair is as far as the mean one."""
    distance = np.clip(1.0 - square, 0.0, 2.0)
    distance = np.where(np.isfinite(distance), distance, np.nanmean(distance))
    np.fill_diagonal(distance, 0.0)
    tree: Floats = linkage(squareform(distance, checks=False), "average", optimal_ordering=True)
    return tree


def _drawn(
    names: Sequence[str], square: Floats, scale: _Scale, title: str, caption: str, what: str
) -> Drawing:
    leaves = dendrogram(_tree(square), no_plot=True)
    order = leaves["leaves"]
    names, square = [names[one] for one in order], square[np.ix_(order, order)]
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
    return Drawing(canvas, title, caption, extremes(pairs, what[0].upper() + what[1:]))


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
