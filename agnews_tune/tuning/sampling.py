"""What a search tries is drawn from Ray Tune's search spaces."""

from __future__ import annotations

from typing import Any

import numpy as np
from ray import tune
from ray.tune.search.sample import Domain

from agnews_tune.search import Range, Search

DIGITS = 3  # of a drawn number that is no whole one: nobody reads, or needs, more


def draw(search: Search) -> list[dict[str, Any]]:
    """Draw the hyperparameters of each experiment of a search.

    The same seed draws the same ones, and more samples begin with those of fewer.
    """
    spaces = {name: _space(choice) for name, choice in search.choices.items()}
    state = np.random.RandomState(search.seed)
    return [
        {
            name: _tidy(space.sample(random_state=state), search.choices[name])
            for name, space in spaces.items()
        }
        for _ in range(search.samples)
    ]


def _space(choice: Range | tuple[Any, ...]) -> Domain:
    space: Domain
    if not isinstance(choice, Range):
        space = tune.choice(choice)
    elif _is_whole(choice):
        whole = tune.lograndint if choice.log else tune.randint
        space = whole(int(choice.low), int(choice.high) + 1)
    else:
        space = (tune.loguniform if choice.log else tune.uniform)(choice.low, choice.high)
    return space


def _is_whole(choice: Range) -> bool:
    return isinstance(choice.low, int) and isinstance(choice.high, int)


def _tidy(value: Any, choice: Range | tuple[Any, ...]) -> Any:
    """Return a drawn value as Python's own number, a broken one with few digits."""
    if not isinstance(choice, Range):
        return value
    if _is_whole(choice):
        return int(value)
    return min(choice.high, max(choice.low, float(f"{value:.{DIGITS}g}")))
