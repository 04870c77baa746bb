"""What `w2s-judge` says where vLLM will not answer."""

from __future__ import annotations

import json


def test_a_question_that_is_too_long_fails_alone(product):
    path = product.folder / "long.jsonl"
    rows = [
        {"id": "long", "prompt": "Well?", "response": "word " * 6000},
        {"id": "short", "prompt": "How do I bake bread?", "response": "Mix flour and water."},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    scored = product.score({"j": {}}, "safety", path)
    assert (scored.code, scored.summary["left"]) == (3, 1)
    assert "maximum context length" in scored.summary["reasons"][0]
    assert [vote["item"] for vote in scored.votes["j"]] == ["short"]


def test_a_model_that_is_not_served_is_named(product):
    found = product.check({"j": {"model": "another"}}, "safety")["j"]
    assert not found["ok"]
    assert "Check the model's name ('another')" in found["remarks"][0]
