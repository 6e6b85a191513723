"""A search: experiments whose hyperparameters are drawn, where a grid of them is too coarse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


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

    def to_dict(self) -> dict[str, Any]:
        """Return the range as a grid file holds it."""
        return {"from": self.low, "to": self.high, **({"log": True} if self.log else {})}


@dataclass(frozen=True)
class Search:
    """What is drawn, how often, and when a trial is weak enough to be stopped.

    Args:
        parent: the experiment that each drawn one is a change of.
        choices: for each hyperparameter that is drawn a range, or the values to choose from.
        samples: experiments to draw.
        seed: of the draws: the same seed draws the same experiments.
        grace_period: epochs after which a trial may first be stopped.
        reduction_factor: one in so many trials goes on beyond that, and again at so many times
            the epochs.
    """

    parent: str
    choices: dict[str, Range | tuple[Any, ...]]
    samples: int
    seed: int = 0
    grace_period: int = 1
    reduction_factor: int = 4

    def to_dict(self) -> dict[str, Any]:
        """Return the search as ``search:`` of a grid file holds it."""
        return {
            "parent": self.parent,
            "samples": self.samples,
            "seed": self.seed,
            "grace_period": self.grace_period,
            "reduction_factor": self.reduction_factor,
            **{
                name: choice.to_dict() if isinstance(choice, Range) else choice
                for name, choice in self.choices.items()
            },
        }


def drawn_name(number: int) -> str:
    """Return the name of a drawn experiment, counted from 1."""
    return f"search-{number:02}"


def is_drawn(name: str) -> bool:
    """Return whether an experiment of this name was drawn."""
    return name.startswith("search-")
