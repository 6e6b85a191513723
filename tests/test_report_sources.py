"""The grid's targets and the texts of the test rows, where they are at hand."""

from pathlib import Path

import pytest

from agnews_tune.corpus.loading import load_corpus
from agnews_tune.errors import RecordWarning
from agnews_tune.report.sources import read_corpus, read_grid_of, texts_of_test
from agnews_tune.report.summary import DataSummary

CORPUS = "text,label\n" + "".join(f"made up text {n},{'ab'[n % 2]}\n" for n in range(40))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "made.csv").write_text(CORPUS)
    (tmp_path / "grid.yaml").write_text(
        f"data: {tmp_path / 'made.csv'}\ntargets: [0.9, 0.95]\nexperiments: {{rnn: }}\n"
    )
    return tmp_path


def test_grid_of_a_run(run: Path) -> None:
    """A run may have none."""
    grid = read_grid_of(run)

    assert grid is not None
    assert (0.9, 0.95) == grid.targets
    assert read_grid_of(run / "elsewhere") is None


def test_damaged_grid_is_left_aside(run: Path) -> None:
    """The report carries on without it."""
    path = run / "grid.yaml"
    path.write_text("data: demo\n")
    with pytest.warns(RecordWarning) as warned:
        grid = read_grid_of(run)

    assert grid is None
    (message,) = [str(item.message) for item in warned]
    assert message.startswith(f"{path} is ignored: {path}: 1 fault\n")


def saw(fingerprint: str) -> DataSummary:
    return DataSummary({"fingerprint": fingerprint}, [])


def test_texts_of_the_test_rows(run: Path) -> None:
    """They are those of the corpus that the trials saw."""
    expected = load_corpus(run / "made.csv")
    corpus = read_corpus(run)

    assert expected.test.texts == texts_of_test(corpus, saw(expected.fingerprint))


def test_changed_corpus_has_no_texts(run: Path) -> None:
    """Row numbers would lead to other texts."""
    with pytest.warns(RecordWarning) as warned:
        texts = texts_of_test(read_corpus(run), saw("other"))

    assert texts is None
    assert ["no texts of the rows: made.csv is not what the trials saw"] == [
        str(item.message) for item in warned
    ]


def test_corpus_that_is_gone(run: Path) -> None:
    """The reason is said, and row numbers stay."""
    (run / "made.csv").unlink()
    with pytest.warns(RecordWarning) as warned:
        corpus = read_corpus(run)

    assert (None, None) == (corpus, texts_of_test(corpus, saw("any")))
    (message,) = [str(item.message) for item in warned]
    assert message.startswith("no texts of the rows: ")
    assert str(run / "made.csv") in message
