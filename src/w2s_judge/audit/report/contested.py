"""The most contested items as the page shows them, within a number of bytes.

A reply can be a million characters and a panel can have a hundred judges, so what is shown is
rationed: every item has its texts and votes first, then the reasonings and raw replies of the most
contested ones, as far as the bytes go. What is not shown is counted and said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from w2s_judge.audit.audited import Cast, Contested, RubricAudit
from w2s_judge.audit.report.cells import finite, number
from w2s_judge.audit.report.plain import REPLY, TEXT, cut, name
from w2s_judge.audit.spoken import plural

LABELS = 8
"""Labels of a vote, and classes of a posterior, that have a bar."""
DIVIDED = 0.05
"""How far apart judges are on an item that is worth showing: below it is noise of their masses."""
AGREES, DISAGREES, UNKNOWN = "agrees", "disagrees", "unknown"


@dataclass(frozen=True, slots=True)
class Bar:
    """A label with its share: `width` of 100."""

    label: str
    share: str
    width: str


@dataclass(frozen=True, slots=True)
class ShownCast:
    """A vote or an abstention; `facts` are its order, variant and way of reading."""

    judge: str
    facts: tuple[str, ...]
    bars: tuple[Bar, ...]
    abstained: str | None
    reasoning: str | None
    raw: str | None


@dataclass(frozen=True, slots=True)
class ShownItem:
    """An item; `apart` are the places of the judges that say other than most.

    `responses` are (heading, text). A response has the number that the files give it, from 0: who
    corrects a label finds it by that number.
    """

    item: str
    places: str
    task: str | None
    task_place: int
    divided: str
    key: str
    prompt: str | None
    responses: tuple[tuple[str, str], ...]
    posterior: tuple[Bar, ...]
    gold: str | None
    panel: str
    apart: str
    casts: tuple[ShownCast, ...]
    silent: bool


@dataclass(frozen=True, slots=True)
class Browser:
    """The items as HTML, what they can be filtered by, and how many were left out.

    `left_out` for want of room, `near` because judges hardly differ on them; "" for none. Where
    items are `numbered` their responses have numbers.
    """

    items: tuple[str, ...]
    judges: tuple[tuple[int, str], ...]
    tasks: tuple[str, ...]
    numbered: bool
    left_out: str
    near: str
    without_words: str


def browser(rubric: RubricAudit, bytes_left: int, written: Callable[[ShownItem], str]) -> Browser:
    """As many items as go into the bytes, and as many of their reasonings.

    `written` makes an item HTML.
    """
    judges = {judge: place for place, judge in enumerate(rubric.judges)}
    contested = [one for one in rubric.contested if not _near(one)]
    tasks = {task: place for place, task in enumerate(_tasks(contested))}
    short: list[str] = []
    for one in contested:
        short.append(written(_shown(one, judges, tasks, words=False)))
        bytes_left -= len(short[-1].encode())
        if bytes_left < 0:
            short.pop()
            break
    bytes_left = max(bytes_left, 0)
    items, without = list(short), 0
    for place, one in enumerate(contested[: len(short)]):
        if not _has_words(one):
            continue
        whole = "" if without else written(_shown(one, judges, tasks, words=True))
        bytes_left -= len(whole.encode()) - len(short[place].encode())
        if without or bytes_left < 0:
            without += 1
        else:
            items[place] = whole
    apart = {judge for one in contested[: len(items)] for judge in _apart(one)}
    return Browser(
        items=tuple(items),
        judges=tuple((judges[judge], name(judge)) for judge in rubric.judges if judge in apart),
        tasks=tuple(name(task) for task in tasks),
        numbered=any(one.places for one in contested[: len(items)]),
        left_out=_counted(len(contested) - len(items), "further item"),
        near=_counted(len(rubric.contested) - len(contested), "more item is", "more items are"),
        without_words=_counted(without, "item"),
    )


def _near(one: Contested) -> bool:
    """Whether the judges hardly differ; an item of which that is not known is shown."""
    divided = finite(one.divided)
    return divided is not None and divided < DIVIDED


def _counted(count: int, one: str, many: str = "") -> str:
    return plural(count, one, many) if count else ""


def _tasks(items: Sequence[Contested]) -> list[str]:
    return list(dict.fromkeys(one.task for one in items if one.task is not None))


def _has_words(one: Contested) -> bool:
    return any(cast.reasoning or cast.raw for cast in one.votes)


def _shown(
    one: Contested, judges: dict[str, int], tasks: dict[str, int], *, words: bool
) -> ShownItem:
    return ShownItem(
        item=name(one.item),
        places=_places(one.places),
        task=None if one.task is None else name(one.task),
        task_place=-1 if one.task is None else tasks[one.task],
        divided=number(finite(one.divided) or 0.0, "share"),
        key=f"{finite(one.divided) or 0.0:.6g}",
        prompt=None if one.prompt is None else cut(one.prompt, TEXT),
        responses=tuple(
            (heading, cut(text, TEXT))
            for heading, text in zip(_headings(one), one.responses, strict=True)
        ),
        posterior=_bars(one.posterior),
        gold=None if one.gold is None else name(one.gold),
        panel=_panel(one),
        apart=" ".join(str(judges[judge]) for judge in _apart(one) if judge in judges),
        casts=tuple(_cast(cast, words) for cast in one.votes),
        silent=not words and _has_words(one),
    )


def _places(places: Sequence[int]) -> str:
    shown = " and ".join(str(place) for place in places)
    return f"response{'s' if len(places) > 1 else ''} {shown}" if shown else ""


def _headings(one: Contested) -> list[str]:
    """What stands over each text: its number, where it is known and there are several."""
    if len(one.responses) == 1:
        return ["Response"]
    numbers = one.places if len(one.places) == len(one.responses) else range(len(one.responses))
    return [f"Response {number}" for number in numbers]


def _bars(mass: Sequence[tuple[str, float]]) -> tuple[Bar, ...]:
    """The labels with the most mass, in the order in which they came."""
    known = [(label, finite(share) or 0.0) for label, share in mass]
    most = sorted(range(len(known)), key=lambda place: -known[place][1])[:LABELS]
    return tuple(
        Bar(name(label), number(share, "share"), f"{100 * min(max(share, 0.0), 1.0):.0f}")
        for place, (label, share) in enumerate(known)
        if place in most
    )


def _panel(one: Contested) -> str:
    """Whether the panel's class is the one that people gave."""
    if one.gold is None or one.gold not in {label for label, _ in one.posterior}:
        return UNKNOWN
    top = max(one.posterior, key=lambda pair: pair[1])[0]
    return AGREES if top == one.gold else DISAGREES


def _apart(one: Contested) -> list[str]:
    """The judges whose label is not the commonest among the judges (or one of those)."""
    mass: dict[str, dict[str, float]] = {}
    for cast in one.votes:
        said = mass.setdefault(cast.judge, {})
        for label, share in cast.mass:
            said[label] = said.get(label, 0.0) + share
    verdicts = {judge: max(said, key=lambda at: said[at]) for judge, said in mass.items() if said}
    counts = Counter(verdicts.values())
    most = max(counts.values(), default=0)
    return [judge for judge, label in verdicts.items() if counts[label] < most]


def _cast(cast: Cast, words: bool) -> ShownCast:
    facts = (
        f"order: {cast.order}" if cast.order else "",
        f"variant: {cast.variant}" if cast.variant not in ("", "base") else "",
        f"read as {cast.read}" if cast.read else "",
    )
    reasoning = cut(cast.reasoning, REPLY) if words and cast.reasoning else None
    return ShownCast(
        judge=name(cast.judge),
        facts=tuple(name(fact) for fact in facts if fact),
        bars=_bars(cast.mass),
        abstained=None if cast.mass else name(cast.abstained or "no reason known"),
        reasoning=reasoning,
        raw=cut(cast.raw, REPLY) if words and cast.raw else None,
    )
