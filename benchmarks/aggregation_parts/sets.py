"""Sets of votes with gold, read from `NAME/votes.csv[.gz]` and `NAME/gold.csv`."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

PEOPLE = (
    "rte", "face", "dog", "ms", "cf", "zencrowd_us", "possent", "sp", "product", "adult",
    "relevance", "trec", "fact_eval",
)  # fmt: skip
CIVIL, ORDERS, VANILLA, BLUEBIRD = (
    "civilcomments_llm",
    "llmbar_orders",
    "llmbar_vanilla",
    "bluebird",
)
GRADES = {CIVIL: ("0", "1")}  # graded sets, and the truth classes that their levels lean to
HALF = (0.5, 0.5)
CUT = 5  # scores of 5 and more count as the upper class
ORDER_NAMES = ("ab", "ba")


@dataclass(frozen=True, eq=False, slots=True)
class VoteSet:
    """Votes and what is right about some of their items; items and raters sorted by name."""

    name: str
    votes: VoteMatrix
    gold: Gold

    def labels_right(self) -> np.ndarray:
        """(I,) class of each item, -1 where it is not known."""
        label = np.full(self.votes.I, -1, dtype=np.int64)
        label[self.gold.item] = self.gold.label
        return label


def load(name: str, folder: Path) -> VoteSet:
    """The set `folder / name`. Raises FileNotFoundError where it is not there."""
    votes = _rows(folder / name / "votes.csv")
    gold = _rows(folder / name / "gold.csv")
    items = sorted({row["item"] for row in votes})
    raters = sorted({row["judge"] for row in votes})
    labels = _sorted_labels({row["label"] for row in votes} | _in_gold(name, gold))
    classes = GRADES.get(name, labels)
    number = {item: i for i, item in enumerate(items)}
    judge, order = zip(*map(_judge_and_order, raters), strict=True)
    matrix = VoteMatrix(
        tuple(items),
        tuple(raters),
        labels,
        _column(votes, "item", items),
        _column(votes, "judge", raters),
        np.arange(len(items), dtype=np.int32),
        (None,) * len(raters),
        label=_column(votes, "label", labels),
        ordered=name in GRADES,
        judge=judge,
        order=order,
        levels=np.array(labels, dtype=np.float64) if name in GRADES else None,
        truth=Truth(classes, None, HALF) if name in GRADES else None,
    )
    known = [row for row in gold if row["item"] in number]
    right = Gold(_column(known, "item", items), _column(known, "label", classes), tuple(classes))
    return VoteSet(name, matrix, right)


def cut(graded: VoteSet, *, prior: bool = True) -> VoteSet:
    """A graded set with its scores cut at 5: two labels, which are the truth classes."""
    votes = graded.votes
    assert votes.label is not None
    upper = votes.scale[votes.label] >= CUT
    return _two_labels(graded, f"cut at {CUT}", upper, HALF if prior else None)


def cut_at_medians(graded: VoteSet) -> VoteSet:
    """The same, each rater's scores cut where nearest to half of them are above.

    So every rater says "upper" of about as many items as the prior has there.
    """
    votes = graded.votes
    assert votes.label is not None
    count = np.zeros((votes.J, votes.L))
    np.add.at(count, (votes.rater, votes.label), 1.0)
    count /= count.sum(axis=1, keepdims=True)  # a set's raters have votes: they come from rows
    above = 1 - count.cumsum(axis=1)
    level = np.abs(above - HALF[1]).argmin(axis=1)
    return _two_labels(graded, "cut at medians", votes.label > level[votes.rater], HALF)


def _two_labels(
    graded: VoteSet, how: str, upper: np.ndarray, prior: tuple[float, float] | None
) -> VoteSet:
    classes = graded.gold.classes
    binary = replace(
        graded.votes,
        labels=classes,
        label=upper.astype(np.int32),
        ordered=False,
        levels=None,
        truth=Truth(classes, (0, 1), prior),
    )
    return VoteSet(f"{graded.name}, {how}", binary, graded.gold)


def part(whole: VoteSet, judges: Sequence[int], items: Sequence[int] | None = None) -> VoteSet:
    """The set with these raters and items alone, by number; items without a vote stay."""
    votes = whole.votes
    kept_items = np.arange(votes.I) if items is None else np.asarray(items)
    new_item, new_rater = np.full(votes.I, -1), np.full(votes.J, -1)
    new_item[kept_items] = np.arange(len(kept_items))
    new_rater[np.asarray(judges)] = np.arange(len(judges))
    kept = (new_item[votes.item] >= 0) & (new_rater[votes.rater] >= 0)
    fewer = votes.only(kept)
    small = replace(
        fewer,
        items=tuple(votes.items[i] for i in kept_items),
        raters=tuple(votes.raters[j] for j in judges),
        item=new_item[fewer.item].astype(np.int32),
        rater=new_rater[fewer.rater].astype(np.int32),
        group=votes.group[kept_items],
        family=tuple(votes.family[j] for j in judges),
        judge=None if votes.judge is None else tuple(votes.judge[j] for j in judges),
        order=None if votes.order is None else tuple(votes.order[j] for j in judges),
    )
    inside = new_item[whole.gold.item] >= 0
    gold = whole.gold.only(inside)
    moved = Gold(new_item[gold.item].astype(np.int32), gold.label, gold.classes)
    return VoteSet(whole.name, small, moved)


def panels(drawn: Path, folder: Path) -> list[VoteSet]:
    """The small panels that a file lists; graded scores are cut, and no prior is given."""
    wholes: dict[str, VoteSet] = {}
    found = []
    for panel in json.loads(drawn.read_text()):
        name = panel["set"]
        if name not in wholes:
            whole = load(name, folder)
            wholes[name] = cut(whole, prior=False) if name in GRADES else whole
        found.append(part(wholes[name], panel["judges"], panel.get("items")))
    return found


def _rows(path: Path) -> list[dict[str, str]]:
    packed = path.with_name(path.name + ".gz")
    with gzip.open(packed, "rt", newline="") if packed.is_file() else path.open(newline="") as file:
        return list(csv.DictReader(file))


def _in_gold(name: str, gold: Sequence[dict[str, str]]) -> set[str]:
    return set() if name in GRADES else {row["label"] for row in gold}


def _sorted_labels(labels: set[str]) -> tuple[str, ...]:
    numbers = all(label.isdigit() for label in labels)
    return tuple(sorted(labels, key=int if numbers else str))


def _column(rows: Sequence[dict[str, str]], name: str, values: Sequence[str]) -> np.ndarray:
    number = {value: i for i, value in enumerate(values)}
    return np.array([number[row[name]] for row in rows], dtype=np.int32)


def _judge_and_order(rater: str) -> tuple[str, str | None]:
    """Splits "model/prompt/order"; any other name is a judge's, asked in one order."""
    judge, slash, order = rater.rpartition("/")
    return (judge, order) if slash and order in ORDER_NAMES else (rater, None)
