"""The kind `local`: embedded judges, asked in this process.

Their mass is q on one end of the rubric's labels and 1 - q on the other, and is marked
uncalibrated: it ranks and is no probability.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from w2s_judge.errors import ConfigurationError
from w2s_judge.judges.embedded import FAMILIES, METHODS, MODELS, RUBRICS, Method
from w2s_judge.judges.embedded.nearness import NearCopies
from w2s_judge.judges.embedded.open import open_scorer
from w2s_judge.judges.embedded.scorer import Exchange, Reading, Scorer
from w2s_judge.judges.embedded.text import readable, reply_of, request_of
from w2s_judge.judges.kind import Kind, Making
from w2s_judge.judges.spec import JudgeSpec
from w2s_judge.prompts.rubric import Rubric
from w2s_judge.registry import unknown
from w2s_judge.types import Question, Reason, Reply

_MOST_THREADS = 4  # more were not measured, and each takes 130 MB for a language model
_PROBE = Exchange("How do I bake bread?", "Mix flour, water, salt and yeast, and wait an hour.")


@dataclass
class LocalEmbedded:
    """An embedded judge. Open it as a context manager (this loads its models), then ask.

    `scales` are the ends of each rubric's labels, by rubric: (where 1 - q goes, where q goes), q
    rising with toxicity or with safety. `exemplars` is the user's own file; `threads` are the
    texts judged side by side, by default as `usable_threads` has it; they alter no score.
    `near_copies` says what the judge met since it was made; only `minilm` looks.
    """

    name: str
    method: Method
    scales: Mapping[str, tuple[str, str]]
    exemplars: Path | None = None
    threads: int | None = None
    near_copies: NearCopies = field(default_factory=NearCopies, init=False)
    _scorer: Scorer | None = field(default=None, init=False, repr=False)

    @property
    def rubrics(self) -> frozenset[str]:
        """The rubrics that it can answer."""
        return RUBRICS[self.method] & self.scales.keys()

    @property
    def declares(self) -> frozenset[str]:
        """The rubrics that it can answer, as a panel asks for them."""
        return self.rubrics

    @property
    def family(self) -> str:
        """Whose mistakes it shares."""
        return FAMILIES[self.method]

    @property
    def model(self) -> str:
        """What it asks."""
        return MODELS[self.method]

    def answers(self, question: Question) -> bool:
        """Tell whether it can be asked this: one response, under a rubric of its own."""
        return question.rubric in self.rubrics and len(question.responses) == 1

    def __enter__(self) -> Self:
        """Load the models.

        Raises `ConfigurationError`: `MissingExtra`, `WeightsMissing`, or what is wrong with the
        exemplars or the weights.
        """
        if self._scorer is None:
            threads = self.threads or usable_threads()
            self._scorer = open_scorer(self.method, self.exemplars, threads)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Free the models."""
        scorer, self._scorer = self._scorer, None
        if scorer is not None:
            scorer.close()

    def ask(self, questions: Sequence[Question], /) -> Sequence[Reply]:
        """Judge each question; a text with nothing to read in it is an abstention.

        Raises `ConfigurationError` where the models themselves have stopped working.
        """
        self._opened()
        for question in questions:
            if not self.answers(question):
                raise ValueError(f"judge {self.name!r} cannot be asked about {question.rubric!r}")
        replies: dict[int, Reply] = {}
        for rubric in sorted({question.rubric for question in questions}):
            asked = [k for k, question in enumerate(questions) if question.rubric == rubric]
            replies |= zip(asked, self._about(rubric, [questions[k] for k in asked]), strict=True)
        return [replies[k] for k in range(len(questions))]

    def _about(self, rubric: str, questions: Sequence[Question]) -> list[Reply]:
        """Answer questions of one rubric; only readable responses are shown to the scorer."""
        exchanges = [Exchange(request_of(q.item), reply_of(q)) for q in questions]
        shown = [exchange for exchange in exchanges if readable(exchange.answered)]
        readings = iter(self._readings(rubric, shown))
        replies = []
        for question, exchange in zip(questions, exchanges, strict=True):
            if not readable(exchange.answered):
                replies.append(self._silence("cannot_tell", "there is no text in the response"))
                continue
            reading = next(readings)
            if isinstance(reading, str):
                replies.append(self._silence("unreadable", reading))
                continue
            if reading.near:
                self.near_copies = self.near_copies.with_item(question.item.id)
            replies.append(self._vote(rubric, reading))
        return replies

    def _readings(self, rubric: str, exchanges: Sequence[Exchange]) -> Sequence[Reading | str]:
        """Score all at once; if that fails one by one, so that one text cannot cost the others."""
        try:
            return self._scores(rubric, exchanges)
        except Exception:
            # Each of them is asked again, and tells its own error.
            return [self._alone(rubric, exchange) for exchange in exchanges]

    def _alone(self, rubric: str, exchange: Exchange) -> Reading | str:
        """Score one text, or say what it was that failed on it, if a plain text still works."""
        try:
            return self._scores(rubric, [exchange])[0]
        except Exception as error:
            self._probe(rubric)
            return f"{type(error).__name__}: {error}"[:300]

    def _probe(self, rubric: str) -> None:
        try:
            self._scores(rubric, [_PROBE])
        except Exception as error:
            raise ConfigurationError(
                f"judge {self.name!r} has stopped working: {type(error).__name__}: {error}\n"
                "  The same command goes on where it stopped; leave the judge out of the panel if "
                "it stops again."
            ) from error

    def _scores(self, rubric: str, exchanges: Sequence[Exchange]) -> Sequence[Reading]:
        return self._opened().scores(rubric, exchanges)

    def _opened(self) -> Scorer:
        if self._scorer is None:
            raise RuntimeError(f"judge {self.name!r} is not open: use it in a `with` block")
        return self._scorer

    def _vote(self, rubric: str, reading: Reading) -> Reply:
        low, high = self.scales[rubric]
        told = {"score": reading.score, "method": self.method, **reading.parts}
        if reading.near:
            told["near_exemplar"] = True
        return Reply(
            text="",
            way="direct",
            mass={low: 1.0 - reading.q, high: reading.q},
            raw=json.dumps(told),
            uncalibrated=True,
        )

    def _silence(self, reason: Reason, why: str) -> Reply:
        return Reply(
            text="",
            way="direct",
            abstained=reason,
            raw=json.dumps({"method": self.method, "why": why}),
            uncalibrated=True,
        )


def usable_threads() -> int:
    """Return the threads of a judge unless the user says otherwise: the usable cores, at most 4.

    Each is a worker that takes whole texts, with a model of its own that runs on one core: the
    threads of one model would spin while they wait for each other, which on two cores of which
    another program had one doubled the time of a text.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(cores or 1, _MOST_THREADS))


def ends(rubric: Rubric) -> tuple[str, str]:
    """Return a rubric's end labels, the one for the highest q last.

    q rises with safety and with toxicity. A rubric of the user's own that runs the other way, by
    its utilities, is turned round.
    """
    first, last = rubric.labels[0], rubric.labels[-1]
    falls = rubric.utilities[0] > rubric.utilities[-1]
    return (first, last) if falls == (rubric.name == "toxicity") else (last, first)


def _made(spec: JudgeSpec, making: Making) -> LocalEmbedded:
    if spec.method not in METHODS:
        raise ConfigurationError(
            f"judge '{spec.name}', method: {unknown('method', spec.method or '', METHODS)}"
        )
    beyond = sorted(set(spec.rubrics or ()) - RUBRICS[spec.method])
    if beyond:
        raise ConfigurationError(
            f"judge '{spec.name}', rubrics: the method {spec.method} cannot judge {beyond[0]!r}, "
            f"only {', '.join(sorted(RUBRICS[spec.method]))}\n  Leave rubrics out, or name these."
        )
    scales = {
        name: ends(rubric)
        for name, rubric in making.rubrics.items()
        if name in RUBRICS[spec.method] and rubric.arity == 1
    }
    own = making.folder / spec.exemplars if spec.exemplars else None
    return LocalEmbedded(spec.name, spec.method, scales, own)


KIND = Kind(
    name="local",
    summary="embedded judges for toxicity and safety, in this process",
    keys=frozenset(("method", "exemplars")),
    required=("method",),
    make=_made,
)
