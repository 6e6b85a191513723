"""Runs in turn, so that a machine whose speed drifts favours none of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

Name = TypeVar("Name")


def alternate(runs: Mapping[Name, Callable[[], object]], rounds: int) -> dict[Name, list[float]]:
    """Run each of several things in every round, in turn.

    Args:
        runs: what to call, by its name.
        rounds: how often.

    Returns:
        The seconds of each call, by its name.
    """
    seconds: dict[Name, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            seconds[name].append(timed(run))
    return seconds


def timed(run: Callable[[], object]) -> float:
    """Return the seconds of wall time that a call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def medians(values: Mapping[Name, Sequence[float]]) -> dict[Name, float]:
    """Return the median of what was measured of each thing."""
    return {name: statistics.median(measured) for name, measured in values.items()}


def ratio(numerator: list[float], denominator: list[float]) -> float:
    """Return the ratio of two medians."""
    return statistics.median(numerator) / statistics.median(denominator)
