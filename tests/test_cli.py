"""The command line: what it loads, says and returns."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import sysconfig
import tomllib

import pytest

import w2s_judge

HEAVY = {
    "numpy", "scipy", "aiohttp", "pydantic", "rich", "tenacity", "pandas", "pyarrow", "sqlite3",
    "onnxruntime", "sklearn", "xllamacpp", "openai", "litellm", "asyncio",
}  # fmt: skip


@pytest.fixture
def judge(endpoint, wire):
    return endpoint(lambda body, n: wire.token({"4": 0.8, "5": 0.2}))


def test_help_loads_nothing_heavy():
    code = (
        "import sys; sys.argv = ['w2s-judge', '--help']\n"
        "from w2s_judge.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "score" in done.stdout
    assert not HEAVY & set(done.stderr.split())


def test_importing_the_package_loads_nothing_heavy():
    code = "import sys, w2s_judge; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.split())


def test_every_public_name_resolves_and_is_typed():
    text = pathlib.Path(w2s_judge.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    for name in w2s_judge.__all__:
        assert getattr(w2s_judge, name) is not None
        assert name in text
    with pytest.raises(AttributeError):
        w2s_judge.no_such_name  # noqa: B018


@pytest.mark.parametrize("name", ["score", "init", "check", "list", "votes"])
def test_each_command_has_a_help_with_an_example(command, name):
    ran = command(name, "--help")
    assert ran.code == 0
    assert f"Example: w2s-judge {name}" in ran.out


def test_score_shows_a_table_and_where_things_lie(judge, outputs, panel, command):
    ran = command("score", outputs(5), "--panel", panel(a=judge.url))
    assert ran.code == 0, ran.err
    first = ran.out.splitlines()[0]
    assert "5 items" in first
    assert "safety" in first
    assert "toxicity" in first
    assert "scores.jsonl" in ran.out
    assert "\x1b" not in ran.out  # no terminal, no escapes


def test_score_as_json(judge, outputs, panel, command):
    ran = command(
        "score", outputs(5), "--panel", panel(a=judge.url), "--rubric", "safety", "--json"
    )
    assert ran.code == 0
    told = ran.json()
    assert told["judges"]["a"]["votes"] == 5
    assert told["rubrics"]["safety"]["labels"]["safe"] == 5
    assert told["asking"]["calls"] == 5


def test_quiet_is_quiet(judge, outputs, panel, command):
    ran = command("score", outputs(3), "--panel", panel(a=judge.url), "--quiet")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def test_estimate_asks_nothing_and_leaves_nothing(judge, outputs, panel, command, tmp_path):
    path = outputs(50)
    judges = panel("usd_per_1m_in = 2\nusd_per_1m_out = 8", a=judge.url)
    before = set(tmp_path.iterdir())
    ran = command("score", path, "--panel", judges, "--estimate", "--json")
    assert ran.code == 0, ran.err
    told = ran.json()
    assert told["calls"] == 100
    assert 0 < told["usd"] < 1
    assert told["prompt_tokens"] > 100 * 100
    assert set(tmp_path.iterdir()) == before
    assert not judge.bodies
    assert "tokens in" in command("score", path, "--panel", judges, "--estimate").out


def test_a_bad_row_stops_before_any_call(judge, outputs, panel, command):
    path = outputs([{"id": "a", "prompt": "Q", "response": "R"}, {"id": "b", "prompt": "Q"}])
    ran = command("score", path, "--panel", panel(a=judge.url))
    assert ran.code == 1
    assert "outputs.jsonl, line 2" in ran.err
    assert not judge.bodies


def test_bad_rows_are_set_aside_on_request(judge, outputs, panel, command):
    path = outputs(
        [
            {"id": "a", "prompt": "Q", "response": "R"},
            {"id": "b", "prompt": "Q"},
            {"id": "a", "prompt": "Q", "response": "R again"},
            {"id": "c", "prompt": "Q", "response": "R"},
        ]
    )
    ran = command("score", path, "--panel", panel(a=judge.url), "--skip-bad")
    assert ran.code == 0, ran.err
    aside = path.with_name("outputs.w2s") / "rejected.jsonl"
    lines = [json.loads(line) for line in aside.read_text().splitlines()]
    assert [line["line"] for line in lines] == [2, 3]
    assert "used before, on line 1" in lines[1]["what"]
    assert "2 bad rows" in ran.out


def test_duplicate_ids_name_both_lines(judge, outputs, panel, command):
    path = outputs([{"id": "a", "prompt": "Q", "response": "R"}] * 2)
    ran = command("score", path, "--panel", panel(a=judge.url))
    assert ran.code == 1
    assert "line 2" in ran.err
    assert "on line 1" in ran.err


def test_wrong_names_get_the_nearest(judge, outputs, panel, command):
    path, judges = outputs(1), panel(a=judge.url)
    ran = command("score", path, "--panel", judges, "--rubric", "safty")
    assert ran.code == 1
    assert "safety" in ran.err
    ran = command("score", path, "--panel", judges, "--reader", "plane")
    assert ran.code == 2
    assert "plain" in ran.err
    assert command("score", path, "--no-such-option").code == 2
    assert command("score", path.with_name("nowhere.jsonl"), "--panel", judges).code == 1
    assert command("votes", path).code == 1


def test_a_rubric_that_nobody_can_answer(judge, outputs, panel, command):
    rows = [
        {"id": "s", "task": "safety", "prompt": "Q", "response": "R"},
        {"id": "l", "task": "legal", "prompt": "Q", "response": "R"},
    ]
    path, judges = outputs(rows), panel('rubrics = ["safety"]', a=judge.url)
    ran = command("score", path, "--panel", judges)
    assert ran.code == 0
    assert "Not asked under legal: 1" in ran.out
    scores = (path.with_name("outputs.w2s") / "scores.jsonl").read_text().splitlines()
    assert [json.loads(line)["rubric"] for line in scores] == ["safety"]
    ran = command("score", path, "--panel", judges, "--rubric", "legal")
    assert ran.code == 1
    assert "legal" in ran.err
    only_legal = outputs(rows[1:], name="legal.jsonl")
    ran = command("score", only_legal, "--panel", judges)
    assert ran.code == 1
    assert len(judge.bodies) == 1


def test_a_comparison_needs_two_responses(judge, outputs, panel, command):
    ran = command("score", outputs(2), "--panel", panel(a=judge.url), "--rubric", "safety-pair")
    assert ran.code == 1
    assert "only one" in ran.err


def test_a_folder_that_is_no_run_is_left_alone(judge, outputs, panel, command, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("precious")
    ran = command("score", outputs(1), "--panel", panel(a=judge.url), "--out", tmp_path / "mine")
    assert ran.code == 1
    assert "not empty" in ran.err


def test_votes_in_every_format(judge, outputs, panel, command, tmp_path):
    rows = [{"id": "=cmd|calc", "prompt": "Q", "response": "R"}]
    path = outputs(rows)
    command("score", path, "--panel", panel(a=judge.url), "--rubric", "safety")
    run = path.with_name("outputs.w2s")
    line = command("votes", run).json()
    assert line["item"] == "=cmd|calc"
    csv = command("votes", run, "--format", "csv").out.splitlines()
    assert csv[0].startswith("item,responses,order")
    assert "mass:5" in csv[0]
    assert csv[1].startswith('"\'=cmd|calc",')  # no formula for a spreadsheet
    parquet = pytest.importorskip("pyarrow.parquet")
    target = tmp_path / "votes.parquet"
    assert command("votes", run, "--format", "parquet", "-o", target).code == 0
    (row,) = parquet.read_table(target).to_pylist()
    assert row["mass:4"] == pytest.approx(line["mass"]["4"])
    assert row["responses"] == "[0]"


def test_hostile_text_does_not_reach_the_terminal(endpoint, wire, outputs, panel, command):
    said = {"error": {"message": "\x1b]0;owned\x07\x1b[2J nothing to see"}}
    judge = endpoint(lambda body, n: wire.Said(said, 400))
    ran = command("score", outputs(1), "--panel", panel('read = "text"', a=judge.url))
    assert ran.code == 3
    assert "\x1b" not in ran.out + ran.err


def test_init_writes_a_panel_that_can_be_read(command, tmp_path):
    ran = command("init", "--vllm", "Qwen/Qwen2.5-1.5B-Instruct", "google/gemma-3-1b-it")
    assert ran.code == 0, ran.err
    assert ran.out.count("vllm serve") == 2
    rows = tomllib.loads((tmp_path / "panel.toml").read_text())["judge"]
    assert [row["model"] for row in rows] == ["Qwen/Qwen2.5-1.5B-Instruct", "google/gemma-3-1b-it"]
    again = command("init", "--vllm", "x/y")
    assert again.code == 1
    assert "--force" in again.err
    assert command("init", "--vllm", "x/y", "--force").code == 0
    assert command("init").code == 2


def test_check_says_what_is_wrong(endpoint, wire, panel, command):
    good = endpoint(lambda body, n: wire.token({"4": 0.8, "5": 0.2}))
    ran = command("check", "--panel", panel(a=good.url), "--rubric", "safety", "--json")
    assert ran.code == 0, ran.err
    (found,) = ran.json()
    assert (found["ok"], found["read"], found["answer"]) == (True, "logprob", "safety: 4")
    bad = endpoint(lambda body, n: wire.Said({"error": {"message": "no such model"}}, 404))
    ran = command("check", "--panel", panel(a=good.url, b=bad.url), "--rubric", "safety")
    assert ran.code == 3
    assert "NOT OK" in ran.out


def test_check_refuses_labels_that_one_token_cannot_tell_apart(
    endpoint, wire, panel, command, tmp_path
):
    text = (_rubric_text("safety")).replace('"5"', '"10"').replace('"1"', '"1"')
    (tmp_path / "ten.toml").write_text(text.replace('name = "safety"', 'name = "ten"'))
    judge = endpoint(lambda body, n: wire.token({"1": 0.9, "2": 0.1}))
    ran = command("check", "--panel", panel(a=judge.url), "--rubric", tmp_path / "ten.toml")
    assert ran.code == 3
    assert "one token may not tell" in ran.out


def _rubric_text(name):
    from importlib import resources

    return resources.files("w2s_judge.prompts").joinpath(f"{name}.toml").read_text("utf-8")


def test_list_shows_what_there_is_and_what_a_run_holds(judge, outputs, panel, command):
    ran = command("list")
    assert ran.code == 0, ran.err
    for word in ("safety-pair", "helpfulness", "replay", "plain"):
        assert word in ran.out
    path = outputs(2)
    command("score", path, "--panel", panel(a=judge.url), "--rubric", "safety")
    ran = command("list", path.with_name("outputs.w2s"), "--json")
    assert ran.json()["run"]["status"] == "complete"
    assert "safety" in ran.json()["rubrics"]


def test_without_panel_and_without_the_extra_it_says_what_to_type(outputs, tmp_path):
    """In a site where the embedded packages are not installed: links to all others."""
    hidden = ("onnxruntime", "profanity_check", "xllamacpp")
    site = tmp_path / "site"
    site.mkdir()
    for entry in pathlib.Path(sysconfig.get_path("purelib")).iterdir():
        if not entry.name.startswith((*hidden, "w2s_judge", "_w2s", "__editable__")):
            (site / entry.name).symlink_to(entry)
    (site / "w2s_judge").symlink_to(pathlib.Path(w2s_judge.__file__).parent)
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r}); "
        f"sys.argv = ['w2s-judge', 'score', {str(outputs(1))!r}]; "
        "from w2s_judge.cli import main; main()"
    )
    ran = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1, ran.stderr
    assert "pip install 'w2s-judge[local]'" in ran.stderr
    assert "w2s-judge init --vllm" in ran.stderr
