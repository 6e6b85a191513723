"""Experiments that are the same as others, in words."""

from __future__ import annotations

from collections.abc import Iterable

from agnews_tune.grid.experiments import Experiment, Grid, difference
from agnews_tune.hyperparameters import idle_in


def describe_left_out(grid: Grid, only: tuple[str, ...]) -> list[str]:
    """Return a line for each chosen experiment that is left out, and one for all draws."""
    draws = grid.search.names if grid.search else []
    again = [name for name in grid.left_out if name in draws]
    what = ", which runs for it" if only else " and is left out"
    lines = [
        f"experiment {name!r} is the same as {same!r}{what}"
        for name, same in grid.left_out.items()
        if (name in only if only else name not in again)
    ]
    if again:
        lines.append(f"{len(again)} of {len(draws)} draws are the same as others and are left out")
    return lines


def describe_idle(experiments: Iterable[Experiment]) -> list[str]:
    """Return a line for each experiment that differs from an earlier one in what does nothing."""
    lines = []
    first: dict[object, Experiment] = {}
    for experiment in experiments:
        values = experiment.hyperparameters.to_dict()
        idle = idle_in(values)
        effective = frozenset((name, value) for name, value in values.items() if name not in idle)
        same = first.setdefault((effective, experiment.teacher), experiment)
        if same is not experiment:
            names = list(difference(same.hyperparameters, experiment.hyperparameters))
            lines.append(
                f"experiment {experiment.name!r} differs from {same.name!r} in {', '.join(names)} "
                f"alone, which does nothing beside {idle[names[0]]}"
            )
    return lines
