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
    "ConfigurationError": "errors",
    "InputError": "errors",
    "Item": "types",
    "Mass": "types",
    "MissingExtra": "errors",
    "Question": "types",
    "Reply": "types",
    "Response": "types",
    "Rubric": "prompts",
    "Run": "store.run",
    "RunFolderError": "errors",
    "UsageError": "errors",
    "Vote": "types",
    "VoteMatrix": "votes",
    "W2SJudgeError": "errors",
    "check_panel": "workflows.check",
    "estimate": "workflows.estimate",
    "load_rubric": "prompts:load",
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
