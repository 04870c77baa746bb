"""How sure an answer may be, asked of votes that it did not see.

The fit is repeated without each of `FOLDS` parts of the votes, until `ENOUGH` votes were asked. Few
votes are cut into parts anew, at most `CUTS` times, so that how they happen to be cut, which hangs
on the names of items and raters, matters little. The answer is tempered as far as these are
foretold best, and further for what no vote can show (`calibration/tempering.py`).

Letters: I items, J raters, L vote labels, C truth classes, V votes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from w2s_judge.aggregation.contract import Aggregator
from w2s_judge.aggregation.hashes import GAMMA, Hashes, hashed, mixed
from w2s_judge.aggregation.pooled_dawid_skene import as_classes
from w2s_judge.aggregation.shares import class_of_label
from w2s_judge.arrays import Bools, Floats
from w2s_judge.calibration.class_mass import class_shares
from w2s_judge.calibration.tempering import Foretold, base_of
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

FOLDS = 3  # two thirds of the votes remain in each fit
CUTS = (
    16  # the answer's scatter over names falls with their root, and the cost is CUTS * FOLDS fits
)
ENOUGH = 20_000  # held-out votes: one number is sought, and large crowds need a single fit for it


def foretold(votes: VoteMatrix, gold: Gold | None, method: Aggregator) -> list[Foretold]:
    """What fits without a part of the votes say of that part; items with gold are not asked.

    The method gives a confusion (J, C, C) of votes whose labels are the classes.
    """
    truth = votes.truth_with(gold)
    votes = as_classes(votes, truth, class_of_label(votes, truth)[0])
    asked = np.ones(votes.I, dtype=np.bool_)
    if gold is not None:
        asked[gold.item] = False
    parts: list[Foretold] = []
    left = ENOUGH
    for cut in range(CUTS):
        number = numbers(votes, cut)
        fold = number % FOLDS
        for k in range(FOLDS):
            held = np.flatnonzero((fold == k) & asked[votes.item])
            if len(held) > left:
                held = held[number[held] <= np.partition(number[held], left - 1)[left - 1]]
            parts.append(_part(votes, gold, method, fold != k, held))
            left -= len(held)
            if left <= 0:
                return parts
        if left == ENOUGH:  # there is no vote to ask
            break
    return parts


def _part(
    votes: VoteMatrix,
    gold: Gold | None,
    method: Aggregator,
    seen: Bools,
    held: npt.NDArray[np.intp],
) -> Foretold:
    """What a fit to the votes `seen` says of the votes `held`, each label of a soft one by itself.

    Votes on items of which nothing was seen are left out.
    """
    train = votes.only(seen)
    fitted = method(train, gold)
    if fitted.confusion is None:
        raise ValueError("a method without confusion matrices foretells no votes")
    count = class_shares(train, train.soft())[1]
    typical = votes.soft().sum(axis=0)
    held = held[count[votes.item[held]] > 0]
    mass: Floats = votes.only(held).soft()
    row, label = np.nonzero(mass)
    weight = mass[row, label]
    vote = held[row]
    if votes.weight is not None:
        weight = weight * votes.weight[vote]
    item = votes.item[vote]
    return Foretold(
        fitted.posterior[item],
        base_of(fitted),
        count[item],
        fitted.confusion[votes.rater[vote], :, label],
        typical[label] / max(float(typical.sum()), 1.0),
        weight,
    )


def numbers(votes: VoteMatrix, cut: int = 0) -> Hashes:
    """(V,) a number for each vote, like a random one, from the names of its item and rater.

    The order of items, raters and votes plays no part, and repeated votes stay together. Another
    `cut` gives other numbers.
    """
    items, raters = hashed(votes.items), hashed(votes.raters)
    vote = (items[votes.item] << np.uint64(32)) | raters[votes.rater]
    return mixed(vote + np.uint64(cut * int(GAMMA) % 2**64))
