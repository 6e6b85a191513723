"""A search: experiments whose hyperparameters are drawn, where a grid of them is too coarse."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from agnews_tune.hyperparameters import format_value

PREFIX = "search-"  # of the names of drawn experiments


@dataclass(frozen=True)
class Range:
    """All numbers from one to another; whole ones, both ends among them, where these are.

    Args:
        low: the least.
        high: the greatest.
        log: whether each doubling is as likely as any other, not each number.
    """

    low: float
    high: float
    log: bool = False

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high

    @property
    def is_numeric(self) -> bool:
        """Whether what is drawn has an order and distances."""
        return True

    @property
    def is_whole(self) -> bool:
        """Whether whole numbers alone are drawn."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def words(self) -> list[str]:
        """Nothing: numbers are drawn."""
        return []

    def place(self, value: float) -> float:
        """Return where a value lies on an axis."""
        return value

    @property
    def log_ticks(self) -> list[float]:
        """What to name on a logarithmic axis: both ends, and about their middle; else nothing."""
        middle = math.sqrt(self.low * self.high) if self.log else 0.0
        return [self.low, float(f"{middle:.2g}"), self.high] if self.log else []

    def describe(self) -> str:
        """Return the range in words."""
        return f"{self.low} to {self.high}{', log' if self.log else ''}"

    def to_plain(self) -> dict[str, Any]:
        """Return the range as a grid file holds it."""
        return {"from": self.low, "to": self.high, **({"log": True} if self.log else {})}


@dataclass(frozen=True)
class Choices:
    """Some values, each as likely as any other.

    Args:
        values: at least one.
    """

    values: tuple[Any, ...]

    def __contains__(self, value: object) -> bool:
        return value in self.values

    @property
    def is_numeric(self) -> bool:
        """Whether what is drawn has an order and distances."""
        return all(type(value) in {int, float} for value in self.values)

    def place(self, value: object) -> float:
        """Return where a value lies on an axis; 0.0 lies where 0 does."""
        return self.values.index(value)

    @property
    def log_ticks(self) -> list[float]:
        """Nothing: an axis of choices is not logarithmic."""
        return []

    @property
    def words(self) -> list[str]:
        """The values as a grid file writes them."""
        return [format_value(value) for value in self.values]

    def describe(self) -> str:
        """Return the values in words."""
        return ", ".join(self.words)

    def to_plain(self) -> list[Any]:
        """Return the values as a grid file holds them."""
        return list(self.values)


@dataclass(frozen=True)
class Search:
    """What is drawn, how often, and when a trial is weak enough to be stopped.

    Args:
        parent: the experiment that each drawn one is a change of.
        spaces: what each hyperparameter that is drawn is drawn from.
        samples: experiments to draw.
        seed: of the draws: the same seed draws the same experiments.
        grace_period: epochs after which a trial may first be stopped.
        reduction_factor: one in so many trials goes on beyond that, and again at so many times
            the epochs.
    """

    parent: str
    spaces: dict[str, Range | Choices]
    samples: int
    seed: int = 0
    grace_period: int = 1
    reduction_factor: int = 4

    @property
    def names(self) -> list[str]:
        """The names of the experiments, in the order in which they are drawn."""
        return [f"{PREFIX}{number:02}" for number in range(1, self.samples + 1)]

    def to_plain(self) -> dict[str, Any]:
        """Return the search as ``search:`` of a grid file holds it."""
        return {
            "parent": self.parent,
            "samples": self.samples,
            "seed": self.seed,
            "grace_period": self.grace_period,
            "reduction_factor": self.reduction_factor,
            **{name: space.to_plain() for name, space in self.spaces.items()},
        }


def clashing(names: Iterable[str]) -> list[str]:
    """Return the names that drawn experiments might have too, in whatever case."""
    return [name for name in names if name.lower().startswith(PREFIX)]
