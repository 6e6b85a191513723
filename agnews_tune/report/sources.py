"""What a report needs beside the records: the grid's targets and the texts of the test rows."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agnews_tune.errors import AgnewsTuneError, GridError, RecordWarning
from agnews_tune.grid import Grid
from agnews_tune.records import grid_path


def read_targets(run: Path) -> tuple[float, ...]:
    """Return the test accuracies that the grid of a run wants reached.

    Warns:
        RecordWarning: the grid is damaged.
    """
    path = grid_path(run)
    if not path.exists():
        return ()
    try:
        return _read_grid(run).targets
    except GridError as error:
        message = f"{path} is left aside: {error}"
        warnings.warn(message, RecordWarning, stacklevel=2)
        return ()


def read_texts(run: Path, data: dict[str, Any]) -> Sequence[str] | None:
    """Return the texts of the test rows, in their order; None where they are not at hand.

    Args:
        run: whose grid names the corpus.
        data: name and fingerprint of the data that the trials saw.

    Warns:
        RecordWarning: the corpus cannot be read, or is another one by now.
    """
    from agnews_tune.corpus import load_corpus

    try:
        source = _read_grid(run).data
        corpus = load_corpus(
            source.source, label_names=source.label_names, limit_train=source.limit_train
        )
    except AgnewsTuneError as error:
        warnings.warn(f"no texts of the rows: {error}", RecordWarning, stacklevel=2)
        return None
    if corpus.fingerprint != data["fingerprint"]:
        message = f"no texts of the rows: {source.source} is not what the trials saw"
        warnings.warn(message, RecordWarning, stacklevel=2)
        return None
    return corpus.test.texts


def _read_grid(run: Path) -> Grid:
    from agnews_tune.grid_file import read_grid

    return read_grid(grid_path(run))
