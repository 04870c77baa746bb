"""panel.toml: what is read from it, and what is said about one that is wrong."""

import dataclasses
import json
import shlex
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_judge.errors import ConfigurationError, UsageError
from w2s_judge.judges.chat import ChatJudge
from w2s_judge.judges.kind import KINDS
from w2s_judge.judges.panel import JudgeSpec, Limits, Price, default_panel, read_panel, seat
from w2s_judge.judges.write_panel import panel_text, serve_commands
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


# -- what is read -------------------------------------------------------------------------------


def test_reads_every_key(written):
    path = written(
        CHAT
        + """
api_key_env = "MY_KEY"
family = "qwen"
read = "json"
api = "completions"
temperature = 1
max_tokens = 256
concurrency = 8
requests_per_minute = 60
tokens_per_minute = 1e5
timeout = 30
usd_per_1m_in = 0.1
usd_per_1m_out = 0.2
usd_per_call = 0
repeats = 3
rubrics = ["safety"]
[judge.extra_body.chat_template_kwargs]
enable_thinking = false
"""
    )
    assert read_panel(path) == (
        JudgeSpec(
            name="qwen-1.5b",
            kind="chat",
            model="Qwen/Qwen2.5-1.5B-Instruct",
            base_url="http://127.0.0.1:8000/v1",
            api_key_env="MY_KEY",
            family="qwen",
            read="json",
            api="completions",
            temperature=1.0,
            max_tokens=256,
            concurrency=8,
            requests_per_minute=60.0,
            tokens_per_minute=100_000.0,
            timeout=30.0,
            usd_per_1m_in=0.1,
            usd_per_1m_out=0.2,
            usd_per_call=0.0,
            repeats=3,
            rubrics=("safety",),
            extra_body={"chat_template_kwargs": {"enable_thinking": False}},
        ),
    )


def test_judges_come_in_the_order_of_the_file(written):
    text = CHAT + CHAT.replace("qwen-1.5b", "b") + CHAT.replace("qwen-1.5b", "a")
    assert [spec.name for spec in read_panel(written(text))] == ["qwen-1.5b", "b", "a"]


def test_the_example_of_every_kind_is_read(written, tmp_path):
    (tmp_path / "votes.jsonl").write_text("")
    text = """
[[judge]]
name = "azure"
kind = "openai"
model = "deployment"
base_url = "https://mine.openai.azure.com"
api_version = "2026-01-01"
[[judge]]
name = "claude"
kind = "litellm"
model = "anthropic/claude-3-haiku"
[[judge]]
name = "mine"
kind = "classifier"
entry_point = "benign"
rubrics = ["toxicity"]
[[judge]]
name = "old"
kind = "replay"
path = "votes.jsonl"
[[judge]]
name = "words"
kind = "local"
method = "profanity"
"""
    specs = read_panel(written(text))
    assert [spec.kind for spec in specs] == ["openai", "litellm", "classifier", "replay", "local"]
    assert {spec.kind for spec in specs} | {"chat"} == set(KINDS.names())


def test_the_embedded_judges_are_the_default(written):
    specs = default_panel()
    assert len(specs) >= 4
    assert {spec.kind for spec in specs} == {"local"}
    assert read_panel(written(panel_text(local=True)))


# -- what is said -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["no [[judge]]", 'kind = "chat"']),
        ("[judge]\nname = 'x'", ["no [[judge]]"]),
        ("judge = []", ["no [[judge]]"]),
        ("[[judges]]\nname = 'x'", ["'judges' stands outside a judge"]),
        ("[[judge]\n", ["not valid TOML", "line 1"]),
        (CHAT.replace('"chat"', '"chatt"'), ["judge 1 'qwen-1.5b', kind", "did you mean 'chat'?"]),
        (CHAT.replace('kind = "chat"\n', ""), ["kind: is missing"]),
        (CHAT.replace('name = "qwen-1.5b"\n', ""), ["judge 1, name"]),
        (CHAT.replace('"qwen-1.5b"', '" x"'), ["name: must be one line"]),
        (CHAT.replace('model = "Qwen/Qwen2.5-1.5B-Instruct"\n', ""), ["model: is missing"]),
        (CHAT.replace('base_url = "http://127.0.0.1:8000/v1"\n', ""), ["base_url: is missing"]),
        (CHAT + "tempreature = 0.5", ["tempreature", "did you mean temperature?"]),
        (CHAT + "zzz = 0.5", ["zzz", "there are api, api_key_env"]),
        (CHAT + "temperature = 'hot'", ["temperature", "must be a valid number, not 'hot'"]),
        (CHAT + "temperature = -1", ["temperature", "not -1"]),
        (CHAT + "temperature = nan", ["temperature", "finite"]),
        (CHAT + "max_tokens = 1.5", ["max_tokens", "integer"]),
        (CHAT + "max_tokens = true", ["max_tokens", "integer"]),
        (CHAT + "max_tokens = 0", ["max_tokens", "greater than or equal to 1"]),
        (CHAT + "timeout = 0", ["timeout"]),
        (CHAT + "concurrency = 0", ["concurrency"]),
        (CHAT + "usd_per_call = -1", ["usd_per_call"]),
        (CHAT + "read = 'logprobs'", ["read", "'logprob', 'json' or 'text'", "'logprobs'"]),
        (CHAT + "api = 'responses'", ["api", "'chat' or 'completions'"]),
        (CHAT + "rubrics = 'safety'", ["rubrics", "list"]),
        (CHAT + "rubrics = []", ["rubrics"]),
        (CHAT + "rubrics = ['saftey']", ["rubrics", "did you mean 'safety'?"]),
        (CHAT + "repeats = 3", ["repeats", "temperature above 0"]),
        (CHAT + "repeats = 3\ntemperature = 0.0", ["repeats", "temperature above 0"]),
        (
            CHAT + "repeats = 2\ntemperature = 1.0\nread = 'logprob'",
            ["repeats", "same each time", '"json"'],
        ),
        (CHAT + "usd_per_1m_in = 1.0", ["usd_per_1m_out: is missing"]),
        (CHAT + "usd_per_1m_out = 1.0", ["usd_per_1m_in: is missing"]),
        (CHAT + "path = 'x'", ["path", "means nothing to the kind chat"]),
        (CHAT + "method = 'x'", ["method", "means nothing to the kind chat"]),
        (CHAT + "api_version = '1'", ["api_version", "means nothing to the kind chat"]),
        (CHAT + "extra_body = { model = 'x' }", ["extra_body.model", "own key model"]),
        (CHAT + "extra_body = { max_tokens = 5 }", ["extra_body.max_tokens", "own key"]),
        (CHAT + "extra_body = { messages = [] }", ["extra_body.messages", "set by the judge"]),
        (CHAT + "extra_body = { prompt = '' }", ["extra_body.prompt", "set by the judge"]),
        (CHAT + "extra_body = { stream = true }", ["extra_body.stream", "set by the judge"]),
        (CHAT + "extra_body = { guided_choice = ['a'] }", ["guided_choice", "ignores"]),
        (CHAT + "extra_body = { max_completion_tokens = '9' }", ["max_completion_tokens"]),
        (
            CHAT + "repeats = 2\ntemperature = 1.0\nextra_body = { seed = 1 }",
            ["extra_body.seed", "all repeats the same"],
        ),
        (CHAT.replace("http:", "ftp:"), ["base_url", "http://"]),
        (CHAT.replace("http://127.0.0.1:8000/v1", "127.0.0.1:8000/v1"), ["base_url", "http://"]),
        (CHAT.replace("127.0.0.1:8000", "["), ["base_url"]),
        (CHAT.replace("8000", "80000"), ["base_url"]),
        (CHAT.replace("/v1", "/v1 "), ["base_url", "space"]),
        (CHAT.replace("/v1", "/v1?x=1"), ["base_url", "?"]),
        (CHAT.replace("/v1", "/v1/chat/completions"), ["base_url", "/v1"]),
        (CHAT + CHAT, ["judge 2 'qwen-1.5b', name: is taken"]),
        (
            "[[judge]]\nname = 'c'\nkind = 'classifier'\nentry_point = 'x'",
            ["rubrics: is missing; a judge of the kind classifier"],
        ),
        (
            "[[judge]]\nname = 'c'\nkind = 'classifier'\nimport = 'a:b'\nrubrics = ['safety']",
            ["import", "--allow-import"],
        ),
        ("[[judge]]\nname = 'r'\nkind = 'replay'", ["path: is missing"]),
        ("[[judge]]\nname = 'r'\nkind = 'replay'\npath = 'no.jsonl'", ["path", "no.jsonl"]),
        (
            "[[judge]]\nname = 'a'\nkind = 'openai'\nmodel = 'm'\napi_version = '1'",
            ["api_version", "base_url"],
        ),
        (
            "[[judge]]\nname = 'l'\nkind = 'local'\nmethod = 'profanity'\ntemperature = 1.0",
            ["temperature", "means nothing to the kind local"],
        ),
    ],
)
def test_a_fault_is_told_with_file_judge_key_and_remedy(written, text, said):
    path = written(text)
    with pytest.raises(ConfigurationError) as caught:
        read_panel(path, rubrics=RUBRICS)
    message = str(caught.value)
    assert str(path) in message
    for part in said:
        assert part in message


def test_all_faults_are_told_at_once(written):
    text = (
        CHAT + "temperature = 'hot'\nmax_tokens = 0\n" + CHAT.replace("qwen-1.5b", "b") + "zzz = 1"
    )
    with pytest.raises(ConfigurationError) as caught:
        read_panel(written(text))
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert all("panel.toml: judge" in line for line in lines)


@pytest.mark.parametrize(
    "text",
    [
        CHAT + "api_key = 'SECRET-1234567890'",
        CHAT + "token = 'SECRET-1234567890'",
        CHAT + "Authorization = 'SECRET-1234567890'",
        CHAT + "api_key_env = 'sk-SECRET-1234567890'",
        CHAT + "api_key_env = 'SECRET 1234567890'",
        CHAT.replace("127.0.0.1", "user:SECRET-1234567890@127.0.0.1"),
        CHAT.replace("/v1", "/v1?api_key=SECRET-1234567890"),
        CHAT + "extra_body = { api_key = 'SECRET-1234567890' }",
        CHAT + "extra_body = { extra_headers = { Authorization = 'SECRET-1234567890' } }",
        CHAT + "extra_body = { a = [{ x-api-key = 'SECRET-1234567890' }] }",
        CHAT + "extra_body = { user = 'sk-SECRET-1234567890' }",
        CHAT + "extra_body = { user = 'Bearer SECRET-1234567890' }",
        CHAT + "read = 'sk-SECRET-1234567890'",
    ],
)
def test_a_secret_is_refused_and_not_repeated(written, text):
    with pytest.raises(ConfigurationError) as caught:
        read_panel(written(text))
    message = str(caught.value)
    assert "SECRET" not in message
    assert "api_key_env" in message or "read" in message


@pytest.mark.parametrize(
    "name", ["MY_KEY", "SK_LIVE_KEY_OF_MINE", "HF_TOKEN_FOR_JUDGES", "_k", "key"]
)
def test_the_name_of_a_variable_is_no_secret(written, name):
    assert read_panel(written(CHAT + f"api_key_env = '{name}'"))[0].api_key_env == name


@pytest.mark.parametrize(
    "body",
    [
        "{ stop_token_ids = [1], min_tokens = 1, bad_words = ['x'] }",
        "{ chat_template_kwargs = { thinking_token_budget = 3 } }",
        "{ prompt_cache_key = 'judges', safety_identifier = 'us', max_completion_tokens = 99 }",
    ],
)
def test_fields_with_innocent_names_are_no_secrets(written, body):
    assert read_panel(written(CHAT + f"extra_body = {body}"))[0].extra_body


def test_a_missing_panel_names_init(tmp_path):
    with pytest.raises(ConfigurationError, match="w2s-judge init"):
        read_panel(tmp_path / "none.toml")


def test_a_panel_that_is_no_text_is_named(tmp_path):
    (tmp_path / "panel.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        read_panel(tmp_path / "panel.toml")


@given(st.text(max_size=200))
def test_any_text_is_a_panel_or_a_configuration_error(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("panel") / "panel.toml"
    path.write_text(text, encoding="utf-8", errors="replace")
    with pytest.raises(ConfigurationError):
        read_panel(path)


VALUE = st.one_of(
    st.booleans(), st.integers(-3, 3), st.floats(), st.text(max_size=5), st.just([]), st.just({})
)


@given(st.dictionaries(st.sampled_from([f.name for f in dataclasses.fields(JudgeSpec)]), VALUE))
def test_any_row_is_a_spec_or_a_configuration_error(tmp_path_factory, row):
    path = tmp_path_factory.mktemp("panel") / "panel.toml"
    lines = [f"{key} = {_toml(value)}" for key, value in row.items()]
    path.write_text(CHAT + "\n".join(line for line in lines if line.split(" ")[0] not in CHAT))
    try:
        [spec] = read_panel(path)
    except ConfigurationError:
        return
    assert json.dumps(spec.public())


def _toml(value: object) -> str:
    if isinstance(value, float):
        return repr(value)
    return "{}" if value == {} else json.dumps(value).replace("\\u007f", "").replace("\x7f", "")


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


# -- init ---------------------------------------------------------------------------------------


def test_the_written_panel_can_be_read_and_sat(written, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    models = ["Qwen/Qwen2.5-1.5B-Instruct", "other/qwen2.5-1.5b-instruct"]
    path = written(panel_text(vllm=models, openai=["gpt-4o-mini"], local=True))
    specs = read_panel(path, rubrics=RUBRICS)
    assert len({spec.name for spec in specs}) == len(specs) == 3 + len(default_panel())
    assert [spec.base_url for spec in specs[:3]] == [
        "http://127.0.0.1:8000/v1",
        "http://127.0.0.1:8001/v1",
        "https://api.openai.com/v1",
    ]
    seats = [seat(spec, RUBRICS, folder=path.parent) for spec in specs]
    assert [sitting.price.known for sitting in seats] == [True, True, False] + [True] * (
        len(seats) - 3
    )


def test_the_optional_keys_in_the_written_panel_are_right_when_uncommented(written):
    text = panel_text(vllm=["a/b"]) + panel_text(openai=["c"])
    lines = [
        line.removeprefix("# ") if " = " in line and "`" not in line else line
        for line in text.splitlines()
    ]
    specs = read_panel(written("\n".join(lines)), rubrics=RUBRICS)
    assert [spec.read for spec in specs] == ["logprob", "logprob"]


@given(
    st.lists(
        st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=20),
        min_size=1,
        max_size=4,
    )
)
def test_any_models_names_make_a_panel(models):
    if any(model.startswith("-") for model in models):
        with pytest.raises(UsageError):
            panel_text(vllm=models)
        return
    rows = tomllib.loads(panel_text(vllm=models))["judge"]
    assert [row["model"] for row in rows] == models
    assert len({row["name"] for row in rows}) == len(rows)


@pytest.mark.parametrize("model", ["", " ", "--port", "a\nb"])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(UsageError):
        panel_text(openai=[model])


def test_the_commands_serve_what_the_panel_asks():
    [one] = serve_commands(["a/b"])
    assert shlex.split(one)[:5] == ["vllm", "serve", "a/b", "--host", "127.0.0.1"]
    assert "--gpu-memory-utilization" not in one
    both = serve_commands(["a/b", "c; rm -rf d"])
    assert [shlex.split(line)[2] for line in both] == ["a/b", "c; rm -rf d"]
    assert [shlex.split(line)[6] for line in both] == ["8000", "8001"]
    assert all(
        "--max-logprobs 20" in line and "--gpu-memory-utilization 0.45" in line for line in both
    )
