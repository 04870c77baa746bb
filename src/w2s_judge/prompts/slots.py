"""Filling the slots of a template, in one pass.

A slot is `{name}`, lower case. Anything else with braces (`{"a": 1}`, `{{name}}`) is literal.
What is filled in is never looked at again, so a `{response}` inside a judged text stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_SLOT = re.compile(r"(?<!\{)\{([a-z][a-z_]*)\}(?!\})(\n?)")


def slots(template: str) -> tuple[str, ...]:
    """List the names of all slots of a template, in their order, repeats included."""
    return tuple(match[1] for match in _SLOT.finditer(template))


def fill(template: str, values: Mapping[str, str | None]) -> str:
    """Replace each slot of the template; None takes the slot's line end away with it.

    Raises KeyError for a slot that `values` lacks (rubric files are checked when they are loaded).
    """

    def put(match: re.Match[str]) -> str:
        value = values[match[1]]
        return "" if value is None else value + match[2]

    return _SLOT.sub(put, template)
