"""The texts that the embedding judges compare with: six lists, ours or the user's."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from w2s_judge.errors import ConfigurationError

FEWEST = 3  # texts in a list
MOST = 500
LONGEST = 2_000  # characters of one


@dataclass(frozen=True, slots=True)
class Exemplars:
    """Lists in pairs: what the text should be told from what."""

    toxic: tuple[str, ...]
    benign: tuple[str, ...]
    harmful_request: tuple[str, ...]
    harmless_request: tuple[str, ...]
    refusal: tuple[str, ...]
    answer: tuple[str, ...]

    @property
    def digest(self) -> str:
        """A hash of all texts: other exemplars make another judge."""
        return hashlib.sha256(json.dumps(dataclasses.astuple(self)).encode()).hexdigest()[:16]


NAMES = tuple(field.name for field in dataclasses.fields(Exemplars))


def load(path: Path | None = None) -> Exemplars:
    """Read exemplars from the user's TOML file; lists that it leaves out are the shipped ones.

    Raises `ConfigurationError` with the file, the list and the place.
    """
    shipped = tomllib.loads(
        resources.files(__package__).joinpath("exemplars.toml").read_text(encoding="utf-8")
    )
    lists = {name: tuple(shipped[name]) for name in NAMES}
    if path is not None:
        lists |= _own(path)
    return Exemplars(**lists)


def _own(path: Path) -> dict[str, tuple[str, ...]]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"exemplars: {path} cannot be read: {error.strerror or error}"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"exemplars: {path} is no TOML file in UTF-8: {error}") from error
    strange = sorted(set(table) - set(NAMES))
    if strange or not table:
        raise ConfigurationError(
            f"exemplars: {path}: {f'no list is called {strange[0]!r}' if strange else 'empty'}\n"
            f"  The lists are {', '.join(NAMES)}."
        )
    return {name: _texts(path, name, table) for name in table}


def _texts(path: Path, name: str, table: Mapping[str, object]) -> tuple[str, ...]:
    found = table[name]
    place = f"exemplars: {path}, {name}"
    if not isinstance(found, list) or not FEWEST <= len(found) <= MOST:
        raise ConfigurationError(f"{place}: must be a list of {FEWEST} to {MOST} texts")
    texts: list[str] = []
    for position, text in enumerate(found):
        if not isinstance(text, str) or not text.strip() or len(text) > LONGEST:
            raise ConfigurationError(
                f"{place}[{position}]: must be a text of 1 to {LONGEST:,} characters"
            )
        texts.append(text)
    return tuple(texts)
