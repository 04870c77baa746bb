"""Weak judges in, honest probabilities and preference data out.

    >>> import w2s_judge
    >>> run = w2s_judge.score("outputs.jsonl")  # doctest: +SKIP
    >>> run.votes("safety")                     # doctest: +SKIP

The public names are resolved on first use (PEP 562): `import w2s_judge` costs nothing.
"""

import importlib

__version__ = "0.1.0"

_HOME = {
    "Abstention": "types",
    "Audit": "audit.audited",
    "Auto": "aggregation.auto",
    "ConfigurationError": "errors",
    "BradleyTerry": "ranking.bradley_terry",
    "Cascade": "cascade.learn",
    "Comparisons": "comparisons",
    "Consensus": "consensus",
    "DawidSkene": "aggregation.dawid_skene",
    "GED": "ranking.ged",
    "Gold": "gold",
    "Hypotheses": "aggregation.hypotheses",
    "InputError": "errors",
    "Item": "types",
    "JudgeWeighted": "ranking.judge_weighted",
    "Mass": "types",
    "MissingExtra": "errors",
    "Preference": "types",
    "Question": "types",
    "Ranking": "comparisons",
    "Reply": "types",
    "Response": "types",
    "RotatedFactors": "aggregation.rotated_factors",
    "Rubric": "prompts",
    "Run": "store.run",
    "RunFolderError": "errors",
    "Truth": "gold",
    "UsageError": "errors",
    "Vote": "types",
    "VoteMatrix": "votes",
    "W2SJudgeError": "errors",
    "aggregate": "workflows.aggregate",
    "audit_panel": "workflows.audit:audit",
    "check_panel": "workflows.check",
    "estimate": "workflows.estimate",
    "label": "workflows.label",
    "load_rubric": "prompts:load",
    "pairs": "workflows.pairs",
    "probe": "workflows.probe",
    "replay": "workflows.replay",
    "rank": "workflows.rank",
    "read_comparisons": "datasets.comparison_files",
    "read_gold": "datasets.gold_files",
    "read_votes": "datasets.vote_files",
    "score": "workflows.score",
}

__all__ = sorted([*_HOME, "__version__"])


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'w2s_judge' has no attribute {name!r}")
    module, _, attribute = _HOME[name].partition(":")
    found = getattr(importlib.import_module(f"w2s_judge.{module}"), attribute or name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return __all__
