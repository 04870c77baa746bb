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

LABELS = 8
"""Labels of a vote, and classes of a posterior, that have a bar."""
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
    """An item; `apart` are the places of the judges that say other than most."""

    item: str
    places: str
    task: str | None
    task_place: int
    divided: str
    key: str
    prompt: str | None
    responses: tuple[str, ...]
    posterior: tuple[Bar, ...]
    gold: str | None
    panel: str
    apart: str
    casts: tuple[ShownCast, ...]
    silent: bool


@dataclass(frozen=True, slots=True)
class Browser:
    """The items as HTML, what they can be filtered by, and what was left out."""

    items: tuple[str, ...]
    judges: tuple[tuple[int, str], ...]
    tasks: tuple[str, ...]
    total: int
    without_words: int


def browser(rubric: RubricAudit, bytes_left: int, written: Callable[[ShownItem], str]) -> Browser:
    """As many items as go into the bytes, and as many of their reasonings.

    `written` makes an item HTML.
    """
    judges = {judge: place for place, judge in enumerate(rubric.judges)}
    tasks = {task: place for place, task in enumerate(_tasks(rubric.contested))}
    short: list[str] = []
    for one in rubric.contested:
        short.append(written(_shown(one, judges, tasks, words=False)))
        bytes_left -= len(short[-1].encode())
        if bytes_left < 0:
            short.pop()
            break
    bytes_left = max(bytes_left, 0)
    items, without = list(short), 0
    for place, one in enumerate(rubric.contested[: len(short)]):
        if not _has_words(one):
            continue
        whole = "" if without else written(_shown(one, judges, tasks, words=True))
        bytes_left -= len(whole.encode()) - len(short[place].encode())
        if without or bytes_left < 0:
            without += 1
        else:
            items[place] = whole
    apart = {judge for one in rubric.contested[: len(items)] for judge in _apart(one)}
    return Browser(
        items=tuple(items),
        judges=tuple((judges[judge], name(judge)) for judge in rubric.judges if judge in apart),
        tasks=tuple(name(task) for task in tasks),
        total=len(rubric.contested),
        without_words=without,
    )


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
        responses=tuple(cut(text, TEXT) for text in one.responses),
        posterior=_bars(one.posterior),
        gold=None if one.gold is None else name(one.gold),
        panel=_panel(one),
        apart=" ".join(str(judges[judge]) for judge in _apart(one) if judge in judges),
        casts=tuple(_cast(cast, words) for cast in one.votes),
        silent=not words and _has_words(one),
    )


def _places(places: Sequence[int]) -> str:
    shown = " and ".join(str(place + 1) for place in places)
    return f"response{'s' if len(places) > 1 else ''} {shown}" if shown else ""


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
