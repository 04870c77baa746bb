"""A sentence as the page shows it: figures that stay on one line, commands as code.

A line of text breaks at any space, so "93 % [92, 95]" would stand in pieces; and a command would
keep the backticks that it has in the terminal. Everything is made visible and escaped first: a
name that looks like a figure or like a command can change how it is set, and nothing more.
"""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from w2s_judge.audit.report import plain

_COMMAND = re.compile(r"(?<![^\s(\[:])`((?:w2s-judge|pip) [^`\n]{1,300})`(?![^\s.,;:)\]!?])")
"""A backtick is only read where a command of ours follows: a name may hold any."""


def prose(text: str) -> Markup:
    """The text as HTML, escaped; a command in backticks is `code` that breaks between words."""
    pieces = _COMMAND.split(plain.visible(text))
    return Markup().join(
        _code(piece) if place % 2 else escape(plain.kept(piece))
        for place, piece in enumerate(pieces)
    )


def _code(command: str) -> Markup:
    words = Markup(" ").join(Markup("<span>{}</span>").format(word) for word in command.split())
    return Markup("<code>{}</code>").format(words)
