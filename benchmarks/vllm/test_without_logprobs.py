"""`w2s-judge` against a vLLM that gives no log-probabilities: it falls back, and says so."""

from __future__ import annotations

import json
import re

HELPED = {"max_tokens": 128, "extra_body": {"repetition_penalty": 1.3}}


def test_check_says_which_way_is_left(product):
    found = product.check({"j": HELPED}, "safety")["j"]
    assert found["read"] == "json"
    told = " ".join(found["remarks"])
    assert "logprobs of 20, which is greater than max allowed: 0" in told
    assert "trying json" in told


def test_the_default_falls_back_to_json(product):
    judges = {"chat": HELPED, "completions": {**HELPED, "api": "completions"}}
    scored = product.score(judges, "safety", 2)
    for name, told in scored.summary["judges"].items():
        assert told["read"] == "json"
        assert re.match(r"read as json .*instead of logprob .*max allowed: 0", told["note"])
        assert told["retried"]["EndpointLacks"] == 2, "20 tokens, then 5"
        assert len(scored.votes[name]) == 4
    for votes in scored.votes.values():
        assert all(vote["read"] == "json" for vote in votes)
        for vote in votes:
            if vote["mass"] is not None:
                assert vote["mass"][json.loads(vote["raw"])["verdict"]] == 1


def test_a_way_that_is_named_is_not_left(product):
    scored = product.score({"j": {"read": "logprob"}}, "safety", 2)
    assert (scored.code, scored.votes["j"]) == (3, [])
    assert "leave 'read' out of the panel" in scored.summary["reasons"][0]
