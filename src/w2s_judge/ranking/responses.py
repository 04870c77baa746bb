"""The responses to prompts as the objects of comparisons, and judges as their raters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Bools, Ints
from w2s_judge.comparisons import Comparisons
from w2s_judge.votes import VoteMatrix


@dataclass(frozen=True, eq=False, slots=True)
class Responses:
    """All responses that occur in the positions of votes, judged or not. Letters: N, Q, I, A.

    objects   : names, length N: each response's position in its item's list, as text; by prompt,
                then by position
    question  : (N,) index into questions
    questions : names of the prompts, length Q: the items' names, in order of their group numbers
    of_item   : (I, A) index into objects of the responses that each item of the votes is about
    prompt    : (I,) index into questions
    """

    objects: tuple[str, ...]
    question: Ints
    questions: tuple[str, ...]
    of_item: Ints
    prompt: Ints


def responses(votes: VoteMatrix, arity: int) -> Responses:
    """Find the responses that items of `arity` positions are about.

    Raises `ValueError` where the votes have no positions, or not `arity` an item.
    """
    if votes.positions is None or votes.positions.shape != (votes.I, arity):
        raise ValueError(f"positions (I, {arity}) must say which responses each item is about")
    _, first, prompt = np.unique(votes.group, return_index=True, return_inverse=True)
    stride = int(votes.positions.max(initial=0)) + 1
    key = prompt[:, None].astype(np.int64) * stride + votes.positions
    found, of_item = np.unique(key, return_inverse=True)
    return Responses(
        tuple(map(str, (found % stride).tolist())),
        (found // stride).astype(np.int32),
        tuple(votes.items[i] for i in first.tolist()),
        of_item.reshape(key.shape).astype(np.int32),
        prompt.astype(np.int32),
    )


def positions(comparisons: Comparisons) -> Ints:
    """(N,) each object's position in the list of its item, for comparisons of responses.

    The item's name is `comparisons.questions[comparisons.question[k]]` for object k.
    """
    return np.array(comparisons.objects, dtype=np.str_).astype(np.int32)


def judges_of(votes: VoteMatrix) -> tuple[tuple[str, ...], Ints, Bools | None]:
    """The judges' names, the judge of each rater (J,), and which judges' mass only ranks.

    A judge's mass only ranks where that of any of its raters does; None: no judge's does.
    """
    named = votes.raters if votes.judge is None else votes.judge
    number = {name: k for k, name in enumerate(dict.fromkeys(named))}
    of_rater = np.array([number[name] for name in named], dtype=np.int32)
    if votes.uncalibrated is None:
        return tuple(number), of_rater, None
    unsure = np.bincount(of_rater, weights=votes.uncalibrated, minlength=len(number)) > 0
    return tuple(number), of_rater, unsure
