"""The panel.toml that `w2s-judge init` writes, and the commands that serve its models."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence

from w2s_judge.errors import UsageError
from w2s_judge.judges.embedded import DEFAULT_METHODS, RUBRICS, Method
from w2s_judge.judges.forms import MOST_TOKENS_LISTED
from w2s_judge.judges.openai_sdk import OPENAI_KEY, OPENAI_URL

FIRST_PORT = 8000

_HEADER = """\
# Who judges. `w2s-judge check --panel THIS_FILE` asks each of them one question.
# `kind` is one of chat, openai, litellm, classifier, replay and local.
"""
_OPTIONS = """\
# family = "llama"             # outputs of the same family are not judged; default: by model
# read = "logprob"             # or "json", "text"; default: the best that the endpoint offers
# api = "chat"                 # or "completions", for base models
# temperature = 0.0
# max_tokens = 512             # for replies in words
# repeats = 1                  # above 1 only with a temperature above 0
# rubrics = ["safety"]         # default: all
# concurrency = 64             # calls in flight at most
# requests_per_minute = 500
# tokens_per_minute = 200000
# timeout = 120.0              # seconds a call
"""


def panel_text(*, vllm: Sequence[str] = (), openai: Sequence[str] = (), local: bool = False) -> str:
    """A panel of models that vLLM will serve, of OpenAI's, and of the embedded judges.

    The optional keys stand as comments in the first judge that is called. Raises `UsageError` for a
    model's name that no command line could have.
    """
    taken: set[str] = set()
    rows = [_HEADER]
    for position, model in enumerate(_checked(vllm)):
        rows.append(_vllm_row(_name(model, taken), model, position))
    for position, model in enumerate(_checked(openai)):
        rows.append(_openai_row(_name(model, taken), model, options=not vllm and position == 0))
    if local:
        rows += [_local_row(_name(method, taken), method) for method in DEFAULT_METHODS]
    return "\n".join(rows)


def serve_commands(models: Sequence[str], *, first_port: int = FIRST_PORT) -> tuple[str, ...]:
    """The `vllm serve` commands for the models of `panel_text`, each on a port of its own.

    Several on one GPU share its memory evenly.
    """
    checked = _checked(models)
    share = f" --gpu-memory-utilization {0.9 / len(checked):.2f}" if len(checked) > 1 else ""
    return tuple(
        f"vllm serve {shlex.quote(model)} --host 127.0.0.1 --port {first_port + position} "
        f"--max-logprobs {MOST_TOKENS_LISTED} --enable-prefix-caching{share}"
        for position, model in enumerate(checked)
    )


def _vllm_row(name: str, model: str, position: int) -> str:
    return _row(
        name=name,
        kind="chat",
        model=model,
        base_url=f"http://127.0.0.1:{FIRST_PORT + position}/v1",
        more="usd_per_call = 0.0             # on hardware of your own\n",
        options=position == 0,
    )


def _openai_row(name: str, model: str, *, options: bool) -> str:
    return _row(
        name=name,
        kind="chat",
        model=model,
        base_url=OPENAI_URL,
        more=(
            f"api_key_env = {_quoted(OPENAI_KEY)} # the variable's name, never the key\n"
            "# usd_per_1m_in = 0.0          # today's prices; --budget-usd needs both\n"
            "# usd_per_1m_out = 0.0\n"
        ),
        options=options,
    )


def _row(*, name: str, kind: str, model: str, base_url: str, more: str, options: bool) -> str:
    return (
        f"[[judge]]\nname = {_quoted(name)}\nkind = {_quoted(kind)}\nmodel = {_quoted(model)}\n"
        f"base_url = {_quoted(base_url)}\n{more}{_OPTIONS if options else ''}"
    )


def _local_row(name: str, method: Method) -> str:
    rubrics = ", ".join(_quoted(rubric) for rubric in sorted(RUBRICS[method]))
    return (
        f'[[judge]]\nname = {_quoted(name)}\nkind = "local"\nmethod = {_quoted(method)}\n'
        f"rubrics = [{rubrics}]\n"
    )


def _checked(models: Sequence[str]) -> tuple[str, ...]:
    for model in models:
        if not model.strip() or not model.isprintable() or model.startswith("-"):
            raise UsageError(f"{model!r} is no model's name")
    return tuple(models)


def _name(model: str, taken: set[str]) -> str:
    """The last part of the model's name in lower case, with a number if that is taken."""
    bare = model.rstrip("/").rsplit("/", 1)[-1].lower()[:60]
    names = (bare if number == 1 else f"{bare}-{number}" for number in range(1, len(taken) + 2))
    name = next(name for name in names if name not in taken)
    taken.add(name)
    return name


def _quoted(text: str) -> str:
    """A TOML string: JSON's escapes are TOML's too, for what is printable."""
    return json.dumps(text, ensure_ascii=False)
