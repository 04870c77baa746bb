"""`w2s-judge label`: the items most worth a human label, as a file to fill in."""

from __future__ import annotations

import csv
import json
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from shlex import quote
from typing import Any

import numpy as np

from w2s_judge.acquisition import Draw, dissent_of, next_labels
from w2s_judge.arrays import Floats
from w2s_judge.errors import ConfigurationError, UsageError
from w2s_judge.gold import Gold
from w2s_judge.store.run import Run
from w2s_judge.types import Item, Message
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.aggregate import aggregate
from w2s_judge.workflows.aggregated import Aggregated
from w2s_judge.workflows.votes import inert, opened_for

HEAD = ("item", "response", "responses", "rubric", "label", "p_chosen", "choices", "prompt", "text")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What was written: the file, its rubric and classes, rows to fill in and rows filled."""

    path: Path
    rubric: str
    classes: tuple[str, ...]
    rows: int
    filled: int

    def told(self) -> dict[str, Any]:
        """As `label --json` prints it."""
        return {**asdict(self), "path": str(self.path), "classes": list(self.classes)}

    def described(self, run: Path) -> list[str]:
        """What to do with the file."""
        before = f", after {self.filled:,} that are labelled already" if self.filled else ""
        return [
            f"{self.path}: {self.rows:,} rows to fill in{before}.",
            f"Write one of {', '.join(self.classes)} into the column `label`"
            + (", in every row." if self.filled else ", from the top; you may stop half way."),
            f"Then: w2s-judge aggregate {quote(str(run))} --rubric {self.rubric} "
            f"--gold {quote(str(self.path))}",
        ]


def label(
    run: str | Path,
    *,
    next: int = 50,  # noqa: A002 (the option's name)
    rubric: str | None = None,
    gold: str | Path | None = None,
    out: str | Path | None = None,
    seed: int = 0,
) -> Sheet:
    """Draw `next` items and write them with empty labels, to be given back with `--gold`.

    Half of the design is at random and half goes to what the consensus is unsure of; `p_chosen`
    says how likely each row was to be drawn, so that estimates can be weighted. The labels of
    `gold` are kept in the file with probabilities brought up to date, and are not drawn again: the
    new file takes the place of the old one. CSV, or JSONL by the ending of `out`.
    """
    if seed < 0:
        raise UsageError(f"--seed {seed} is negative: give 0 or more")
    folder = Path(run)
    if folder.name in ("", ".."):  # `label .` from inside the run
        folder = folder.resolve()
    if not folder.is_dir():
        raise UsageError(f"{folder} is no run folder: `label` needs the texts that a run holds")
    with closing(Run(folder)) as opened:
        name = _rubric(opened, rubric)
        (result,) = aggregate(folder, rubric=name, gold=gold, write=False, seed=seed)
        drawn, chosen = _drawn(result, next, seed)
        path = _free(Path(out) if out is not None else None, folder, name)
        # In random order, so that whoever stops half way has labelled a sample like the whole.
        order = np.random.default_rng(seed).permutation(len(drawn.item))
        wanted = dict(zip(drawn.item[order].tolist(), drawn.chosen[order].tolist(), strict=True))
        known = (
            {} if result.gold is None else dict(zip(result.gold.item.tolist(), chosen, strict=True))
        )
        _write(path, _rows(opened, name, result, {**wanted, **known}))
    return Sheet(path, name, result.consensus.classes, len(wanted), len(known))


def _rubric(run: Run, rubric: str | None) -> str:
    if rubric is not None:
        run.asked(rubric)
        return rubric
    if len(run.rubrics) != 1:
        raise UsageError(
            f"this run has {', '.join(run.rubrics) or 'no rubric'}: say which with --rubric"
        )
    return run.rubrics[0]


def _drawn(result: Aggregated, count: int, seed: int) -> tuple[Draw, list[float]]:
    """The new draw, and the probabilities of the earlier labels brought up to date."""
    votes, gold = result.votes, result.gold
    draw = next_labels(
        result.consensus.posterior,
        count,
        labelled=None if gold is None else gold.item,
        seed=seed + (0 if gold is None else gold.G),  # the next round is another draw
        group=votes.group,
        dissent=dissent_of(votes),
        support=votes.support,
        inclusion=np.zeros(votes.I),  # this round's alone: `updated` joins the rounds
    )
    return draw, updated(gold, votes, len(draw.item)).tolist()


def updated(gold: Gold | None, votes: VoteMatrix, drawn: int) -> Floats:
    """Probabilities of earlier labels beside a new draw, up to a factor common to both.

    With n_1 labels of probability p and n_2 drawn by pi among the rest, sum_1 y/p and
    sum_1 y + sum_2 y/pi both estimate a total without bias. Their mean with weights n_1 and n_2
    weighs an earlier label n_1/p + n_2 and a new one n_2/pi; divided by n_2, the new one keeps pi
    and the earlier one has 1 / (n_1/(n_2 p) + 1). Labels of unknown sampling count as n_1 of I
    drawn at random.
    """
    if gold is None or not gold.G:
        return np.zeros(0)
    p = gold.chosen if gold.chosen is not None else np.full(gold.G, gold.G / votes.I)
    return np.asarray(1 / (gold.G / (max(drawn, 1) * p) + 1))


def _free(out: Path | None, folder: Path, rubric: str) -> Path:
    """The file to write: never one that is there, since it may hold labels."""
    if out is not None:
        if out.exists():
            raise ConfigurationError(f"{out} is there and may hold labels: name another with -o")
        if out.suffix not in (".csv", ".jsonl"):
            raise UsageError(f"{out}: a file to fill in ends in .csv or .jsonl")
        return out
    for number in range(1, 10_000):
        path = folder.with_name(f"{folder.stem}.label.{rubric}.{number}.csv")
        if not path.exists():
            return path
    raise ConfigurationError(
        f"there are too many files to fill in beside {folder}: name one with -o"
    )


def _rows(
    run: Run, rubric: str, result: Aggregated, chosen: dict[int, float]
) -> list[dict[str, Any]]:
    """What was drawn with its texts, in the order of the draw; the earlier labels come first."""
    votes, gold = result.votes, result.gold
    if votes.positions is None:
        raise ValueError("votes of a run have positions")
    labels = {} if gold is None else dict(zip(gold.item.tolist(), gold.label.tolist(), strict=True))
    names = {votes.items[i] for i in chosen}
    texts = {item.id: item for item in run.items() if item.id in names}
    rows = []
    for i, p in sorted(chosen.items(), key=lambda pair: pair[0] not in labels):
        places = [int(k) for k in votes.positions[i]]
        item = texts[votes.items[i]]
        rows.append({
            "item": item.id,
            "response": places[0] if len(places) == 1 else None,
            "responses": places if len(places) > 1 else None,
            "rubric": rubric,
            "label": result.consensus.classes[labels[i]] if i in labels else "",
            "p_chosen": float(f"{p:.6g}"),
            "choices": " | ".join(result.consensus.classes),
            "prompt": _prompt(item),
            "text": "\n\n".join(
                item.responses[k].text if len(places) == 1 else
                f"[{'first' if k == places[0] else 'second'}]\n{item.responses[k].text}"
                for k in places
            ),
        })  # fmt: skip
    return rows


def _prompt(item: Item) -> str:
    if isinstance(item.prompt, str):
        return item.prompt
    return "\n\n".join(_turn(message) for message in item.prompt)


def _turn(message: Message) -> str:
    return f"[{message.role}]\n{message.content}"


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    with opened_for(path, "w") as file:
        if path.suffix == ".jsonl":
            for row in rows:
                told = {name: value for name, value in row.items() if value is not None}
                file.write(json.dumps(told, ensure_ascii=False) + "\n")
            return
        # Quoted throughout: a lone carriage return in a text would else tear the row.
        writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        file.write(",".join(HEAD) + "\n")
        for row in rows:
            row = row | {"responses": json.dumps(row["responses"]) if row["responses"] else None}
            writer.writerow([inert(row[name]) for name in HEAD])
