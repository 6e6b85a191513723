"""What a benchmark finds: figures beside their targets, and how they are printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tabulate import tabulate


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes:
        work: what was measured.
        value: what came out; None where it was not measured.
        unit: of the value and its limit; empty for a ratio.
        at_least: what the value must reach.
        at_most: what the value must not pass.
        note: what stands behind it: medians, rounds, sizes.
    """

    work: str
    value: float | None
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def target(self) -> str:
        """The limit as it is printed."""
        if self.at_least is not None:
            return f">= {self._with_unit(self.at_least)}"
        if self.at_most is not None:
            return f"<= {self._with_unit(self.at_most)}"
        return ""

    @property
    def verdict(self) -> str:
        """``met`` or ``missed``; empty without a target, ``not measured`` without a value."""
        if self.value is None:
            return "not measured"
        if not self.target:
            return ""
        reached = self.at_least is None or self.value >= self.at_least
        within = self.at_most is None or self.value <= self.at_most
        return "met" if reached and within else "missed"

    def row(self) -> tuple[str, ...]:
        """Return the cells of the table."""
        value = ""
        if self.value is not None:
            value = self._with_unit(self.value)
            if self.verdict == "missed" and self.target.endswith(f" {value}"):
                value = self._with_unit(self.value, more_digits=1)
        return self.work, value, self.target, self.verdict, self.note

    def to_dict(self) -> dict[str, Any]:
        """Return what goes into the JSON file."""
        fields = ("work", "value", "unit", "at_least", "at_most", "note")
        return {name: getattr(self, name) for name in fields} | {"verdict": self.verdict}

    @classmethod
    def from_dict(cls, written: Mapping[str, Any]) -> Figure:
        """Return what ``to_dict`` wrote."""
        return cls(**{name: value for name, value in written.items() if name != "verdict"})

    def _with_unit(self, value: float, more_digits: int = 0) -> str:
        digits = max(0, 3 - len(str(int(value)))) + more_digits
        return f"{value:,.{digits}f} {self.unit}".rstrip()


def format_table(figures: Sequence[Figure], form: str = "simple") -> str:
    """Return the table; ``form`` is one of tabulate's."""
    headers = ("work", "measured", "target", "", "from")
    columns = ("left", "right", "right", "left", "left")
    rows = [figure.row() for figure in figures]
    return tabulate(rows, headers, tablefmt=form, colalign=columns, disable_numparse=True)
