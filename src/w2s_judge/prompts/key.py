"""A question's key: 16 bytes over everything that its wording depends on, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from w2s_judge.types import Item, Order


def question_key(
    rubric_hash: str,
    item: Item,
    responses: tuple[int, ...],
    order: Order | None,
    variant: str,
    evidence: str | None,
) -> bytes:
    """BLAKE2b of rubric, prompt, reference, evidence, the responses' texts, order and variant.

    The item's id, models, families and unknown columns do not enter: the same content is the same
    question. Texts enter with their lengths, so that no two contents are encoded alike.
    """
    parts: list[str | None] = [rubric_hash, order, variant, item.reference, evidence]
    if isinstance(item.prompt, str):
        parts += ("string", item.prompt)
    else:
        parts += ("turns", str(len(item.prompt)))
        for turn in item.prompt:
            parts += (turn.role, turn.content)
    parts += [item.responses[position].text for position in responses]
    return blake2b(_encoded(parts), digest_size=16).digest()


def _encoded(parts: Iterable[str | None]) -> bytes:
    # Half of a surrogate pair is legal in JSON input and must not stop a run.
    text = "".join(["n" if part is None else f"{len(part)}:{part}" for part in parts])
    return text.encode("utf-8", "surrogatepass")
