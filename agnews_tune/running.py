"""A grid file -> trained trials and their records: ``agnews-tune run`` as a call."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from agnews_tune.grid.file import read_grid
from agnews_tune.locking import locked
from agnews_tune.runs.plan_table import format_plan
from agnews_tune.runs.planning import Plan, plan_run
from agnews_tune.runs.resources import Machine, Resources, local_capacity, share

if TYPE_CHECKING:
    from agnews_tune.grid.experiments import Grid
    from agnews_tune.hyperparameters import Preprocessing
    from agnews_tune.text.encoded_corpus import EncodedCorpus

Divide = Callable[[Sequence[Machine]], Resources]  # machines among trials, as ``share`` does


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    Attributes:
        folder: where its records are.
        trials: names of the trials that were asked for.
        ran: names of those among them that had not finished before.
        failures: for each of these that has not finished now, the cause in one line.
    """

    folder: Path
    trials: list[str]
    ran: list[str]
    failures: dict[str, str]


def run_grid(
    grid: str | Path,
    *,
    data: str | Path | None = None,
    limit_train: int | None = None,
    seeds: int | Sequence[int] | None = None,
    epochs: int | None = None,
    only: str | Collection[str] = (),
    results: str | Path = "results",
    gpus_per_trial: float | None = None,
    cpus_per_trial: int = 1,
    max_concurrent: int | None = None,
    address: str | None = None,
    tensorboard: bool = False,
    verbose: bool = True,
) -> Outcome:
    """Train every experiment of a grid file with every seed, as ``agnews-tune run`` does.

    Each trial leaves a record under ``results/<name of the grid>/``; what is finished there is not
    trained again, and what was interrupted goes on from its last whole epoch. A trial that fails
    does not stop the others.

    Args:
        grid: a grid file.
        data: the corpus in place of the grid's, as ``load_corpus`` takes it.
        limit_train: training rows to use at most, as ``load_corpus`` takes it.
        seeds: how many (0, 1, 2, ...), or which ones, in place of the grid's.
        epochs: of every experiment, in place of the grid's.
        only: names of the experiments to run, or one name; all of them where it is empty.
        results: the folder of all runs.
        gpus_per_trial: share of a GPU for each trial, or whole GPUs; 0 is the CPU. None takes a
            default where there is a GPU.
        cpus_per_trial: cores for each trial.
        max_concurrent: trials at the same time, at most.
        address: head node of a Ray cluster; without it the run stays on this machine.
        tensorboard: whether each trial writes curves for TensorBoard.
        verbose: whether to print the plan, and how far each trial is.

    Raises:
        GridError: the grid has faults, or does not fit what is asked for.
        HyperparameterError: ``epochs`` is not a whole number of at least 1.
        CorpusError: the data cannot be read.
        RunError: the run cannot start: another one is in its folder, or trials ask for more than
            there is.

    Warns:
        RecordWarning: for each damaged file among earlier records.
        RunWarning: of what is not as it was asked for.
    """
    plan = plan_grid(
        grid,
        results,
        (only,) if isinstance(only, str) else tuple(only),
        data=data,
        limit_train=limit_train,
        seeds=seeds,
        epochs=epochs,
    )
    divide = partial(
        share,
        cpus_per_trial=cpus_per_trial,
        gpus_per_trial=gpus_per_trial,
        max_concurrent=max_concurrent,
    )
    return run_plan(
        plan,
        divide,
        address=address,
        tensorboard=tensorboard,
        verbose=verbose,
        again="the same call",
    )


def plan_grid(
    grid: str | Path,
    results: str | Path,
    only: tuple[str, ...] = (),
    *,
    data: str | Path | None = None,
    limit_train: int | None = None,
    seeds: int | Sequence[int] | None = None,
    epochs: int | None = None,
) -> Plan:
    """Read a grid file, its data and the records that are there; arguments as ``run_grid``."""
    chosen = read_grid(grid).with_overrides(
        source=None if data is None else str(data),
        limit_train=limit_train,
        seeds=list(seeds) if isinstance(seeds, Sequence) else seeds,
        epochs=epochs,
    )
    return plan_run(_with_drawn(chosen), Path(results), only)


def describe_plan(plan: Plan, divide: Divide, address: str | None = None) -> str:
    """Return what ``run_plan`` would do."""
    return format_plan(plan, plan.encode(), divide(_find_machines(address)))


def run_plan(
    plan: Plan,
    divide: Divide,
    *,
    address: str | None = None,
    tensorboard: bool = False,
    verbose: bool = True,
    again: str,
) -> Outcome:
    """Train the trials of a plan that have not finished.

    Args:
        plan: what to run.
        divide: what each trial gets of the machines.
        address: head node of a Ray cluster; without it the run stays on this machine.
        tensorboard: whether each trial writes curves for TensorBoard.
        verbose: whether to print the plan, and how far each trial is.
        again: what goes on with the run, for those who interrupt it.
    """
    corpora = plan.encode()
    with locked(plan.folder):
        plan = plan.renewed()
        failures: dict[str, str] = {}
        if not plan.to_run:
            plan.write()
        else:
            from agnews_tune import tuning

            with tuning.connect(address) as machines:
                resources = divide(machines)
                if verbose:
                    print(format_plan(plan, corpora, resources), flush=True)
                plan.write()
                failures = _train(
                    plan,
                    corpora,
                    resources,
                    tensorboard=tensorboard,
                    verbose=verbose,
                    again=again,
                )
    names, ran = ([each.trial.name for each in some] for some in (plan.trials, plan.to_run))
    return Outcome(plan.folder, names, ran, failures)


def _with_drawn(grid: Grid) -> Grid:
    """Return a grid with what its search draws; without one Ray need not be loaded."""
    if grid.search is None:
        return grid
    from agnews_tune import tuning

    return grid.with_drawn(tuning.draw(grid.search))


def _find_machines(address: str | None) -> list[Machine]:
    """Return the machines of a cluster, or this one, which needs no Ray to be described."""
    if address is None:
        return [local_capacity()]
    from agnews_tune import tuning

    with tuning.connect(address) as machines:
        return machines


def _train(
    plan: Plan,
    corpora: Mapping[Preprocessing, EncodedCorpus],
    resources: Resources,
    *,
    tensorboard: bool,
    verbose: bool,
    again: str,
) -> dict[str, str]:
    """Run a plan's trials under a live table; say how to go on where a signal ends them."""
    from agnews_tune import tuning
    from agnews_tune.runs.progress import Screen, follow

    search = plan.grid.search
    scheduler = tuning.StopWeakTrials(plan.drawn, search) if search else None
    try:
        with follow(plan.to_run, Screen(quiet=not verbose)) as progress:
            return tuning.run(
                plan.to_run,
                corpora,
                resources,
                progress,
                tensorboard=tensorboard,
                scheduler=scheduler,
            )
    except KeyboardInterrupt:
        if verbose:
            print(f"go on from the last whole epochs with: {again}", file=sys.stderr, flush=True)
        raise
