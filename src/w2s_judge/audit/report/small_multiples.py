"""A small plot for each judge, side by side: calibration curves, and histograms of what is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle

from w2s_judge.audit.part import Cell, Part
from w2s_judge.audit.report.canvas import LETTER, Canvas, gutter, wide
from w2s_judge.audit.report.cells import number, tick
from w2s_judge.audit.report.dots import SUMS
from w2s_judge.audit.report.drawing import Drawing, Shown, Spot, extremes, rows, spot, value
from w2s_judge.audit.report.ink import ink

SIDE = 118.0
TALL = 74.0
AIR = 26.0
LEFT = 44.0
MANY = 12
"""Judges up to which there are three plots in a row; with more there are five."""
BARS = 24
"""Labels of a histogram: further ones are not drawn."""

_Grouped = dict[str, list[tuple[Cell, ...]]]
_Point = tuple[float, Spot, float]
_Line = list[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class _Frame:
    """One small plot: its corner in pixels, and the values at its ends, across and up."""

    left: float
    top: float
    height: float
    start: float
    end: float
    bottom: float
    first: bool

    def at(self, across: float, up: float) -> tuple[float, float]:
        """Where a value is on the sheet; one beyond the ends is at the end."""
        across = min(max(across, self.start), self.end)
        up = min(max(up, self.bottom), 1.0)
        return (
            self.left + SIDE * (across - self.start) / (self.end - self.start),
            self.top + self.height * (1.0 - (up - self.bottom) / (1.0 - self.bottom)),
        )

    def edges(self) -> _Line:
        """The two axes."""
        low = self.top + self.height
        return [(self.left, self.top), (self.left, low), (self.left + SIDE, low)]


def calibration(part: Part, judges: Shown) -> Drawing | None:
    """How often a judge is right when it is so sure."""
    grouped = _grouped(rows(part, "curves", "who", "confidence", "right", "items"), judges)
    curves = {name: points for name, read in grouped.items() if (points := _points(read))}
    if not curves:
        return None
    lowest = min(min(at, right.low) for points in curves.values() for at, right, _ in points)
    start = 0.0 if lowest < 0.4 else 0.4
    canvas, frames = _grid(len(curves), SIDE, 46.0, 48.0, (start, 1.0, start))
    axes = canvas.sheet()
    honest = [[frame.at(start, start), frame.at(1, 1)] for frame in frames]
    _lines(axes, honest, "muted", dashes=True)
    _lines(axes, [frame.edges() for frame in frames], "line")
    for frame, (name, points) in zip(frames, curves.items(), strict=True):
        _curve(canvas, axes, name, points, frame)
        for at in (start, (1 + start) / 2, 1.0):
            _beside(axes, frame, at, tick(at))
            axes.text(*_under(frame, at), tick(at), **_SMALL, ha="center", va="top")
    axes.text(LEFT, 14, "↑ How often it is right", color=ink("muted"))
    axes.text(LEFT, canvas.height - 6, "Its confidence →", color=ink("muted"))
    caption = (
        "How often each is right (up) when it is so sure (right). On the dashed line confidence "
        "is honest; below it, it claims too much."
    )
    told = extremes(_gaps(curves), "Mean distance of the curve from the honest line")
    return Drawing(canvas, "Is confidence honest?", caption, told)


def histograms(part: Part, judges: Shown) -> Drawing | None:
    """How often each judge says each label."""
    read = rows(part, "labels", "judge", "label", "share")
    labels = list(dict.fromkeys(str(label) for _, label, _ in read))[:BARS]
    said = {
        name: {str(label): value(share) or 0.0 for _, label, share in bars}
        for name, bars in _grouped(read, judges).items()
    }
    if not said:
        return None
    flat = max(wide(label) for label in labels) * LETTER < SIDE / len(labels)
    below = 46.0 if flat else gutter(labels, 12) + 30
    canvas, frames = _grid(len(said), TALL, 24.0, below, (-0.6, len(labels) - 0.4, 0.0))
    axes = canvas.sheet()
    _lines(axes, [frame.edges() for frame in frames], "line")
    for frame, (name, shares) in zip(frames, said.items(), strict=True):
        _titled(canvas, axes, name, frame)
        for at in (0.0, 0.5, 1.0):
            _beside(axes, frame, at, tick(at))
        for place, label in enumerate(labels):
            _bar(canvas, axes, frame, name, (place, label, shares.get(label, 0.0)))
            axes.text(
                *_under(frame, place), canvas.name(label, 12), **_SMALL, ha="center", va="top",
                rotation=0 if flat else 90,
            )  # fmt: skip
    commonest = [
        (f"{name} says {label}", shares[label])
        for name, shares in said.items()
        for label in [max(shares, key=lambda one: shares[one])]
    ]
    caption = "How often each judge says each label. Judges that use one or two labels tell little."
    told = extremes(commonest, "Share of the commonest label")
    return Drawing(canvas, "What each judge says", caption, told)


def _grouped(read: list[tuple[Cell, ...]], judges: Shown) -> _Grouped:
    grouped: _Grouped = {}
    for row in read:
        if judges.has(row[0]):
            grouped.setdefault(str(row[0]), []).append(row)
    return grouped


def _points(read: list[tuple[Cell, ...]]) -> list[_Point]:
    points = [
        (at, right, value(items) or 1.0)
        for _, confidence, cell, items in read
        if (at := value(confidence)) is not None and (right := spot(cell)) is not None
    ]
    return sorted(points, key=lambda one: one[0])


def _gaps(curves: dict[str, list[_Point]]) -> list[tuple[str, float]]:
    """How far each curve is from the diagonal, on average over items."""
    return [
        (
            name,
            sum(items * abs(at - right.value) for at, right, items in points)
            / sum(items for _, _, items in points),
        )
        for name, points in curves.items()
    ]


def _grid(
    count: int, height: float, head: float, below: float, ends: tuple[float, float, float]
) -> tuple[Canvas, list[_Frame]]:
    """A canvas for so many plots, and the frame of each."""
    across = min(count, 3 if count <= MANY else 5)
    canvas = Canvas(LEFT + across * (SIDE + AIR), head + -(-count // across) * (height + below))
    frames = [
        _Frame(
            LEFT + one % across * (SIDE + AIR), head + one // across * (height + below), height,
            *ends, first=one % across == 0,
        )
        for one in range(count)
    ]  # fmt: skip
    return canvas, frames


_SMALL: Any = {"size": 9, "color": ink("muted")}


def _under(frame: _Frame, at: float) -> tuple[float, float]:
    return frame.at(at, frame.bottom)[0], frame.top + frame.height + 5


def _beside(axes: Axes, frame: _Frame, at: float, text: str) -> None:
    """A number left of the plot, where it is the first of its row."""
    if frame.first:
        up = frame.at(frame.start, at)[1]
        axes.text(frame.left - 5, up, text, **_SMALL, ha="right", va="center")


def _titled(canvas: Canvas, axes: Axes, name: str, frame: _Frame) -> None:
    colour = ink("second" if name in SUMS else "ink")
    axes.text(frame.left, frame.top - 6, canvas.name(name, 20), color=colour)


def _lines(axes: Axes, lines: Sequence[_Line], name: str, *, dashes: bool = False) -> None:
    style = (0, (3, 3)) if dashes else "solid"
    axes.add_collection(LineCollection(lines, colors=ink(name), linewidths=1, linestyles=style))


def _curve(canvas: Canvas, axes: Axes, name: str, points: Sequence[_Point], frame: _Frame) -> None:
    _titled(canvas, axes, name, frame)
    colour = ink("second" if name in SUMS else "accent")
    spans = [[frame.at(at, end) for end in right.span] for at, right, _ in points]
    axes.add_collection(LineCollection(spans, colors=colour, linewidths=1.5, alpha=0.5))
    curve = [frame.at(at, right.value) for at, right, _ in points]
    axes.add_collection(LineCollection([curve], colors=colour, linewidths=1.5))
    for (across, up), (at, right, items) in zip(curve, points, strict=True):
        said = f"{name}: sure {number(at, 'share')}, right {number(right.value, 'share')}"
        tip = canvas.tip(f"{said} of {items:,.0f}")
        box = Rectangle((across - 2.2, up - 2.2), 4.4, 4.4, color=colour, linewidth=0, gid=tip)
        axes.add_patch(box)


def _bar(canvas: Canvas, axes: Axes, frame: _Frame, name: str, bar: tuple[int, str, float]) -> None:
    place, label, share = bar
    left, top = frame.at(place - 0.41, share)
    right, bottom = frame.at(place + 0.41, 0.0)
    tip = canvas.tip(f"{name} says {label}: {number(share, 'share')}")
    box = Rectangle((left, top), right - left, bottom - top, linewidth=0, gid=tip)
    box.set_color(ink("accent"))
    axes.add_patch(box)
