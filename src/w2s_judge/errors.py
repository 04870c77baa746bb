"""Everything that w2s-judge raises on purpose.

    W2SJudgeError
    ├── InputError              a row or a file that the user brought is wrong          exit 1
    ├── ConfigurationError      a panel, a rubric or a choice of them is wrong          exit 1
    │   ├── MissingExtra        an optional package is needed and not installed
    │   └── RunFolderError      the run folder cannot be used (locked, foreign, newer)
    ├── UsageError              the arguments make no sense together                    exit 2
    ├── TransportError          a call to a judge failed: retried, counted, never a vote
    │   ├── RateLimited         429: slow down                                          retried
    │   ├── ServerTrouble       5xx: the server is unwell                               retried
    │   ├── ConnectionTrouble   no connection, reset, timed out                         retried
    │   ├── BadReply            an answer arrived, but not one of this API              retried
    │   ├── RequestRejected     4xx: this question cannot be asked of this judge        not retried
    │   └── JudgeUnusable       wrong key, unknown model: no question can be asked      not retried
    └── EndpointLacks           a way of reading is not offered: the next one is tried

`exit_code` on the class is what the command line returns when the error ends a command.
"""

from __future__ import annotations


class W2SJudgeError(Exception):
    """Base of all errors that tell a user what to do, as opposed to a defect of ours."""

    exit_code = 1


class InputError(W2SJudgeError):
    """A row or a file is wrong: says where, what and what to do.

    `path` is the file as the user named it, `line` is 1-based (for a JSON list or a Parquet file
    the row, also 1-based, and then `unit` is "row"), or None where the whole file is meant.
    """

    def __init__(
        self, what: str, *, path: str, line: int | None = None, unit: str = "line", remedy: str = ""
    ) -> None:
        self.what, self.path, self.line, self.unit, self.remedy = what, path, line, unit, remedy
        place = path if line is None else f"{path}, {unit} {line}"
        super().__init__(f"{place}: {what}" + (f"\n  {remedy}" if remedy else ""))


class ConfigurationError(W2SJudgeError):
    """A panel, a rubric or the choice of them cannot be used; the message names the remedy."""


class MissingExtra(ConfigurationError):
    """An optional package is needed: the message is the command that installs it."""

    def __init__(self, extra: str, what: str) -> None:
        self.extra = extra
        super().__init__(f"{what} needs the extra '{extra}': pip install 'w2s-judge[{extra}]'")


class RunFolderError(ConfigurationError):
    """A run folder cannot be used: another process holds it, it is not one of ours, or is newer."""


class UsageError(W2SJudgeError):
    """Arguments that cannot be used together, or a value that is none of those offered."""

    exit_code = 2


class TransportError(W2SJudgeError):
    """A call failed. `status` is the HTTP status where there was one, `retry_after` seconds.

    `billable` is True where the provider may have charged for the call although nothing came back
    (a time-out, a connection that broke off after sending): the budget then counts the worst case.
    """

    exit_code = 3
    retried = True
    billable = False
    usage: object = None  # `types.Usage` where an answer came with one, though it was none

    def __init__(
        self, message: str, *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        self.status, self.retry_after = status, retry_after
        super().__init__(message)


class RateLimited(TransportError):
    """429: the endpoint wants fewer calls."""


class ServerTrouble(TransportError):
    """5xx: the endpoint is unwell; everything to it pauses."""


class ConnectionTrouble(TransportError):
    """No connection, a reset, or a time-out."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        self.billable = sent
        super().__init__(message)


class BadReply(TransportError):
    """Something came back that is not an answer of this API (malformed or cut-off JSON)."""

    billable = True


class RequestRejected(TransportError):
    """4xx: this question cannot be asked of this judge (too long, say). Not retried."""

    retried = False


class JudgeUnusable(TransportError):
    """401, 403, 404: no question can be asked of this judge. It is left out until the next run."""

    retried = False


class EndpointLacks(W2SJudgeError):
    """The endpoint does not offer a way of reading; the engine goes on with the next way.

    `billable` where an answer was generated all the same; `usage` is then its `types.Usage`.
    """

    def __init__(self, message: str, *, billable: bool = False, usage: object = None) -> None:
        self.billable, self.usage = billable, usage
        super().__init__(message)
