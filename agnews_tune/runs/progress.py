"""How a run is followed: a live table on a terminal, one plain line an epoch elsewhere."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, TextIO

from rich.console import Console
from rich.live import Live
from rich.table import Table

from agnews_tune.errors import RunWarning
from agnews_tune.runs.interrupts import write_nowhere
from agnews_tune.runs.planned_trial import PlannedTrial

COLUMNS = ("trial", "status", "epoch", "loss", "val_loss", "val_accuracy", "docs/s", "left")
STYLES = {
    "running": "bold",
    "stopped": "yellow",
    "finished": "green",
    "failed": "red",
    "waiting": "dim",
}

HUGE = 1e6  # a loss of training that has diverged


@dataclass
class TrialState:
    """How far one trial is."""

    name: str
    epochs: int
    pretrain_epochs: int
    rows: int
    status: str = "waiting"
    retries: int = 0
    stopped_after: int | None = None
    waits: bool = False
    pretrain_logs: Mapping[str, Any] = field(default_factory=dict)
    logs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def epoch(self) -> int:
        """Epochs that have ended."""
        if self.status == "finished":
            return self.stopped_after or self.epochs
        return int(self.logs.get("epoch", 0))

    @property
    def seconds_left(self) -> float | None:
        """Seconds that the remaining epochs take at the pace of the last one."""
        return (self.epochs - self.epoch) * self.logs["seconds"] if self.logs else None

    def cells(self) -> tuple[str, ...]:
        """Return the text under each of ``COLUMNS``."""
        status = f"{self.status}, retry {self.retries}" if self.retries else self.status
        if not self.logs:
            blank = (f"{self.epoch}/{self.epochs}", "", "", "", "", "")
            return (self.name, status, *(self._pretrain_cells() or blank))
        left = _clock(self.seconds_left or 0) if self.status == "running" else ""
        return (
            self.name,
            status,
            f"{self.epoch}/{self.epochs}",
            _loss(self.logs["loss"]),
            _loss(self.logs["val_loss"]),
            f"{self.logs['val_accuracy']:.4f}",
            f"{self.rows / self.logs['seconds']:,.0f}",
            left,
        )

    def _pretrain_cells(self) -> tuple[str, ...]:
        """Return what is known of pretraining, which has losses alone."""
        if not self.pretrain_logs:
            return ("pretraining elsewhere", "", "", "", "", "") if self.waits else ()
        epoch, seconds = self.pretrain_logs["pretrain_epoch"], self.pretrain_logs["seconds"]
        left = _clock((self.pretrain_epochs - epoch) * seconds)
        return (
            f"pretraining {epoch}/{self.pretrain_epochs}",
            _loss(self.pretrain_logs["loss"]),
            _loss(self.pretrain_logs["val_loss"]),
            "",
            f"{self.rows / seconds:,.0f}",
            left if self.status == "running" else "",
        )


class Screen(Console):
    """A terminal or a file; where it can no longer be written to, a run goes on without it.

    A notebook counts as a file: it asks for colours, and can redraw nothing.

    Args:
        file: where to print; standard output where it is None.
        quiet: whether nothing is shown.

    Warns:
        RunWarning: once, why.
    """

    def __init__(self, file: TextIO | None = None, *, quiet: bool = False) -> None:
        shown = file or sys.stdout
        super().__init__(
            file=file,
            highlight=False,
            force_jupyter=False,
            force_terminal=shown is not None and shown.isatty(),
            quiet=quiet,
        )

    def print(self, *objects: Any, **settings: Any) -> None:
        """Print as long as that is possible."""
        try:
            super().print(*objects, **settings)
        except OSError as error:
            self._lose(error.strerror or str(error))

    def on_broken_pipe(self) -> None:
        """Go on where nobody reads any more; rich would end the process."""
        self._lose("nobody reads it")

    def _lose(self, cause: str) -> None:
        self.quiet = True
        write_nowhere([self.file.fileno()])
        message = f"standard output cannot be written ({cause}); what follows is not shown there"
        warnings.warn(message, RunWarning, stacklevel=2)


class Progress:
    """Follows the trials of a run and prints one plain line for each event.

    Args:
        trials: what will run.
        console: where to print.
    """

    def __init__(self, trials: Sequence[PlannedTrial], console: Console) -> None:
        self.console = console
        self.states = {planned.trial.name: _state(planned) for planned in trials}
        self.screen: AbstractContextManager[Any] = nullcontext()

    def trial_started(self, name: str) -> None:
        """A trial starts to train."""
        self.states[name].status = "running"

    def pretraining_waits(self, name: str) -> None:
        """A trial waits for another one that does the same pretraining."""
        self.states[name].waits = True
        self.show(name, "waits for another trial that does the same pretraining")

    def pretrain_epoch_ended(self, name: str, logs: Mapping[str, Any]) -> None:
        """A trial ended an epoch of pretraining with these figures."""
        state = self.states[name]
        state.pretrain_logs = logs
        epoch, loss, val_loss, _, pace, left = state.cells()[2:]
        self.show(name, f"{epoch}  loss {loss}  val_loss {val_loss}  docs/s {pace}  left {left}")

    def epoch_ended(self, name: str, logs: Mapping[str, Any]) -> None:
        """A trial ended an epoch with these figures."""
        state = self.states[name]
        state.logs = logs
        named = zip(COLUMNS[2:], state.cells()[2:], strict=True)
        self.show(name, "  ".join(f"{column} {cell}" for column, cell in named))

    def trial_finished(self, name: str, stopped_after: int | None = None) -> None:
        """A trial left its record, after this epoch already where a search stopped it early."""
        state = self.states[name]
        state.status, state.stopped_after = "finished", stopped_after
        early = f": stopped early, after epoch {stopped_after} of {state.epochs}"
        self.show(name, f"finished{early if stopped_after else ''}")

    def trial_retried(self, name: str, at_most: int) -> None:
        """The process of a trial died; another one goes on from the last whole epoch."""
        state = self.states[name]
        state.retries += 1
        self.show(name, f"retry {state.retries} of {at_most}: its process died")

    def trial_failed(self, name: str, cause: str) -> None:
        """A trial ended without a record."""
        self.states[name].status = "failed"
        self.show(name, f"failed: {cause}")

    def stopped(self) -> None:
        """The run ends before its trials do: show how far each one is."""
        from tabulate import tabulate

        self._mark_stopped()
        rows = [state.cells() for state in self.states.values()]
        table = tabulate(rows, COLUMNS, disable_numparse=True)
        self.console.print(table, highlight=False, markup=False, emoji=False, soft_wrap=True)

    def _mark_stopped(self) -> None:
        for state in self.states.values():
            if state.status == "running":
                state.status = "stopped"

    def show(self, name: str, news: str) -> None:
        """Show what is new about one trial."""
        self.console.print(
            f"{name}  {news}", highlight=False, markup=False, emoji=False, soft_wrap=True
        )


class LiveTable(Progress):
    """Follows the trials of a run in one table that redraws itself."""

    def __init__(self, trials: Sequence[PlannedTrial], console: Console) -> None:
        super().__init__(trials, console)
        self.screen = Live(console=console, get_renderable=self.table, refresh_per_second=4)

    def show(self, name: str, news: str) -> None:
        """Do nothing: the table redraws itself."""

    def stopped(self) -> None:
        """Mark the trials that ran; the table stays on the screen."""
        self._mark_stopped()

    def table(self) -> Table:
        """Draw the trials that fit on the screen; those that run come before those that wait."""
        statuses = [state.status for state in self.states.values()]
        counts = [f"{statuses.count(status)} {status}" for status in STYLES if status in statuses]
        table = Table(*COLUMNS, caption=", ".join(counts), caption_justify="left")
        for column in table.columns[2:]:
            column.justify = "right"
        for state in self._on_screen(self.console.height - 6):
            table.add_row(*state.cells(), style=STYLES[state.status])
        return table

    def _on_screen(self, rows: int) -> list[TrialState]:
        by_interest = sorted(self.states.values(), key=lambda state: _INTEREST[state.status])
        shown = {state.name for state in by_interest[: max(rows, 1)]}
        return [state for state in self.states.values() if state.name in shown]


_INTEREST = {"running": 0, "stopped": 0, "failed": 1, "finished": 2, "waiting": 3}


@contextmanager
def follow(trials: Sequence[PlannedTrial], console: Console) -> Iterator[Progress]:
    """Show a live table where ``console`` is a terminal, else plain lines.

    A KeyboardInterrupt that ends the block leaves a table of how far each trial is.
    """
    progress = (LiveTable if console.is_terminal else Progress)(trials, console)
    with progress.screen:
        try:
            yield progress
        except KeyboardInterrupt:
            progress.stopped()
            raise


def _state(planned: PlannedTrial) -> TrialState:
    hyperparameters = planned.trial.experiment.hyperparameters
    return TrialState(
        planned.trial.name,
        hyperparameters.passes,
        hyperparameters.pretrain_epochs,
        planned.description["data"]["train_rows"],
    )


def _loss(value: float) -> str:
    """Return a loss with four decimals, as long as these say something."""
    return f"{value:.4f}" if value < HUGE else f"{value:.4g}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
