"""Single responses for TRL's KTOTrainer: prompt, completion, label.

Read in TRL 1.16: strings, or lists of messages of which the completion holds the assistant's turns
alone; `label` is true for a desirable response. The trainer casts it to bool, so that a probability
would be read as true: which side a response is on is settled before.
"""

from __future__ import annotations

from w2s_judge.preferences.contract import RatedWriter, Row, Style, Writer
from w2s_judge.preferences.turns import answered, asked
from w2s_judge.types import Rated


def row(rated: Rated, style: Style) -> Row:
    """One response and its side."""
    return {
        "prompt": asked(rated.prompt, style, rated.item),
        "completion": answered(rated.completion, style),
        "label": bool(rated.desirable),
    }


WRITER = Writer(
    "trl-kto", "single responses, good and bad, for TRL's KTOTrainer", RatedWriter(row, True)
)
