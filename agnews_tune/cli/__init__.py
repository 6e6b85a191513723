"""The command line: parse, call the library, print; no logic of its own.

Each command is a module, which imports what it needs when it is called.
"""

from __future__ import annotations

import atexit
import gc
import sys
import warnings
from typing import Any, TextIO

import click

from agnews_tune import __version__
from agnews_tune.cli.predict_command import predict
from agnews_tune.cli.report_command import report
from agnews_tune.cli.run_command import run
from agnews_tune.errors import AgnewsTuneError


class _Commands(click.Group):
    """Turns errors into one message and exit code 2, and signals into the codes of shells."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Parse the command line and run what it names."""
        # At its end Python would search all that torch and Ray loaded for memory to give back.
        atexit.register(gc.freeze)
        try:
            return super().main(*args, **options)
        except UnicodeEncodeError as error:
            if error.encoding == "utf-8":  # that of all files
                raise
            message = (
                f"standard output is {sys.stdout.encoding}, which has no "
                f"{error.object[error.start]!a}; set PYTHONIOENCODING=utf-8"
            )
        except OSError as error:
            message = f"{error.filename}: {error.strerror}"
            if error.filename is None:  # a stream has none
                if not _cannot_be_written(sys.stdout):
                    raise
                from agnews_tune.runs.interrupts import write_nowhere

                write_nowhere([1])
                message = f"standard output cannot be written: {error.strerror}"
        click.echo(f"error: {message}", err=True)
        sys.exit(2)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        from agnews_tune.runs.interrupts import Interrupted, interruptible

        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            try:
                with interruptible():
                    outcome = super().invoke(ctx)
                    sys.stdout.flush()
                    return outcome
            except AgnewsTuneError as error:
                click.echo(f"error: {error}", err=True)
                ctx.exit(2)
            except Interrupted as stop:
                click.echo(f"stopped by {stop}", err=True)
                ctx.exit(stop.exit_code)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="agnews-tune")
def main() -> None:
    """Find out which change to a text-classification network helped, and by how much.

    \b
    Example:
      agnews-tune run grids/quickstart.yaml
      agnews-tune report results/
      agnews-tune predict "Stocks slide as oil prices hit a record"
    """


def _cannot_be_written(stream: TextIO) -> bool:
    try:
        print(file=stream, flush=True)
    except OSError:
        return True
    return False


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    click.echo(f"warning: {message}", err=True)


for command in (run, report, predict):
    main.add_command(command)
