"""A matrix: every combination of some hyperparameters, each one change away from its parent."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from agnews_tune.hyperparameters import format_value


def combine(choices: Mapping[str, list[Any]]) -> dict[str, dict[str, Any]]:
    """Return every combination by its name, as ``experiments:`` of a grid file would hold it.

    The combination of all first values is the baseline. The parent of another one has the last
    value that is not a first one set back.

    Args:
        choices: the values of each hyperparameter, at least one of each.
    """
    first = tuple(values[0] for values in choices.values())
    experiments = {}
    for combination in itertools.product(*choices.values()):
        values = dict(zip(choices, combination, strict=True))
        if combination != first:
            values["parent"] = _join_name(choices, _step_back(combination, first))
        experiments[_join_name(choices, combination)] = values
    return experiments


def _step_back(combination: tuple[Any, ...], first: tuple[Any, ...]) -> tuple[Any, ...]:
    last = max(index for index, value in enumerate(combination) if value != first[index])
    return combination[:last] + first[last:]


def _join_name(names: Iterable[str], values: tuple[Any, ...]) -> str:
    """Return a name such as ``gru-mean-hidden_dim128-bidirectional-true``."""
    return "-".join(_name_choice(name, value) for name, value in zip(names, values, strict=True))


def _name_choice(name: str, value: object) -> str:
    if name in ("cell", "pooling"):
        return str(value)
    is_word = isinstance(value, bool | str)
    return f"{name}{'-' if is_word else ''}{format_value(value)}"
