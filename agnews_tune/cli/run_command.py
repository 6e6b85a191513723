"""agnews-tune run: a grid file -> trained trials and their records."""

from __future__ import annotations

import math
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agnews_tune.cli.defaults import results_option

if TYPE_CHECKING:
    from agnews_tune.running import Outcome


def _read_share(_ctx: click.Context, _param: click.Parameter, value: str) -> float | None:
    """Return a number of GPUs, or None for ``auto``."""
    if value == "auto":
        return None
    try:
        share = float(value)
    except ValueError:
        share = math.nan
    if not share >= 0:
        raise click.BadParameter(f"{value!r} is neither 'auto' nor a number of at least 0.")
    return share


@click.command()
@click.argument("grid", type=click.Path(path_type=Path))
@click.option(
    "--data",
    metavar="SOURCE",
    help="Corpus in place of the grid's: ag_news, demo, hub:OWNER/NAME, a file or a folder.",
)
@click.option(
    "--gpus-per-trial",
    callback=_read_share,
    default="auto",
    show_default=True,
    metavar="SHARE",
    help="Share of a GPU for each trial, such as 0.25, or whole GPUs; 0 is the CPU. auto: where "
    "there is a GPU, a quarter, or a sixteenth if NVIDIA's MPS runs, but 5 GB at least.",
)
@click.option(
    "--cpus-per-trial",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Cores for each trial.",
)
@click.option(
    "--max-concurrent", type=click.IntRange(min=1), help="Trials at the same time, at most."
)
@click.option(
    "--seeds", type=click.IntRange(min=1), help="How many seeds for each experiment: 0, 1, 2, ..."
)
@click.option(
    "--only",
    metavar="EXPERIMENT",
    multiple=True,
    help="Run this experiment alone; can be given more than once.",
)
@click.option("--epochs", type=click.IntRange(min=1), help="Epochs of every experiment.")
@click.option(
    "--limit-train",
    type=click.IntRange(min=1),
    metavar="ROWS",
    help="Use this many training rows; validation rows are cut from them where there are none.",
)
@results_option(
    help="Folder of all runs; this one goes to RESULTS/<name of the grid>/.",
)
@click.option(
    "--address", help="Head node of a Ray cluster; without it the run stays on this machine."
)
@click.option(
    "--tensorboard",
    is_flag=True,
    help="Write curves for TensorBoard to RESULTS/<name of the grid>/tensorboard/.",
)
@click.option("--dry-run", is_flag=True, help="Print the plan and stop.")
def run(
    grid: Path,
    data: str | None,
    gpus_per_trial: float | None,
    cpus_per_trial: int,
    max_concurrent: int | None,
    seeds: int | None,
    only: tuple[str, ...],
    epochs: int | None,
    limit_train: int | None,
    results: Path,
    address: str | None,
    tensorboard: bool,
    dry_run: bool,
) -> None:
    """Train every experiment of the file GRID with every seed.

    Each trial leaves a record under RESULTS/<name of the grid>/; what is finished there is not
    trained again. The exit code is 1 if a trial failed.

    \b
    Example:
      agnews-tune run grids/report.yaml --gpus-per-trial 0.25
      agnews-tune run grids/report.yaml --data corpus/ --only gru-max --epochs 2
    """
    from agnews_tune.running import describe_plan, plan_grid, run_plan
    from agnews_tune.runs.resources import share

    plan = plan_grid(
        grid, results, only, data=data, limit_train=limit_train, seeds=seeds, epochs=epochs
    )
    divide = partial(
        share,
        cpus_per_trial=cpus_per_trial,
        gpus_per_trial=gpus_per_trial,
        max_concurrent=max_concurrent,
    )
    if dry_run:
        click.echo(describe_plan(plan, divide, address))
        return
    again = shlex.join(["agnews-tune", *sys.argv[1:]])
    outcome = run_plan(plan, divide, address=address, tensorboard=tensorboard, again=again)
    _conclude(outcome)


def _conclude(outcome: Outcome) -> None:
    """Say what came of a run; exit with 1 if a trial failed."""
    if not outcome.ran:
        count = len(outcome.trials)
        what = f"all {count} trials are" if count > 1 else "the trial is"
        click.echo(f"nothing to run: {what} finished in {outcome.folder}")
        return
    click.echo(
        f"{len(outcome.ran) - len(outcome.failures)} of {len(outcome.ran)} trials finished; "
        f"see them with: {shlex.join(['agnews-tune', 'report', str(outcome.folder)])}"
    )
    for name, cause in outcome.failures.items():
        click.echo(f"failed: {name}: {cause}", err=True)
    if outcome.failures:
        sys.exit(1)
