"""Questions about an item, and the keys that tell them apart."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_judge.errors import ConfigurationError
from w2s_judge.prompts import load
from w2s_judge.types import Item, Message, Question, Response

SAFETY, PAIR = load("safety"), load("safety-pair")
ITEM = Item("one", "Why?", (Response("Because."), Response("So."), Response("Never.")))


def test_one_question_a_response() -> None:
    questions = list(SAFETY.questions(ITEM))
    assert [q.responses for q in questions] == [(0,), (1,), (2,)]
    assert {(q.order, q.variant, q.evidence, q.rubric) for q in questions} == {
        (None, "base", None, "safety")
    }


def test_every_pair_in_both_orders() -> None:
    questions = list(PAIR.questions(ITEM))
    assert [(q.responses, q.order) for q in questions] == [
        (pair, order) for pair in ((0, 1), (0, 2), (1, 2)) for order in ("ab", "ba")
    ]
    assert [r.text for r in questions[1].shown] == ["So.", "Because."]


def test_no_pair_no_question() -> None:
    assert list(PAIR.questions(Item("one", "Why?", (Response("Because."),)))) == []


def key(item: Item, **changes: object) -> bytes:
    arguments = {"responses": (0,), "variant": "base", "evidence": None} | changes
    return SAFETY.question(item, **arguments).key  # type: ignore[arg-type]


REFERENCED = dataclasses.replace(ITEM, reference="Yes.")


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(ITEM, prompt="How?"),
        dataclasses.replace(ITEM, prompt=(Message("user", "Why?"),)),
        dataclasses.replace(ITEM, prompt=(Message("system", "Why?"),)),
        dataclasses.replace(ITEM, prompt=(Message("user", "Wh"), Message("y", "?"))),
        dataclasses.replace(ITEM, reference=""),
        REFERENCED,
        dataclasses.replace(ITEM, responses=(Response("Because!"), *ITEM.responses[1:])),
    ],
)
def test_the_key_depends_on_the_content(other: Item) -> None:
    assert key(other) != key(ITEM)


def test_the_key_depends_on_how_it_is_asked() -> None:
    keys = [
        key(ITEM),
        key(ITEM, responses=(1,)),
        key(ITEM, variant="repeat:2"),
        key(ITEM, evidence=""),
        key(ITEM, evidence="Yes."),
        key(REFERENCED),
        load("toxicity").question(ITEM, (0,)).key,
        PAIR.question(ITEM, (0, 1), "ab").key,
        PAIR.question(ITEM, (0, 1), "ba").key,
    ]
    assert len(set(keys)) == len(keys)
    assert {len(k) for k in keys} == {16}


def test_the_key_depends_on_nothing_else() -> None:
    other = Item(
        "another id",
        "Why?",
        (Response("Because.", "some-model", "some-family"), Response("Other."), Response("None.")),
        task="safety",
        meta={"column": 1},
    )
    assert key(other) == key(ITEM)


texts = st.text(alphabet="ab1:n|é", max_size=6)
prompts = texts | st.lists(st.builds(Message, texts, texts), max_size=3).map(tuple)
contents = st.tuples(prompts, texts, st.none() | texts, st.none() | texts)


@given(contents, contents)
def test_two_contents_have_one_key_only_if_they_are_the_same(
    one: tuple[str, str, str | None, str | None], two: tuple[str, str, str | None, str | None]
) -> None:
    def of(content: tuple[str, str, str | None, str | None]) -> bytes:
        prompt, response, reference, evidence = content
        return key(Item("i", prompt, (Response(response),), reference), evidence=evidence)

    assert (of(one) == of(two)) == (one == two)


def test_half_a_surrogate_pair_stops_nothing() -> None:
    item = Item("one", "\ud800", (Response("x \udfff"),))
    question = SAFETY.question(item, (0,))
    assert "\udfff" in SAFETY.wording(question, "text")


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: SAFETY.question(ITEM, (0, 1)), "1 response"),
        (lambda: SAFETY.question(ITEM, (3,)), "responses 0 to 2"),
        (lambda: SAFETY.question(ITEM, (-1,)), "responses 0 to 2"),
        (lambda: SAFETY.question(ITEM, (0,), "ab"), "no order"),
        (lambda: PAIR.question(ITEM, (1, 0), "ab"), "must ascend"),
        (lambda: PAIR.question(ITEM, (0, 1)), "needs an order"),
        (
            lambda: dataclasses.replace(
                SAFETY, texts=dataclasses.replace(SAFETY.texts, evidence=None)
            ).question(ITEM, (0,), evidence="x"),
            "no passage for evidence",
        ),
    ],
)
def test_a_question_that_does_not_suit(ask: Callable[[], Question], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        ask()
