"""What `probe` shows: judges that only rank beside others, and who is not asked, said once."""

from __future__ import annotations

import io

import numpy as np
from rich.console import Console

import w2s_judge
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.robustness.probe_effects import Scale
from w2s_judge.audit.robustness.probe_votes import ProbeVotes, Rewriting
from w2s_judge.audit.robustness.theme import rewritten
from w2s_judge.terminal.probing import show_probed
from w2s_judge.workflows.probe import Probed

PROBES = (Rewriting("repeat", "the same again"), Rewriting("verdict", "a verdict", demands=True))


def shown(*ranks):
    """What is printed of judges j0, j1, ... of which some only rank, each asked about 40 texts."""
    n, judges = 80 * len(ranks), len(ranks)
    mass = np.eye(2)[np.arange(n) % 2]
    votes = ProbeVotes(
        PROBES, np.tile(np.arange(40, dtype=np.int32), 2 * judges),
        np.repeat(np.arange(judges, dtype=np.int32), 80),
        np.tile(np.repeat([0, 1], 40), judges).astype(np.int32), np.zeros(n, dtype=np.int32),
        mass, mass, np.zeros(n, dtype=np.bool_), np.ones(n), np.array(ranks),
    )  # fmt: skip
    scale = Scale(tuple(f"j{k}" for k in range(judges)), (0.0, 1.0), np.arange(2, dtype=np.int32))
    part = rewritten(votes, scale, Resample.of(np.arange(40, dtype=np.int32), draws=99))
    summary = {
        "left_out": ["nobody"], "asking": {"calls": n}, "spent": {"calls": n, "usd": 0.0},
        "status": "complete", "run": "x.w2s",
    }  # fmt: skip
    out = io.StringIO()
    show_probed(Console(file=out, width=200), Probed(summary, {"safety": part}))
    text = out.getvalue()
    head, _, tail = text.partition("how far the response rises")
    return head, tail


def test_a_judge_that_only_ranks_has_no_row_of_verdicts_that_change():
    head, tail = shown(True, False)
    assert "verdicts that change" in head
    assert "j1" in head
    assert "j0" not in head
    assert "j0" in tail
    assert "–" not in head
    assert "nobody" not in tail  # it was said before anything was asked


def test_where_all_only_rank_there_is_no_table_of_verdicts():
    head, tail = shown(True, True)
    assert "verdicts that change" not in head
    assert "j0" in tail


def test_a_judge_of_another_rubric_is_said_to_have_no_vote_under_this_one(
    endpoint, wire, outputs, panel, command
):
    judges = panel(a=endpoint(lambda body, _: wire.token({"4": 0.97})).url)
    judges.write_text(
        judges.read_text() + '[[judge]]\nname = "refusal"\nkind = "local"\nmethod = "refusal"\n'
    )
    run = w2s_judge.score(outputs(12), panel=judges, rubrics=["safety", "toxicity"])
    words = ("probe", run.folder, "--panel", judges, "--probe", "padding", "--rubric")
    ran = command(*words, "toxicity")
    said = "refusal has no vote under toxicity, and is not asked"
    assert ran.code == 0
    assert (ran.out + ran.err).count("refusal") == 1
    assert said in ran.out + ran.err
    assert command(*words, "toxicity", "--json").json()["left_out"] == [said]
    assert "is not asked" not in command(*words, "safety").err
