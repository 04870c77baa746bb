"""How long questions and answers are, before any is asked: guesses from a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from w2s_judge.judges.contracts import LocalJudge
from w2s_judge.judges.seat import Seat
from w2s_judge.store.items import blocks

if TYPE_CHECKING:
    from w2s_judge.workflows.score import Prepared

SAMPLE = 200  # items whose questions are worded to see how long they are
WORDS = 120  # tokens of a typical reply with its reasoning


def mean_bytes(prepared: Prepared) -> dict[str, float]:
    """Mean length in bytes of a question under each rubric, over a random sample of items."""
    lengths: dict[str, list[int]] = {}
    chosen = prepared.chosen
    for block in blocks(prepared.db, SAMPLE):
        for _, item in block:
            for name in chosen.choice(item.task):
                for question in prepared.design.questions(chosen.rubrics[name], item):
                    worded = chosen.rubrics[name].wording(question, "logprob")
                    lengths.setdefault(name, []).append(len(worded.encode()))
        break
    return {name: sum(found) / len(found) for name, found in lengths.items()}


def answer_tokens(seat: Seat) -> int:
    """Tokens that an answer may have: one where a token is read, a few words where words are."""
    if isinstance(seat.judge, LocalJudge):
        return 0
    return 1 if seat.judge.way == "logprob" else min(WORDS, seat.judge.most_tokens)
