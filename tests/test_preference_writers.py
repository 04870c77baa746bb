"""Rows as trainers read them, and the draws that rows go through: sides, resampling."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_judge.errors import UsageError
from w2s_judge.preferences.contract import WRITERS, PairWriter, RatedWriter
from w2s_judge.preferences.meta import meta_of, prefixed
from w2s_judge.preferences.resample import Resample, refuse_needless, turned
from w2s_judge.preferences.split import Split
from w2s_judge.types import Message, Preference, Rated

CHAT = (Message("system", "Be brief."), Message("user", "Why?"))
PAIRS, SINGLES = ("trl-dpo", "trl-reward"), ("trl-kto", "trl-sft")


def pair(prompt="Why?", p=0.8, chosen="Because.", rejected="No."):
    margin = math.log(p / (1 - p))
    return Preference(
        "i1", prompt, chosen, rejected, p, 0.1, margin, 5, 0.2, "helpful", "majority", "none",
        (2, 0), ("m2", None), ("a", "b"),
    )  # fmt: skip


def rated(prompt="Why?", p=0.9, completion="Because."):
    return Rated(
        "i1", prompt, completion, p, p > 0.5, 5, 0.2, "helpful", "majority", "none", 1, None, ("a",)
    )


def row(name, source, style):
    return WRITERS.get(name).writes.row(source, style)


def assistant(text):
    return [{"role": "assistant", "content": text}]


def test_dpo_rows():
    assert row("trl-dpo", pair(), "plain") == {
        "prompt": "Why?", "chosen": "Because.", "rejected": "No.",
    }  # fmt: skip
    assert row("trl-dpo", pair(CHAT), "conversational") == {
        "prompt": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Why?"},
        ],
        "chosen": assistant("Because."),
        "rejected": assistant("No."),
    }


def test_a_reward_row_is_a_dpo_row_and_its_margin_in_logits():
    found = dict(row("trl-reward", pair(), "conversational"))
    assert found.pop("margin") == pytest.approx(math.log(4))
    assert found == row("trl-dpo", pair(), "conversational")
    assert type(row("trl-reward", replace(pair(), margin=2), "plain")["margin"]) is float


def test_kto_rows_have_a_label_that_is_true_or_false_and_never_p():
    assert row("trl-kto", rated(), "plain") == {
        "prompt": "Why?", "completion": "Because.", "label": True,
    }  # fmt: skip
    assert row("trl-kto", rated(p=0.3), "conversational")["label"] is False


def test_sft_rows_keep_the_prompt_apart_so_that_no_loss_falls_on_it():
    assert row("trl-sft", rated(), "conversational") == {
        "prompt": [{"role": "user", "content": "Why?"}],
        "completion": assistant("Because."),
    }


def test_what_a_writer_says_of_its_trainer():
    assert set(PAIRS) | set(SINGLES) <= set(WRITERS.names())
    assert [WRITERS.get(name).writes.weighs for name in PAIRS] == [False, True]
    assert [WRITERS.get(name).writes.undesirable for name in SINGLES] == [True, False]
    for writer in WRITERS.all():
        assert isinstance(writer.writes, PairWriter | RatedWriter)


@pytest.mark.parametrize("name", [*PAIRS, *SINGLES])
def test_a_chat_of_one_user_turn_is_plain_text_and_no_other_chat_is(name):
    source = pair if name in PAIRS else rated
    assert row(name, source((Message("user", "Why?"),)), "plain")["prompt"] == "Why?"
    for chat in (CHAT, (Message("system", "Why?"),), CHAT * 9):
        with pytest.raises(UsageError, match=r"'i1' is a chat .*\n.*--layout conversational"):
            row(name, source(chat), "plain")


@pytest.mark.parametrize("name", [*PAIRS, *SINGLES])
def test_messages_are_never_an_empty_list(name):
    source = pair("") if name in PAIRS else rated("")
    assert row(name, source, "conversational")["prompt"] == [{"role": "user", "content": ""}]


def test_our_columns_are_none_that_a_trainer_reads():
    for source in (pair(), rated()):
        ours = prefixed(meta_of(source))
        assert all(key.startswith("w2s_") for key in ours)
        # A reader types a column by its first rows: one of nulls alone could hold no name later.
        assert None not in ours.values()
    assert meta_of(pair())["models"] == ["m2", None]
    assert prefixed(meta_of(pair()))["w2s_models"] == ["m2", ""]


# --- sides


def test_the_side_is_the_same_for_the_same_words():
    split = Split(0.5, seed=3)
    for k in range(50):
        text = f"What is {k} Plus one?"
        sides = {
            split.side(text),
            split.side(f"  what is\n{k} plus ONE? "),
            split.side((Message("user", text),)),
        }
        assert len(sides) == 1


def test_the_share_is_that_asked_for_and_the_seed_matters():
    prompts = [f"question {k}" for k in range(4000)]
    for share in (0.1, 0.5):
        there = [
            {p for p in prompts if Split(share, seed).side(p) == "validation"} for seed in (0, 1)
        ]
        for found in there:
            assert abs(len(found) / 4000 - share) < 4 * math.sqrt(share * (1 - share) / 4000)
        assert len(there[0] & there[1]) < 1.3 * share * share * 4000
    assert {Split(0).side(p) for p in prompts} == {"train"}


def test_a_larger_share_only_adds_to_validation():
    prompts = [f"question {k}" for k in range(300)]
    few = {p for p in prompts if Split(0.1).side(p) == "validation"}
    assert few < {p for p in prompts if Split(0.3).side(p) == "validation"}


@pytest.mark.parametrize("share", [-0.1, 1, 1.5, math.nan])
def test_a_share_that_leaves_nothing_to_train_on_is_refused(share):
    with pytest.raises(UsageError, match="validation share"):
        Split(share)


# --- resampling


def drawn(way, p, n=4000):
    resample = Resample(way, seed=1)
    return [resample.pair(pair(p=p, chosen=f"yes {k}")) for k in range(n)]


@pytest.mark.parametrize("p", [0.55, 0.8, 0.99])
def test_flipped_pairs_are_chosen_as_often_as_p_says(p):
    found = drawn("flip", p)
    kept = sum(one.chosen.startswith("yes") for one in found)
    assert abs(kept / 4000 - p) < 4 * math.sqrt(p * (1 - p) / 4000)


@pytest.mark.parametrize("p", [0.55, 0.8, 0.99])
def test_drawn_pairs_stay_with_twice_p_less_one_and_never_turn(p):
    found = [one for one in drawn("draw", p) if one is not None]
    keep = 2 * p - 1
    assert abs(len(found) / 4000 - keep) < 4 * math.sqrt(keep * (1 - keep) / 4000)
    assert all(one.chosen.startswith("yes") for one in found)


@given(st.integers(0, 9), st.floats(0.5, 1), st.sampled_from(["flip", "draw"]))
def test_a_draw_depends_on_the_seed_and_the_words_alone(seed, p, way):
    one = replace(pair(), p=p)
    again = replace(one, item="another id", judges=(), votes=99)
    first, second = Resample(way, seed).pair(one), Resample(way, seed).pair(again)
    assert (first and first.chosen) == (second and second.chosen)


def test_what_is_certain_always_stays_and_a_toss_up_is_never_drawn():
    for way in ("flip", "draw"):
        sure = replace(pair(), p=1.0, margin=9.0)
        assert all(Resample(way, seed).pair(sure) == sure for seed in range(50))
    assert all(Resample("draw", seed).pair(replace(pair(), p=0.5)) is None for seed in range(50))


def test_a_turned_pair_is_told_in_its_own_frame():
    one = pair()
    other = turned(one)
    assert (other.chosen, other.rejected) == (one.rejected, one.chosen)
    assert (other.places, other.models) == ((0, 2), (None, "m2"))
    assert other.p == pytest.approx(0.2)
    assert other.margin == -one.margin
    assert turned(other) == replace(one, p=turned(other).p)


def test_single_responses_are_drawn_by_the_p_of_the_side_they_claim():
    flip, draw = Resample("flip", 2), Resample("draw", 2)
    many = [rated(p=0.2, completion=f"r{k}") for k in range(4000)]
    good = sum(flip.rated(one).desirable for one in many)
    assert abs(good / 4000 - 0.2) < 0.03
    kept = [draw.rated(one) for one in many]
    assert abs(sum(one is not None for one in kept) / 4000 - 0.6) < 0.03
    assert not any(one.desirable for one in kept if one)


def test_a_trainer_that_reads_the_margin_needs_no_resampling():
    refuse_needless(WRITERS.get("trl-dpo"))
    refuse_needless(WRITERS.get("trl-kto"))
    with pytest.raises(UsageError, match="trl-reward has its margin: leave --resample out"):
        refuse_needless(WRITERS.get("trl-reward"))
    with pytest.raises(UsageError, match="flip and draw"):
        Resample("both")
