"""What a search tries is drawn from Ray Tune's search spaces."""

from __future__ import annotations

import math
from typing import Any
from zlib import crc32

import numpy as np
from ray import tune
from ray.tune.search.sample import Domain

from agnews_tune.grid.search import Choices, Range, Search

DIGITS = 3  # of a drawn number, counted from the size of its range: nobody reads, or needs, more


def draw(search: Search) -> list[dict[str, Any]]:
    """Draw the hyperparameters of each experiment of a search.

    The same seed draws the same ones. More samples begin with those of fewer, and what one
    hyperparameter is drawn as does not depend on the others.
    """
    columns = {
        name: _draw_column(space, [search.seed, crc32(name.encode())], search.samples)
        for name, space in search.spaces.items()
    }
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def _draw_column(space: Range | Choices, seed: list[int], samples: int) -> list[Any]:
    domain, state = _domain(space), np.random.RandomState(seed)
    values = [domain.sample(random_state=state) for _ in range(samples)]
    if isinstance(space, Choices) or space.is_whole:
        return values
    return [_shorten(value, space) for value in values]


def _domain(space: Range | Choices) -> Domain:
    domain: Domain
    if isinstance(space, Choices):
        domain = tune.choice(space.values)
    elif space.is_whole:
        whole = tune.lograndint if space.log else tune.randint
        domain = whole(int(space.low), int(space.high) + 1)
    else:
        domain = (tune.loguniform if space.log else tune.uniform)(space.low, space.high)
    return domain


def _shorten(value: float, space: Range) -> float:
    """Leave the digits that tell a number from others of its range, or, on a log scale, size."""
    sizes = [space.high - space.low, *([value] if space.log else [])]
    places = DIGITS - 1 - min(math.floor(math.log10(size)) for size in sizes)
    return min(space.high, max(space.low, round(float(value), places)))
