"""The registry: built-in modules, entry points of outside packages, names that do not exist."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from w2s_judge.errors import ConfigurationError, UsageError
from w2s_judge.registry import Registry, unknown


@dataclass(frozen=True)
class Fruit:
    name: str
    summary: str = "a fruit"


# Modules of the made-up packages import the class from here, under a name of its own.
HEAD = "import fruit_kind\n"
Build = Callable[..., Registry[Fruit]]


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """A registry over a package written for the test, and installed packages where asked for."""
    module = type(sys)("fruit_kind")
    module.Fruit = Fruit
    monkeypatch.setitem(sys.modules, "fruit_kind", module)
    monkeypatch.syspath_prepend(str(tmp_path))

    def build(
        modules: dict[str, str],
        installed: dict[str, str] | None = None,
        error: type[UsageError] | type[ConfigurationError] = UsageError,
    ) -> Registry[Fruit]:
        package = tmp_path / f"orchard{abs(hash(tmp_path))}"
        package.mkdir()
        (package / "__init__.py").write_text("")
        for name, text in modules.items():
            (package / f"{name}.py").write_text(HEAD + text)
        for name, line in (installed or {}).items():
            info = tmp_path / f"{name}-1.0.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            (info / "entry_points.txt").write_text(f"[orchard.fruits]\n{line}\n")
            (tmp_path / f"{name}_fruits.py").write_text(
                HEAD + "FIG = fruit_kind.Fruit('fig')\nCOUNT = 3\n"
            )
            monkeypatch.delitem(sys.modules, f"{name}_fruits", raising=False)
        return Registry("fruit", Fruit, package.name, "FRUIT", "orchard.fruits", error)

    return build


def test_finds_what_modules_declare_and_passes_over_those_that_declare_nothing(
    registry: Build,
) -> None:
    fruits = registry(
        {
            "pear": "FRUIT = fruit_kind.Fruit('pear')",
            "apple": "FRUIT = fruit_kind.Fruit('apple')",
            "tools": "def peel(): ...",
        }
    )
    assert fruits.names() == ("apple", "pear")
    assert fruits.get("pear") == Fruit("pear")
    assert fruits.all() == (Fruit("apple"), Fruit("pear"))


def test_an_unknown_name_gets_the_nearest_one_and_the_list(registry: Build) -> None:
    fruits = registry({"apple": "FRUIT = fruit_kind.Fruit('apple')"})
    with pytest.raises(UsageError, match="no fruit 'Aple'; did you mean 'apple'") as caught:
        fruits.get("Aple")
    assert "there are: apple" in str(caught.value)


def test_names_from_a_file_raise_the_error_that_was_asked_for(registry: Build) -> None:
    with pytest.raises(ConfigurationError, match="no fruit 'kiwi'\n  there are: none"):
        registry({}, error=ConfigurationError).get("kiwi")


def test_a_hostile_name_is_quoted_and_cut() -> None:
    text = unknown("fruit", "\x1b[31m" + "x" * 5000, ["apple"])
    assert "\x1b" not in text
    assert len(text) < 200


def test_an_installed_package_adds_one(registry: Build) -> None:
    fruits = registry(
        {"apple": "FRUIT = fruit_kind.Fruit('apple')"}, {"figs": "fig = figs_fruits:FIG"}
    )
    assert fruits.names() == ("apple", "fig")
    assert "figs_fruits" not in sys.modules, "names are told without importing anything outside"
    assert fruits.get("fig") == Fruit("fig")
    assert [fruit.name for fruit in fruits.all()] == ["apple", "fig"]


def test_an_installed_package_cannot_take_a_built_in_name(registry: Build) -> None:
    fruits = registry(
        {"apple": "FRUIT = fruit_kind.Fruit('apple')"}, {"figs": "apple = figs_fruits:FIG"}
    )
    with pytest.raises(ConfigurationError, match="'figs' offers a fruit 'apple'"):
        fruits.names()
    assert fruits.get("apple") == Fruit("apple")


def test_two_installed_packages_cannot_share_a_name(registry: Build) -> None:
    fruits = registry({}, {"figs": "fig = figs_fruits:FIG", "more": "fig = more_fruits:FIG"})
    with pytest.raises(ConfigurationError, match="both offer a fruit 'fig'"):
        fruits.get("fig")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("fig = nowhere_to_be_found:FIG", "cannot be imported"),
        ("fig = figs_fruits:MISSING", "cannot be imported"),
        ("fig = figs_fruits:COUNT", "is no Fruit of that name"),
        ("other = figs_fruits:FIG", "is no Fruit of that name"),
    ],
)
def test_a_broken_package_is_named(registry: Build, line: str, message: str) -> None:
    fruits = registry({}, {"figs": line})
    with pytest.raises(ConfigurationError, match=f"the package 'figs'.*{message}"):
        fruits.get(line.split(" ")[0])


@pytest.mark.parametrize("text", ["FRUIT = 3", "FRUIT = fruit_kind.Fruit('apple')"])
def test_a_module_that_declares_the_wrong_thing_is_our_defect(registry: Build, text: str) -> None:
    fruits = registry({"apple": "FRUIT = fruit_kind.Fruit('apple')", "wrong": text})
    with pytest.raises(TypeError, match=r"wrong\.FRUIT"):
        fruits.names()


def test_importing_it_is_cheap() -> None:
    code = "import sys, w2s_judge.registry; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"importlib.metadata", "difflib", "numpy", "pydantic"} & set(loaded)
