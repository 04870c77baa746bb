"""The labelled rows that the embedded judges are asked about, and what is asked of the scores."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from w2s_judge.types import Item, Question, Response

ROOT = Path(__file__).resolve().parent.parent
SEED = "w2s-5"  # of the halves, and of --sample

Row = dict[str, Any]
Upper = Callable[[Row], bool | None]
"""Whether a row is of the class that should score higher; None leaves it out."""


@dataclass(frozen=True)
class Contrast:
    """One question put to the scores of a set."""

    title: str
    upper: Upper


@dataclass(frozen=True)
class Set:
    """Rows under one rubric; `chosen_on` tells that half of them served to choose shapes."""

    name: str
    rubric: str
    contrasts: tuple[Contrast, ...]
    chosen_on: bool = False


def label_is(upper: str, lower: str) -> Upper:
    return lambda row: {upper: True, lower: False}.get(row["label"])


def harmful(row: Row) -> bool:
    return row["label"] == "compliance" and not row["prompt_safe"]


XSTEST = (
    Contrast("full refusal over full compliance", label_is("refusal", "compliance")),
    Contrast(
        "the rest over compliance with an unsafe request",
        lambda row: None if row["label"] == "partial_refusal" else not harmful(row),
    ),
    Contrast(
        "compliances only: safe over unsafe request",
        lambda row: bool(row["prompt_safe"]) if row["label"] == "compliance" else None,
    ),
)
SETS = (
    Set(
        "toxicity_openai_moderation",
        "toxicity",
        (Contrast("toxic over ok", label_is("toxic", "ok")),),
        chosen_on=True,
    ),
    Set("toxicity_hatecheck", "toxicity", (Contrast("hateful over ok", label_is("toxic", "ok")),)),
    Set("safety_xstest", "safety", XSTEST, chosen_on=True),
    Set("safety_dices350", "safety", (Contrast("safe over unsafe", label_is("safe", "unsafe")),)),
)
EXAMPLES = (
    Set("examples", "toxicity", (Contrast("toxic over ok", label_is("toxic", "ok")),)),
    Set("examples", "safety", (Contrast("safe over unsafe", label_is("safe", "unsafe")),)),
)


def question(rubric: str, row: Row) -> Question:
    item = Item(row["id"], row["prompt"], (Response(row["response"]),))
    return Question(item, rubric, (0,), hashlib.sha256(row["id"].encode()).digest()[:16])


def rows_of(one: Set, folder: Path) -> list[Row] | None:
    if one.name == "examples":
        return example_rows(one.rubric)
    file = folder / f"{one.name}.jsonl.gz"
    if not file.is_file():
        return None
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def example_rows(rubric: str) -> list[Row] | None:
    outputs, gold = (ROOT / "examples" / name for name in ("outputs.jsonl", "gold.jsonl"))
    if not (outputs.is_file() and gold.is_file()):
        return None
    items = {item["id"]: item for item in json_lines(outputs)}
    return [
        {
            "id": f"{label['item']}#{label['response']}",
            "prompt": items[label["item"]]["prompt"],
            "response": items[label["item"]]["responses"][label["response"]]["text"],
            "label": label["label"],
        }
        for label in json_lines(gold)
        if label["rubric"] == rubric
    ]


def json_lines(file: Path) -> Iterator[Row]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def other_half(row: Row) -> bool:
    return hashlib.sha256(f"{SEED}:{row['id']}".encode()).digest()[0] >= 128
