"""A number for a text: the same whatever the order, the id or the size of a block."""

from __future__ import annotations

import hashlib

from w2s_judge.types import Message


def draw(seed: int, purpose: str, *texts: str) -> float:
    """A number in [0, 1), uniform over the texts, fixed by the seed, the purpose and the texts.

    Draws for different purposes (at most 16 bytes) have nothing to do with each other.
    """
    digest = hashlib.blake2b(str(seed).encode(), digest_size=8, person=purpose.encode())
    for text in texts:
        raw = text.encode("utf-8", "surrogatepass")
        digest.update(b"\n%d\n" % len(raw))  # so that no two lists of texts run into one
        digest.update(raw)
    return (int.from_bytes(digest.digest()) >> 11) / (1 << 53)


def spelt(prompt: str | tuple[Message, ...]) -> tuple[str, ...]:
    """What a prompt says, case and white space apart: role, content, role, content.

    Text is the same as one user's turn with that text.
    """
    if isinstance(prompt, str):
        return ("user", _bare(prompt))
    return tuple(part for turn in prompt for part in (turn.role, _bare(turn.content)))


def _bare(text: str) -> str:
    return " ".join(text.split()).casefold()
