"""What a run shows: plain lines in full, and the live table as it stands on a screen."""

import os
import pty
from contextlib import suppress
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from agnews_tune.errors import RunWarning
from agnews_tune.grid.experiments import Experiment, Trial
from agnews_tune.hyperparameters import Hyperparameters
from agnews_tune.runs.planned_trial import PlannedTrial
from agnews_tune.runs.progress import LiveTable, Progress, Screen, follow

SCREEN = """\
┏━━━━━━━━━━━━┳━━━━━━━━━━┳━━━━━━━┳━━━━━━━━┳━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━┳━━━━━━┓
┃ trial      ┃ status   ┃ epoch ┃   loss ┃ val_loss ┃ val_accuracy ┃ docs/s ┃ left ┃
┡━━━━━━━━━━━━╇━━━━━━━━━━╇━━━━━━━╇━━━━━━━━╇━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━╇━━━━━━┩
│ rnn-seed0  │ finished │   3/3 │ 0.5000 │   0.2500 │       0.9123 │  1,500 │      │
│ gru-seed0  │ running  │   1/3 │ 0.5000 │   0.2500 │       0.9123 │  1,500 │ 0:12 │
│ lstm-seed0 │ failed   │   0/3 │        │          │              │        │      │
│ deep-seed0 │ waiting  │   0/3 │        │          │              │        │      │
└────────────┴──────────┴───────┴────────┴──────────┴──────────────┴────────┴──────┘
1 running, 1 finished, 1 failed, 1 waiting
"""
CURSOR = "\x1b[?25h"  # shows it again
STOPPED = """\
trial       status    epoch    loss    val_loss    val_accuracy    docs/s    left
----------  --------  -------  ------  ----------  --------------  --------  ------
rnn-seed0   finished  3/3
gru-seed0   stopped   1/3      0.5000  0.2500      0.9123          1,500
lstm-seed0  waiting   0/3"""
STOPPED_SCREEN = """\
│ rnn-seed0  │ finished │   3/3 │        │          │              │        │      │
│ gru-seed0  │ stopped  │   1/3 │ 0.5000 │   0.2500 │       0.9123 │  1,500 │      │
│ lstm-seed0 │ waiting  │   0/3 │        │          │              │        │      │
└────────────┴──────────┴───────┴────────┴──────────┴──────────────┴────────┴──────┘
1 stopped, 1 finished, 1 waiting"""


def planned(name: str, epochs: int = 3, pretrain_epochs: int = 0) -> PlannedTrial:
    hyperparameters = Hyperparameters(epochs=epochs, pretrain_epochs=pretrain_epochs)
    experiment = Experiment(name, None, {}, hyperparameters, {})
    description = {"data": {"train_rows": 9000}}
    return PlannedTrial(Trial(experiment, seed=0), Path("unused"), description, "run")


def logs(epoch: int, seconds: float = 6.0) -> dict[str, float]:
    return {
        "epoch": epoch,
        "loss": 0.5,
        "accuracy": 0.8,
        "val_loss": 0.25,
        "val_accuracy": 0.91234,
        "learning_rate": 0.001,
        "seconds": seconds,
    }


def plain() -> Console:
    return Console(file=StringIO(), force_terminal=False, width=40)


def terminal(height: int = 40, width: int = 120) -> Console:
    return Console(
        file=StringIO(), force_terminal=True, width=width, height=height, color_system=None
    )


def screen(table: LiveTable) -> list[str]:
    """Return the lines of the table, drawn once."""
    with table.console.capture() as captured:
        table.console.print(table.table())
    return [line.rstrip() for line in captured.get().splitlines()]


def rows(table: LiveTable) -> list[list[str]]:
    """Return the cells of each trial on the screen."""
    lines = [line for line in screen(table) if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def test_plain_lines_are_one_an_event() -> None:
    """Elsewhere than on a terminal each epoch and each end of a trial is one line."""
    console = plain()
    trials = [planned("rnn", epochs=2), planned("gru"), planned("lstm", epochs=5)]
    with follow(trials, console) as progress:
        progress.trial_started("rnn-seed0")
        progress.trial_started("gru-seed0")
        progress.epoch_ended("rnn-seed0", logs(1, seconds=90))
        progress.epoch_ended("rnn-seed0", logs(2, seconds=0.5))
        progress.trial_finished("rnn-seed0")
        progress.trial_finished("lstm-seed0", stopped_after=2)
        progress.trial_retried("gru-seed0", 3)
        progress.trial_retried("gru-seed0", 3)
        progress.trial_failed("gru-seed0", "[bold]out of :memory:")

    assert console.file.getvalue() == (
        "rnn-seed0  epoch 1/2  loss 0.5000  val_loss 0.2500  val_accuracy 0.9123  docs/s 100"
        "  left 1:30\n"
        "rnn-seed0  epoch 2/2  loss 0.5000  val_loss 0.2500  val_accuracy 0.9123  docs/s 18,000"
        "  left 0:00\n"
        "rnn-seed0  finished\n"
        "lstm-seed0  finished: stopped early, after epoch 2 of 5\n"
        "gru-seed0  retry 1 of 3: its process died\n"
        "gru-seed0  retry 2 of 3: its process died\n"
        "gru-seed0  failed: [bold]out of :memory:\n"
    )


def pretrain_logs(epoch: int, seconds: float = 60) -> dict[str, float]:
    return {"pretrain_epoch": epoch, "loss": 5.1234, "val_loss": 5.25, "seconds": seconds}


def test_pretraining_is_shown_before_the_epochs() -> None:
    """It has losses alone; what is left of it is said, not what is left of the trial."""
    console = plain()
    trials = [planned("lm", epochs=2, pretrain_epochs=3)]
    with follow(trials, console) as progress:
        progress.trial_started("lm-seed0")
        progress.pretrain_epoch_ended("lm-seed0", pretrain_logs(1))
        progress.epoch_ended("lm-seed0", logs(1, seconds=90))
    table = LiveTable(trials, terminal())
    table.trial_started("lm-seed0")
    table.pretrain_epoch_ended("lm-seed0", pretrain_logs(2))

    assert console.file.getvalue() == (
        "lm-seed0  pretraining 1/3  loss 5.1234  val_loss 5.2500  docs/s 150  left 2:00\n"
        "lm-seed0  epoch 1/2  loss 0.5000  val_loss 0.2500  val_accuracy 0.9123  docs/s 100"
        "  left 1:30\n"
    )
    (row,) = rows(table)
    assert ["lm-seed0", "running", "pretraining 2/3", "5.1234", "5.2500", "", "150", "1:00"] == row


def test_a_trial_that_waits_says_so() -> None:
    """Until it has epochs of its own."""
    console = plain()
    trials = [planned("lm", epochs=2, pretrain_epochs=3)]
    with follow(trials, console) as progress:
        progress.trial_started("lm-seed0")
        progress.pretraining_waits("lm-seed0")
    table = LiveTable(trials, terminal())
    table.trial_started("lm-seed0")
    table.pretraining_waits("lm-seed0")
    waiting = rows(table)
    table.epoch_ended("lm-seed0", logs(1, seconds=90))

    assert "lm-seed0  waits for another trial that does the same pretraining\n" == (
        console.file.getvalue()
    )
    assert [["lm-seed0", "running", "pretraining elsewhere", "", "", "", "", ""]] == waiting
    assert [["lm-seed0", "running", "1/2", "0.5000", "0.2500", "0.9123", "100", "1:30"]] == rows(
        table
    )


def test_run_goes_on_where_nobody_reads_it() -> None:
    """One warning, on the other output; what follows is not shown, and nothing ends."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as output:
        progress = Progress([planned("rnn-max")], Screen(output))
        with pytest.warns(RunWarning) as warned:
            progress.trial_failed("rnn-max-seed0", "loss is nan")
        progress.epoch_ended("rnn-max-seed0", logs(1))
        progress.stopped()

    message = "standard output cannot be written (nobody reads it); what follows is not shown there"
    assert [message] == [str(item.message) for item in warned]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_run_goes_on_where_the_disk_behind_its_output_is_full() -> None:
    """The cause is that of the system."""
    with Path("/dev/full").open("w", encoding="utf-8") as output:
        progress = Progress([planned("rnn-max")], Screen(output))
        with pytest.warns(RunWarning) as warned:
            progress.trial_failed("rnn-max-seed0", "loss is nan")
        progress.stopped()

    message = (
        "standard output cannot be written (No space left on device); what follows is not shown "
        "there"
    )
    assert [message] == [str(item.message) for item in warned]


def test_long_names_stay_on_their_line() -> None:
    """No line is wrapped, however narrow the output says it is."""
    console = plain()
    name = "gru-3layer-bidirectional-dropout0.3-and-more"
    with follow([planned(name)], console) as progress:
        progress.trial_started(f"{name}-seed0")
        progress.trial_finished(f"{name}-seed0")

    assert f"{name}-seed0  finished\n" == console.file.getvalue()


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.1, "0:00"), (29.6, "0:59"), (30, "1:00"), (1800, "1:00:00"), (45296, "25:09:52")],
)
def test_time_left_is_that_of_the_epochs_left(seconds: float, expected: str) -> None:
    """Two epochs are left, at the pace of the last one; hours show where there are any."""
    progress = LiveTable([planned("rnn", epochs=3)], terminal())
    progress.trial_started("rnn-seed0")
    progress.epoch_ended("rnn-seed0", logs(1, seconds))

    assert expected == rows(progress)[0][-1]


def test_live_table_shows_every_trial() -> None:
    """Each status has its row, the counts stand below."""
    table = LiveTable([planned(name) for name in ("rnn", "gru", "lstm", "deep")], terminal())
    for name in ("rnn", "gru", "lstm"):
        table.trial_started(f"{name}-seed0")
    for epoch in (1, 2, 3):
        table.epoch_ended("rnn-seed0", logs(epoch))
    table.trial_finished("rnn-seed0")
    table.epoch_ended("gru-seed0", logs(1))
    table.trial_failed("lstm-seed0", "out of memory")

    assert SCREEN.splitlines() == screen(table)


def test_trial_without_an_epoch_runs_with_empty_figures() -> None:
    """A trial that has just started has no figures yet."""
    table = LiveTable([planned("rnn")], terminal())
    table.trial_started("rnn-seed0")

    assert [["rnn-seed0", "running", "0/3", "", "", "", "", ""]] == rows(table)


def test_losses_of_a_diverged_training_keep_their_column() -> None:
    """A loss of 32 digits says no more than one of four."""
    console = plain()
    with follow([planned("rnn")], console) as progress:
        progress.epoch_ended("rnn-seed0", logs(1) | {"loss": 1.349e31, "val_loss": 999999.0})

    assert "  loss 1.349e+31  val_loss 999999.0000  " in console.file.getvalue()


def test_retries_show_beside_the_status() -> None:
    """A trial whose process died runs again, and its row says so."""
    table = LiveTable([planned("rnn")], terminal())
    table.trial_started("rnn-seed0")
    table.epoch_ended("rnn-seed0", logs(1))
    table.trial_retried("rnn-seed0", 3)
    expected = ["rnn-seed0", "running, retry 1", "1/3", "0.5000", "0.2500", "0.9123"]

    assert expected == rows(table)[0][:6]


def test_small_screen_keeps_the_trials_that_run() -> None:
    """Where not all trials fit, those that run come first, then the failed and the finished."""
    names = [f"trial{number:02}" for number in range(20)]
    table = LiveTable([planned(name) for name in names], terminal(height=10))
    for name in names[:3]:
        table.trial_started(f"{name}-seed0")
        table.trial_finished(f"{name}-seed0")
    table.trial_failed("trial04-seed0", "out of memory")
    for name in names[17:19]:
        table.trial_started(f"{name}-seed0")
    lines = screen(table)

    assert ["trial00-seed0", "trial04-seed0", "trial17-seed0", "trial18-seed0"] == [
        row[0] for row in rows(table)
    ]
    assert "2 running, 3 finished, 1 failed, 14 waiting" == lines[-1]
    assert len(lines) < 10


def test_tiny_screen_still_shows_a_trial_that_runs() -> None:
    """However small the screen is, one row is left."""
    table = LiveTable([planned("rnn"), planned("gru")], terminal(height=3))
    table.trial_started("gru-seed0")

    assert ["gru-seed0"] == [row[0] for row in rows(table)]


def test_names_keep_to_one_row_on_a_narrow_screen() -> None:
    """A long name is cut, so that a row stays one line."""
    table = LiveTable([planned("gru-3layer-bidirectional-dropout0.3")], terminal(width=80))
    table.trial_started("gru-3layer-bidirectional-dropout0.3-seed0")
    table.epoch_ended("gru-3layer-bidirectional-dropout0.3-seed0", logs(1))
    (row,) = rows(table)

    assert row[0].startswith("gru-3")
    assert ["running", "1/3", "0.5000", "0.2500", "0.9123", "1,500", "0:12"] == row[1:]


@pytest.mark.parametrize(("console", "expected"), [(plain(), Progress), (terminal(), LiveTable)])
def test_terminals_get_the_live_table(console: Console, expected: type[Progress]) -> None:
    """What is shown follows from where it is shown."""
    with follow([planned("rnn")], console) as progress:
        assert expected is type(progress)


def test_a_wish_for_colours_makes_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notebooks and test servers have it; they would fill with one table after another."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    leader, follower = pty.openpty()
    with os.fdopen(leader), os.fdopen(follower, "w") as output:
        assert Screen(output).is_terminal

    assert not Screen(StringIO()).is_terminal


@pytest.mark.parametrize(
    ("console", "expected"), [(plain(), STOPPED), (terminal(), STOPPED_SCREEN)]
)
def test_interrupted_run_leaves_one_table(console: Console, expected: str) -> None:
    """The table says how far each trial is; on a terminal it is the one that stood there."""
    names = ("rnn", "gru", "lstm")
    with (
        suppress(KeyboardInterrupt),
        follow([planned(name) for name in names], console) as progress,
    ):
        progress.trial_started("rnn-seed0")
        progress.trial_finished("rnn-seed0")
        progress.trial_started("gru-seed0")
        progress.epoch_ended("gru-seed0", logs(1))
        raise KeyboardInterrupt

    shown = [line.rstrip() for line in console.file.getvalue().removesuffix(CURSOR).splitlines()]
    assert expected == "\n".join(shown[-len(expected.splitlines()) :])


def test_live_table_is_left_on_the_screen() -> None:
    """When the run ends, the last state stays and no event has printed a line of its own."""
    console = terminal()
    with follow([planned("rnn")], console) as progress:
        progress.trial_started("rnn-seed0")
        progress.epoch_ended("rnn-seed0", logs(3))
        progress.trial_finished("rnn-seed0")
    printed = console.file.getvalue()

    assert "rnn-seed0 │ finished │   3/3" in printed
    assert "1 finished" in printed
    assert "rnn-seed0  finished" not in printed
