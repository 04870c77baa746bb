"""p for trainers that read none: rows drawn so that the expected loss knows how sure a pair is.

With z the trainer's margin and softplus(-z) its loss on a pair (DPO's is that of
z = beta * (log-ratio of chosen - log-ratio of rejected); Rafailov et al. 2023, equation 7):

flip    turns a pair round with probability 1 - p. The expected loss is
        p softplus(-z) + (1 - p) softplus(z), the soft-label loss of conservative DPO (Mitchell
        2023, "A note on DPO with noisy preferences"), least at z = logit p. Every pair stays.
draw    keeps a pair with probability 2p - 1 and never turns it. The expected loss is
        (2p - 1) softplus(-z): at z = 0, where training starts, its gradient is flip's; later it
        goes on pushing apart what it kept. Fewer rows, none of them the wrong way round.

Single responses are drawn likewise with the p of the side that they claim. The draw is fixed by the
seed and what the row says, so that neither order nor block size matters, and the rows that stay
for one p stay for every higher one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from w2s_judge.errors import UsageError
from w2s_judge.preferences.contract import PairWriter, Writer
from w2s_judge.preferences.draws import draw, spelt
from w2s_judge.types import Preference, Rated

Way: TypeAlias = Literal["flip", "draw"]
WAYS: tuple[Way, ...] = ("flip", "draw")


@dataclass(frozen=True, slots=True)
class Resample:
    """How rows are drawn. `way`: "flip" or "draw"."""

    way: Way
    seed: int = 0

    def __post_init__(self) -> None:
        if self.way not in WAYS:
            raise UsageError(f"no way to resample {self.way!r}: there are {' and '.join(WAYS)}")

    def pair(self, pair: Preference, /) -> Preference | None:
        """The pair as it is to be written, or None where it is not drawn.

        A turned pair is told in its own frame: chosen, places, models exchanged, p below 0.5 and
        the margin negative. `votes` and `dissent` go on telling of the verdict itself.
        """
        drawn = draw(
            self.seed, "resample", *spelt(pair.prompt), pair.chosen, pair.rejected, pair.rubric
        )
        if self.way == "draw":
            return pair if drawn < 2 * pair.p - 1 else None
        return pair if drawn < pair.p else turned(pair)

    def rated(self, rated: Rated, /) -> Rated | None:
        """The response as it is to be written, or None where it is not drawn.

        A flip changes the side; a trainer that reads desirable responses alone leaves those out
        that it turned to the other.
        """
        drawn = draw(self.seed, "resample", *spelt(rated.prompt), rated.completion, rated.rubric)
        claimed = rated.p if rated.desirable else 1 - rated.p
        if self.way == "draw":
            return rated if drawn < 2 * claimed - 1 else None
        return rated if drawn < claimed else replace(rated, desirable=not rated.desirable)


def turned(pair: Preference) -> Preference:
    """The same two responses the other way round."""
    return replace(
        pair,
        chosen=pair.rejected,
        rejected=pair.chosen,
        p=1 - pair.p,
        margin=-pair.margin,
        places=pair.places[::-1],
        models=pair.models[::-1],
    )


def refuse_needless(writer: Writer) -> None:
    """`UsageError` where the trainer reads how sure a pair is: drawing would count it twice."""
    if isinstance(writer.writes, PairWriter) and writer.writes.weighs:
        raise UsageError(
            f"--resample is for trainers that read no p, and {writer.name} has its margin: "
            "leave --resample out"
        )
