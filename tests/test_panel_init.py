"""The panel that `init` writes, and the commands that serve it."""

import shlex
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_judge.errors import UsageError
from w2s_judge.judges.panel import default_panel, read_panel, seat
from w2s_judge.judges.write_panel import panel_text, serve_commands
from w2s_judge.prompts.load import load

RUBRICS = {name: load(name) for name in ("safety", "toxicity", "safety-pair")}


@pytest.fixture
def written(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "panel.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


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
