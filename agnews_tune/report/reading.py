"""A run's folder -> its report, which shows itself in a terminal and in a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agnews_tune.records.finding import find_run
from agnews_tune.records.reading import read_run
from agnews_tune.report.analysis import analyze
from agnews_tune.report.contents import Contents, Part
from agnews_tune.report.figures import rows_of
from agnews_tune.report.forms import format_markdown, format_terminal
from agnews_tune.report.mistakes import find_mistakes
from agnews_tune.report.sources import read_corpus, read_grid_of, texts_of_test
from agnews_tune.report.summary import DataSummary, summarize


class Report(Contents):
    """What is known of a run.

    ``print(report)`` shows what ``agnews-tune report`` prints; a notebook shows tables.

    Attributes:
        run: its folder.
        parts: one for each data that its trials saw; nothing is compared between them. The figures
            of a part are in ``part.analysis``, with one line an experiment.
    """

    def rows(self) -> list[dict[str, Any]]:
        """Return the figures of each experiment under the names of the CSV form, unrounded.

        Accuracies and differences are fractions; what is not known is None.
        ``pandas.DataFrame(report.rows())`` makes a table of them.
        """
        return rows_of(self)

    def __str__(self) -> str:
        return format_terminal(self)

    def __repr__(self) -> str:
        experiments = sum(len(part.analysis.lines) for part in self.parts)
        return f"<Report of {self.run}: {experiments} experiments; print() shows it>"

    def _repr_markdown_(self) -> str:
        return format_markdown([self])


def read_report(run: str | Path, errors: int = 0) -> Report:
    """Read the records of a run and compare its experiments.

    Args:
        run: the run's folder, or one that holds this run alone; it may still be under way.
        errors: how many of the rows that every model gets wrong, and of those on which models
            disagree most, to look up; 0 leaves all errors out.

    Raises:
        RecordError: there are no records, or those of several runs.

    Warns:
        RecordWarning: for each damaged file.
    """
    folder = find_run(Path(run))
    return compare(folder, read_summaries(folder), errors)


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
