"""Rubric files: what ships, what a user may bring, and what is said when it is wrong."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest

from w2s_judge.errors import ConfigurationError
from w2s_judge.prompts import Rubric, builtin, default_rubrics, load

TASKS = ("helpfulness", "legal", "safety", "toxicity")

OWN = """
name = "tone"
task = "tone"
arity = 1
cannot_tell = "?"

[[label]]
name = "1"
meaning = "rude"
utility = 0.0

[[label]]
name = "2"
meaning = "plain"
utility = 0.5

[[label]]
name = "3"
meaning = "kind"
utility = 1.0

[truth]
classes = ["rude", "kind"]
cut = "3"

[prompt]
shared = '''
You rate tone. Braces such as {"a": 1}, {{prompt}} and {A} are text.
{scale}
{rules}
{answer}
'''
judged = '''
{prompt}
{evidence}
{response}
'''
evidence = "Notes:\\n{evidence}"
"""

OWN_PAIR = (
    OWN.replace("arity = 1", "arity = 2")
    .replace("{response}", "{response_a}\n{response_b}")
    .replace('classes = ["rude", "kind"]\ncut = "3"', 'map = "identity"')
)


def own(folder: Path, text: str) -> Rubric:
    path = folder / "tone.toml"
    path.write_text(text, encoding="utf-8")
    return load(path)


def test_what_ships() -> None:
    assert builtin() == tuple(sorted(name for task in TASKS for name in (task, f"{task}-pair")))


@pytest.mark.parametrize("name", builtin())
def test_a_shipped_rubric_is_consistent(name: str) -> None:
    rubric = load(name)
    labels = len(rubric.labels)
    assert rubric.name == name
    assert rubric.task in TASKS
    assert labels == len(rubric.meanings) == len(rubric.utilities) == len(rubric.mirror)
    assert all(0 <= utility <= 1 for utility in rubric.utilities)
    assert rubric.cannot_tell == "?"
    assert rubric.ordered
    assert rubric.shared_first_token() == ()
    assert rubric.texts.evidence is not None
    assert len(rubric.hash) == 16


@pytest.mark.parametrize(
    ("name", "classes", "by_label"),
    [
        ("safety", ("unsafe", "safe"), "unsafe unsafe unsafe safe safe"),
        ("toxicity", ("ok", "toxic"), "ok ok toxic toxic toxic"),
        ("legal", ("incorrect", "correct"), "incorrect incorrect incorrect correct correct"),
        ("helpfulness", ("unhelpful", "helpful"), "unhelpful unhelpful unhelpful helpful helpful"),
    ],
)
def test_graded_scales(name: str, classes: tuple[str, ...], by_label: str) -> None:
    rubric = load(name)
    assert rubric.labels == ("1", "2", "3", "4", "5")
    assert rubric.classes == classes
    assert [rubric.class_of(label) for label in rubric.labels] == by_label.split()
    rising = (0.0, 0.25, 0.5, 0.75, 1.0)
    assert rubric.utilities == (rising[::-1] if name == "toxicity" else rising)
    assert rubric.class_mass((0.1, 0.1, 0.2, 0.3, 0.3)) == pytest.approx(
        (0.2, 0.8) if name == "toxicity" else (0.4, 0.6)
    )


@pytest.mark.parametrize("task", TASKS)
def test_comparisons(task: str) -> None:
    rubric = load(f"{task}-pair")
    assert (rubric.arity, rubric.task) == (2, task)
    assert rubric.labels == rubric.classes == ("A", "T", "B")
    assert rubric.mirror == (2, 1, 0)
    assert rubric.utilities == (1.0, 0.5, 0.0)
    assert rubric.utility((0.5, 0.5, 0.0)) == pytest.approx(0.75)


def test_only_the_legal_rubrics_have_a_place_for_a_reference() -> None:
    with_reference = [name for name in builtin() if load(name).texts.reference is not None]
    assert with_reference == ["legal", "legal-pair"]


def test_an_own_file(tmp_path: Path) -> None:
    rubric = own(tmp_path, OWN)
    assert (rubric.labels, rubric.classes) == (("1", "2", "3"), ("rude", "kind"))
    assert rubric.class_of("2") == "rude"
    assert load(str(tmp_path / "tone.toml")) == rubric


def test_the_mirror_is_reversal_unless_given(tmp_path: Path) -> None:
    assert own(tmp_path, OWN_PAIR).mirror == (2, 1, 0)
    given = OWN_PAIR.replace("arity = 2", 'arity = 2\nmirror = ["2", "1", "3"]')
    assert own(tmp_path, given).mirror == (1, 0, 2)


def test_three_classes_take_two_cuts_and_learned_takes_none(tmp_path: Path) -> None:
    three = OWN.replace('["rude", "kind"]\ncut = "3"', '["low", "mid", "high"]\ncut = ["2", "3"]')
    rubric = own(tmp_path, three)
    assert [rubric.class_of(label) for label in rubric.labels] == ["low", "mid", "high"]
    learned = own(tmp_path, OWN.replace('cut = "3"', 'map = "learned"'))
    assert learned.class_of("1") is None
    assert learned.class_mass((1, 0, 0)) is None


def test_the_hash_is_of_the_content_not_of_its_layout(tmp_path: Path) -> None:
    rubric = own(tmp_path, OWN)
    reordered = OWN.replace('task = "tone"\n', "").replace(
        "arity = 1", "# a remark\narity   =  1\nordered = true\ntask = 'tone'"
    )
    assert own(tmp_path, reordered).hash == rubric.hash
    for old, new in (
        ("rude", "very rude"),
        ("utility = 0.5", "utility = 0.4"),
        ('cut = "3"', 'cut = "2"'),
        ("You rate tone.", "You judge tone."),
        ("Notes:", "Remarks:"),
        ('cannot_tell = "?"', 'cannot_tell = "X"'),
    ):
        assert own(tmp_path, OWN.replace(old, new)).hash != rubric.hash


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("arity = 1", "arity = 3", "arity"),
        ("arity = 1", "arity = 1\nweight = 2", "weight"),
        ('name = "2"', 'name = "1"', "alike"),
        ('name = "2"', 'name = "*1*"', "alike"),
        ('name = "2"', 'name = "?"', "alike"),
        ('name = "2"', 'name = "**"', "none may be nothing else"),
        ('name = "2"', 'name = " 2"', "blanks"),
        ('name = "2"', 'name = "2\\u200b"', "invisible"),
        ('name = "2"', "name = 2", "label.1.name"),
        ("utility = 0.5", "utility = 1.5", "label.1.utility"),
        ("utility = 0.5", "utility = nan", "label.1.utility"),
        ("utility = 0.5", "", "label.1.utility"),
        ('cannot_tell = "?"', "", "cannot_tell"),
        ('cut = "3"', 'cut = "9"', "'9' is no label"),
        ('cut = "3"', 'cut = "1"', "first label of every class but the first"),
        ('cut = "3"', 'cut = ["2", "3"]', "first label of every class but the first"),
        ('cut = "3"', 'cut = "3"\nmap = "learned"', "either cut"),
        ('cut = "3"', "", "either cut"),
        ('cut = "3"', 'map = "identity"', "they are the labels"),
        ('["rude", "kind"]', '["rude", "rude"]', "a name of its own"),
        ("arity = 1", "arity = 1\nordered = false", "not ordered"),
        ("arity = 1", 'arity = 1\nmirror = ["3", "2", "1"]', "only comparisons"),
        ("{scale}\n", "", "{scale} must stand there once, it does 0"),
        ("{scale}\n", "{scale}{scale}\n", "{scale} must stand there once, it does 2"),
        ("{prompt}\n{evidence}", "{prompt}{prompt}\n{evidence}", "{prompt} may stand there once"),
        ("{response}", "{respones}", "no slot {respones}"),
        ("{response}", "{response_a}", "no slot {response_a}"),
        ("{prompt}\n{evidence}", "{prompt}", "{evidence} must stand there once"),
        ("{prompt}\n{evidence}", "{prompt}\n{evidence}{reference}", "no slot {reference}"),
        ("\\n{evidence}", "", "prompt.evidence"),
        ('name = "tone"', 'name = "../tone"', "name"),
    ],
)
def test_what_is_wrong_with_an_own_file_is_said(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    assert old in OWN
    with pytest.raises(ConfigurationError) as error:
        own(tmp_path, OWN.replace(old, new))
    assert str(tmp_path / "tone.toml") in str(error.value)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("mirror", "said"),
    [('["3", "2"]', "each label once"), ('["2", "3", "1"]', "responses twice")],
)
def test_a_mirror_must_be_one(tmp_path: Path, mirror: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        own(tmp_path, OWN_PAIR.replace("arity = 2", f"arity = 2\nmirror = {mirror}"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'name = "tone"\narity = \n', "line 2: not valid TOML"),
        (b'name = "tone"\ntext = """\n', "line 3: not valid TOML"),
        (b'name = "tone"\ntask = "\xff"\n', "line 2: not UTF-8"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "tone.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as error:
        load(path)
    assert f"{path}, {said}" in str(error.value)


def test_unknown_names_and_missing_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'toxicity'"):
        load("toxicty")
    with pytest.raises(ConfigurationError, match=r"There are helpfulness, .*\.toml file"):
        load("zzz")
    with pytest.raises(ConfigurationError, match=r"absent\.toml: the rubric cannot be read"):
        load(str(tmp_path / "absent.toml"))
    with pytest.raises(ConfigurationError, match="the rubric cannot be read"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("labels", "conflicts"),
    [
        (("1", "10", "2"), (("1", "10"),)),
        (("no-harm", "no-risk", "risk"), (("no-harm", "no-risk"),)),
        (("Unsafe", "safe"), ()),
        (("safe", "SAFER"), (("safe", "SAFER"),)),
        (("a", "?b"), ()),
    ],
)
def test_labels_that_one_token_may_not_tell_apart(
    tmp_path: Path, labels: tuple[str, ...], conflicts: tuple[tuple[str, str], ...]
) -> None:
    head, tail = OWN.split("[[label]]", 1)[0], OWN.split("[truth]", 1)[1]
    entries = "".join(
        f'[[label]]\nname = "{label}"\nmeaning = "m"\nutility = 0.5\n' for label in labels
    )
    text = f"{head}{entries}[truth]{tail}".replace('cut = "3"', f'cut = "{labels[1]}"')
    text = text.replace('cannot_tell = "?"', 'cannot_tell = "!"')
    assert own(tmp_path, text).shared_first_token() == conflicts


@pytest.mark.parametrize(
    ("task", "names"),
    [
        (None, ("safety", "toxicity")),
        ("weather", ("safety", "toxicity")),
        ("", ("safety", "toxicity")),
        ("safety", ("safety",)),
        ("Legal_Correctness", ("legal",)),
        ("legal-correctness", ("legal",)),
        (" law ", ("legal",)),
        ("hate speech", ("toxicity",)),
        ("helpful", ("helpfulness",)),
        ("safety-pair", ("safety-pair",)),
        ("legal correctness pair", ("legal-pair",)),
        ("-pair", ("safety", "toxicity")),
    ],
)
def test_rubrics_of_a_task(task: str | None, names: tuple[str, ...]) -> None:
    assert default_rubrics(task) == names
    assert set(names) <= set(builtin())


def test_importing_the_room_loads_no_pydantic() -> None:
    code = (
        "import sys, w2s_judge.prompts as p; p.builtin(); p.default_rubrics('law');"
        "print([m for m in ('pydantic', 'numpy', 'aiohttp') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_utility_is_an_expectation() -> None:
    rubric = load("safety")
    assert math.isclose(rubric.utility((0.2,) * 5), 0.5)
