"""What a report needs beside the records: the grid and the texts of the test rows."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from agnews_tune.errors import AgnewsTuneError, GridError, RecordWarning
from agnews_tune.grid.experiments import Grid
from agnews_tune.records.layout import grid_path
from agnews_tune.report.summary import DataSummary

if TYPE_CHECKING:
    from agnews_tune.corpus.splits import Corpus


def read_grid_of(run: Path) -> Grid | None:
    """Read the resolved grid of a run, which has its targets and its search.

    Warns:
        RecordWarning: the grid is damaged.
    """
    path = grid_path(run)
    if not path.exists():
        return None
    try:
        return _read_grid(run)
    except GridError as error:
        message = f"{path} is ignored: {error}"
        warnings.warn(message, RecordWarning, stacklevel=2)
        return None


def read_corpus(run: Path) -> Corpus | None:
    """Read the corpus that the grid of a run names; None where it is not at hand.

    Warns:
        RecordWarning: it cannot be read.
    """
    from agnews_tune.corpus.loading import load_corpus

    try:
        return load_corpus(**asdict(_read_grid(run).data))
    except AgnewsTuneError as error:
        warnings.warn(f"no texts of the rows: {error}", RecordWarning, stacklevel=2)
        return None


def texts_of_test(corpus: Corpus | None, summary: DataSummary) -> Sequence[str] | None:
    """Return the texts of the test rows that trials saw, in their order, if the corpus has them.

    Warns:
        RecordWarning: the corpus is another one.
    """
    if corpus is None:
        return None
    if corpus.fingerprint != summary.data["fingerprint"]:
        message = f"no texts of the rows: {corpus.name} is not what the trials saw"
        warnings.warn(message, RecordWarning, stacklevel=2)
        return None
    return corpus.test.texts


def _read_grid(run: Path) -> Grid:
    from agnews_tune.grid.file import read_grid

    return read_grid(grid_path(run))
