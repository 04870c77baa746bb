"""Text from judges, servers and files, made safe to show."""

from __future__ import annotations


def harmless(text: object, most: int = 300) -> str:
    """Without control characters (which can move the cursor or rename the window), and short.

    Line breaks stay, since our own messages have them.
    """
    shown = "".join(
        char if char.isprintable() or char == "\n" else "�" for char in str(text)[: most + 1]
    )
    return shown if len(shown) <= most else shown[:most] + "…"
