"""What a report is made of: sections of paragraphs and tables, and how figures are written."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field

from agnews_tune.report.statistics import Estimate
from agnews_tune.report.summary import Figure

WIDTH = 100  # characters of a terminal
NAME_WIDTH = 36  # of a name on the terminal, before it goes on in a second line


@dataclass(frozen=True)
class Table:
    """Cells of text under columns.

    Attributes:
        columns: their names.
        rows: as many cells each.
        left: names of the columns that hold words; the others hold figures.
    """

    columns: list[str]
    rows: list[list[str]]
    left: tuple[str, ...]

    def format(self, form: str) -> str:
        """Return the table in a form of ``tabulate``."""
        from tabulate import tabulate

        align = ["left" if column in self.left else "right" for column in self.columns]
        return tabulate(
            self.rows,
            self.columns,
            form,
            colalign=align if self.rows else None,
            disable_numparse=True,
        )

    def wrapped(self, width: int = NAME_WIDTH) -> Table:
        """Return the table with long names in its first column going on in a second line."""
        names = [[textwrap.fill(line, width) for line in row[0].splitlines()] for row in self.rows]
        rows = [["\n".join(name), *row[1:]] for name, row in zip(names, self.rows, strict=True)]
        return Table(self.columns, rows, self.left)

    def chosen(self, columns: Sequence[str]) -> Table:
        """Return the table with some of its columns, in its own order."""
        kept = [number for number, name in enumerate(self.columns) if name in columns]
        return Table(
            [self.columns[number] for number in kept],
            [[row[number] for number in kept] for row in self.rows],
            self.left,
        )

    def fitted(self, importance: Sequence[str]) -> Table:
        """Return the columns that fit a terminal together, the most important ones first."""
        chosen: list[str] = []
        for name in importance:
            if name in self.columns and self.chosen([*chosen, name]).width <= WIDTH:
                chosen.append(name)
        return self.chosen(chosen)

    @property
    def width(self) -> int:
        """Characters of a line on the terminal."""
        return len(self.format("simple").splitlines()[1])


Block = str | Table


@dataclass(frozen=True)
class Section:
    """A title and what stands below it: paragraphs and tables."""

    title: str
    blocks: list[Block] = field(default_factory=list)


def points(estimate: Estimate) -> str:
    """Return a difference in points of accuracy, with its interval."""
    return f"{100 * estimate.value:+.2f} [{100 * estimate.low:+.2f}, {100 * estimate.high:+.2f}]"


def probability(p: float) -> str:
    """Return a p in two digits, or that it is smaller than a floating-point number can be."""
    return f"{p:.2g}" if p else "<1e-300"


def accuracy(figure: Figure | None) -> str:
    """Return a mean and its deviation over seeds."""
    if figure is None:
        return ""
    deviation = "" if figure.deviation is None else f" ± {figure.deviation:.4f}"
    return f"{figure.mean:.4f}{deviation}"


def interval(estimate: Estimate) -> str:
    """Return the interval of an accuracy."""
    return f"{estimate.low:.4f} to {estimate.high:.4f}"
