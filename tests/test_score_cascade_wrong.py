"""What a cascade cannot do is said before anything is asked, with what to do about it."""

from __future__ import annotations

import re

import pytest

import w2s_judge
from w2s_judge.errors import ConfigurationError, InputError, UsageError
from w2s_judge.workflows.cascade_options import cascade_job
from w2s_judge.workflows.cascade_prices import parse_prices
from w2s_judge.workflows.score import Job, run_job
from w2s_judge.workflows.watching import Silence

PRICED = "usd_per_call = 0.001"
NOT_GIVEN = dict.fromkeys(("stages", "decided", "max_error", "confidence", "method"))


@pytest.fixture
def seats(tmp_path):
    """A panel of rows: name, URL, and what else stands in the row."""

    def write(*rows):
        path = tmp_path / "panel.toml"
        path.write_text(
            "\n".join(
                f'[[judge]]\nname = "{name}"\nkind = "chat"\nmodel = "m-{name}"\n'
                f'base_url = "{url}"\n{text}\n'
                for name, url, text in rows
            )
        )
        return path

    return write


@pytest.fixture
def gold(tmp_path):
    def write(count=40, label=lambda k: "safe" if k % 2 else "unsafe"):
        path = tmp_path / "gold.csv"
        rows = (f"item-{k:05},{label(k)}\n" for k in range(count))
        path.write_text("item,label\n" + "".join(rows))
        return path

    return write


def test_what_cannot_be_is_said_before_anything_is_asked(endpoint, seats, outputs, gold):
    judge = endpoint(lambda body, _: {})
    path = outputs(60)
    two = (("cheap", judge.url, PRICED), ("dear", judge.url, PRICED))
    given = {"panel": seats(*two), "rubrics": "safety", "cascade": True}

    def refused(error, match, **more):
        with pytest.raises(error, match=match):
            w2s_judge.score(path, **{**given, **more})

    refused(UsageError, "give --gold FILE")
    few = "8 gold labels under safety are too few.*w2s-judge label"
    refused(ConfigurationError, re.compile(few, re.DOTALL), gold=gold(8))
    refused(ConfigurationError, "'safe': nobody's mistakes", gold=gold(20, lambda k: "safe"))
    refused(ConfigurationError, "label about", gold=gold(30), cascade=_with(max_error=0.1))
    refused(UsageError, "did you mean 'dear'", gold=gold(), prices={"deer": 1})
    refused(UsageError, "0 or more", gold=gold(), prices={"dear": -1})
    refused(UsageError, "by its name", gold=gold(),
            cascade=_with(method=w2s_judge.DawidSkene(smoothing=3)))  # fmt: skip
    refused(UsageError, "cascade=True", gold=gold(), cascade=False, relearn=True)
    refused(InputError, "names no rubric", gold=gold(), rubrics=["safety", "toxicity"])
    refused(ConfigurationError, "is the only judge", gold=gold(), panel=seats(two[0]))
    bare = seats(two[0], ("dear", judge.url, ""), ("dearest", judge.url, ""))
    refused(ConfigurationError, "dear, dearest is unknown.*--price dear=NUMBER", gold=gold(),
            panel=bare)  # fmt: skip
    assert not judge.bodies


def _with(**settings):
    return w2s_judge.Cascade(**settings)


def test_options_that_make_no_sense_are_told(tmp_path):
    def job(**given):
        wanted = {**NOT_GIVEN, "price": (), "relearn": False, "seed": 0, **given}
        return cascade_job(wanted.pop("wanted", True), **wanted)

    for given, match in (
        ({"wanted": False, "max_error": 0.1}, r"--max-error is for --cascade.*aggregate RUN"),
        ({"wanted": False, "stages": 2, "relearn": True}, "--stages, --relearn are"),
        ({"stages": 0}, "--stages 0: a cascade has 1 to 5"),
        ({"decided": 1.5}, "--decided 1.5 must be above 0"),
        ({"max_error": 0.0}, "--max-error 0 must be"),
        ({"max_error": 0.1, "decided": 0.9}, "two ways"),
        ({"confidence": 1.0}, "--confidence 1 must be"),
        ({"confidence": 0.8}, "give both, or neither"),
        ({"price": ("dear",)}, "is no JUDGE=NUMBER"),
        ({"price": ("dear=much",)}, "is no JUDGE=NUMBER"),
        ({"price": ("a=1", "a=2")}, "names a twice"),
        ({"method": "dawid-skeen"}, "did you mean 'dawid-skene'"),
    ):
        with pytest.raises(UsageError, match=match):
            job(**given)
    assert job(wanted=False) is None
    made = job(stages=2, price=("a=1", "b=c=2.5"), max_error=0.2)
    assert (made.settings.stages, made.given) == (2, {"a": 1.0, "b=c": 2.5})
    assert parse_prices(()) == ()
    missing = Job(tmp_path / "none.jsonl", cascade=made)
    with pytest.raises(InputError, match="no such file"):
        run_job(missing, Silence())
