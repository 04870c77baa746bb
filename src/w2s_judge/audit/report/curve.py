"""Cost against accuracy: what policies of asking would have cost, and how right they would be."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from w2s_judge.audit.part import Part
from w2s_judge.audit.report.canvas import Canvas, drawing, wide
from w2s_judge.audit.report.cells import number, tick
from w2s_judge.audit.report.drawing import Drawing, Spot, rows, spot, value
from w2s_judge.audit.report.ink import ink
from w2s_judge.audit.report.plots import Plot

CASCADE, FULL = "cascade", "full"
NAME = 22  # letters of a policy's name beside its dot
BESIDE, HIGH = 7, 11  # points: from a dot to its name, and a line of text
PLACES = (-12, 6, -24, 18, -36, 30)  # points above a dot

_Point = tuple[float, Spot, str]  # share of the full price, accuracy, policy


def plot_of(part: Part, key: str) -> list[Plot]:
    """The finished plot; none where no policy has both a price and an accuracy."""
    with drawing():
        drawn = curve(part)
        if drawn is None:
            return []
        svg = drawn.canvas.svg(f"{key}-curve", drawn.title, drawn.about)
    return [Plot(part.name, "policies", drawn.title, drawn.caption, svg, roomy=True, note="")]


def curve(part: Part) -> Drawing | None:
    """Accuracy against the share of the full panel's price, a dot a policy and budget."""
    points: list[_Point] = []
    for policy, share, accuracy in rows(part, "policies", "policy", "share", "accuracy"):
        at, right = value(share), spot(accuracy)
        if at is not None and right is not None:
            points.append((at, right, str(policy)))
    if not points:
        return None
    points.sort(key=lambda one: one[0])
    canvas = Canvas(620, 340)
    axes = canvas.axes(48, 14, 550, 274)
    _level_of_full(axes, points)
    cascade = [one for one in points if _is_cascade(one[2])]
    axes.plot([one[0] for one in cascade], [one[1].value for one in cascade], color=ink("accent"))
    for point in points:
        _dot(canvas, axes, point)
    axes.set_xlabel("Price, as a share of the full panel's")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.xaxis.set_major_formatter(lambda at, _: f"{100 * at:.0f} %")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.yaxis.set_major_formatter(lambda at, _: tick(at))
    axes.grid(axis="y")
    axes.margins(0.1)
    _names(canvas, axes, points)
    axes.tick_params(labelcolor=ink("muted"), labelsize=10)
    axes.spines["left"].set_visible(False)
    caption = (
        "Accuracy on gold items that the policy did not learn from, with 95 % intervals. The line "
        "joins the budgets of the cascade; dashed: the full panel."
    )
    return Drawing(canvas, "Accuracy against price", caption, _about(points), note="")


def _level_of_full(axes: Axes, points: list[_Point]) -> None:
    """A dashed line at what the full panel reaches."""
    for _, right, policy in points:
        if policy == FULL:
            axes.axhline(right.value, color=ink("line"), linewidth=1.5, dashes=(4, 3))


def _names(canvas: Canvas, axes: Axes, points: list[_Point]) -> None:
    """Beside its dot each policy's name, at the first place where it is on no other name."""
    axes.autoscale_view()
    taken: list[tuple[float, float, float]] = []  # left end, right end and middle, in points
    for at, right, policy in points:
        name = canvas.name(policy, NAME)
        x, y = axes.transData.transform((at, right.value)) * 72 / axes.figure.dpi
        x, end = x + BESIDE, x + BESIDE + wide(name)
        free = [
            up
            for up in PLACES
            if all(x > b or end < a or abs(y + up - m) > HIGH for a, b, m in taken)
        ]
        up = free[0] if free else PLACES[0]
        taken.append((x, end, y + up))
        axes.annotate(
            name, (at, right.value), xytext=(BESIDE, up), textcoords="offset points", size=10,
            color=ink("accent" if _is_cascade(policy) else "ink"),
        )  # fmt: skip


def _dot(canvas: Canvas, axes: Axes, point: _Point) -> None:
    at, right, policy = point
    mine = _is_cascade(policy)
    colour = ink("accent" if mine else "muted")
    axes.plot([at, at], right.span, color=colour, linewidth=2, alpha=0.5)
    told = f"{policy}: {number(right.value, 'share')} at {100 * at:.0f} % of the full price"
    axes.plot(
        [at], [right.value], "o", markersize=8, markeredgewidth=2, markeredgecolor=colour,
        markerfacecolor=ink("accent" if mine else "surface"), gid=canvas.tip(told),
    )  # fmt: skip


def _is_cascade(policy: str) -> bool:
    return policy.partition(":")[0] == CASCADE


def _about(points: list[_Point]) -> str:
    told = [
        f"{policy} {number(right.value, 'share')} at {100 * at:.0f} % of the full price"
        for at, right, policy in points
    ]
    return f"{'; '.join(told)}."
