"""`replay`: recorded votes answer again."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_judge.errors import ConfigurationError, InputError
from w2s_judge.judges.contracts import LocalJudge, SdkJudge, ServedJudge
from w2s_judge.judges.panel import JudgeSpec, seat
from w2s_judge.judges.replay import ReplayJudge, load_replay
from w2s_judge.prompts.load import load
from w2s_judge.types import Abstention, Item, Mass, Response, Usage

SAFETY, PAIR = load("safety"), load("safety-pair")
RUBRICS = {"safety": SAFETY, "safety-pair": PAIR}
ITEM = Item("item-1", "p", (Response("a"), Response("b")))
ONE = SAFETY.question(ITEM, (1,))
STRAIGHT, SWAPPED = PAIR.questions(ITEM)


def row(**more: Any) -> dict[str, Any]:
    """A line as `w2s-judge votes` prints it."""
    return {
        "item": "item-1",
        "responses": [1],
        "order": None,
        "variant": "base",
        "rubric": "safety",
        "rubric_hash": SAFETY.hash,
        "judge": "qwen",
        "family": "qwen",
        "model": "Qwen/Qwen2.5",
        "read": "logprob",
        "stage": 0,
        "mass": {"1": 0.0, "2": 0.0, "3": 0.0, "4": 0.25, "5": 0.75},
        "outside": 0.1,
        "categories": None,
        "abstained": None,
        "raw": "5",
        "reasoning": None,
        "prompt_tokens": 12,
        "completion_tokens": 1,
        "cost_usd": 0.0,
        "attempts": 1,
        "latency_s": 0.2,
        "at": "2026-01-01T00:00:00Z",
    } | more


@pytest.fixture
def recording(tmp_path):
    def write(*rows: Any, name: str = "votes.jsonl") -> Path:
        path = tmp_path / name
        lines = [line if isinstance(line, str) else json.dumps(line) for line in rows]
        data = "".join(line + "\n" for line in lines).encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return write


def replay(path: Path, name: str = "qwen", **more: Any) -> ReplayJudge:
    return load_replay(name, path, RUBRICS, **more)


def test_is_a_local_judge_and_no_other_shape(recording):
    judge = replay(recording(row()))
    assert isinstance(judge, LocalJudge)
    assert not isinstance(judge, ServedJudge | SdkJudge)


@pytest.mark.parametrize("name", ["votes.jsonl", "votes.jsonl.gz"])
def test_gives_back_the_recorded_vote(recording, name):
    path = recording(
        row(reasoning="because", categories=["insult"], uncalibrated=True), "", name=name
    )
    with replay(path) as judge:
        assert judge.answers(ONE)
        [reply] = judge.ask([ONE])
    assert SAFETY.read(reply, ONE) == Mass((0, 0, 0, 0.25, 0.75), reasoning="because")
    assert (reply.raw, reply.usage, reply.categories) == ("5", Usage(12, 1), ("insult",))
    assert reply.uncalibrated


def test_an_abstention_stays_one(recording):
    judge = replay(recording(row(mass=None, abstained="refused")))
    assert SAFETY.read(judge.ask([ONE])[0], ONE) == Abstention("refused")


@given(st.integers(0, len(PAIR.labels) - 1), st.floats(0.5, 1))
def test_mass_comes_out_in_the_items_frame_in_both_orders(tmp_path_factory, k, share):
    mass = dict.fromkeys(PAIR.labels, 0.0)
    mass[PAIR.labels[k]] += share
    mass[PAIR.labels[0]] += 1 - share
    rows = [
        row(responses=[0, 1], order=q.order, rubric="safety-pair", rubric_hash=PAIR.hash, mass=mass)
        for q in (STRAIGHT, SWAPPED)
    ]
    path = tmp_path_factory.mktemp("replay") / "votes.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    judge = replay(path)
    for question in (STRAIGHT, SWAPPED):
        outcome = PAIR.read(judge.ask([question])[0], question)
        assert isinstance(outcome, Mass)
        assert outcome.p == pytest.approx(tuple(mass.values()))


def test_only_what_was_recorded_is_answered(recording):
    judge = replay(recording(row()))
    assert judge.answers(ONE)
    assert not judge.answers(SAFETY.question(ITEM, (0,)))
    assert not judge.answers(SAFETY.question(ITEM, (1,), variant="repeat:2"))
    assert not judge.answers(SAFETY.question(Item("2", "p", ITEM.responses), (1,)))
    assert not judge.answers(STRAIGHT)


def test_votes_under_another_wording_of_the_rubric_are_not_used(recording):
    assert not replay(recording(row(rubric_hash="0" * 16))).answers(ONE)
    assert replay(recording(row(rubric_hash=None))).answers(ONE)


def test_picks_the_named_judge_of_several(recording):
    path = recording(row(), row(judge="llama", raw="4"))
    assert replay(path, "mine", model="llama").ask([ONE])[0].raw == "4"
    assert replay(path, "qwen").ask([ONE])[0].raw == "5"
    with pytest.raises(ConfigurationError, match=r"llama, qwen[\s\S]*model"):
        replay(path, "mine")
    with pytest.raises(ConfigurationError, match="did you mean 'llama'"):
        replay(path, "mine", model="lama")


def test_the_only_judge_of_a_file_needs_no_name(recording):
    assert replay(recording(row()), "mine").ask([ONE])[0].raw == "5"


def test_an_empty_file_has_no_judge(recording):
    with pytest.raises(ConfigurationError, match="there are: none"):
        replay(recording())


def test_labels_of_another_rubric_are_refused(recording):
    judge = replay(recording(row(mass={"toxic": 1.0})))
    with pytest.raises(ConfigurationError, match="toxic"):
        judge.ask([ONE])


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("{", "JSON"),
        ("[1]", "not an object"),
        ('"x"', "not an object"),
        ({"judge": "qwen", "mass": {"0": 1}}, "without item, responses, variant, rubric"),
        (row(mass=None), "mass or abstained"),
        (row(abstained="refused"), "mass or abstained"),
        (row(mass=None, abstained="bored"), "bored"),
        (row(mass={"5": 0.2}), "sum to 1"),
        (row(mass={"5": "1"}), "sum to 1"),
        (row(mass={"5": float("nan")}), "sum to 1"),
        (row(mass={"5": 2.0, "4": -1.0}), "sum to 1"),
        (row(mass=[1.0]), "sum to 1"),
        (row(order="aa"), "order"),
        (row(responses=[]), "responses"),
        (row(responses=["0"]), "responses"),
        (row(responses=[-1]), "responses"),
        (row(responses=0), "responses"),
        (row(item=7), "item"),
        (row(judge=None), "judge"),
        (row(variant=""), "variant"),
        (row(raw=5), "raw"),
        (row(prompt_tokens=-1), "prompt_tokens"),
        (row(categories="insult"), "categories"),
    ],
)
def test_a_line_that_is_no_vote_is_named(recording, line, what):
    path = recording(row(), line)
    with pytest.raises(InputError, match=what) as caught:
        replay(path)
    assert (caught.value.path, caught.value.line) == (str(path), 2)


def test_the_same_question_twice_is_refused_unless_it_is_the_same_vote(recording):
    replay(recording(row(), row()))
    with pytest.raises(InputError, match="another vote") as caught:
        replay(recording(row(), row(raw="4")))
    assert caught.value.line == 2


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\x1f\x8b broken"])
def test_a_file_that_is_no_text_is_named(tmp_path, content):
    for name in ("votes.jsonl", "votes.jsonl.gz"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=name):
            replay(tmp_path / name)


def test_the_line_with_what_is_no_text_is_named(tmp_path):
    good = json.dumps(row()).encode()
    path = tmp_path / "votes.jsonl"
    path.write_bytes(b"\n".join([b"\xef\xbb\xbf" + good, good, good.replace(b"qwen", b"\xff")]))
    with pytest.raises(InputError) as caught:
        replay(path)
    assert caught.value.line == 3


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        replay(tmp_path / "none.jsonl")


def test_sits_on_a_panel_with_the_recorded_family(recording):
    path = recording(row(), row(judge="llama", family=None))
    spec = JudgeSpec("mine", "replay", model="qwen", path=path.name)
    sitting = seat(spec, RUBRICS, folder=path.parent)
    assert (sitting.family, sitting.endpoint, sitting.rubrics) == ("qwen", None, None)
    assert sitting.answers(ONE)
    assert not sitting.answers(STRAIGHT)
    with pytest.raises(ConfigurationError, match="path"):
        seat(JudgeSpec("mine", "replay", path="none.jsonl"), RUBRICS, folder=path.parent)
