"""A plot drawn by matplotlib, as SVG that stands in the page.

matplotlib never sees a name: it lays out a stand-in of the same width, and the name is put in when
the SVG is taken apart. So nothing in a name is read as mathematics, misses a glyph or is markup.
What comes out has no style attributes (the page's policy forbids them), no colours but classes of
the style sheet (`ink.py`), no identifiers but those that it refers to, and is the same every time.
"""

from __future__ import annotations

import io
import re
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from w2s_judge.audit.report import plain
from w2s_judge.audit.report.ink import ink, named

INCH = 72.0  # matplotlib's SVG has 72 units an inch: one of them is a CSS pixel of ours
LETTER = 6.3
"""Pixels of a letter of a name, at the size of 11 pixels and generously."""

_SETTINGS: Any = {
    "svg.fonttype": "none", "svg.hashsalt": "w2s-judge", "text.parse_math": False,
    "font.size": 11, "axes.edgecolor": ink("line"), "axes.linewidth": 1.0,
    "axes.labelcolor": ink("muted"), "axes.labelsize": 11, "axes.titlesize": 11,
    "axes.titlecolor": ink("ink"), "axes.titlepad": 6, "axes.axisbelow": True,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": False,
    "grid.color": ink("line"), "grid.linewidth": 1.0, "text.color": ink("ink"),
    "xtick.color": ink("line"), "ytick.color": ink("line"), "xtick.major.size": 0,
    "ytick.major.size": 0, "xtick.labelcolor": ink("muted"), "ytick.labelcolor": ink("ink"),
    "xtick.labelsize": 10, "ytick.labelsize": 11, "axes.unicode_minus": True,
    "path.simplify": False,
}  # fmt: skip
_LONG = re.compile(r"\d+\.\d{3,}")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_DROPPED = {"font-family", "stroke-linejoin", "stroke-linecap", "stroke-miterlimit"}


@contextmanager
def drawing() -> Iterator[None]:
    """Within it plots look as ours, whatever the user's own matplotlib settings are."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield


class Canvas:
    """A figure measured in CSS pixels from its top left corner, and the names in it."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / INCH, height / INCH), dpi=INCH)
        self.figure.patch.set_visible(False)
        FigureCanvasSVG(self.figure)
        self._names: dict[str, str] = {}
        self._tips: list[str] = []

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes whose inside lies there."""
        bottom = self.height - top - height
        at = (left / self.width, bottom / self.height, width / self.width, height / self.height)
        axes = self.figure.add_axes(at)
        axes.patch.set_visible(False)
        return axes

    def sheet(self) -> Axes:
        """Axes over all of it, in pixels from the top left corner, without any decoration.

        Forty small plots on one sheet cost a tenth of forty axes.
        """
        axes = self.axes(0, 0, self.width, self.height)
        axes.set(xlim=(0, self.width), ylim=(self.height, 0))
        axes.set_axis_off()
        return axes

    def name(self, text: str, most: int = 22) -> str:
        """What to hand to matplotlib for a name, which is cut to about so many letters."""
        short = shortened(text, most)
        token = f"N{len(self._names)}".ljust(round(wide(short)), "n")
        self._names[token] = short
        return token

    def tip(self, text: str) -> str:
        """The `gid` of an artist that shows this when pointed at."""
        self._tips.append(plain.name(text))
        return f"tip-{len(self._tips) - 1}"

    def svg(self, key: str, title: str, about: str) -> str:
        """The finished plot, described by `title` and `about`; `key` is its own on the page."""
        file = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        self.figure.savefig(file, format="svg", metadata=nothing)
        root = ET.fromstring(file.getvalue())  # noqa: S314  what matplotlib just wrote
        self._clean(root, key)
        return ET.tostring(_framed(root, self, key, title, about), encoding="unicode")

    def _clean(self, root: ET.Element, key: str) -> None:
        used = _references(root)
        for node in list(root.iter()):
            node.tag = node.tag.split("}")[-1]
            text = (node.text or "").strip()
            node.text, node.tail = self._names.get(text, text) or None, None
            tip = node.attrib.pop("id", "")
            if tip in used:
                node.set("id", f"{key}-{tip}")
            _restyle(node, key)
            if text in self._names and _unheard_of(self._names[text]):
                size = float(node.get("font-size", "11")) / 11
                node.set("textLength", f"{size * LETTER * wide(self._names[text]):.0f}")
                node.set("lengthAdjust", "spacingAndGlyphs")
            if tip.startswith("tip-"):
                title = ET.Element("title")
                title.text = self._tips[int(tip.removeprefix("tip-"))]
                node.insert(0, title)
        _without_styles(root)


def wide(text: str) -> float:
    """How many letters wide a text is, about: those of East Asia are two, accents none."""
    return sum(map(_width, text))


def _width(char: str) -> float:
    if char.isascii():
        return 1.7 if char in "mwMW@%" else 1.2 if char.isupper() else 1.0
    if unicodedata.combining(char):
        return 0.0
    return 2.0 if unicodedata.east_asian_width(char) in "WF" else 1.1


def _unheard_of(text: str) -> bool:
    """Whether there are letters in it whose width nobody can guess, such as a whole line in one."""
    return any(char >= "\ua000" and unicodedata.east_asian_width(char) not in "WF" for char in text)


def shortened(text: str, most: int) -> str:
    """A name at most so many letters wide: one that is cut keeps its beginning and its end.

    Names of judges often differ only in their ends: the order, the prompt, the size.
    """
    ends = text if len(text) <= 2 * plain.NAME else text[: plain.NAME] + text[-plain.NAME :]
    whole = " ".join(plain.visible(ends).split()) or "(empty)"
    if wide(whole) <= most:
        return whole
    head, tail, room = 0, len(whole), most - wide("…")
    while True:
        first = head <= len(whole) - tail
        room -= _width(whole[head] if first else whole[tail - 1])
        if room < 0:
            return f"{whole[:head]}…{whole[tail:]}"
        head, tail = (head + 1, tail) if first else (head, tail - 1)


def gutter(names: list[str], most: int = 22) -> float:
    """Pixels that the longest of the names takes, with some air."""
    return 14 + LETTER * max((wide(shortened(one, most)) for one in names), default=0)


def _references(root: ET.Element) -> set[str]:
    found = set()
    for node in root.iter():
        for name, value in node.attrib.items():
            if name.endswith("href"):
                found.add(value.removeprefix("#"))
            found.update(_REFERENCE.findall(value))
    return found


def _restyle(node: ET.Element, key: str) -> None:
    """Attributes as HTML has them; what was a style is classes and attributes."""
    old, node.attrib = dict(node.attrib), {}
    for pair in old.pop("style", "").split(";"):
        name, _, value = pair.partition(":")
        name, value = name.strip(), value.strip()
        colour = named(value)
        if colour is not None:
            side = {"fill": "f", "stroke": "s"}[name]
            node.set("class", f"{node.get('class', '')} {side}-{colour}".strip())
        elif name and name not in _DROPPED and not name.startswith("font"):
            node.set(name, value)
        elif name in ("font-size", "font-weight"):
            node.set(name, value.removesuffix("px"))
    for name, value in old.items():
        name = name.split("}")[-1]
        if name == "href":
            value = f"#{key}-{value.removeprefix('#')}"
        value = _REFERENCE.sub(lambda found: f"url(#{key}-{found[1]})", value)
        if not value.startswith("rotate(-0 "):
            node.set(
                name, _LONG.sub(lambda found: f"{float(found[0]):.2f}", " ".join(value.split()))
            )


def _without_styles(root: ET.Element) -> None:
    """No style sheet of its own, and no group that holds one thing and says nothing of it."""
    for node in reversed(list(root.iter())):
        for child in list(node):
            if child.tag == "style" or (child.tag in ("g", "defs") and not len(child)):
                node.remove(child)
        node[:] = [
            inner
            for child in node
            for inner in (child if child.tag == "g" and not child.attrib else (child,))
        ]


def _framed(root: ET.Element, canvas: Canvas, key: str, title: str, about: str) -> ET.Element:
    """The drawing as an image that a screen reader names and describes."""
    width, height = f"{canvas.width:g}", f"{canvas.height:g}"
    size = {"width": width, "height": height, "viewBox": f"0 0 {width} {height}"}
    told = {"role": "img", "aria-label": title, "aria-describedby": f"{key}-about"}
    frame = ET.Element("svg", {**size, **told})
    ET.SubElement(frame, "desc", {"id": f"{key}-about"}).text = plain.cut(about, plain.SENTENCE)
    frame.extend(list(root))
    return frame
