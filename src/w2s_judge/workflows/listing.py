"""`w2s-judge list`: what there is to choose from, or what a run folder holds."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from w2s_judge.aggregation.contract import METHODS
from w2s_judge.datasets import readers
from w2s_judge.judges.kind import KINDS
from w2s_judge.preferences.contract import WRITERS
from w2s_judge.prompts import builtin, load
from w2s_judge.ranking.contract import RANKERS
from w2s_judge.store.run import Run


def there_is() -> dict[str, Any]:
    """Rubrics, kinds of judges, methods, rankers, formats, readers, each with what it is."""
    rubrics = {}
    for name in builtin():
        rubric = load(name)
        scale = (
            f"{rubric.labels[0]} {rubric.meanings[0]} … {rubric.labels[-1]} {rubric.meanings[-1]}"
        )
        rubrics[name] = f"{'one response' if rubric.arity == 1 else 'two responses'}; {scale}"
    return {
        "rubrics": rubrics,
        "judges": {kind.name: kind.summary for kind in KINDS.all()},
        "methods": {method.name: method.summary for method in METHODS.all()},
        "rankers": {card.name: card.summary for card in RANKERS.all()},
        "formats": {writer.name: writer.summary for writer in WRITERS.all()},
        "readers": dict(readers()),
    }


def holdings(folder: Path) -> dict[str, Any]:
    """What a run folder holds: its state, input, judges and rubrics."""
    with closing(Run(folder)) as run:
        manifest = run.manifest
    judges = {
        one["name"]: " ".join(str(one[key]) for key in ("kind", "model", "method") if key in one)
        for one in manifest.get("panel", ())
    }
    return {
        "run": {
            "status": manifest.get("status", "empty"),
            "input": manifest.get("input", {}).get("path", "?"),
            "items": str(manifest.get("input", {}).get("items", "?")),
            "began": manifest.get("began", "?"),
            "calls": str((manifest.get("cost") or {}).get("calls", "?")),
        },
        "rubrics": {
            name: f"{len(one['judges'])} judges, labels {' '.join(one['labels'])}"
            for name, one in manifest.get("rubrics", {}).items()
        },
        "judges": judges,
    }
