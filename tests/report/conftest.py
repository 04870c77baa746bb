"""An audit of simulated figures: every table that parts give, two rubrics, contested items."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations, product

import numpy as np
import pytest

from w2s_judge.audit.audited import Answer, Audit, Cast, Contested, Finding, RubricAudit
from w2s_judge.audit.part import Column, Figure, Part, Table, Test

JUDGES = (
    "qwen2.5-1.5b", "qwen2.5-1.5b-terse", "gemma-3-1b", "llama-3.2-1b", "phi-4-mini",
    "smollm2-1.7b", "granite-3.1-2b-instruct", "toxic-bert",
)  # fmt: skip
LABELS = ("1", "2", "3", "4", "5")
CLASSES = ("harmful", "ok")
TASKS = ("chat", "code review", "legal")
ADVICE = "Keep one of the two, or give both half the weight; a third judge of another family helps."
Rename = Callable[[str], str]


TABLES = """
coverage judges: judge family model asked:count votes:count abstained:share calls:count
  failures:count cost_usd:usd cost_per_1000:usd prompt_tokens:count completion_tokens:count
  latency_s:seconds
coverage tasks: judge task asked:count abstained:share
coverage abstentions: judge reason count:count share:share
coverage classes: judge class asked:count abstained:share
agreement panel: coefficient value:number expected:figure base_rate:share items:count meaning
agreement base_rates: label share:share
agreement pairs: one two items:count raw:share kappa:number weighted_kappa:number tau_b:number
  base_one:share base_two:share
dependence summary: measure value:number meaning
dependence pairs: one two items:count centred:signed uncentred:signed
dependence copies: judges inside:share outside:share excess:signed z:number merged
skill judges: who items:count accuracy:share balanced_accuracy:share auc:share cost_per_1000:usd
skill confusion: judge truth said count:count share:share
skill curves: who confidence:number right:share items:count
skill slices: who slice value items:count accuracy:share rest:share difference:signed
skill without: judge accuracy:share change:signed
skill panels: size judges accuracy:share against_full:signed cost_per_1000:usd cost_share:share
  keeps
bias orders: judge pairs:count flips:share first:share lean:signed
bias length: judge items:count slope:signed note
bias kin: judge family own_items:count other_items:count difference:signed
bias labels: judge label share:share count:count
bias scale: judge used:count effective:number commonest_two:share
robustness probes: judge probe asked:count flips:share toward:signed abstained:share
rates rates: what who raw:share rogan_gladen:share prediction_powered:share sensitivity:share
  specificity:share gold:count
change judges: judge items:count differ:share shift:signed abstained_shift:signed
weather rain: day rain:number
"""
SENTENCES = {
    "coverage": "{0} abstained on 4 % of what it was asked, as seldom as the others.",
    "agreement": "Two judges agree on .71 [.68, .74] of items; {0} and {1} agree far more.",
    "dependence": "The judges are worth 2.9 [2.6, 3.2] independent ones.",
    "skill": "The consensus is right on .84 [.81, .87] of items, {1} on .74.",
    "bias": "{1} changes a third of its verdicts when two responses swap places.",
    "weather": "A part that no page knows is shown all the same.",
}


class Simulation:
    """Tables of figures from one seed; `rename` is put around every name and text from outside."""

    def __init__(self, seed: int, judges: int, rename: Rename) -> None:
        self.draw = np.random.default_rng(seed)
        self.rename = rename
        spare = [f"judge-{one:03}" for one in range(max(0, judges - len(JUDGES)))]
        self.judges = [rename(one) for one in [*JUDGES, *spare][:judges]]
        self.classes = [rename(one) for one in CLASSES]
        self.tasks = [rename(one) for one in TASKS]
        self.rows = {
            "judge": self.judges, "who": [*self.judges, "majority", "consensus"],
            "label": [rename(one) for one in LABELS], "task": self.tasks, "class": self.classes,
            "truth": self.classes, "said": self.classes, "family": [rename("qwen")],
            "model": [rename("Qwen/Qwen2.5-1.5B-Instruct")], "reason": [rename("refused")],
            "slice": [rename("lang")], "value": [rename("de"), rename("en")],
            "coefficient": ["raw agreement", "Krippendorff alpha, ordinal", "ICC(2,1)"],
            "meaning": ["what it says in words"], "measure": ["effective votes", "majority"],
            "judges": [", ".join(self.judges[:2])], "merged": ["near copies"], "note": [""],
            "probe": ["whitespace", "padding", "disavowal", "verdict", "instruction"],
            "what": ["harm rate"], "day": ["Monday", "Tuesday"],
            "confidence:number": [0.55, 0.65, 0.75, 0.85, 0.95],
        }  # fmt: skip

    def tables(self) -> dict[str, list[Table]]:
        made: dict[str, list[Table]] = {}
        for line in TABLES.strip().replace("\n  ", " ").splitlines():
            part, name, *columns = line.replace(":", "", 1).split()
            head = tuple(
                Column(
                    "judge" if (name, one) == ("judges", "who") else one.partition(":")[0],
                    one.partition(":")[0].replace("_", " ").capitalize(),
                    one.partition(":")[2].replace("figure", "number") or "text",
                )
                for one in columns
            )
            title = name.replace("_", " ").capitalize()
            meaning = f"What a row of {title.lower()} says, in a plain sentence."
            rows = tuple(self._rows(name, columns))
            made.setdefault(part, []).append(Table(name, title, meaning, head, rows))
        return made

    def _rows(self, name: str, columns: list[str]) -> Iterator[tuple[object, ...]]:
        if name == "panels":
            yield from self._panels()
        elif name == "pairs":
            for pair in combinations(self.judges, 2):
                near = (
                    0.82 if pair == tuple(self.judges[:2]) else float(self.draw.uniform(-0.05, 0.5))
                )
                yield (*pair, *(self.cell(name, one, near) for one in columns[2:]))
        else:
            keys = [one for one in columns if one in self.rows]
            for row in product(*(self.rows[key] for key in keys)):
                known = dict(zip(keys, row, strict=True))
                near = float(known.get("confidence:number", self.draw.uniform(0.1, 0.9)))
                yield tuple(
                    known[one] if one in known else self.cell(name, one, near) for one in columns
                )

    def _panels(self) -> Iterator[tuple[object, ...]]:
        for size in range(1, len(self.judges) + 1):
            accuracy, change = self.figure(0.84 - 0.16 / size), self.figure(-0.05 / size)
            names, cost = ", ".join(self.judges[:size]), 0.31 * size**1.5
            keeps = "yes" if size > 3 else "no"
            yield str(size), names, accuracy, change, cost, size / len(self.judges), keeps

    def cell(self, table: str, column: str, near: float) -> object:
        name, _, kind = column.partition(":")
        match kind:
            case "count":
                return int(self.draw.integers(3, 20_000))
            case "usd":
                return float(self.draw.gamma(1.0, 0.5))
            case "seconds":
                return None if self.draw.random() < 0.3 else float(self.draw.gamma(1.0, 0.5))
            case "signed" if table != "pairs":
                return self.figure(float(self.draw.normal(0, 0.1)))
        if name == "weighted_kappa":
            return Figure(near, n=40, prompts=20, why="too few prompts for an interval")
        if name == "expected":
            return Figure(None, why="no chance level is known")
        return self.figure(0.3 + 0.6 * near if table == "curves" else near)

    def figure(self, value: float, width: float = 0.03) -> Figure:
        return Figure(value, value - width, value + width, 1200, 600)

    def parts(self) -> tuple[Part, ...]:
        said = {
            part: (text.format(*self.judges, *self.judges),) for part, text in SENTENCES.items()
        }
        return tuple(
            Part(name, name.capitalize(), said.get(name, ()), tuple(tables), notes=("A note.",))
            for name, tables in reversed(self.tables().items())
        )

    def contested(self, count: int, words: str) -> tuple[Contested, ...]:
        return tuple(self._item(number, words) for number in range(count))

    def _item(self, number: int, words: str) -> Contested:
        casts = []
        for place, judge in enumerate(self.judges):
            share = float(self.draw.beta(1, 1))
            mass = tuple(zip(self.classes, (share, 1 - share), strict=True))
            reasoning = self.rename(f"Because the last line of {number} {words}")
            raw = self.rename(f'{{"verdict": "{number}"}} {words}')
            order = ("first-second", "second-first", None)[place % 3]
            if (number + place) % 9 == 0:
                casts.append(Cast(judge, order, "", (), self.rename("refused"), None, raw, "text"))
            else:
                casts.append(Cast(judge, order, "", mass, None, reasoning, raw, "json"))
        share = float(self.draw.uniform(0.3, 0.7))
        return Contested(
            item=self.rename(f"item-{number:05}"),
            places=(0,) if number % 2 else (0, 1),
            prompt=self.rename(f"How would question {number} be answered? {words}"),
            responses=tuple(
                self.rename(f"Answer {k} to {number}. {words}") for k in range(1 + (number + 1) % 2)
            ),
            posterior=((self.classes[0], share), (self.classes[1], 1 - share)),
            gold=(None, *self.classes)[number % 3],
            divided=0.95 - 0.01 * (number * 7 % 60),
            votes=tuple(casts),
            task=self.tasks[number % 3],
        )

    def rubric(self, name: str, items: int, words: str) -> RubricAudit:
        lines = (
            "The panel is right on .84 [.81, .87] of the items whose label people gave.",
            "Its 8 judges are worth 2.9 independent ones: they are wrong together.",
            f"Watch {self.judges[-1]}: it flips with the order, and {self.judges[0]}, a copy.",
            f"It fails most on {self.tasks[2]}: .61 [.55, .67].",
            "50 more labels of contested items would help most.",
        )
        return RubricAudit(
            self.rename(name), Answer("with care", lines), self.parts(), tuple(self.judges), 1200,
            9480, 200, self.contested(items, words), ("Simulated figures.",),
        )  # fmt: skip


@pytest.fixture
def simulated() -> Callable[..., Audit]:
    """`simulated()`: an audit of two rubrics and 8 judges, the same every time."""

    def make(
        rubrics: tuple[str, ...] = ("safety", "legal-pair"), judges: int = 8, items: int = 60,
        rename: Rename = str, words: str = "", verdict: str = "with care",
    ) -> Audit:  # fmt: skip
        made = [
            Simulation(seed, judges, rename).rubric(name, items, words)
            for seed, name in enumerate(rubrics)
        ]
        one, two = made[0].judges[0], made[0].judges[1 % judges]
        said = f"{one} and {two} are near copies: their errors correlate by .81 [.78, .84]."
        tests = (
            Test("copy", (one, two), said, ADVICE, 0.61, 0.15, "excess correlation", 1e-9),
            Test(
                "position", (two,), f"{two} answers what is shown first 12 points too often.",
                "Ask both orders, as the pair rubrics do.", 0.12, 0.05, "share", 1e-4,
            ),
        )  # fmt: skip
        return Audit(
            source=rename("runs/real.w2s"), made="2026-01-01T12:00:00+00:00", version="0.1.0",
            answer=Answer(verdict, made[0].answer.lines), tests=312, rubrics=tuple(made),
            findings=tuple(Finding(made[0].name, test, test.p) for test in tests),
            against=rename("runs/old.w2s"), gold=rename("gold.jsonl"), notes=("One note.",),
        )  # fmt: skip

    return make


HOSTILE = (
    "<script>window.pwned=1;alert(1)</script>",
    "</script><script>window.pwned=2</script>",
    "</style><img src=x onerror=window.pwned=3>",
    "</svg><iframe srcdoc='<script>parent.pwned=4</script>'></iframe>",
    "</text></svg><svg onload=window.pwned=5>",
    "<!-- <script> <!--",
    "]]>",
    '"><input autofocus onfocus=window.pwned=6>',
    "' onmouseover=window.pwned=7 x='",
    "javascript:window.pwned=8",
    "<a href=javascript:window.pwned=9>",
    "${window.pwned=10} `${window.pwned=10}`",
    "{{ 7*7 }}{% for x in y %}{{ x|safe }}{# no",
    "</title></option></select></textarea></details></table>",
    "<base href=https://evil.example/><meta http-equiv=refresh content=0;url=//evil.example>",
    "<link rel=stylesheet href=//evil.example/x.css><form action=//evil.example>",
    "&lt;img src=x onerror=window.pwned=11&gt; &#x202e;",
    "\u202egnp.evil \u2066\u2067 unclosed",
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "NUL\x00 bell\x07 escape\x1b[31m\x9b",
    "lone \ud800 surrogates \udfff",
    "=1+1 @SUM(A1) +cmd|' /C calc'!A0",
    "Z" + "\u0301\u0336\u20dd" * 300,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f3f4 \U000e0067\U000e007f",
    "$x_1^{2}$ \\frac{ _leading %s %(x)s {0}",
    "line\u2028separator\u2029 \ufeff\u00ad\r\n\t tab",
    "\ufdfd" * 60,
    "\U0001242b" * 60,
    "W" * 1_000_000,
    "",
)


@pytest.fixture
def hostile() -> Callable[[int], Rename]:
    """`hostile(start)` puts something hostile before every text, another for each.

    The first of `HOSTILE` is the `start`-th; different texts stay different.
    """

    def of(start: int) -> Rename:
        made: dict[str, str] = {}

        def rename(text: str) -> str:
            if text not in made:
                made[text] = f"{HOSTILE[(start + len(made)) % len(HOSTILE)]} {text}"
            return made[text]

        return rename

    return of
