"""How numbers are written: one way for sentences, for tables and beside them.

In sentences a share is "93 % [92, 95]", with one decimal below 1 % and above 99 %, and any other
number is ".41 [.38, .45]": without the 0 before the point, and with its sign where it is a
difference. The brackets hold the 95 % interval. In tables a share is a number as well.
"""

from __future__ import annotations

from collections.abc import Callable

from w2s_judge.audit.part import Cell, Figure, Kind

UNKNOWN, DASH = "unknown", "–"  # where there is no value: in a sentence, in a table
MINUS = "−"
ROUNDING = 1e-9  # a share nearer to 0 or 1 is that, but for sums in another order
EVEN = 0.5


def percent(of: Figure | float) -> str:
    """A share in [0, 1]: "34 % [33, 36]", "0.4 % [0.1, 1]", and of a float "34 %"."""
    if not isinstance(of, Figure):
        return f"{_hundredths(of)} %"
    if of.value is None:
        return UNKNOWN
    return f"{percent(of.value)}{_ends(of, _hundredths)}"


def number(of: Figure | float, *, signed: bool = False, digits: int = 2) -> str:
    """Any other number: ".12 [.08, .16]", "+.12 [+.08, +.16]", and of a float ".12"."""
    if not isinstance(of, Figure):
        return decimal(of, digits, signed=signed)
    if of.value is None:
        return UNKNOWN
    value = decimal(of.value, digits, signed=signed)
    return f"{value}{_ends(of, lambda end: decimal(end, digits, signed=signed))}"


def points(of: Figure, *, signed: bool = True) -> str:
    """A difference of two shares, in points of a hundred: "+1.5 points [+0.4, +2.6]"."""
    if of.value is None:
        return UNKNOWN
    return f"{_points(of.value, signed)} points{_ends(of, lambda end: _points(end, signed))}"


def decimal(value: float, digits: int = 2, *, signed: bool = False) -> str:
    """As ".41", "1.20", "−.05", "+.05" where signed; fewer decimals from 100 on."""
    size = abs(value)
    if size >= 1000:
        text = f"{size:,.0f}"
    else:
        text = f"{size:.{min(digits, 1) if size >= 100 else digits}f}"
    text = text.removeprefix("0") if text.startswith("0.") else text
    return f"{_sign(value, text, signed)}{text}"


def of_kind(value: float, kind: Kind, digits: int = 2) -> str:
    """A number as a column of this kind has it: 1,200, $0.0040, 1.25 s, +.05, .41."""
    match kind:
        case "count":
            return f"{value:,.0f}"
        case "usd":
            return f"${value:,.2f}" if value == 0 or abs(value) >= 1 else f"${value:.4f}"
        case "seconds":
            return f"{value:.2f} s"
    if isinstance(value, int) and kind == "text":
        return str(value)
    return decimal(value, digits, signed=kind == "signed")


def written(cell: Cell, kind: Kind, digits: int = 2) -> str:
    """A cell of a table on one line: text as it is, a figure with its interval, "–" for none."""
    if cell is None or isinstance(cell, str):
        return cell or DASH
    if not isinstance(cell, Figure):
        return of_kind(cell, kind, digits)
    if cell.value is None:
        return DASH
    value = of_kind(cell.value, kind, digits)
    return f"{value}{_ends(cell, lambda end: of_kind(end, kind, digits))}"


def plural(count: int, one: str, many: str = "") -> str:
    """A number of things: "1 judge", "1,200 votes"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def sentence(reason: str) -> str:
    """A reason, such as a figure has for having no value, as a sentence of its own."""
    return f"{reason[:1].upper()}{reason[1:]}."


def _ends(of: Figure, form: Callable[[float], str]) -> str:
    return "" if of.low is None or of.high is None else f" [{form(of.low)}, {form(of.high)}]"


def _hundredths(value: float) -> str:
    size = abs(value)
    text = f"{100 * size:.1f}"
    if size < ROUNDING or abs(size - 1) < ROUNDING:
        text = f"{100 * size:.0f}"
    elif text in ("0.0", "100.0"):
        text = "<0.1" if size < EVEN else ">99.9"
    elif not (0 < float(text) < 1 or 99 < float(text) < 100):
        text = f"{100 * size:.0f}"
    return f"{_sign(value, text, signed=False)}{text}"


def _points(value: float, signed: bool) -> str:
    text = f"{100 * abs(value):.1f}"
    return f"{_sign(value, text, signed)}{text}"


def _sign(value: float, text: str, signed: bool) -> str:
    """None before a number that is written as 0."""
    if not text.strip(".0"):
        return ""
    return MINUS if value < 0 else "+" if signed else ""
