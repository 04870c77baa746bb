"""A real Chromium: found, or the tests are left out and say so (or fail where one is required)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
FLAGS = (
    "--headless=new", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
MISSING = (
    "BROWSER TESTS SKIPPED: no Chromium or Chrome. Install one, or name it in W2S_JUDGE_BROWSER; "
    "W2S_JUDGE_REQUIRE_BROWSER=1 makes this a failure."
)
SKIPPED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> Iterator[None]:
    """The last thing that pytest says, after its own list of what was skipped."""
    yield
    if config.stash.get(SKIPPED, False):
        terminalreporter.write_sep("=", MISSING, red=True, bold=True)


def found() -> str | None:
    """The browser that the environment names, else the first on the path."""
    named = os.environ.get("W2S_JUDGE_BROWSER")
    if named:
        return named
    on_path = next((path for name in NAMES if (path := shutil.which(name))), None)
    return on_path or (MAC if Path(MAC).exists() else None)


@pytest.fixture(scope="module")
def chromium(pytestconfig: pytest.Config) -> Iterator[Any]:
    """The browser; a module's own, so that playwright's loop ends before other modules' tests."""
    path = found()
    if path is None:
        if os.environ.get("W2S_JUDGE_REQUIRE_BROWSER") == "1":
            pytest.fail(MISSING)
        pytestconfig.stash[SKIPPED] = True
        pytest.skip(MISSING)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass
class Opened:
    """A page, and all that it did besides being shown."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def quiet(self) -> bool:
        """Nothing in the console, no error, no dialog, and one request: the page itself."""
        return not self.said and len(self.asked) == 1 and self.asked[0].startswith("file:///")


@pytest.fixture
def opened(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Open HTML as a file, `width` pixels wide; all contexts are closed at the end."""
    contexts = []

    def open_(
        html: str, *, width: int = 1280, scheme: str = "light", script: bool = True
    ) -> Opened:
        path = tmp_path / f"page-{len(contexts)}.html"
        path.write_bytes(html.encode())
        context = chromium.new_context(
            viewport={"width": width, "height": 844}, color_scheme=scheme,
            java_script_enabled=script, reduced_motion="reduce",
        )  # fmt: skip
        contexts.append(context)
        one = Opened(context.new_page())

        def dialog(box: Any) -> None:
            one.said.append(f"dialog: {box.message}")
            box.dismiss()

        one.page.on("console", lambda message: one.said.append(message.text))
        one.page.on("pageerror", lambda error: one.said.append(str(error)))
        one.page.on("dialog", dialog)
        context.on("request", lambda request: one.asked.append(request.url))
        one.page.goto(path.as_uri())
        return one

    yield open_
    for context in contexts:
        context.close()
