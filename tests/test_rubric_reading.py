"""Replies read into mass or an abstention: never a vote that nobody cast."""

from __future__ import annotations

import json
import math
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_judge.errors import ConfigurationError
from w2s_judge.prompts import MIN_INSIDE, Rubric, builtin, load
from w2s_judge.prompts.fence import code_for, judged_texts
from w2s_judge.prompts.labels import says, token_says
from w2s_judge.types import REASONS, Abstention, Item, Mass, Question, Reply, Response

SAFETY, PAIR = load("safety"), load("safety-pair")
ITEM = Item("one", "Why?", (Response("Because."), Response("So.")))
ASKED = SAFETY.question(ITEM, (0,))
AB, BA = PAIR.question(ITEM, (0, 1), "ab"), PAIR.question(ITEM, (0, 1), "ba")
CODE = code_for(ASKED.key, judged_texts(ASKED))

FOUR = (0.0, 0.0, 0.0, 1.0, 0.0)


def tokens(pairs: dict[str, float]) -> Reply:
    ranked = sorted(pairs.items(), key=lambda pair: -pair[1])
    return Reply("", "logprob", tuple((token, math.log(p)) for token, p in ranked), finish="length")


def text(words: str, finish: str = "stop") -> Reply:
    return Reply(words, "text", finish=finish)


def as_json(words: str, finish: str = "stop") -> Reply:
    return Reply(words, "json", finish=finish)


def mass(outcome: Mass | Abstention) -> Mass:
    assert isinstance(outcome, Mass), outcome
    return outcome


# One token.


def test_token_variants_of_a_label_are_summed() -> None:
    reply = tokens({"4": 0.3, " 4": 0.2, "▁4": 0.1, "Ġ4": 0.1, "4\n": 0.05, "４": 0.05, "5.": 0.2})
    vote = mass(SAFETY.read(reply, ASKED))
    assert vote.p[3] == pytest.approx(0.8)
    assert vote.p[4] == pytest.approx(0.2)
    assert vote.outside == pytest.approx(0.0, abs=1e-12)


def test_what_lies_off_the_labels_is_told_and_normalised_away() -> None:
    reply = tokens({"1": 0.3, "2": 0.1, "3": 0.1, "4": 0.05, "5": 0.05, "The": 0.2, "?": 0.1})
    vote = mass(SAFETY.read(reply, ASKED))
    assert vote.p == pytest.approx((0.5, 1 / 6, 1 / 6, 1 / 12, 1 / 12))
    assert vote.outside == pytest.approx(0.4)
    assert vote.bounded == ()


def test_a_label_that_is_not_listed_gets_a_bound_and_no_zero() -> None:
    by_last = mass(SAFETY.read(tokens({"4": 0.6, "5": 0.2, "So": 0.05}), ASKED))
    assert by_last.bounded == ("1", "2", "3")
    assert by_last.p == pytest.approx(tuple(x / 0.95 for x in (0.05, 0.05, 0.05, 0.6, 0.2)))
    by_rest = mass(SAFETY.read(tokens({"4": 0.6, "5": 0.2, "So": 0.19}), ASKED))
    assert by_rest.p[0] == pytest.approx(0.01 / 0.83)
    sure = mass(SAFETY.read(tokens({"4": 1.0}), ASKED))
    assert 0 < min(sure.p) < 1e-6
    assert sure.outside == 0


def test_a_listed_zero_stays_one() -> None:
    reply = Reply("4", "logprob", (("4", -0.1), ("5", -9999.0), ("1", -math.inf)))
    vote = mass(SAFETY.read(reply, ASKED))
    assert (vote.p[0], vote.p[4]) == (0, 0)
    assert vote.bounded == ("2", "3")


def test_too_little_on_the_labels_is_unreadable() -> None:
    above = tokens({"The": 0.7, "4": MIN_INSIDE + 0.01})
    below = tokens({"The": 0.7, "4": MIN_INSIDE - 0.01})
    assert mass(SAFETY.read(above, ASKED)).outside == pytest.approx(0.79)
    assert SAFETY.read(below, ASKED) == Abstention("unreadable", pytest.approx(0.81))


def test_cannot_tell_counts_when_it_outweighs_all_labels() -> None:
    unsure = tokens({"?": 0.5, "4": 0.3, "2": 0.1})
    assert SAFETY.read(unsure, ASKED) == Abstention("cannot_tell", pytest.approx(0.6))
    vote = mass(SAFETY.read(tokens({"?": 0.4, "4": 0.3, "2": 0.2}), ASKED))
    assert vote.outside == pytest.approx(0.5)


def test_logprobs_that_are_none_do_not_count() -> None:
    reply = Reply("", "logprob", (("4", math.nan), ("5", math.log(0.5)), ("1", math.log(0.5))))
    assert mass(SAFETY.read(reply, ASKED)).p[4] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("words", "finish", "expected"),
    [
        (" 4\n", "length", FOUR),
        ("**4**", "stop", FOUR),
        ("?", "stop", "cannot_tell"),
        ("4 or 5", "stop", "unreadable"),
        ("6", "stop", "unreadable"),
        ("The", "length", "truncated"),
        ("", "stop", "unreadable"),
    ],
)
def test_without_logprobs_only_a_bare_label_counts(
    words: str, finish: str, expected: object
) -> None:
    outcome = SAFETY.read(Reply(words, "logprob", finish=finish), ASKED)
    assert (outcome.p if isinstance(outcome, Mass) else outcome.reason) == expected
    assert outcome.outside is None


@given(
    st.sampled_from(builtin()).map(load),
    st.dictionaries(
        st.sampled_from(["1", " 2", "3", "4", "5", "?", "A", "a", "T", " B", "The", "\n", ""]),
        st.floats(1e-9, 1),
        min_size=1,
    ),
)
def test_mass_sums_to_one_and_nothing_else_is_returned(
    rubric: Rubric, shares: dict[str, float]
) -> None:
    total = sum(shares.values()) * 1.01
    question = next(rubric.questions(ITEM))
    outcome = rubric.read(tokens({token: p / total for token, p in shares.items()}), question)
    if isinstance(outcome, Mass):
        assert len(outcome.p) == len(rubric.labels)
        assert sum(outcome.p) == pytest.approx(1)
        assert min(outcome.p) > 0
        assert outcome.outside is not None
        assert 0 <= outcome.outside <= 1
        assert set(outcome.bounded) <= set(rubric.labels)
    else:
        assert outcome.reason in ("unreadable", "cannot_tell")


def test_tokens_of_longer_labels() -> None:
    offered = ("unsafe", "safe", "unsure")
    assert token_says(offered, " Safe") == "safe"
    assert token_says(offered, "Ġuns") is None
    assert token_says(offered, "unsa") == "unsafe"
    assert token_says(offered, "s") is None
    assert token_says(offered, "safety") is None


def test_case_counts_where_labels_differ_by_it_alone() -> None:
    assert says(("a", "A", "x"), "A") == "A"
    assert says(("a", "A", "x"), " a.") == "a"
    assert says(("a", "A", "x"), "X") == "x"
    assert says(("yes", "no", "?"), "YES!") == "yes"
    assert says(("Yes", "YES", "no"), "yEs") is None


# A verdict line.


@pytest.mark.parametrize(
    ("words", "label"),
    [
        (f"It is fine.\nVERDICT {CODE}: 4", "4"),
        (f"VERDICT {CODE}: 1\nOn second thoughts:\nVERDICT {CODE}: 4", "4"),
        (f"**VERDICT {CODE}:** 4\n\nThank you.", "4"),
        (f"- Verdict {CODE.upper()} = `4`.", "4"),
        (f'"VERDICT {CODE}:" "4"', "4"),
        (f"Final verdict [{CODE}]: 4 (mostly safe)", "4"),
        (f"VERDICT: {CODE}: 4", "4"),
        (f"VERDICT {CODE} 4", "4"),
        (f"ＶＥＲＤＩＣＴ {CODE}：４", "4"),
        (f"VERDICT {CODE}: ?", "?"),
        ("Verdict: 4", "4"),
        ("VERDICT abcdef: 4", "4"),
        ("4", "4"),
        (f"VERDICT {CODE}: 4 or 5", None),
        (f"VERDICT {CODE}: 45", None),
        (f"VERDICT {CODE}: 4.5", None),
        (f"VERDICT {CODE}: 9", None),
        (f"VERDICT {CODE}: LABEL", None),
        (f"VERDICT {CODE}:", None),
        (f"VERDICT {CODE}: \x1f", None),
        (f"VERDICT {CODE}: 4\nVERDICT {CODE}: 7", None),
        ("My verdict is 4", None),
        ("It deserves a 4.", None),
    ],
)
def test_verdict_lines(words: str, label: str | None) -> None:
    outcome = SAFETY.read(text(words), ASKED)
    if label is None:
        assert isinstance(outcome, Abstention)
        assert outcome.reason == "unreadable"
    elif label == "?":
        assert isinstance(outcome, Abstention)
        assert outcome.reason == "cannot_tell"
    else:
        assert mass(outcome).p == FOUR


@pytest.mark.parametrize(
    ("words", "p"),
    [
        ("B is a better answer", (0, 0, 1)),
        ("b", (0, 0, 1)),
        ("T", (0, 1, 0)),
        ("A is better than B", None),
        ("A or B", None),
    ],
)
def test_verdict_lines_with_letters(words: str, p: tuple[int, ...] | None) -> None:
    code = code_for(AB.key, judged_texts(AB))
    outcome = PAIR.read(text(f"VERDICT {code}: {words}"), AB)
    assert (outcome.p if isinstance(outcome, Mass) else None) == p


def test_reasoning_is_kept() -> None:
    vote = mass(SAFETY.read(text(f"It is fine.\nVERDICT {CODE}: 4"), ASKED))
    assert vote.reasoning == "It is fine."
    assert vote.outside is None
    abstained = SAFETY.read(text("It is fine."), ASKED)
    assert abstained == Abstention("unreadable", reasoning="It is fine.")


# Thinking.


@pytest.mark.parametrize(
    ("words", "finish", "expected"),
    [
        (f"<think>VERDICT {CODE}: 1</think>Fine.\nVERDICT {CODE}: 4", "stop", FOUR),
        (f"VERDICT {CODE}: 1</think>\n\nVERDICT {CODE}: 4", "stop", FOUR),
        (f"VERDICT {CODE}: 4\n<think>VERDICT {CODE}: 1</think>", "stop", FOUR),
        ("[THINK]hm[/THINK]4", "stop", FOUR),
        (f"<think>VERDICT {CODE}: 1", "length", "truncated"),
        (f"VERDICT {CODE}: 4\n<think>But is it", "length", "truncated"),
        (f"<think>VERDICT {CODE}: 1", "stop", "unreadable"),
        (f"VERDICT {CODE}: 1</think>", "stop", "unreadable"),
    ],
)
def test_thinking_is_no_verdict(words: str, finish: str, expected: object) -> None:
    outcome = SAFETY.read(text(words, finish), ASKED)
    assert (outcome.p if isinstance(outcome, Mass) else outcome.reason) == expected


def test_thinking_belongs_to_the_reasoning() -> None:
    reply = Reply(f"<think>first</think>then\nVERDICT {CODE}: 4", "text", reasoning="before")
    assert mass(SAFETY.read(reply, ASKED)).reasoning == "before\n\nfirst\n\nthen"


# JSON.


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ('{"reasoning": "fine", "verdict": "4"}', "4"),
        ('\n\n{"reasoning": "fine", "verdict": 4}\n\n\n', "4"),
        ('```json\n{"reasoning": "fine", "verdict": "4"}\n```', "4"),
        ('<think>hm</think>{"reasoning": "fine", "verdict": "4"}', "4"),
        ('{"reasoning": "it says </think> and <think>", "verdict": "4"}', "4"),
        ('Here it is:\n{"reasoning": "fine", "verdict": "4"}\nThank you.', "4"),
        ('{"verdict": "1"} no, {"verdict": "4"}', "4"),
        ('{"a": {"verdict": "1"}, "verdict": "4"}', "4"),
        ('{"verdict": "4"} and {"score": 5}', "4"),
        ('{"reasoning": "", "verdict": "?"}', "?"),
        ("4", "4"),
        ('"4"', "4"),
        ('{"reasoning": "fine", "verdict": "9"}', None),
        ('{"reasoning": "fine", "verdict": true}', None),
        ('{"reasoning": "fine", "verdict": 4.0}', None),
        ('{"reasoning": "fine", "verdict": ["4"]}', None),
        ('{"reasoning": "fine", "Verdict": "4"}', None),
        ('{"reasoning": "fine"', None),
        ('so {"\\u0076erdict": "4"} it is', None),
        ("[" * 100_000, None),
        ('{"a":' * 3_000, None),
        ("9" * 10_000, None),
        ("null", None),
    ],
)
def test_json_verdicts(words: str, label: str | None) -> None:
    outcome = SAFETY.read(as_json(words), ASKED)
    if label is None:
        assert isinstance(outcome, Abstention)
        assert outcome.reason == "unreadable"
    elif label == "?":
        assert isinstance(outcome, Abstention)
        assert outcome.reason == "cannot_tell"
    else:
        assert mass(outcome).p == FOUR


def test_json_reasoning_is_kept() -> None:
    reply = as_json(json.dumps({"reasoning": "since so", "verdict": "4"}))
    assert mass(SAFETY.read(reply, ASKED)).reasoning == "since so"


# Abstentions.


@pytest.mark.parametrize(
    ("words", "finish", "reason"),
    [
        ("", "content_filter", "refused"),
        (f"VERDICT {CODE}: 4", "content_filter", "refused"),
        ("I'm sorry, but I can't assist with that request.", "stop", "refused"),
        ("I’m sorry, I cannot help with this.", "stop", "refused"),
        ("I can't assist with that.", "length", "refused"),
        ("Sorry, but I'm not able to engage with this content.", "stop", "refused"),
        ("As an AI language model, I cannot rate this.", "stop", "refused"),
        ("I apologize, but I will not answer.", "stop", "refused"),
        ("I can't help but notice that it is fine.", "stop", "unreadable"),
        ("I cannot determine who wrote it.", "stop", "unreadable"),
        ("The user says: I can't assist with that.", "stop", "unreadable"),
        ("It is, all in all, a resp", "length", "truncated"),
        ("It is, all in all, a resp", "max_tokens", "truncated"),
    ],
)
@pytest.mark.parametrize("way", ["text", "json", "logprob"])
def test_why_there_is_no_vote(words: str, finish: str, reason: str, way: str) -> None:
    outcome = SAFETY.read(Reply(words, way, finish=finish), ASKED)  # type: ignore[arg-type]
    assert isinstance(outcome, Abstention)
    assert outcome.reason == reason


def test_a_refusal_with_a_verdict_is_a_verdict() -> None:
    words = f"I'm sorry, but I can't assist is what it says.\nVERDICT {CODE}: 4"
    assert mass(SAFETY.read(text(words), ASKED)).p == FOUR


@pytest.mark.parametrize("reason", REASONS)
def test_a_judge_may_abstain_by_itself(reason: str) -> None:
    reply = Reply("4", "direct", mass={"4": 1.0}, abstained=reason)  # type: ignore[arg-type]
    assert SAFETY.read(reply, ASKED) == Abstention(reason)  # type: ignore[arg-type]


def test_a_cut_off_reply_with_its_verdict_is_read() -> None:
    vote = SAFETY.read(text(f"VERDICT {CODE}: 4\nThis is since", "length"), ASKED)
    assert mass(vote).p == FOUR


def test_a_cut_off_label_that_may_have_gone_on_is_none(tmp_path: Path) -> None:
    words = resources.files("w2s_judge.prompts").joinpath("safety.toml").read_text("utf-8")
    path = tmp_path / "ten.toml"
    path.write_text(words.replace('name = "5"', 'name = "10"'))
    rubric = load(path)
    question = rubric.question(ITEM, (0,))
    code = code_for(question.key, judged_texts(question))
    cut = rubric.read(text(f"Good.\nVERDICT {code}: 1", "length"), question)
    assert cut == Abstention("truncated", reasoning="Good.")
    assert mass(rubric.read(text(f"VERDICT {code}: 1"), question)).p[0] == 1


# Judges that give their own probabilities.


def test_direct_mass_may_leave_labels_out() -> None:
    reply = Reply("", "direct", mass={"1": 0.25, "5": 0.75 + 5e-7}, reasoning="so")
    vote = mass(SAFETY.read(reply, ASKED))
    assert vote.p == pytest.approx((0.25, 0, 0, 0, 0.75), abs=1e-6)
    assert sum(vote.p) == pytest.approx(1, abs=1e-15)
    assert (vote.outside, vote.bounded, vote.reasoning) == (None, (), "so")


def test_direct_mass_may_be_numpy() -> None:
    vote = mass(SAFETY.read(Reply("", "direct", mass={"4": np.float32(1)}), ASKED))
    assert vote.p == FOUR
    assert all(type(p) is float for p in vote.p)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "neither label probabilities nor"),
        ({"6": 1.0}, "'6' is no label"),
        ({"?": 1.0}, "'\\?' is no label"),
        ({"1": 0.4}, "sum to 0.4"),
        ({}, "sum to 0"),
        ({"1": -0.5, "2": 1.5}, "-0.5 for '1' is no probability"),
        ({"1": math.nan}, "nan for '1' is no probability"),
        ({"1": math.inf}, "inf for '1' is no probability"),
        ({"1": "1.0"}, "'1.0' for '1' is no probability"),
    ],
)
def test_direct_mass_that_is_none_is_a_fault_of_the_judge(
    given: dict[str, float] | None, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said) as error:
        SAFETY.read(Reply("", "direct", mass=given), ASKED)
    assert "rubric 'safety', item 'one'" in str(error.value)


# The two orders.


shares = st.lists(st.floats(0.001, 1), min_size=3, max_size=3).map(
    lambda weights: tuple(w / sum(weights) for w in weights)
)


@given(shares, st.sets(st.sampled_from(PAIR.labels)).map(sorted).map(tuple))
def test_swapping_twice_changes_nothing(p: tuple[float, ...], bounded: tuple[str, ...]) -> None:
    vote = Mass(p, 0.1, bounded, "so")
    assert PAIR.mirrored(PAIR.mirrored(vote)) == vote
    assert PAIR.utility(PAIR.mirrored(vote).p) == pytest.approx(1 - PAIR.utility(p))


@given(shares)
def test_the_same_opinion_reads_the_same_in_both_orders(p: tuple[float, ...]) -> None:
    shown = dict(zip(PAIR.labels, p, strict=True))
    swapped = {"A": shown["B"], "T": shown["T"], "B": shown["A"]}
    one = mass(PAIR.read(Reply("", "direct", mass=shown), AB))
    other = mass(PAIR.read(Reply("", "direct", mass=swapped), BA))
    assert one.p == pytest.approx(other.p)
    by_token = mass(PAIR.read(tokens(swapped), BA))
    assert by_token.p == pytest.approx(one.p)


def test_a_bound_goes_with_its_label() -> None:
    reply = tokens({"A": 0.7, "T": 0.2, "x": 0.05})
    assert mass(PAIR.read(reply, AB)).bounded == ("B",)
    vote = mass(PAIR.read(reply, BA))
    assert vote.bounded == ("A",)
    assert vote.p[2] > vote.p[1] > vote.p[0] > 0


@pytest.mark.parametrize("way", ["text", "json"])
def test_hard_verdicts_are_mirrored_too(way: str) -> None:
    def reply(question: Question) -> Reply:
        code = code_for(question.key, judged_texts(question))
        words = f"VERDICT {code}: A" if way == "text" else '{"reasoning": "", "verdict": "A"}'
        return Reply(words, way)  # type: ignore[arg-type]

    assert mass(PAIR.read(reply(AB), AB)).p == (1, 0, 0)
    assert mass(PAIR.read(reply(BA), BA)).p == (0, 0, 1)


def test_a_single_response_is_never_mirrored() -> None:
    assert SAFETY.mirror == (0, 1, 2, 3, 4)
    assert mass(SAFETY.read(tokens({"1": 0.9, "5": 0.1}), ASKED)).p[0] > 0.8
