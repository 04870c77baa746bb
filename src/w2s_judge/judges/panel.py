"""Reading panel.toml: who judges, checked before anything is called."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from w2s_judge.errors import ConfigurationError
from w2s_judge.judges.embedded import DEFAULT_PANEL
from w2s_judge.judges.kind import KINDS, Kind
from w2s_judge.judges.panel_checks import faults, wrong_keys
from w2s_judge.judges.panel_form import KEYS, spec_of
from w2s_judge.judges.price import Price
from w2s_judge.judges.seat import Limits, Seat, seat, seated
from w2s_judge.judges.spec import JudgeSpec

__all__ = [
    "JudgeSpec",
    "Limits",
    "Price",
    "Seat",
    "default_panel",
    "read_panel",
    "seat",
    "seated",
]

_EXAMPLE = (
    '  [[judge]]\n  name = "qwen"\n  kind = "chat"\n  model = "Qwen/Qwen2.5-1.5B-Instruct"\n'
    '  base_url = "http://127.0.0.1:8000/v1"'
)
_MOST_FAULTS = 20


def read_panel(
    path: str | Path, *, allow_import: bool = False, rubrics: Collection[str] | None = None
) -> tuple[JudgeSpec, ...]:
    """The judges of a panel, in its order.

    `rubrics` are the names that there are, None to leave these unchecked. Raises
    `ConfigurationError` with file, judge, key, what is wrong and what to do, all faults at once.
    """
    file = Path(path)
    found: list[str] = []
    specs: list[JudgeSpec] = []
    for number, row in enumerate(_rows(file), start=1):
        named = row.get("name")
        place = f"judge {number}" + (f" '{named}'" if isinstance(named, str) else "")
        wrong = _checked(row, allow_import, rubrics)
        if isinstance(wrong, JudgeSpec):
            if any(wrong.name == other.name for other in specs):
                found.append(f"{place}, name: is taken by another judge; votes are kept by name")
            specs.append(wrong)
        else:
            found += [f"{place}, {fault}" for fault in wrong]
    if found:
        more = f"\n  and {len(found) - _MOST_FAULTS} more" if len(found) > _MOST_FAULTS else ""
        raise ConfigurationError(f"{file}: " + f"\n{file}: ".join(found[:_MOST_FAULTS]) + more)
    return tuple(_with_content(spec, file) for spec in specs)


def default_panel() -> tuple[JudgeSpec, ...]:
    """The embedded judges, which judge where no panel is named."""
    rows: Any = DEFAULT_PANEL
    return tuple(JudgeSpec(**row) for row in rows)


def _checked(
    row: Mapping[str, Any], allow_import: bool, rubrics: Collection[str] | None
) -> JudgeSpec | list[str]:
    kind = _kind(row.get("kind"))
    wrong = [kind] if isinstance(kind, str) else []
    wrong += wrong_keys(row, KEYS, None if isinstance(kind, str) else kind)
    if wrong or isinstance(kind, str):
        return wrong
    spec = spec_of(row)
    if isinstance(spec, list):
        return spec
    return [*faults(spec, kind, allow_import=allow_import, rubrics=rubrics)] or spec


def _kind(named: object) -> Kind | str:
    """The kind of that name, or what is wrong with it."""
    if not isinstance(named, str) or not named:
        return f"kind: is missing; there are {', '.join(KINDS.names())}"
    try:
        return KINDS.get(named)
    except ConfigurationError as error:
        return f"kind: {error}"


def _rows(file: Path) -> list[dict[str, Any]]:
    try:
        panel = tomllib.loads(file.read_bytes().decode("utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"{file}: the panel cannot be read: {error.strerror or error}\n"
            "  w2s-judge init writes one."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: not UTF-8; save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{file}: not valid TOML: {error}") from error
    rows = panel.pop("judge", None)
    if panel:
        raise ConfigurationError(
            f"{file}: {next(iter(panel))!r} stands outside a judge; a panel is a list of\n"
            f"{_EXAMPLE}"
        )
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise ConfigurationError(f"{file}: there is no [[judge]] in it, as in\n{_EXAMPLE}")
    return rows


def _with_content(spec: JudgeSpec, file: Path) -> JudgeSpec:
    try:
        return spec.with_content(file.parent)
    except ConfigurationError as error:
        raise ConfigurationError(f"{file}: {error}") from error
