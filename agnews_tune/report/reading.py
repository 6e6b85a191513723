"""A run's folder -> everything that its report says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agnews_tune.records.reading import read_run
from agnews_tune.report.analysis import Analysis, analyze
from agnews_tune.report.mistakes import Mistakes, find_mistakes
from agnews_tune.report.sources import read_corpus, read_grid_of, texts_of_test
from agnews_tune.report.summary import DataSummary, summarize


@dataclass(frozen=True)
class Part:
    """What is known of the experiments that saw the same data.

    Attributes:
        analysis: of these experiments.
        mistakes: of their best model and of all of them; None where nobody asked.
    """

    analysis: Analysis
    mistakes: Mistakes | None


@dataclass(frozen=True)
class Report:
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


def read_report(run: Path, errors: int = 0) -> Report:
    """Read the records of a run and compare its experiments.

    Args:
        run: the run's folder; the run may still be under way.
        errors: how many of the hardest rows to look up; 0 leaves all errors out.
    """
    return compare(run, read_summaries(run), errors)


def read_summaries(run: Path) -> list[DataSummary]:
    """Read the records of a run; return a summary for each data that its trials saw."""
    return summarize(read_run(run))


def compare(run: Path, summaries: Sequence[DataSummary], errors: int = 0) -> Report:
    """Compare the experiments of a run, whose summaries have been read.

    Args:
        run: the run's folder, which has its grid.
        summaries: what ``read_summaries`` returned for it.
        errors: how many of the hardest rows to look up; 0 leaves all errors out.
    """
    grid = read_grid_of(run)
    targets, search = (grid.targets, grid.search) if grid else ((), None)
    analyses = [analyze(summary, targets, search) for summary in summaries]
    if not errors:
        return Report(run, [Part(analysis, None) for analysis in analyses])
    corpus = read_corpus(run)
    return Report(
        run,
        [
            Part(analysis, find_mistakes(analysis, errors, texts_of_test(corpus, analysis.summary)))
            for analysis in analyses
        ],
    )
