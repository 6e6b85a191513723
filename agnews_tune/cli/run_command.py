"""agnews-tune run: a grid file -> trained trials and their records."""

from __future__ import annotations

import math
import shlex
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agnews_tune.cli.defaults import results_option

if TYPE_CHECKING:
    from agnews_tune.grid.experiments import Grid
    from agnews_tune.hyperparameters import Preprocessing
    from agnews_tune.runs.planning import Plan
    from agnews_tune.runs.resources import Machine, Resources
    from agnews_tune.text.encoded_corpus import EncodedCorpus


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
    help="Use this many training rows, validation rows included.",
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
    from agnews_tune.grid.file import read_grid
    from agnews_tune.locking import locked
    from agnews_tune.runs.plan_table import format_plan
    from agnews_tune.runs.planning import plan_run
    from agnews_tune.runs.resources import share

    chosen = read_grid(grid).with_overrides(
        source=data, limit_train=limit_train, seeds=seeds, epochs=epochs
    )
    plan = plan_run(_with_drawn(chosen), results, only)
    corpora = plan.encode()
    divide = partial(
        share,
        cpus_per_trial=cpus_per_trial,
        gpus_per_trial=gpus_per_trial,
        max_concurrent=max_concurrent,
    )
    if dry_run:
        click.echo(format_plan(plan, corpora, divide(_find_machines(address))))
        return
    with locked(plan.folder):
        plan = plan.renewed()
        if not plan.to_run:
            plan.write()
            what = f"all {len(plan.trials)} trials are" if len(plan.trials) > 1 else "the trial is"
            click.echo(f"nothing to run: {what} finished in {plan.folder}")
            return
        from agnews_tune import tuning

        with tuning.connect(address) as machines:
            resources = divide(machines)
            click.echo(format_plan(plan, corpora, resources))
            plan.write()
            failures = _train(plan, corpora, resources, tensorboard)
    _conclude(plan, failures)


def _with_drawn(grid: Grid) -> Grid:
    """Return a grid with what its search draws; without one Ray need not be loaded."""
    if grid.search is None:
        return grid
    from agnews_tune import tuning

    return grid.with_drawn(tuning.draw(grid.search))


def _find_machines(address: str | None) -> list[Machine]:
    """Return the machines of a cluster, or this one, which needs no Ray to be described."""
    from agnews_tune.runs.resources import local_capacity

    if address is None:
        return [local_capacity()]
    from agnews_tune import tuning

    with tuning.connect(address) as machines:
        return machines


def _train(
    plan: Plan,
    corpora: Mapping[Preprocessing, EncodedCorpus],
    resources: Resources,
    tensorboard: bool,
) -> dict[str, str]:
    """Run a plan's trials under a live table; say how to go on where a signal ends them."""
    from agnews_tune import tuning
    from agnews_tune.runs.progress import Screen, follow

    search = plan.grid.search
    scheduler = tuning.StopWeakTrials(plan.drawn, search) if search else None
    try:
        with follow(plan.to_run, Screen(highlight=False)) as progress:
            return tuning.run(
                plan.to_run,
                corpora,
                resources,
                progress,
                tensorboard=tensorboard,
                scheduler=scheduler,
            )
    except KeyboardInterrupt:
        again = shlex.join(["agnews-tune", *sys.argv[1:]])
        click.echo(f"go on from the last whole epochs with: {again}", err=True)
        raise


def _conclude(plan: Plan, failures: Mapping[str, str]) -> None:
    """Say what came of a plan's trials; exit with 1 if one failed."""
    click.echo(
        f"{len(plan.to_run) - len(failures)} of {len(plan.to_run)} trials finished; "
        f"see them with: {shlex.join(['agnews-tune', 'report', str(plan.folder)])}"
    )
    for name, cause in failures.items():
        click.echo(f"failed: {name}: {cause}", err=True)
    if failures:
        sys.exit(1)
