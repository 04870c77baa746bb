"""Which rubrics and which judges: from what the user named, or what there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from w2s_judge.errors import ConfigurationError
from w2s_judge.judges.panel import default_panel, read_panel
from w2s_judge.judges.seat import Seat, seat
from w2s_judge.judges.spec import JudgeSpec
from w2s_judge.prompts import Rubric, builtin, default_rubrics, load
from w2s_judge.scoring.plan import Plan

LOCAL_PACKAGES = ("onnxruntime", "profanity_check", "tokenizers", "xllamacpp")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rubrics of a run. `named` is True where the user named them, else the task chooses."""

    rubrics: Mapping[str, Rubric]
    named: bool

    def choice(self, task: str | None) -> tuple[str, ...]:
        """The rubrics that an item of this task is judged under."""
        return tuple(self.rubrics) if self.named else default_rubrics(task)

    def for_tasks(self, tasks: Sequence[str | None]) -> Chosen:
        """Only the rubrics that items of these tasks get."""
        used = dict.fromkeys(name for task in tasks for name in self.choice(task))
        return replace(self, rubrics={name: self.rubrics[name] for name in used})


def choose_rubrics(names: Sequence[str]) -> Chosen:
    """The rubrics by name or path; where none is named all built-in ones, to choose from."""
    rubrics = [load(name) for name in (names or builtin())]
    by_name = {rubric.name: rubric for rubric in rubrics}
    if len(by_name) < len(rubrics):
        raise ConfigurationError("two of the rubrics have the same name: give one another `name`")
    return Chosen(by_name, named=bool(names))


def seats_at(
    panel: Path | None, chosen: Chosen, *, allow_import: bool
) -> tuple[tuple[Seat, ...], tuple[str, ...]]:
    """The judges of a panel file, or the embedded ones; and in words those that cannot sit."""
    if panel is None:
        specs, folder = embedded_panel(), Path()
    else:
        specs, folder = read_panel(panel, allow_import=allow_import), panel.parent
        if any(spec.kind == "local" and spec.method != "refusal" for spec in specs):
            require_local(f"the embedded judges of {panel} are not installed")
    seats: list[Seat] = []
    missing: list[str] = []
    for spec in specs:
        lacks = weights_missing(spec)
        if lacks:
            missing.append(lacks)
            continue
        seats.append(seat(spec, chosen.rubrics, folder=folder, allow_import=allow_import))
    if not seats:
        raise ConfigurationError("no judge of the panel can sit:\n" + "\n".join(missing))
    return tuple(seats), tuple(missing)


def embedded_panel() -> tuple[JudgeSpec, ...]:
    """The default panel; says what to type where its packages are not installed."""
    require_local("no panel was named, and the embedded judges are not installed")
    return default_panel()


def require_local(what: str) -> None:
    """Raise with the two commands to choose from, where the extra `local` is not installed."""
    if any(find_spec(name) is None for name in LOCAL_PACKAGES):
        raise ConfigurationError(
            f"{what}. Either\n"
            "  pip install 'w2s-judge[local]'\n"
            "for judges in this process (toxicity and safety, no key, no server), or\n"
            "  w2s-judge init --vllm MODEL\n"
            "for a panel.toml of judges behind a server, and then --panel panel.toml"
        )


def weights_missing(spec: JudgeSpec) -> str | None:
    """In words, where a local judge needs model weights that are not in the cache."""
    if spec.kind != "local" or spec.method not in ("smollm2", "channel"):
        return None
    from w2s_judge.judges.embedded.weights import gguf_path

    if gguf_path() is not None:
        return None
    return (
        f"judge {spec.name!r} is left out: its weights are not in the cache; "
        "`w2s-judge init --local` fetches them"
    )


def described(
    chosen: Chosen, plan: Plan, told: Mapping[str, Any], missing: Sequence[str]
) -> Iterator[str]:
    """The first lines of a run: what is judged under which rubric, by whom, and what is not."""
    names = ", ".join(chosen.rubrics)
    how = "as named" if chosen.named else "by each item's task, safety and toxicity where none"
    yield (
        f"{told['items']:,} items, {told['responses']:,} responses from {told['path']}; "
        f"rubrics ({how}): {names}"
    )
    yield f"read as {told['recognised']}"
    if told["rejected"]:
        yield f"{told['rejected']:,} bad rows set aside in rejected.jsonl"
    judges = ", ".join(f"{name} ({count:,})" for name, count in plan.by_judge.items() if count)
    yield f"{plan.questions:,} questions: {judges}"
    yield from missing
