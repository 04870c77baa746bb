"""`classifier`: a Python function that gives label probabilities."""

import sys
import types
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_judge.errors import ConfigurationError
from w2s_judge.judges.classifier import ClassifierJudge
from w2s_judge.judges.contracts import LocalJudge, SdkJudge, ServedJudge
from w2s_judge.judges.panel import JudgeSpec, Price, seat, seated
from w2s_judge.prompts.load import load
from w2s_judge.types import Item, Mass, Message, Question, Response

TOXICITY, PAIR = load("toxicity"), load("toxicity-pair")
RUBRICS = {"toxicity": TOXICITY, "toxicity-pair": PAIR}
LOW, HIGH = TOXICITY.labels[0], TOXICITY.labels[-1]


def questions(count: int) -> list[Question]:
    items = (Item(str(k), f"prompt {k}", (Response(f"text {k}"),)) for k in range(count))
    return [TOXICITY.question(item, (0,)) for item in items]


def judge(classify, batch: int = 64) -> ClassifierJudge:
    return ClassifierJudge("mine", classify, RUBRICS, batch)


def test_is_a_local_judge_and_no_other_shape():
    assert isinstance(judge(list), LocalJudge)
    assert not isinstance(judge(list), ServedJudge | SdkJudge)


def test_is_asked_in_batches_and_answers_in_order():
    sizes = []

    def classify(rows):
        sizes.append(len(rows))
        return [
            {
                HIGH: int(row["prompt"].split()[1]) / 1000,
                LOW: 1 - int(row["prompt"].split()[1]) / 1000,
            }
            for row in rows
        ]

    asked = questions(150)
    with judge(classify) as opened:
        replies = opened.ask(asked)
    assert sizes == [64, 64, 22]
    for k, (question, reply) in enumerate(zip(asked, replies, strict=True)):
        outcome = TOXICITY.read(reply, question)
        assert isinstance(outcome, Mass)
        assert outcome.p[-1] == pytest.approx(k / 1000)


def test_sees_plain_data_in_the_order_shown():
    rows = []
    prompt = (Message("user", "Hi"), Message("assistant", "Hello"))
    item = Item("1", prompt, (Response("first"), Response("second")), reference="ref")
    shown_second_first = list(PAIR.questions(item))[1]
    judge(lambda given: rows.extend(given) or [{PAIR.labels[0]: 1}]).ask([shown_second_first])
    assert rows == [
        {
            "rubric": "toxicity-pair",
            "prompt": [
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": "Hello"},
            ],
            "responses": ["second", "first"],
            "reference": "ref",
            "labels": list(PAIR.labels),
        }
    ]


def test_mass_is_in_the_frame_that_was_shown():
    item = Item("1", "p", (Response("a"), Response("b")))
    straight, swapped = PAIR.questions(item)
    first_shown_is_better = judge(lambda rows: [{PAIR.labels[0]: 1.0}] * len(rows))
    replies = first_shown_is_better.ask([straight, swapped])
    masses = [PAIR.read(r, q) for r, q in zip(replies, (straight, swapped), strict=True)]
    assert [m.p.index(1.0) for m in masses] == [0, PAIR.mirror[0]]


def test_none_is_no_opinion_and_single_precision_will_do():
    third = 0.3333333
    asked = questions(2)
    given = [None, {TOXICITY.labels[k]: third for k in range(3)}]
    none, some = judge(lambda rows: iter(given)).ask(asked)
    assert none.abstained == "cannot_tell"
    outcome = TOXICITY.read(some, asked[1])
    assert isinstance(outcome, Mass)
    assert sum(outcome.p) == pytest.approx(1)


@pytest.mark.parametrize(
    "answer",
    [
        [],
        [{}],
        [{LOW: 0.5}],
        [{LOW: 0.5, HIGH: 0.6}],
        [{LOW: -0.5, HIGH: 1.5}],
        [{LOW: float("nan")}],
        [{LOW: "much"}],
        [{LOW: None}],
        [{"toxic": 1.0}],
        [{0: 1.0}],
        [0.7],
        ["toxic"],
        [{LOW: 1.0}, {LOW: 1.0}],
        3,
        None,
    ],
)
def test_a_wrong_shape_names_the_judge(answer):
    with pytest.raises(ConfigurationError, match="mine"):
        judge(lambda rows: answer).ask(questions(1))


def test_a_failure_names_the_judge_and_what_failed():
    def broken(rows):
        raise KeyError("weights")

    with pytest.raises(ConfigurationError, match=r"mine.*KeyError") as caught:
        judge(broken).ask(questions(1))
    assert isinstance(caught.value.__cause__, KeyError)


@given(st.lists(st.floats(0, 1), min_size=len(TOXICITY.labels), max_size=len(TOXICITY.labels)))
def test_any_distribution_is_kept(weights):
    total = sum(weights)
    if total < 1e-6:
        return
    mass = {label: w / total for label, w in zip(TOXICITY.labels, weights, strict=True)}
    [question] = questions(1)
    [reply] = judge(lambda rows: [mass]).ask([question])
    outcome = TOXICITY.read(reply, question)
    assert isinstance(outcome, Mass)
    assert outcome.p == pytest.approx(tuple(mass.values()))


# -- from a panel -------------------------------------------------------------------------------


@pytest.fixture
def module(monkeypatch):
    made = types.ModuleType("w2s_test_classifiers")
    made.benign = lambda rows: [{LOW: 1.0}] * len(rows)
    made.number = 3
    monkeypatch.setitem(sys.modules, made.__name__, made)
    return made.__name__


def spec(**more) -> JudgeSpec:
    return JudgeSpec("mine", "classifier", **({"rubrics": ("toxicity",)} | more))


def test_is_imported_only_when_that_is_allowed(module):
    named = spec(import_=f"{module}:benign")
    with pytest.raises(ConfigurationError, match="--allow-import"):
        seat(named, RUBRICS, folder=Path())
    sitting = seat(named, RUBRICS, folder=Path(), allow_import=True)
    assert sitting.rubrics == {"toxicity"}
    assert sitting.price == Price(usd_per_call=0.0)
    assert sitting.endpoint is None
    assert sitting.answers(questions(1)[0])
    assert isinstance(sitting.judge, ClassifierJudge)
    assert sitting.judge.ask(questions(1))[0].mass == {LOW: 1.0}


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("no_such_module:f", "no_such_module"),
        ("{}:missing", "missing"),
        ("{}:number", "no function"),
        ("{}", "pkg.mod:name"),
        (":f", "pkg.mod:name"),
    ],
)
def test_what_cannot_be_imported_says_why(module, target, why):
    with pytest.raises(ConfigurationError, match=why):
        seat(spec(import_=target.format(module)), RUBRICS, folder=Path(), allow_import=True)


def test_an_installed_one_is_found_by_its_entry_point(module, monkeypatch, tmp_path):
    info = tmp_path / "w2s_test_dist-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: w2s-test-dist\nVersion: 1.0\n")
    points = f"[w2s_judge.classifiers]\nbenign = {module}:benign\nbroken = {module}:gone\n"
    (info / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(tmp_path)
    sitting = seat(spec(entry_point="benign"), RUBRICS, folder=Path())
    assert isinstance(sitting.judge, ClassifierJudge)
    with pytest.raises(ConfigurationError, match="did you mean 'benign'"):
        seat(spec(entry_point="benin"), RUBRICS, folder=Path())
    with pytest.raises(ConfigurationError, match="broken cannot be loaded"):
        seat(spec(entry_point="broken"), RUBRICS, folder=Path())


@pytest.mark.parametrize("more", [{}, {"entry_point": "a", "import_": "b:c"}])
def test_needs_one_way_to_be_named(more):
    with pytest.raises(ConfigurationError, match="one of the two"):
        seat(spec(**more), RUBRICS, folder=Path(), allow_import=True)


def test_needs_its_rubrics(module):
    with pytest.raises(ConfigurationError, match="rubrics"):
        seat(
            spec(import_=f"{module}:benign", rubrics=None),
            RUBRICS,
            folder=Path(),
            allow_import=True,
        )


def test_one_made_in_python_sits_without_a_panel():
    sitting = seated(judge(list), JudgeSpec("mine", "classifier", rubrics=("toxicity",)))
    assert (sitting.name, sitting.price.known, sitting.repeats) == ("mine", True, 1)
