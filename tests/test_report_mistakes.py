"""Confusions against scikit-learn, and the rows that are worth reading."""

from pathlib import Path

import numpy as np
import pytest
from conftest import DATA, WriteRecord, analysis_of
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from agnews_tune.report.mistakes import ClassFigures, HardRow, Mistakes, find_mistakes

CLASSES = ["calm", "urgent", "spam"]
LABELS = np.array([0, 0, 1, 1, 2, 2])
ANSWERS = {
    ("rnn", 0): [0, 1, 1, 0, 1, 2],
    ("gru", 0): [0, 1, 1, 1, 1, 0],
    ("gru", 1): [0, 1, 1, 2, 0, 2],
}
SURE = np.array([0.5, 0.75, 0.5, 0.5, 0.875, 0.5])  # that row 4 is hopeless is surer than of row 1
TEXTS = ["a", "b", "c", "d", "e", "f"]


def mistakes(run: Path, write_record: WriteRecord, count: int = 9, **options: object) -> Mistakes:
    """Find those of a run in which the second seed of gru validates best."""
    for (name, seed), answers in ANSWERS.items():
        probabilities = np.repeat((1 - SURE)[:, np.newaxis] / 2, 3, axis=1)
        probabilities[np.arange(6), answers] = SURE
        write_record(
            run,
            name,
            seed,
            data=DATA | {"test_rows": 6, "label_names": CLASSES},
            result={"validation_accuracy": 0.8 + seed / 100},
            predictions=(probabilities, LABELS),
        )
    found = find_mistakes(analysis_of(run), count, **options)  # type: ignore[arg-type]
    assert found
    return found


def test_confusions_are_scikit_learns(write_record: WriteRecord, tmp_path: Path) -> None:
    """Of the seed that validated best; rows are labels, columns answers."""
    found = mistakes(tmp_path, write_record)
    answers = ANSWERS["gru", 1]
    expected = precision_recall_fscore_support(LABELS, answers)

    assert "gru-seed1" == found.model
    np.testing.assert_array_equal(confusion_matrix(LABELS, answers), found.confusion)
    assert CLASSES == [figures.name for figures in found.classes]
    for own, name in enumerate(("precision", "recall", "f1", "rows")):
        assert pytest.approx(expected[own]) == [getattr(row, name) for row in found.classes]


def test_rows_that_all_get_wrong(write_record: WriteRecord, tmp_path: Path) -> None:
    """The one of which the models are surest comes first; seeds of two minds are counted."""
    found = mistakes(tmp_path, write_record, texts=TEXTS)

    assert 2 == found.all_wrong_count
    assert [
        HardRow(4, "spam", {"urgent": ["rnn", "gru 1 of 2"], "calm": ["gru 1 of 2"]}, "e"),
        HardRow(1, "calm", {"urgent": ["rnn", "gru"]}, "b"),
    ] == found.all_wrong


def test_rows_on_which_models_disagree(write_record: WriteRecord, tmp_path: Path) -> None:
    """Three answers from three models first, then two to one; without a corpus there is no text."""
    found = mistakes(tmp_path, write_record)

    assert [3, 4, 5] == [row.row for row in found.disputed]
    assert {None} == {row.text for row in found.disputed}


def test_only_so_many_rows(write_record: WriteRecord, tmp_path: Path) -> None:
    """The count stays that of all."""
    found = mistakes(tmp_path, write_record, count=1)

    assert (1, 1, 2) == (len(found.all_wrong), len(found.disputed), found.all_wrong_count)


def test_class_without_rows_or_answers(write_record: WriteRecord, tmp_path: Path) -> None:
    """There is nothing to divide by."""
    probabilities = np.array([[0.75, 0.25, 0], [0.25, 0.75, 0]])
    write_record(
        tmp_path,
        "rnn",
        data=DATA | {"test_rows": 2, "label_names": CLASSES},
        predictions=(probabilities, np.array([0, 1])),
    )
    found = find_mistakes(analysis_of(tmp_path), 1)

    assert found
    assert ClassFigures("spam", None, None, None, 0) == found.classes[2]


def test_best_without_predictions_has_no_mistakes(
    write_record: WriteRecord, tmp_path: Path
) -> None:
    """Nobody knows what it answered; nor is there a best one before a trial is finished."""
    write_record(tmp_path / "bare", "rnn")
    write_record(tmp_path / "waiting", "rnn", history=[], result=None)

    for run in ("bare", "waiting"):
        assert find_mistakes(analysis_of(tmp_path / run), 1) is None
