"""Rubrics: what judges are asked, in which words, and how their answers become votes.

`load("safety")` gives a `Rubric`; its `questions` about an item are worded for a judge by
`wording`, and a judge's reply is read by `read`. A new task is a new TOML file.
"""

from w2s_judge.prompts.load import builtin, load
from w2s_judge.prompts.reading import MIN_INSIDE
from w2s_judge.prompts.rubric import Rubric
from w2s_judge.prompts.tasks import default_rubrics
from w2s_judge.prompts.truth import Cut
from w2s_judge.prompts.wording import Texts

__all__ = ["MIN_INSIDE", "Cut", "Rubric", "Texts", "builtin", "default_rubrics", "load"]
