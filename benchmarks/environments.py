"""One virtual environment a peer, built on demand outside the tree from `peers/NAME.txt`."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

BUILD_SECONDS = 1800
HERE = Path(__file__).parent


class PeerBroken(Exception):
    """A peer cannot be installed or does not run; the message is its last line of output."""


def default_folder() -> Path:
    """`benchmarks/` in the cache folder of the product, or of the user."""
    own = os.environ.get("W2S_JUDGE_CACHE")
    if own:
        return Path(own) / "benchmarks"
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "w2s-judge" / "benchmarks"


def requirements_of(peer: str) -> Path:
    """The file that pins everything which the peer's environment holds."""
    return HERE / "peers" / f"{peer}.txt"


def pinned(package: str, peer: str) -> str:
    """The package's version in the peer's environment; "" where it is not pinned there."""
    pins = (line.partition("==") for line in requirements_of(peer).read_text().splitlines())
    return next((version for name, _, version in pins if name == package), "")


def python_of(peer: str, folder: Path) -> Path:
    """The interpreter of the peer's environment, which is built if it is not there or is stale.

    Raises `PeerBroken` where the installation fails; a half-built environment is built anew.
    """
    home = folder / peer
    stamp, python = home / "built-from", home / "bin" / "python"
    pins = requirements_of(peer).read_bytes() + sys.version.encode()
    wanted = hashlib.sha256(pins).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return python
    print(f"building the environment of {peer} in {home}", file=sys.stderr)
    shutil.rmtree(home, ignore_errors=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    _must([sys.executable, "-m", "venv", str(home)])
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _must([*pip, "--requirement", str(requirements_of(peer))])
    stamp.write_text(wanted)
    return python


def _must(command: list[str]) -> None:
    # Politely: a build must not disturb what else is running.
    polite = [nice, "-n", "10", *command] if (nice := shutil.which("nice")) else command
    try:
        done = subprocess.run(
            polite, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise PeerBroken(f"not installed after {late.timeout:.0f} s") from late
    if done.returncode:
        raise PeerBroken(last_line(done.stderr) or f"installation ended with {done.returncode}")


def last_line(text: str) -> str:
    """The last line that says something, without terminal junk."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
