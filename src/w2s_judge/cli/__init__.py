"""The command line: parse, call a workflow, print.

Nothing heavier than typer is imported before a command runs, so that `--help` is instant.
"""

from __future__ import annotations

import sys

import typer

from w2s_judge.cli import (  # noqa: F401 (each declares its commands)
    asking,
    auditing,
    consensus,
    looking,
    preferring,
    probing,
    replaying,
)
from w2s_judge.cli.app import STOPPED, app, complain
from w2s_judge.errors import UsageError, W2SJudgeError

DEFECT = 70


def main() -> None:
    """Run the command line and exit with its code; docs/data.md says what the codes mean."""
    import signal

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: finish, store, say how
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except W2SJudgeError as error:
        complain(str(error))
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        complain("interrupted; the same command goes on where it stopped")
        sys.exit(STOPPED)
    except Exception as error:
        show = getattr(error, "show", None)  # what typer says of arguments that it cannot use
        if show is not None:
            show()
            sys.exit(getattr(error, "exit_code", UsageError.exit_code))
        import traceback

        traceback.print_exc()
        complain("this is a defect of w2s-judge, please report the lines above")
        sys.exit(DEFECT)
