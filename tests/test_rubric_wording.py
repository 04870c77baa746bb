"""What a judge reads: a shared beginning, the judged texts whole, a cue at the end."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_judge.errors import ConfigurationError
from w2s_judge.prompts import Rubric, builtin, load
from w2s_judge.prompts.fence import code_for, defuse, judged_texts
from w2s_judge.prompts.slots import fill, slots
from w2s_judge.types import Item, Message, Question, Response, Way

WAYS: tuple[Way, ...] = ("logprob", "json", "text")
texts = st.text(max_size=60)
tame = st.text(alphabet=st.characters(exclude_characters="<[]", codec="utf-8"), max_size=60)


def items(text: st.SearchStrategy[str]) -> st.SearchStrategy[Item]:
    turns = st.lists(st.builds(Message, st.sampled_from(["user", "assistant"]), text), min_size=1)
    return st.builds(
        Item,
        id=st.just("i"),
        prompt=text | turns.map(tuple),
        responses=st.lists(st.builds(Response, text), min_size=2, max_size=2).map(tuple),
        reference=st.none() | text,
    )


rubrics = st.sampled_from(builtin()).map(load)
ways = st.sampled_from(WAYS)


def a_question(rubric: Rubric, item: Item, evidence: str | None = None) -> Question:
    if rubric.arity == 1:
        return rubric.question(item, (1,), evidence=evidence)
    return rubric.question(item, (0, 1), "ba", evidence=evidence)


def code_of(question: Question) -> str:
    return code_for(question.key, judged_texts(question))


@given(rubrics, ways, items(tame), st.none() | tame)
def test_judged_texts_stand_there_verbatim(
    rubric: Rubric, way: Way, item: Item, evidence: str | None
) -> None:
    question = a_question(rubric, item, evidence)
    wording = rubric.wording(question, way)
    shown = [item.prompt] if isinstance(item.prompt, str) else [m.content for m in item.prompt]
    shown += [response.text for response in question.shown]
    if item.reference is not None and rubric.texts.reference is not None:
        shown.append(item.reference)
    if evidence is not None:
        shown.append(evidence)
    for text in shown:
        assert f"\n{text}\n" in wording


@given(rubrics, ways, items(texts))
def test_judged_texts_stand_there_but_for_defused_markers(
    rubric: Rubric, way: Way, item: Item
) -> None:
    question = a_question(rubric, item)
    wording = rubric.wording(question, way)
    for response in question.shown:
        assert f"\n{defuse(response.text)}\n" in wording


@given(rubrics, ways, items(texts), items(texts))
def test_the_beginning_is_shared(rubric: Rubric, way: Way, one: Item, two: Item) -> None:
    questions = [a_question(rubric, one), a_question(rubric, two, "some evidence")]
    wordings = [rubric.wording(question, way) for question in questions]
    shared = wordings[0].split("----- BEGIN", 1)[0]
    assert all(wording.startswith(f"{shared}----- BEGIN") for wording in wordings)
    assert all(meaning in shared for meaning in rubric.meanings)
    assert all(label in shared for label in rubric.offered)
    assert "never an instruction to you" in shared
    assert not any(code_of(question) in shared for question in questions)


@given(rubrics, ways, items(texts))
def test_the_same_question_is_worded_alike(rubric: Rubric, way: Way, item: Item) -> None:
    one, two = a_question(rubric, item), a_question(rubric, item)
    assert rubric.wording(one, way) == rubric.wording(two, way)


@pytest.mark.parametrize("name", builtin())
def test_the_cue_comes_last_and_offers_every_answer(name: str) -> None:
    rubric = load(name)
    item = Item("i", "Hello", (Response("first"), Response("second")))
    question = a_question(rubric, item)
    for way in WAYS:
        cue = rubric.wording(question, way).rsplit("-----", 1)[1]
        assert all(label in cue for label in rubric.offered)
    assert rubric.wording(question, "text").endswith(f"\nVERDICT {code_of(question)}: LABEL")
    assert rubric.wording(question, "logprob").endswith("\nAnswer:\n")
    assert code_of(question) not in rubric.wording(question, "json").rsplit("-----", 1)[1]


def test_the_three_ways_differ_and_a_fourth_is_refused() -> None:
    rubric = load("safety")
    question = a_question(rubric, Item("i", "Hello", (Response("a"), Response("b"))))
    assert len({rubric.wording(question, way) for way in WAYS}) == 3
    with pytest.raises(ConfigurationError, match="reads no wording"):
        rubric.wording(question, "direct")


def test_the_reference_passage_is_there_only_with_a_reference() -> None:
    rubric = load("legal")
    bare = Item("i", "May I?", (Response("Yes."), Response("No.")))
    with_one = Item("i", "May I?", (Response("Yes."), Response("No.")), reference="Only at night.")
    without = rubric.wording(a_question(rubric, bare), "logprob")
    having = rubric.wording(a_question(rubric, with_one), "logprob")
    assert "which is correct" not in without
    assert "which is correct" in having
    assert "\nOnly at night.\n" in having
    assert "\n\n\n" not in without
    safety = load("safety")
    assert "Only at night." not in safety.wording(a_question(safety, with_one), "logprob")


def test_the_evidence_passage_is_there_only_with_evidence() -> None:
    rubric = load("helpfulness-pair")
    item = Item("i", "Which?", (Response("This."), Response("That.")))
    assert "EVIDENCE" not in rubric.wording(a_question(rubric, item), "json")
    assert "\nA second look.\n" in rubric.wording(
        a_question(rubric, item, "A second look."), "json"
    )


def test_two_responses_are_shown_in_their_order() -> None:
    rubric = load("safety-pair")
    item = Item("i", "Which?", (Response("the former"), Response("the latter")))
    for order, first in (("ab", "the former"), ("ba", "the latter")):
        wording = rubric.wording(rubric.question(item, (0, 1), order), "logprob")
        assert "Response A:" in wording
        assert f"\n{first}\n" in wording.split("Response A:\n")[1].split("Response B:\n")[0]


def test_a_conversation_keeps_its_roles() -> None:
    rubric = load("safety")
    turns = (Message("user", "Hello"), Message("assistant", "Yes?"), Message("x\ny", "Go on"))
    question = rubric.question(Item("i", turns, (Response("Well."),)), (0,))
    wording, code = rubric.wording(question, "logprob"), code_of(question)
    for role, said in (("user", "Hello"), ("assistant", "Yes?"), ("x y", "Go on")):
        assert f"--- {role} {code} ---\n{said}\n" in wording


@pytest.mark.parametrize("name", builtin())
def test_the_schema_is_the_same_for_every_question(name: str) -> None:
    rubric = load(name)
    one = a_question(rubric, Item("i", "Hello", (Response("a"), Response("b"))))
    two = a_question(rubric, Item("j", "Bye", (Response("c"), Response("d"))))
    schema = rubric.schema(one)
    assert schema == rubric.schema(two)
    assert list(schema["properties"]) == ["reasoning", "verdict"]  # type: ignore[call-overload]
    assert schema["properties"]["verdict"]["enum"] == list(rubric.offered)  # type: ignore[index]
    assert schema["required"] == ["reasoning", "verdict"]
    assert schema["additionalProperties"] is False


@given(st.lists(texts, min_size=2, max_size=2))
def test_slots_are_filled_once(values: list[str]) -> None:
    template = '{one}|{two}|{"a": 1}|{{one}}|{}|{A}'
    assert slots(template) == ("one", "two")
    filled = fill(template, {"one": values[0], "two": values[1]})
    assert filled == f'{values[0]}|{values[1]}|{{"a": 1}}|{{{{one}}}}|{{}}|{{A}}'


def test_every_shipped_wording_is_short() -> None:
    item = Item("i", "", (Response(""), Response("")))
    for name, way in itertools.product(builtin(), WAYS):
        rubric = load(name)
        assert len(rubric.wording(a_question(rubric, item), way)) < 2600
