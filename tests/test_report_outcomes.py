"""Test predictions come back seed by seed, and only those of the same rows together."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import DATA, RESULT, WriteRecord, answer, summary_of

from agnews_tune.errors import RecordWarning
from agnews_tune.records import writing
from agnews_tune.report.outcomes import read_outcomes

SMALL = DATA | {"test_rows": 4}
LABELS = np.array([0, 1, 1, 0])


def test_right_answers_of_each_seed(write_record: WriteRecord, tmp_path: Path) -> None:
    """An experiment without predictions has no outcomes."""
    right = np.array([[True, True, False, True], [False, True, True, True]])
    for seed, row in enumerate(right):
        write_record(tmp_path, "rnn", seed, data=SMALL, predictions=answer(row, LABELS))
    write_record(tmp_path, "gru", data=SMALL)
    outcomes = read_outcomes(summary_of(tmp_path))

    assert [0] == list(outcomes)
    np.testing.assert_array_equal(LABELS, outcomes[0].labels)
    np.testing.assert_array_equal(right, outcomes[0].right)
    np.testing.assert_array_equal([[0, 1, 0, 0], [1, 1, 1, 0]], outcomes[0].answers)
    assert ["rnn-seed0", "rnn-seed1"] == [record.folder.name for record in outcomes[0].trials]


def test_predictions_for_other_rows_are_left_aside(
    write_record: WriteRecord, tmp_path: Path
) -> None:
    """Labels in another order are another test set."""
    right = np.ones(4, bool)
    write_record(tmp_path, "rnn", data=SMALL, predictions=answer(right, LABELS))
    other = write_record(tmp_path, "gru", data=SMALL, predictions=answer(right, 1 - LABELS))
    with pytest.warns(RecordWarning) as warned:
        outcomes = read_outcomes(summary_of(tmp_path))

    assert [0] == list(outcomes)
    path = other / "test_predictions.npz"
    assert [f"{path} is ignored: its labels are those of other rows"] == [
        str(item.message) for item in warned
    ]


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


PROBABILITIES = np.full((4, 2), 0.5, np.float16)
SIZES = "it is not for 4 rows of 2 classes"
UNFIT = {
    "no archive": (b"x", "no predictions: File is not a zip file"),
    "an array is missing": (
        npz(labels=LABELS),
        "no predictions: 'probabilities is not a file in the archive'",
    ),
    "other rows": (npz(probabilities=PROBABILITIES[:3], labels=LABELS[:3]), SIZES),
    "other classes": (npz(probabilities=PROBABILITIES[:, :1], labels=LABELS), SIZES),
    "a bomb": (
        npz(probabilities=np.zeros((10**7, 2), np.float16), labels=LABELS),
        "no predictions: too large for 4 rows of 2 classes",
    ),
    "no number": (
        npz(probabilities=np.full((4, 2), np.nan, np.float16), labels=LABELS),
        "its probabilities or labels are out of range",
    ),
    "no class": (
        npz(probabilities=PROBABILITIES, labels=LABELS + 1),
        "its probabilities or labels are out of range",
    ),
    "pickled": (
        npz(probabilities=PROBABILITIES, labels=np.array([{}], object)),
        "no predictions: Object arrays cannot be loaded when allow_pickle=False",
    ),
}


@pytest.mark.fault("damage")
@pytest.mark.parametrize(("content", "fault"), UNFIT.values(), ids=UNFIT)
def test_unfit_predictions_are_named(
    write_record: WriteRecord, tmp_path: Path, content: bytes, fault: str
) -> None:
    """A file with a fitting checksum is checked for its form as well, before it takes memory."""
    folder = write_record(tmp_path, "rnn", data=SMALL, result=None)
    path = folder / "test_predictions.npz"
    path.write_bytes(content)
    writing.write_result(folder, "made", RESULT)
    summary = summary_of(tmp_path)
    with pytest.warns(RecordWarning) as warned:
        outcomes = read_outcomes(summary)

    assert {} == outcomes
    assert [f"{path} is ignored: {fault}"] == [str(item.message) for item in warned]


def test_damaged_predictions_are_read_by_nobody(write_record: WriteRecord, tmp_path: Path) -> None:
    """What the checksum in result.json does not fit is told once."""
    folder = write_record(tmp_path, "rnn", data=SMALL, predictions=answer(np.ones(4, bool), LABELS))
    path = folder / "test_predictions.npz"
    path.write_bytes(npz(probabilities=PROBABILITIES, labels=LABELS))
    with pytest.warns(RecordWarning) as warned:
        outcomes = read_outcomes(summary_of(tmp_path))

    assert {} == outcomes
    assert 1 == len(warned)
    assert zipfile.is_zipfile(path)
    assert json.loads((folder / "result.json").read_text())["files"]
