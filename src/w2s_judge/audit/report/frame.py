"""What all pages share: the templates' environment, the style, the script and their hashes."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from typing import TYPE_CHECKING, Any

from w2s_judge.audit.report import plain
from w2s_judge.errors import MissingExtra

if TYPE_CHECKING:
    from jinja2 import Environment


def require_extra() -> None:
    """`MissingExtra` where jinja2 or matplotlib is not installed."""
    try:
        import jinja2  # noqa: F401
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingExtra("report", "an HTML report") from error


def environment() -> Environment:
    """Templates whose every value is escaped and made visible, with the page's style and script."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    from w2s_judge.audit.report.prose import prose

    made = Environment(
        loader=FunctionLoader(shipped),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        finalize=_visible,
    )
    made.filters["prose"] = prose
    style, script = shipped("style.css"), shipped("script.js")
    made.globals.update(
        style=style, script=script, style_hash=_hash(style), script_hash=_hash(script)
    )
    return made


def _visible(value: Any) -> Any:
    """Whatever a template writes is visible text, also where a string was not made so before."""
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return plain.visible(value)
    return "" if value is None else value


def shipped(name: str) -> str:
    """The text of a file beside this one: a template, the style, the script."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """As a Content-Security-Policy names a text that is allowed."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
