"""Good responses for TRL's SFTTrainer: prompt, completion.

Read in TRL 1.16: strings, or lists of messages. Prompt and completion stand apart in both styles,
since the trainer then takes its loss on the completion alone; of one list `messages` it would
learn the prompt, too, unless told otherwise.
"""

from __future__ import annotations

from w2s_judge.preferences.contract import RatedWriter, Row, Style, Writer
from w2s_judge.preferences.turns import answered, asked
from w2s_judge.types import Rated


def row(rated: Rated, style: Style) -> Row:
    """One response to learn from."""
    return {
        "prompt": asked(rated.prompt, style, rated.item),
        "completion": answered(rated.completion, style),
    }


WRITER = Writer("trl-sft", "the best responses, for TRL's SFTTrainer", RatedWriter(row, False))
