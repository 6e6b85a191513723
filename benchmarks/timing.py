"""Runs in turn, so that a machine whose speed drifts favours none of them."""

from __future__ import annotations

import random
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


def alternate_anew(
    ways: Mapping[Name, Callable[[], Callable[[], object]]], rounds: int
) -> dict[Name, list[float]]:
    """Prepare each of several ways in every round, and then run them in an order that is drawn.

    Of two networks alike, each kept for all rounds, one took 1.06 times the other's time here: how
    memory happens to be given to a network counts as much as what is to be compared.

    Args:
        ways: what prepares a run, by its name.
        rounds: how often.

    Returns:
        The seconds of each run without its preparation, by its name.
    """
    seconds: dict[Name, list[float]] = {name: [] for name in ways}
    generator = random.Random(0)  # noqa: S311 - nothing secret
    for _ in range(rounds):
        runs = {name: prepare() for name, prepare in ways.items()}
        for name in generator.sample(list(runs), len(runs)):
            seconds[name].append(timed(runs[name]))
    return seconds


class Seconds(float):
    """What a run returns where only a part of it, which it has timed itself, counts."""


def timed(run: Callable[[], object]) -> float:
    """Return the seconds of wall time that a call takes, or the Seconds that it returns."""
    start = time.perf_counter()
    returned = run()
    return returned if isinstance(returned, Seconds) else time.perf_counter() - start


def medians(values: Mapping[Name, Sequence[float]]) -> dict[Name, float]:
    """Return the median of what was measured of each thing."""
    return {name: statistics.median(measured) for name, measured in values.items()}


def ratio(numerator: list[float], denominator: list[float]) -> float:
    """Return the ratio of two medians."""
    return statistics.median(numerator) / statistics.median(denominator)
