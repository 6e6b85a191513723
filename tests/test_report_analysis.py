"""What is compared with what, and which experiment is the best."""

from pathlib import Path

import numpy as np
import pytest
from conftest import DATA, LABELS, ROWS, WriteRecord, analysis_of, answer

from agnews_tune.report.analysis import Analysis


@pytest.fixture
def analysis(write_record: WriteRecord, tmp_path: Path) -> Analysis:
    """Four finished experiments, one without predictions, and one that waits."""
    for name, parent, validation, right in (
        ("rnn", None, 0.80, 2000),
        ("gru", "rnn", 0.90, 2200),
        ("lstm", "rnn", 0.85, 2198),
        ("bad", "gru", 0.70, 1500),
    ):
        write_record(
            tmp_path,
            name,
            parent=parent,
            change="cell: gru",
            result={"validation_accuracy": validation, "test_accuracy": right / ROWS},
            predictions=answer(np.arange(ROWS) < right, LABELS),
        )
    write_record(tmp_path, "bare", parent="rnn", change="cell: gru")
    write_record(tmp_path, "waits", parent="rnn", history=[], result=None)
    return analysis_of(tmp_path, (0.7, 0.87, 0.9))


def test_each_is_compared_with_its_parent(analysis: Analysis) -> None:
    """An experiment without a parent, predictions or result is not."""
    verdicts = [line.versus_parent and line.versus_parent.verdict for line in analysis.lines]

    assert [None, "better", "better", "worse", None, None] == verdicts
    assert [True, True, True, True, False, False] == [
        line.accuracy is not None for line in analysis.lines
    ]


def test_best_is_chosen_by_validation(analysis: Analysis) -> None:
    """Test rows only say who ties with it."""
    assert analysis.best is analysis.lines[1]
    assert ["lstm"] == [line.experiment.name for line in analysis.ties]
    assert analysis.lines[1].versus_best is None


def test_targets_that_are_reached(analysis: Analysis) -> None:
    """The highest one, by the mean test accuracy."""
    assert [0.7, 0.87, 0.87, None, 0.7, None] == [line.reached for line in analysis.lines]


def test_nothing_finished(write_record: WriteRecord, tmp_path: Path) -> None:
    """There is no best, and nothing to compare."""
    write_record(tmp_path, "rnn", history=[], result=None)
    found = analysis_of(tmp_path)

    assert (None, [], [], []) == (found.best, found.ties, found.effects, found.ensembles)


def test_best_without_predictions_ties_with_none(write_record: WriteRecord, tmp_path: Path) -> None:
    """Where nobody knows its answers, nobody is said to tie."""
    write_record(tmp_path, "rnn", result={"validation_accuracy": 0.9})
    write_record(tmp_path, "gru", predictions=answer(np.ones(ROWS, bool), LABELS))
    found = analysis_of(tmp_path)

    assert found.best is found.lines[0]
    assert [] == found.ties
    assert DATA == found.summary.data
