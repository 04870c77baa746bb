"""`w2s-judge init`: a panel.toml to start from, and the commands that serve it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from w2s_judge.errors import ConfigurationError, UsageError
from w2s_judge.judges.write_panel import panel_text, serve_commands
from w2s_judge.workflows.choosing import require_local


def init_panel(
    vllm: Sequence[str],
    openai: Sequence[str],
    more: Sequence[str],
    *,
    local: bool,
    out: Path,
    force: bool = False,
) -> Iterator[str]:
    """Write the panel and give the lines that a person should read.

    `more` are further models of the one kind that was named: `--vllm A B` gives B here.
    """
    if more and bool(vllm) == bool(openai):
        raise UsageError("say which kind the models are: --vllm MODEL MODEL ... or --openai ...")
    if vllm:
        vllm = (*vllm, *more)
    elif openai:
        openai = (*openai, *more)
    if not (vllm or openai or local):
        raise UsageError("name judges: --vllm MODEL ..., --openai MODEL ..., or --local")
    write(out, panel_text(vllm=vllm, openai=openai, local=local), force=force)
    yield f"wrote {out}"
    if vllm:
        yield "serve its models with"
        yield from (f"  {command}" for command in serve_commands(vllm))
    if openai:
        state = "is set" if os.environ.get("OPENAI_API_KEY") else "is not set yet"
        yield f"the key is read from OPENAI_API_KEY, which {state}"
    if local:
        yield from fetched()
        try:
            require_local("the embedded judges are in the panel and not installed yet")
        except ConfigurationError as error:
            yield str(error).partition(", or")[0].replace(" Either", "")
    yield f"then: w2s-judge check --panel {out}"
    yield f"      w2s-judge score outputs.jsonl --panel {out}"


def fetched() -> Iterator[str]:
    """Fetch the weights of the embedded language model into the user's cache."""
    from w2s_judge.judges.embedded.weights import fetch, gguf_path

    if gguf_path() is None:
        yield "fetching the weights of the embedded language model (93 MB)"
    try:
        yield f"weights: {fetch()}"
    except ConfigurationError as error:
        yield f"the weights could not be fetched; the other embedded judges work without: {error}"


def write(out: Path, text: str, *, force: bool) -> None:
    """Write the file; one that is there is only replaced on request."""
    try:
        with out.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise ConfigurationError(
            f"{out} exists: --force replaces it, --out names another"
        ) from error
    except OSError as error:
        raise ConfigurationError(f"{out} cannot be written: {error.strerror}") from error
