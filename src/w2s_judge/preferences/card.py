"""The card of a data set: README.md for people and for `datasets.load_dataset`, and card.json.

The YAML head names the files of each split, so that loading the folder finds them and leaves
side-cars and `dropped.jsonl` alone. Nothing from outside stands in it, and in the text names from
files and servers stand as code, in which Markdown, HTML, links and mentions mean nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from w2s_judge.preferences.card_facts import CardFacts, CheckFact, NoiseRate, as_json
from w2s_judge.preferences.card_markdown import count, known, prose, shown, table
from w2s_judge.preferences.files import CARD, CARD_JSON, DROPPED, DatasetFiles, meta_name
from w2s_judge.preferences.lengths import CERTAINTY, LEAST_EFFECT
from w2s_judge.preferences.meta import PREFIX


def write_card(files: DatasetFiles, facts: CardFacts) -> None:
    """Add both to the files of the data set: they are swapped in with them."""
    told = json.dumps(_storable(as_json(facts)), indent=2, ensure_ascii=False, allow_nan=False)
    files.attach(CARD_JSON, told + "\n")
    files.attach(CARD, markdown(facts))


def markdown(facts: CardFacts) -> str:
    """The text of README.md."""
    parts = (
        _head(facts),
        _what(facts),
        _load(facts),
        _counts(facts),
        _noise(facts),
        _lengths(facts),
        _made(facts),
        _origins(facts),
        _notes(facts),
    )
    lines = [line for part in parts for line in part]
    return "\n".join(
        line for last, line in zip(["", *lines], [*lines, ""], strict=True) if last or line
    )


def _head(facts: CardFacts) -> Iterator[str]:
    if not facts.files:
        return
    yield "---"
    yield "configs:"
    # `load_dataset` caches by the folder's last name and by this name, not by what is in the files:
    # with one name for all, a folder that was written anew would give the old rows.
    yield f"- config_name: {facts.fingerprint}"
    yield "  data_files:"
    for file in facts.files:
        yield f"  - split: {file.side}"
        yield f"    path: {file.name}"
    yield "---"
    yield ""


def _what(facts: CardFacts) -> Iterator[str]:
    yield "# Preference data made by weak judges"
    yield ""
    yield (
        f"{facts.kept:,} {facts.kind} from {shown(facts.source)}, in the format "
        f"{shown(facts.format)} ({prose(facts.reads)}), {facts.style} style. A panel of judges "
        f"voted, and {shown(facts.made_by)} made of the votes what is here."
    )
    if facts.by_gold:
        yield (
            f"Of these, {facts.by_gold:,} are what human labels say (`calibration` is `gold`, p is "
            f"1 or 0); the other {facts.kept - facts.by_gold:,} are the panel's."
        )
    elif facts.kept:
        yield "No human chose any of them."
    yield ""


def _load(facts: CardFacts) -> Iterator[str]:
    if not facts.files:
        return
    yield "## Loading"
    yield "```python"
    yield "from datasets import load_dataset"
    yield ""
    yield 'data = load_dataset("FOLDER")  # the folder that this file is in'
    yield "```"
    yield from table(
        ("file", "rows", "prompts"),
        ((f"`{f.name}`", f"{f.rows:,}", count(f.prompts)) for f in facts.files),
    )
    if facts.meta == "beside":
        names = ", ".join(f"`{meta_name(file.side)}`" for file in facts.files)
        yield f"What each row rests on (item, p, votes, judges) is in {names}, line by line."
    elif facts.meta == "columns":
        yield (
            f"The columns that start with `{PREFIX}` say what each row rests on; no trainer reads "
            "them."
        )
    if facts.style == "plain":
        yield (
            "Prompts and answers are plain text. A trainer joins them as they stand, without a "
            "chat template and with nothing between them."
        )
    yield ""


def _counts(facts: CardFacts) -> Iterator[str]:
    left_out = sum(count for _, count in facts.dropped)
    yield "## Counts"
    yield from table(
        ("", "count"),
        (
            ("prompts", f"{facts.prompts:,}"),
            (f"candidate {facts.kind}", f"{facts.candidates:,}"),
            ("kept", f"{facts.kept:,}"),
            ("left out", f"{left_out:,}"),
            *((f"left out: {shown(reason)}", f"{count:,}") for reason, count in facts.dropped),
        ),
    )
    if left_out:
        yield f"`{DROPPED}` has every one that was left out, with its reason."
    yield ""


def _noise(facts: CardFacts) -> Iterator[str]:
    yield "## How many are wrong"
    match facts.noise:
        case NoiseRate() as noise:
            yield (
                f"Estimated share of the panel's {facts.kind} that are wrong: {noise.rate:.1%} "
                f"({noise.certainty:.0%} interval {noise.low:.1%} to {noise.high:.1%}), from "
                f"{prose(noise.source)}."
            )
        case why:
            yield f"Nothing was checked: {prose(why)}."
    if facts.checked is not None:
        yield f"By labels that nothing was fitted to: {prose(check_text(facts.checked))}."
    if facts.resample == "flip":
        yield (
            "On top of that rows were turned round on purpose (`--resample flip`), each with "
            "probability 1 - p."
        )
    yield ""


def check_text(checked: CheckFact) -> str:
    """What `--check` came to, in words."""
    if checked.right is None:
        told = "none of the rows can be told"
    else:
        told = (
            f"{checked.right:.1%} right ({CERTAINTY:.0%} interval {checked.low:.1%} to "
            f"{checked.high:.1%}) of {checked.rows:,} rows in {checked.prompts:,} prompts"
        )
    if checked.level:
        told += f"; {checked.level:,} more have two responses of one gold class"
    if checked.used:
        told += f"; {checked.used:,} of the labels had been used and were not looked at"
    return told


def _lengths(facts: CardFacts) -> Iterator[str]:
    balance = facts.lengths
    if balance is None:
        return
    yield "## Length of chosen and rejected"
    if balance.warning is not None:
        yield f"**Warning: {balance.warning}.**"
        yield ""
    share = "none" if balance.share is None else (
        f"{balance.share:.1%} ({CERTAINTY:.0%} interval {balance.low:.1%} to {balance.high:.1%}, "
        "clustered by prompt)"
    )  # fmt: skip
    yield from table(
        ("", ""),
        (
            ("chosen longer / shorter / equal", f"{balance.longer:,} / {balance.shorter:,} / "
             f"{balance.equal:,}"),
            ("chosen longer, of unequal pairs", share),
            ("mean length, chosen / rejected", f"{balance.chosen:,.0f} / {balance.rejected:,.0f} "
             "characters"),
            ("geometric mean of the ratio", f"{balance.ratio:.3f}"),
        ),
    )  # fmt: skip
    yield (
        f"A warning stands here where that share is {100 * LEAST_EFFECT:.0f} points or more off "
        "one half and its interval does not hold one half."
    )
    yield ""


def _made(facts: CardFacts) -> Iterator[str]:
    yield "## How it was made"
    yield from table(
        ("judge", "model", "family"),
        ((shown(j.name), known(j.model), known(j.family)) for j in facts.judges),
    )
    yield from table(
        ("rubric", "used as", "method", "calibration", "gold labels"),
        (
            (shown(r.name), shown(r.use), shown(r.method), shown(r.calibration), f"{r.gold:,}")
            for r in facts.rubrics
        ),
    )
    yield from table(
        ("setting", "value"),
        (
            ("strategy", shown(facts.strategy)),
            *((shown(name), shown(value)) for name, value in facts.thresholds),
            ("resampled", facts.resample or "no"),
            ("validation share, by prompt", f"{facts.validation_share:g}"),
            ("seed", str(facts.seed)),
        ),
    )


def _origins(facts: CardFacts) -> Iterator[str]:
    if facts.origins:
        yield from table(
            ("made from", ""), ((shown(what), shown(which)) for what, which in facts.origins)
        )


def _notes(facts: CardFacts) -> Iterator[str]:
    if facts.notes:
        yield "## Notes"
        yield from (f"- {prose(note)}" for note in facts.notes)
        yield ""


def _storable(value: object) -> object:
    """The same with every text such that UTF-8 can hold it."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {_storable(key): _storable(one) for key, one in value.items()}
        case list() | tuple():
            return [_storable(one) for one in value]
        case _:
            return value
