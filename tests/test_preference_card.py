"""The card of a data set, and the length balance that it warns of."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_judge.preferences.card import markdown, write_card
from w2s_judge.preferences.card_facts import (
    CardFacts,
    FileFact,
    JudgeFact,
    NoiseRate,
    RubricFact,
    as_json,
)
from w2s_judge.preferences.card_markdown import prose, shown
from w2s_judge.preferences.files import dataset_files
from w2s_judge.preferences.lengths import Lengths

EVIL = (
    "`x` <script>alert(1)</script> [a](http://b.example) ![i](c) **b** | cell |\n# head\n"
    "- item\n---\n@someone www.d.example \x1b[2J \u202e &amp; ~~s~~ $x$"
)


def facts(**more):
    base = CardFacts(
        made_by="w2s-judge 0.1.0",
        source="outputs.w2s",
        format="trl-dpo",
        reads="pairs for TRL's DPOTrainer",
        kind="pairs",
        style="conversational",
        meta="beside",
        files=(
            FileFact("train", "train.jsonl", 1200, 400),
            FileFact("validation", "validation.jsonl", 90),
        ),
        judges=(JudgeFact("one", "qwen2.5:7b", "qwen"), JudgeFact("two")),
        rubrics=(RubricFact("safety", "veto", "dawid-skene", "platt", 100),),
        strategy="best-worst",
        thresholds=(("min-p", "0.8"), ("max-tie", "0.5")),
        resample=None,
        validation_share=0.1,
        seed=7,
        prompts=500,
        candidates=2000,
        kept=1290,
        dropped=(("same text", 10), ("below min-p", 700)),
        noise=NoiseRate(0.12, 0.08, 0.17, 0.95, "80 gold labels"),
        lengths=None,
    )  # fmt: skip
    return replace(base, **more)


HEAD = """---
configs:
- config_name: default
  data_files:
  - split: train
    path: train.jsonl
  - split: validation
    path: validation.jsonl
---
"""


def balance(lengths, prompts=None):
    found = Lengths()
    for k, (chosen, rejected) in enumerate(lengths):
        found.add("x" * chosen, "x" * rejected, k if prompts is None else prompts[k])
    return found.balance()


def test_the_head_names_the_file_of_each_split_and_nothing_else():
    assert markdown(facts(source=EVIL, format=EVIL)).startswith(HEAD)


def test_the_card_says_what_was_done():
    text = markdown(facts(resample="flip", notes=("families are unknown",)))
    for said in (
        "| `one` | `qwen2.5:7b` | `qwen` |",
        "| `two` | unknown | unknown |",
        "| `safety` | `veto` | `dawid-skene` | `platt` | 100 |",
        "| `min-p` | `0.8` |",
        "| seed | 7 |",
        "| kept | 1,290 |",
        "| left out | 710 |",
        "| left out: `below min-p` | 700 |",
        "| `train.jsonl` | 1,200 | 400 |",
        "12.0% (95% interval 8.0% to 17.0%), from 80 gold labels",
        "turned round on purpose",
        "- families are unknown",
        "`train.meta.jsonl`",
        "`dropped.jsonl`",
    ):
        assert said in text, said
    assert "licen" not in text.lower()
    assert "\n\n\n" not in text


def test_no_rate_without_its_reason():
    assert "Nothing was checked: no gold." in markdown(facts(noise="no gold"))
    told = as_json(facts(noise="no gold"))
    assert (told["noise"], told["noise_unknown"]) == (None, "no gold")


def test_plain_text_says_how_a_trainer_joins_it():
    assert "joins them as they stand" in markdown(facts(style="plain"))
    assert "joins them as they stand" not in markdown(facts())


def bare(text):
    """What is left of Markdown when code spans and escaped characters are taken out."""
    return re.sub(r"\\.", "", re.sub(r"`[^`\n]*`", "", text))


def test_text_from_outside_is_harmless_wherever_it_stands():
    evil = facts(
        source=EVIL, format=EVIL, reads=EVIL, made_by=EVIL, strategy=EVIL, noise=EVIL,
        notes=(EVIL,), judges=(JudgeFact(EVIL, EVIL, EVIL),),
        rubrics=(RubricFact(EVIL, EVIL, EVIL, EVIL),),
        thresholds=((EVIL, EVIL),), dropped=((EVIL, 1),),
    )  # fmt: skip
    plain = facts(
        source="x", format="x", reads="x", made_by="x", strategy="x", noise="x", notes=("x",),
        judges=(JudgeFact("x", "x", "x"),), rubrics=(RubricFact("x", "x", "x", "x"),),
        thresholds=(("x", "x"),), dropped=(("x", 1),),
    )  # fmt: skip
    text, calm = markdown(evil), markdown(plain)
    assert len(text.splitlines()) == len(calm.splitlines())
    left, right = bare(text), bare(calm)
    for mark in ("<", "[", "](", "**", "@", "://", "www.", "\x1b", "\u202e", "~~", "&"):
        assert mark not in left, mark
    for mark in ("|", "#", "`", "$"):
        assert left.count(mark) == right.count(mark), mark


@given(st.text(max_size=60))
def test_a_name_is_one_code_span_and_a_sentence_one_line(text):
    span = shown(text)
    assert span == "(empty)" or re.fullmatch(r"`[^`|\n]+`", span)
    assert all(char.isprintable() for char in span + prose(text))


def test_long_texts_are_cut_in_the_text_and_whole_in_the_json():
    one = facts(judges=(JudgeFact("n" * 5000),))
    assert "n" * 201 not in markdown(one)
    assert as_json(one)["judges"][0]["name"] == "n" * 5000


def test_both_cards_are_swapped_in_with_the_rows(tmp_path):
    with dataset_files(tmp_path) as files:
        write_card(files, facts(source="half \ud83d", lengths=balance([(3, 1)] * 40)))
        assert not (tmp_path / "README.md").exists()
    assert (tmp_path / "README.md").read_text(encoding="utf-8").startswith(HEAD)
    told = json.loads((tmp_path / "card.json").read_text(encoding="utf-8"))
    assert (told["version"], told["source"]) == (1, "half ?")
    assert told["dropped"] == {"same text": 10, "below min-p": 700}
    assert told["lengths"]["biased"] is True
    assert told["noise"]["rate"] == 0.12


# --- lengths


def test_counts_and_means():
    found = balance([(9, 4), (1, 3), (5, 5), (0, 0)])
    assert (found.pairs, found.longer, found.shorter, found.equal) == (4, 1, 1, 2)
    assert (found.share, found.chosen, found.rejected) == (0.5, 3.75, 3.0)
    assert found.ratio == pytest.approx(math.exp((math.log(2) + math.log(0.5)) / 4))
    assert found.warning is None


@pytest.mark.parametrize(("longer", "of", "warned"), [
    (300, 400, "longer"), (100, 400, "shorter"), (230, 400, None), (7, 10, None),
    (10, 10, "longer"), (2, 2, None), (1, 1, None), (0, 0, None),
])  # fmt: skip
def test_a_warning_needs_a_large_effect_and_a_certain_one(longer, of, warned):
    found = balance([(5, 2)] * longer + [(2, 5)] * (of - longer))
    assert found.biased == (warned is not None)
    assert (
        (found.warning is None) if warned is None else (f"the {warned} response" in found.warning)
    )
    assert 0 <= found.low <= found.high <= 1
    text = markdown(facts(lengths=found))
    assert ("**Warning: length-biased" in text) == found.biased


def test_pairs_of_one_prompt_are_no_new_evidence_each():
    sides = [(5, 2)] * 7 + [(2, 5)] * 3
    apart = balance(sides)
    again = balance(
        [one for one in sides for _ in range(30)], [k for k in range(10) for _ in range(30)]
    )
    assert (again.low, again.high) == pytest.approx((apart.low, apart.high), abs=0.02)
    assert not again.biased
    assert balance([one for one in sides for _ in range(30)]).biased


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(400):
        tendency = rng.beta(3, 2, size=60)  # mean .6: prompts differ in how often length wins
        found = Lengths()
        for prompt, share in enumerate(tendency):
            for _ in range(rng.integers(1, 7)):
                chosen, rejected = ("xx", "x") if rng.random() < share else ("x", "xx")
                found.add(chosen, rejected, prompt)
        one = found.balance()
        held += one.low <= 0.6 <= one.high
    assert 0.92 <= held / 400 <= 0.985
