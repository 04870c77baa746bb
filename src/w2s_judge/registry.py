"""Name -> thing, by importing the modules of one package; outside packages add entry points.

A room states what its modules declare:

    READERS = Registry("reader", Reader, "w2s_judge.datasets.shapes", "READER", "w2s_judge.readers")

and every module of that package that has an attribute `READER` is then in it, so that adding one
is adding a file. An installed package adds one by an entry point of the named group; it can never
take the name of a built-in one.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from w2s_judge.errors import ConfigurationError, UsageError, W2SJudgeError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


class Named(Protocol):
    """What can be registered: it has a name to ask for it by, and one line that describes it."""

    @property
    def name(self) -> str:
        """What it is asked for by."""

    @property
    def summary(self) -> str:
        """What it is, in one line."""


T = TypeVar("T", bound=Named)


def unknown(noun: str, name: str, offered: Sequence[str]) -> str:
    """Say that a name is not among `offered`, and which one is nearest."""
    import difflib  # only needed once something is wrong

    shown = repr(name if len(name) <= 60 else name[:60] + "...")
    near = difflib.get_close_matches(name.lower(), offered, n=1, cutoff=0.5)
    guess = f"; did you mean {near[0]!r}?" if near else ""
    return f"no {noun} {shown}{guess}\n  there are: {', '.join(sorted(offered)) or 'none'}"


@dataclass(frozen=True, slots=True)
class Registry(Generic[T]):
    """The things of one kind that can be named.

    `noun` is what messages call one; `kind` the class that each must be an instance of; `package`
    the package whose modules declare one each under `attribute`; `group` the entry-point group of
    outside packages; `error` what an unknown name raises: `UsageError` for arguments,
    `ConfigurationError` for names that come from a file.
    """

    noun: str
    kind: type[T]
    package: str
    attribute: str
    group: str
    error: type[W2SJudgeError] = UsageError

    def names(self) -> tuple[str, ...]:
        """List all names, sorted; outside packages are not imported for it."""
        return tuple(sorted({*self._built_in(), *self._outside()}))

    def get(self, name: str, /) -> T:
        """Find the thing of that name; `error` with the nearest name where there is none."""
        built_in = self._built_in()
        if name in built_in:
            return built_in[name]
        outside = self._outside()
        if name in outside:
            return self._load(outside[name])
        raise self.error(unknown(self.noun, name, (*built_in, *outside)))

    def all(self) -> tuple[T, ...]:
        """Load every one, sorted by name, those of outside packages too."""
        found = self._built_in()
        found |= {name: self._load(point) for name, point in self._outside().items()}
        return tuple(found[name] for name in sorted(found))

    def _built_in(self) -> dict[str, T]:
        found: dict[str, T] = {}
        package = importlib.import_module(self.package)
        for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
            declared = getattr(
                importlib.import_module(f"{self.package}.{module}"), self.attribute, None
            )
            if declared is None:
                continue
            if not isinstance(declared, self.kind) or declared.name in found:
                raise TypeError(
                    f"{self.package}.{module}.{self.attribute} is no {self.kind.__name__}, "
                    "or its name is taken"
                )
            found[declared.name] = declared
        return found

    def _outside(self) -> dict[str, EntryPoint]:
        from importlib.metadata import entry_points  # slow to import: only where it is asked

        found: dict[str, EntryPoint] = {}
        built_in = self._built_in()
        for point in entry_points(group=self.group):
            if point.name in built_in:
                raise ConfigurationError(
                    f"{_origin(point)} offers a {self.noun} {point.name!r}, "
                    "which is the name of a built-in one\n  uninstall that package"
                )
            taken = found.get(point.name)
            if taken is not None and taken.value != point.value:
                raise ConfigurationError(
                    f"{_origin(taken)} and {_origin(point)} both offer a {self.noun} "
                    f"{point.name!r}\n  uninstall one of them"
                )
            found[point.name] = point
        return found

    def _load(self, point: EntryPoint) -> T:
        try:
            loaded = point.load()
        except (ImportError, AttributeError) as error:
            raise ConfigurationError(
                f"the {self.noun} {point.name!r} of {_origin(point)} cannot be imported: {error}\n"
                "  repair or uninstall that package"
            ) from error
        if not isinstance(loaded, self.kind) or loaded.name != point.name:
            raise ConfigurationError(
                f"the {self.noun} {point.name!r} of {_origin(point)} ({point.value}) is no "
                f"{self.kind.__name__} of that name\n  repair or uninstall that package"
            )
        return loaded


def _origin(point: EntryPoint) -> str:
    return f"the package '{point.dist.name}'" if point.dist else "an installed package"
