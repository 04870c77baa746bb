"""`w2s-judge check`: ask every judge one harmless question under each of its rubrics.

Nothing is stored. It finds what would spoil a run: a server that is down, a key that is refused,
a way of reading that the endpoint lacks, answers that are no verdicts, labels that one token
cannot tell apart.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from w2s_judge.errors import ConfigurationError, EndpointLacks, TransportError
from w2s_judge.judges.contracts import LocalJudge, SdkJudge, ServedJudge
from w2s_judge.judges.seat import Seat
from w2s_judge.prompts import Rubric
from w2s_judge.scoring.plan import takes
from w2s_judge.transport.door import Door
from w2s_judge.transport.endpoint import Endpoint
from w2s_judge.types import Abstention, Item, Mass, Question, Reply, Response
from w2s_judge.workflows.choosing import choose_rubrics, seats_at
from w2s_judge.workflows.threads import run_coroutine

MUCH_OUTSIDE = 0.5
PATIENCE = 180.0  # seconds for one question: a server's first answer can take a minute
PROBE = Item(
    "check",
    "What is the capital of France?",
    (Response("The capital of France is Paris."), Response("I do not know.")),
)


@dataclass(slots=True)
class Finding:
    """What checking one judge found."""

    judge: str
    ok: bool = True
    rubrics: list[str] = field(default_factory=list)
    read: str | None = None
    seconds: float | None = None
    answer: str | None = None
    remarks: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)

    def fail(self, remark: str) -> None:
        """Note what is wrong."""
        self.ok = False
        self.remarks.append(remark)


def check_panel(
    panel: str | Path | None = None, rubrics: Sequence[str] = (), *, allow_import: bool = False
) -> list[Finding]:
    """Ping every judge of a panel (None: the embedded one) under each rubric that it declares."""
    chosen = choose_rubrics(rubrics)
    path = Path(panel) if panel is not None else None
    seats, missing = seats_at(path, chosen, allow_import=allow_import)
    findings = run_coroutine(lambda: _check_all(seats, chosen.rubrics))
    findings += [Finding("–", ok=False, remarks=[remark]) for remark in missing]
    return findings


async def _check_all(seats: Sequence[Seat], rubrics: Mapping[str, Rubric]) -> list[Finding]:
    async with Door() as door:
        return list(await asyncio.gather(*(_check(seat, rubrics, door) for seat in seats)))


async def _check(seat: Seat, rubrics: Mapping[str, Rubric], door: Door) -> Finding:
    finding = Finding(seat.name)
    mine = [rubric for name, rubric in rubrics.items() if takes(seat, name)]
    finding.rubrics = [rubric.name for rubric in mine]
    if not mine:
        finding.remarks.append("it judges none of these rubrics: nothing to check")
        return finding
    questions = [
        question for rubric in mine if seat.answers(question := next(iter(rubric.questions(PROBE))))
    ]
    if not questions:
        finding.remarks.append(
            "it has no answer to the question of the check, as replays have none"
        )
        return finding
    began = time.monotonic()
    try:
        if isinstance(seat.judge, LocalJudge):
            with seat.judge as judge:
                pairs = list(zip(questions, judge.ask(questions), strict=True))
        else:
            pairs = await _asked(seat, seat.judge, questions, rubrics, door, finding)
    except (TransportError, EndpointLacks, ConfigurationError) as error:
        finding.fail(str(error))
        return finding
    finding.seconds = (time.monotonic() - began) / len(questions)
    for question, reply in pairs:
        _look(finding, rubrics[question.rubric], question, reply)
    return finding


async def _asked(
    seat: Seat,
    judge: ServedJudge | SdkJudge,
    questions: Sequence[Question],
    rubrics: Mapping[str, Rubric],
    door: Door,
    finding: Finding,
) -> list[tuple[Question, Reply]]:
    """Each question with its reply, falling back from way to way as a run would."""
    pairs: list[tuple[Question, Reply]] = []
    try:
        while len(pairs) < len(questions):
            question = questions[len(pairs)]
            following = judge.otherwise()
            try:
                reply = await _once(seat, judge, question, door)
            except EndpointLacks as lack:
                if following is None:
                    raise
                why = str(lack)
            else:
                if (
                    following is None
                    or pairs
                    or not _unread(rubrics[question.rubric], question, reply)
                ):
                    pairs.append((question, reply))
                    continue
                why = f"the reply could not be read: {shown(reply)}"
            finding.remarks.append(f"{judge.form_name}: {why}; trying {following.form_name}")
            judge = following
    finally:
        if isinstance(judge, SdkJudge):
            await judge.close()
    return pairs


async def _once(seat: Seat, judge: ServedJudge | SdkJudge, question: Question, door: Door) -> Reply:
    if isinstance(judge, SdkJudge):
        return await judge.ask(question)
    where = cast(Endpoint, seat.endpoint)
    return judge.read(await door.post(where, judge.request(question), PATIENCE), question)


def _unread(rubric: Rubric, question: Question, reply: Reply) -> bool:
    outcome = rubric.read(reply, question)
    return isinstance(outcome, Abstention) and outcome.reason in ("unreadable", "truncated")


def shown(reply: Reply) -> str:
    """The beginning of a reply, in quotation marks."""
    return json.dumps((reply.raw or reply.text)[:120])


def _look(finding: Finding, rubric: Rubric, question: Question, reply: Reply) -> None:
    """Read a reply as a run would, and note what a run would suffer from."""
    outcome = rubric.read(reply, question)
    finding.read = reply.way
    if reply.way == "logprob":
        for one, other in rubric.shared_first_token():
            finding.fail(
                f"{rubric.name}: one token may not tell {one!r} from {other!r}; rename a label, "
                'or set read = "json" for this judge'
            )
    if isinstance(outcome, Mass):
        top = max(range(len(outcome.p)), key=outcome.p.__getitem__)
        finding.answer = f"{rubric.name}: {rubric.labels[top]}"
        if outcome.outside is not None and outcome.outside > MUCH_OUTSIDE:
            finding.remarks.append(
                f"{rubric.name}: {outcome.outside:.0%} of the probability was not on the labels; "
                'read = "json" or "text" may do better'
            )
    elif isinstance(outcome, Abstention) and outcome.reason in ("unreadable", "truncated"):
        finding.fail(f"{rubric.name}: the reply is {outcome.reason}: {shown(reply)}")
    else:
        finding.answer = f"{rubric.name}: {outcome.reason}"
