"""Judged text is data: it stands between lines with a code that it cannot contain.

The code is derived from the question's key, so that the same question is always worded alike, and
derived again for as long as any judged text contains it. Markers that chat templates and
tokenisers take for control tokens are defused by a space after their opening bracket.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b

from w2s_judge.prompts.plain import plain
from w2s_judge.types import Message, Question

# No vowels, so that no word is spelled; none of 0, 1 and l, so that it is copied without mistakes.
_ALPHABET = "bcdfghjkmnpqrstvwxz23456789"
_LENGTH = 6
_TRIES_PER_LENGTH = 32

_TAGS = (
    "s|bos|eos|pad|unk|mask|cls|sep|bos_token|eos_token|sop|eop|eot|eoh|eoa|eom|eod"
    "|start_of_turn|end_of_turn|begin_of_text|end_of_text|endoftext|start_of_image|end_of_image"
    "|think|thinking|tool_call|tool_calls|tool_response|tools|role|system|user|assistant"
    r"|fim_\w+|unused\d+|reserved_\d+|extra_id_\d+|special_\d+|tokens_unused_\d+|seed:\w+"
    r"|longcat_\w+|image_soft_token"
)
_SQUARES = (
    r"INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|THINK|ARGS|CALL_ID"
    r"|MODEL_SETTINGS|IMG|IMG_BREAK|IMG_END|PREFIX|MIDDLE|SUFFIX|BOS|EOS|CLS|SEP|MASK|PAD|UNK|gMASK"
    r"|control_\d+"
)
_CONTROL = re.compile(
    r"<(?=[|｜])"  # <|im_end|>, <|turn>, <｜User｜>
    r"|<(?=/?[\w▁]{1,40}[|｜]>)"  # <turn|>
    rf"|<(?=/?(?:{_TAGS})>)"  # <s>, </think>, <start_of_turn>
    r"|<(?=</?SYS>>)"  # <<SYS>>
    rf"|\[(?=/?(?:{_SQUARES})\])"  # [INST], [/INST]
    r"|\[(?=\|)"  # [|user|]
    r"|\](?=~)|\[(?=e~\[)",  # ]~b]user, [e~[
    re.IGNORECASE,
)


def defuse(text: str) -> str:
    """Put a space after the opening bracket of every chat-template marker.

    `<|im_end|>` becomes `< |im_end|>` and `[INST]` becomes `[ INST]`: visible, and no control
    token of a tokeniser any more. Nothing else changes; doing it twice changes nothing further.
    """
    return _CONTROL.sub(lambda match: match[0] + " ", text)


def judged_texts(question: Question) -> tuple[str, ...]:
    """Everything in a question that comes from outside: what the code must not occur in."""
    item = question.item
    texts: list[str] = []
    if isinstance(item.prompt, str):
        texts.append(item.prompt)
    else:
        for turn in item.prompt:
            texts += (turn.role, turn.content)
    texts += (response.text for response in question.shown)
    texts += (text for text in (item.reference, question.evidence) if text is not None)
    return tuple(texts)


def code_for(key: bytes, texts: Iterable[str]) -> str:
    """Return a code of six or more letters and digits that none of the texts contains.

    Case, quotes, Markdown marks and compatibility forms do not count as a difference. Same key and
    texts, same code. A longer code is taken if many short ones are contained.
    """
    seen = [plain(text).casefold() for text in texts]
    tries, digest = 0, key
    while True:
        digest = blake2b(digest, digest_size=32, person=b"w2s-fence").digest()
        code = _spelled(digest, _LENGTH + tries // _TRIES_PER_LENGTH)
        if not any(code in text for text in seen):
            return code
        tries += 1


def _spelled(digest: bytes, length: int) -> str:
    number, letters = int.from_bytes(digest, "big"), []
    for _ in range(length):
        number, position = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[position])
    return "".join(letters)


def fenced(title: str, text: str, code: str) -> str:
    """Put the text, defused, between a BEGIN and an END line that carry the code."""
    return _between(title, defuse(text), code)


def fenced_turns(turns: tuple[Message, ...], code: str) -> str:
    """Put a conversation into one fence, and a line with the code before each turn."""
    shown = (f"--- {_one_line(turn.role)} {code} ---\n{defuse(turn.content)}" for turn in turns)
    return _between("CONVERSATION", "\n".join(shown), code)


def _between(title: str, body: str, code: str) -> str:
    return f"----- BEGIN {title} {code} -----\n{body}\n----- END {title} {code} -----"


def _one_line(role: str) -> str:
    return defuse(" ".join(role.split()))[:40]
