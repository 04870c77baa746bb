"""A GGUF model in this process, by xllamacpp: tokens, embeddings, forced log-likelihoods.

xllamacpp always serves HTTP beside its in-process calls. Here it listens on a socket file in a
folder that only its owner can enter, behind a random key: nothing is reachable over a network. The
socket is used for one thing that has no in-process call, tokenising without special tokens, so
that "<|im_end|>" in a judged text stays seven ordinary tokens.
"""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import tempfile
from collections.abc import Sequence
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from w2s_judge.errors import ConfigurationError, MissingExtra
from w2s_judge.judges.embedded.weights import checked_path

_SILENT = -1  # xllamacpp's verbosity: nothing on stdout or stderr
_SOCKET = "llm.sock"  # the ending tells xllamacpp that it is a socket file
_LONGEST_SOCKET = 100  # bytes in the name of a socket file, of about 104 that systems allow
_PATIENCE = 120.0  # seconds for the socket


class Gguf:
    """One loaded model, which works on one core; not for two threads at once.

    `slots` prompts are kept evaluated beside each other. `context` is the longest prompt in tokens.
    With `embedding` it gives vectors and cannot give likelihoods; without, the other way round.
    """

    def __init__(self, path: Path, *, context: int, embedding: bool, slots: int = 1) -> None:
        self._folder = Path(_private_folder())
        self._key = secrets.token_hex(16)
        try:
            self._server: Any = self._load(path, context, embedding, slots)
        except BaseException:
            self.close()
            raise

    def _load(self, path: Path, context: int, embedding: bool, slots: int) -> object:
        try:
            import xllamacpp
        except ImportError as error:
            raise MissingExtra("local", "SmolLM2") from error
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = context * slots
        params.n_batch = params.n_ubatch = context
        params.n_parallel = slots
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
        params.embedding = embedding
        if embedding:
            params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        params.verbosity = _SILENT
        params.hostnames = [str(self._folder / _SOCKET)]
        params.api_keys = [self._key]
        params.n_threads_http = 1
        params.offline = True
        params.cache_ram_mib = 0  # else it keeps up to 8 GiB of prompts that will not come again
        params.ui = params.endpoint_slots = params.warmup = params.fit_params = False
        try:
            return xllamacpp.Server(params)
        except RuntimeError as error:
            raise ConfigurationError(f"{path} could not be loaded: {error}") from error

    def tokens(self, text: str) -> list[int]:
        """Split text into token ids; special tokens in it are read as the characters they are."""
        return [token for token, _ in self._tokens(text)]

    def whole_tokens(self, text: str) -> list[int]:
        """Split text and leave out tokens that are a part of a character's bytes.

        Emoji and some scripts are written with these; only whole ones can be forced.
        """
        return [token for token, whole in self._tokens(text) if whole]

    def _tokens(self, text: str) -> list[tuple[int, bool]]:
        wanted = {"content": text, "parse_special": False, "with_pieces": True}
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._key}"}
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(_PATIENCE)
            door.connect(str(self._folder / _SOCKET))
            connection = HTTPConnection("localhost")
            connection.sock = door
            connection.request("POST", "/tokenize", json.dumps(wanted), headers)
            answer = json.loads(connection.getresponse().read())
        # A piece that is no valid text comes as a list of bytes.
        return [(int(one["id"]), isinstance(one["piece"], str)) for one in _part(answer, "tokens")]

    def vector(self, tokens: Sequence[int]) -> list[float]:
        """Return the mean hidden state (D,) of the tokens, at least one."""
        answer = self._server.handle_embeddings({"input": list(tokens), "embd_normalize": -1})
        found = _part(answer, "data")[0]["embedding"]
        return [float(value) for value in found]

    def likelihoods(
        self, prefix: Sequence[int], tokens: Sequence[int], slot: int = 0
    ) -> list[float]:
        """Return ln P(token | prefix and the tokens before it) of each token, (T,).

        There is no call for a given text's likelihood, so the text is forced: a grammar of exactly
        these token ids leaves the model one way to go on, and the log-probabilities that come with
        it are those from before the grammar.
        """
        grammar = "root ::= " + " ".join(f"<[{token}]>" for token in tokens)
        answer = self._server.handle_completions(
            {
                "prompt": list(prefix),
                "grammar": grammar,
                "max_tokens": len(tokens),
                "logprobs": 1,
                "temperature": 0,
                "cache_prompt": True,
                "id_slot": slot,
            }
        )
        steps = _part(answer, "choices")[0]["logprobs"]["content"]
        if [step["id"] for step in steps] != list(tokens):
            raise RuntimeError("xllamacpp did not follow the tokens that it was given")
        return [float(step["logprob"]) for step in steps]

    def close(self) -> None:
        """Free the model, its threads and its socket."""
        self._server = None
        shutil.rmtree(self._folder, ignore_errors=True)


def gguf_crew(workers: int, *, context: int, embedding: bool, slots: int = 1) -> list[Gguf]:
    """Load SmolLM2 as often as there are to be workers; all or none.

    Raises `WeightsMissing` where its weights were not fetched.
    """
    path = checked_path()
    loaded: list[Gguf] = []
    try:
        for _ in range(workers):
            loaded.append(Gguf(path, context=context, embedding=embedding, slots=slots))  # noqa: PERF401
    except BaseException:
        for model in loaded:
            model.close()
        raise
    return loaded


def _part(answer: Any, key: str) -> Any:
    if not isinstance(answer, dict) or key not in answer:
        raise RuntimeError(f"xllamacpp: {str(answer)[:300]}")
    return answer[key]


def _private_folder() -> str:
    """Make a folder for the owner only whose name is short enough for a socket in it."""
    folder = tempfile.mkdtemp(prefix="w2s-")
    if len(folder.encode()) + 1 + len(_SOCKET) <= _LONGEST_SOCKET:
        return folder
    Path(folder).rmdir()
    return tempfile.mkdtemp(prefix="w2s-", dir="/tmp")
