"""What a report says of a run, whatever form it gets."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agnews_tune.report.analysis import Analysis
from agnews_tune.report.mistakes import Mistakes


@dataclass(frozen=True)
class Part:
    """What is known of the experiments that saw the same data.

    Attributes:
        analysis: of these experiments.
        mistakes: of their best model and of all of them; None where nobody asked.
    """

    analysis: Analysis
    mistakes: Mistakes | None


@dataclass(frozen=True, repr=False)
class Contents:
    """What is known of a run.

    Attributes:
        run: its folder.
        parts: one for each data that its trials saw; nothing is compared between them.
    """

    run: Path
    parts: list[Part]

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.run.resolve().name
