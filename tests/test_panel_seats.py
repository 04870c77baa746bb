"""A panel's judges in their seats: identity, keys, limits and prices."""

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_judge.errors import ConfigurationError
from w2s_judge.judges.chat import ChatJudge
from w2s_judge.judges.panel import JudgeSpec, Limits, Price, read_panel, seat
from w2s_judge.prompts.load import load
from w2s_judge.types import Item, Response, Usage

RUBRICS = {name: load(name) for name in ("safety", "toxicity", "safety-pair")}
CHAT = """\
[[judge]]
name = "qwen-1.5b"
kind = "chat"
model = "Qwen/Qwen2.5-1.5B-Instruct"
base_url = "http://127.0.0.1:8000/v1"
"""


@pytest.fixture
def written(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "panel.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


# -- identity and what is shown -------------------------------------------------------------------

BASE = JudgeSpec("j", "chat", "m", "http://a/v1")


@pytest.mark.parametrize(
    "change",
    [
        {"base_url": "http://b/v1"},
        {"api_key_env": "OTHER"},
        {"api_version": "1"},
        {"family": "llama"},
        {"usd_per_call": 1.0},
        {"concurrency": 3},
        {"requests_per_minute": 3.0},
        {"tokens_per_minute": 3.0},
        {"timeout": 3.0},
        {"rubrics": ("safety",)},
        {"repeats": 2},
    ],
)
def test_identity_stays_where_answers_stay(change):
    assert dataclasses.replace(BASE, **change).identity == BASE.identity


@pytest.mark.parametrize(
    "change",
    [
        {"name": "k"},
        {"kind": "openai"},
        {"model": "n"},
        {"read": "json"},
        {"api": "completions"},
        {"temperature": 0.5},
        {"max_tokens": 5},
        {"extra_body": {"top_p": 0.5}},
        {"method": "minilm"},
        {"entry_point": "x"},
        {"import_": "a:b"},
        {"content": "0f"},
    ],
)
def test_identity_changes_where_answers_may(change):
    assert dataclasses.replace(BASE, **change).identity != BASE.identity


def test_identity_is_the_same_tomorrow():
    assert BASE.identity == "1c48944445f89d910004d066f4df0077"
    one = dataclasses.replace(BASE, extra_body={"a": 1, "b": 2})
    other = dataclasses.replace(BASE, extra_body={"b": 2, "a": 1})
    assert one.identity == other.identity


def test_identity_follows_the_content_of_the_file_that_is_named(written, tmp_path):
    path = written("[[judge]]\nname = 'r'\nkind = 'replay'\npath = 'votes.jsonl'")
    identities = []
    for text in ("one", "two", "one"):
        (tmp_path / "votes.jsonl").write_text(text)
        identities.append(read_panel(path)[0].identity)
    assert identities[0] == identities[2] != identities[1]


def test_what_is_shown_is_what_was_given_without_a_secret(written, monkeypatch):
    monkeypatch.setenv("MY_KEY", "the-very-secret")
    [spec] = read_panel(written(CHAT + "api_key_env = 'MY_KEY'\nrubrics = ['safety']"))
    shown = spec.public()
    assert shown == {
        "name": "qwen-1.5b",
        "kind": "chat",
        "model": "Qwen/Qwen2.5-1.5B-Instruct",
        "base_url": "http://127.0.0.1:8000/v1",
        "api_key_env": "MY_KEY",
        "repeats": 1,
        "rubrics": ["safety"],
        "identity": spec.identity,
    }
    assert "the-very-secret" not in json.dumps(shown) + repr(spec)
    assert "the-very-secret" not in repr(seat(spec, RUBRICS, folder=Path()))


# -- seats --------------------------------------------------------------------------------------


def test_a_seat_has_all_that_the_panel_says(written, monkeypatch):
    monkeypatch.setenv("MY_KEY", "secret")
    text = (
        CHAT + "api_key_env = 'MY_KEY'\nconcurrency = 8\nusd_per_call = 0.5\nrubrics = ['safety']"
    )
    [spec] = read_panel(written(text))
    sitting = seat(spec, RUBRICS, folder=Path())
    assert isinstance(sitting.judge, ChatJudge)
    assert (sitting.name, sitting.family, sitting.repeats) == ("qwen-1.5b", "qwen", 1)
    assert sitting.price == Price(usd_per_call=0.5)
    assert sitting.limits == Limits(concurrency=8)
    assert sitting.endpoint is not None
    assert sitting.endpoint.base_url == "http://127.0.0.1:8000/v1"
    assert sitting.endpoint.headers()["Authorization"] == "Bearer secret"
    item = Item("1", "p", (Response("a"), Response("b")))
    asked = {name: next(iter(rubric.questions(item))) for name, rubric in RUBRICS.items()}
    assert [name for name, q in asked.items() if sitting.answers(q)] == ["safety"]
    assert all(seat(BASE, RUBRICS, folder=Path()).answers(q) for q in asked.values())


def test_a_key_is_looked_for_when_the_seat_is_made(written, monkeypatch):
    monkeypatch.delenv("MY_KEY", raising=False)
    [spec] = read_panel(written(CHAT + "api_key_env = 'MY_KEY'"))
    with pytest.raises(ConfigurationError, match=r"qwen-1\.5b.*MY_KEY"):
        seat(spec, RUBRICS, folder=Path())
    monkeypatch.setenv("MY_KEY", " ")
    with pytest.raises(ConfigurationError, match="MY_KEY"):
        seat(spec, RUBRICS, folder=Path())


@pytest.mark.parametrize(
    "more",
    [
        {"base_url": "http://me:SECRET@a/v1"},
        {"extra_body": {"api_key": "SECRET"}},
        {"extra_body": {"model": "other"}},
        {"repeats": 2},
    ],
)
def test_a_row_made_in_python_is_looked_at_as_well(more):
    with pytest.raises(ConfigurationError, match="judge 'j'") as caught:
        seat(dataclasses.replace(BASE, **more), RUBRICS, folder=Path())
    assert "SECRET" not in str(caught.value)


def test_openai_without_an_address_is_openais_own_with_its_key(monkeypatch):
    pytest.importorskip("openai")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY"):
        seat(JudgeSpec("j", "openai", "gpt-4o-mini"), RUBRICS, folder=Path())
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    sitting = seat(JudgeSpec("j", "openai", "gpt-4o-mini"), RUBRICS, folder=Path())
    assert sitting.endpoint is not None
    assert sitting.endpoint.base_url == "https://api.openai.com/v1"
    assert sitting.family == "gpt"


@pytest.mark.parametrize(
    ("more", "key", "most"),
    [
        ({"base_url": "https://api.openai.com/v1"}, "max_completion_tokens", 512),
        ({"base_url": "https://api.openai.com/v1", "api": "completions"}, "max_tokens", 512),
        ({"extra_body": {"max_completion_tokens": 99}}, "max_completion_tokens", 99),
        ({"max_tokens": 77}, "max_tokens", 77),
        ({}, "max_tokens", 512),
    ],
)
def test_the_bound_goes_by_the_name_that_the_endpoint_knows(more, key, most):
    spec = dataclasses.replace(BASE, read="text", **more)
    judge = seat(spec, RUBRICS, folder=Path()).judge
    question = next(iter(RUBRICS["safety"].questions(Item("1", "p", (Response("a"),)))))
    body = judge.request(question).body
    assert {k: v for k, v in body.items() if k.startswith("max_")} == {key: most}


def test_a_bound_for_words_does_not_make_one_token_answers_long():
    spec = dataclasses.replace(BASE, max_tokens=300)
    judge = seat(spec, RUBRICS, folder=Path()).judge
    assert (judge.way, judge.most_tokens) == ("logprob", 1)
    fixed = seat(dataclasses.replace(spec, read="logprob"), RUBRICS, folder=Path()).judge
    assert fixed.most_tokens == 300


def test_a_named_way_of_reading_has_no_other():
    judge = seat(dataclasses.replace(BASE, read="text"), RUBRICS, folder=Path()).judge
    assert judge.otherwise() is None


def test_a_misspelt_rubric_is_told_and_a_strange_one_is_for_another_run():
    with pytest.raises(ConfigurationError, match="did you mean 'safety'"):
        seat(dataclasses.replace(BASE, rubrics=("safty",)), RUBRICS, folder=Path())
    only_safety = {"safety": RUBRICS["safety"]}
    for name in ("legal", "my-own-rubric"):
        sitting = seat(dataclasses.replace(BASE, rubrics=(name,)), only_safety, folder=Path())
        assert sitting.rubrics == {name}


# -- prices -------------------------------------------------------------------------------------

MONEY = st.floats(0, 100)
COUNT = st.integers(0, 10**6)


@given(MONEY, MONEY, MONEY, COUNT, COUNT)
def test_no_call_costs_more_than_its_bound(a, b, c, asked, answered):
    price = Price(a, b, c)
    cost, bound = price.cost(Usage(asked, answered)), price.bound(asked, answered)
    assert price.known
    assert cost is not None
    assert bound is not None
    assert 0 <= cost <= bound
    assert price.of(asked, answered) == cost


def test_what_is_not_known_is_not_made_up():
    unknown, by_call, half = Price(), Price(usd_per_call=0.5), Price(1.0, None, 0.5)
    by_tokens = Price(1.0, 2.0)
    assert [p.known for p in (unknown, by_call, half, by_tokens)] == [False, True, False, True]
    assert unknown.cost(Usage(1, 1)) is None
    assert unknown.bound(1, 1) is None
    assert unknown.of(1, 1) is None
    assert by_call.cost(Usage()) == 0.5
    assert by_tokens.cost(Usage(1, None)) is None
    assert by_tokens.cost(Usage(1_000_000, 1_000_000)) == pytest.approx(3.0)
    assert Price(0.0, 0.0).cost(Usage()) == 0.0
    assert by_call.of(10, 10, calls=4) == 2.0
