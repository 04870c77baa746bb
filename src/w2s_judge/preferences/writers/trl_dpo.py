"""Pairs for TRL's DPOTrainer: prompt, chosen, rejected.

Read in TRL 1.16: strings, or lists of messages of which the prompt ends with the user's turn and
chosen and rejected hold the assistant's turns alone. No other column is used: the loss knows
nothing of how sure a pair is. CPO and ORPO (trl.experimental) read the same columns.
"""

from __future__ import annotations

from w2s_judge.preferences.contract import PairWriter, Row, Style, Writer
from w2s_judge.preferences.turns import answered, asked
from w2s_judge.types import Preference


def row(pair: Preference, style: Style) -> Row:
    """One pair."""
    return {
        "prompt": asked(pair.prompt, style, pair.item),
        "chosen": answered(pair.chosen, style),
        "rejected": answered(pair.rejected, style),
    }


WRITER = Writer("trl-dpo", "pairs for TRL's DPOTrainer (CPO, ORPO)", PairWriter(row))
