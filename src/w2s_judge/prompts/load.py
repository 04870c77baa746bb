"""Finding and loading rubrics: the built-in ones by name, a user's own by the path of its file."""

from __future__ import annotations

import difflib
import re
import tomllib
from functools import cache
from importlib import resources
from pathlib import Path

from w2s_judge.errors import ConfigurationError
from w2s_judge.prompts.rubric import Rubric

_SUFFIX = ".toml"
_PLACE = re.compile(r"^(.*?) \(at line (\d+), column (\d+)\)$")


@cache
def builtin() -> tuple[str, ...]:
    """Names of the rubrics that come with the package, sorted."""
    files = resources.files(__package__).iterdir()
    return tuple(sorted(f.name[: -len(_SUFFIX)] for f in files if f.name.endswith(_SUFFIX)))


def load(name_or_path: str | Path) -> Rubric:
    """Load the rubric of that name, or from that path (it ends in .toml, or has a folder).

    Raises `ConfigurationError` for an unknown name, with the nearest known one, and for a file that
    cannot be read or is no rubric, with the place in it.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith(_SUFFIX) or "/" in text or "\\" in text:
        return _from_file(Path(name_or_path))
    if text in builtin():
        return _from_package(text)
    near = difflib.get_close_matches(text, builtin(), n=1)
    meant = f"; did you mean '{near[0]}'?" if near else ""
    raise ConfigurationError(
        f"no rubric '{text}'{meant}\n  There are {', '.join(builtin())}. For one of your own give "
        "the path of its .toml file."
    )


@cache
def _from_package(name: str) -> Rubric:
    file = name + _SUFFIX
    return _parsed(resources.files(__package__).joinpath(file).read_bytes(), file)


def _from_file(path: Path) -> Rubric:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{path}: the rubric cannot be read: {error.strerror or error}\n  Give the path of a "
            f"TOML file, or one of {', '.join(builtin())}."
        ) from error
    return _parsed(content, str(path))


def _parsed(content: bytes, path: str) -> Rubric:
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{path}, line {line}: not UTF-8; save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        place = _PLACE.match(str(error))
        what = place[1] if place else str(error)
        place_line = int(place[2]) if place else content.count(b"\n") + 1
        raise ConfigurationError(f"{path}, line {place_line}: not valid TOML: {what}") from error
    return _checked(table, path)


def _checked(table: dict[str, object], path: str) -> Rubric:
    # pydantic takes a good part of a second to import, and --help must not wait for it.
    from pydantic import ValidationError

    from w2s_judge.prompts.form import RubricForm

    try:
        return RubricForm.model_validate(table).rubric()
    except ValidationError as error:
        faults = []
        for fault in error.errors():
            place = ".".join(str(part) for part in fault["loc"])
            what = fault["msg"].removeprefix("Value error, ")
            faults.append(f"  {place}: {what}" if place else f"  {what}")
        raise ConfigurationError(f"{path}: not a rubric:\n" + "\n".join(faults)) from error
