"""The README's first screen runs as it stands."""

from __future__ import annotations

import doctest
import pathlib

README = pathlib.Path(__file__).parent.parent / "README.md"


def test_the_first_screen_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = doctest.testfile(str(README), module_relative=False, encoding="utf-8")
    assert found.attempted >= 6
    assert not found.failed
