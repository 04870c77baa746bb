"""panel.toml: what is read from it, and what is said about one that is wrong."""

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_judge.errors import ConfigurationError
from w2s_judge.judges.kind import COMMON_KEYS, KINDS
from w2s_judge.judges.panel import JudgeSpec, default_panel, read_panel
from w2s_judge.judges.panel_form import KEYS
from w2s_judge.judges.write_panel import panel_text
from w2s_judge.prompts.load import load

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


def test_every_kind_says_what_it_is_and_takes_only_keys_that_there_are():
    for kind in KINDS.all():
        assert kind.summary
        assert kind.keys | COMMON_KEYS <= set(KEYS)
        assert set(kind.required) <= kind.keys | COMMON_KEYS


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
