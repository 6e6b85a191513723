"""The mean of saved probabilities against the same mean made by hand."""

from pathlib import Path

import numpy as np
import pytest
from conftest import DATA, WriteRecord, summary_of

from agnews_tune.report.ensembles import Ensemble, find_ensembles
from agnews_tune.report.outcomes import read_outcomes
from agnews_tune.report.statistics import wilson

ROWS = 400
LABELS = np.arange(ROWS) % 3
TRIALS = {("rnn", 0): 0.8, ("rnn", 1): 0.7, ("gru", 0): 0.9, ("lstm", 0): 0.6}  # by validation


@pytest.fixture
def made(
    write_record: WriteRecord, tmp_path: Path
) -> tuple[dict[tuple[str, int], np.ndarray], list[Ensemble]]:
    """Return the probabilities of each trial and the ensembles of the run."""
    random = np.random.default_rng(5)
    probabilities = {}
    for (name, seed), accuracy in TRIALS.items():
        logits = random.normal(0, 1, (ROWS, 3)) + 1.2 * np.eye(3)[LABELS]
        shares = (np.exp(logits) / np.exp(logits).sum(1, keepdims=True)).astype(np.float16)
        probabilities[name, seed] = shares.astype(np.float32)
        write_record(
            tmp_path,
            name,
            seed,
            data=DATA | {"test_rows": ROWS, "label_names": ["a", "b", "c"]},
            result={"validation_accuracy": accuracy},
            predictions=(shares, LABELS),
        )
    summary = summary_of(tmp_path)
    return probabilities, find_ensembles(summary, read_outcomes(summary))


def test_who_is_put_together(
    made: tuple[dict[tuple[str, int], np.ndarray], list[Ensemble]],
) -> None:
    """The seeds of each experiment that has several, and the best trials; five are not there."""
    assert [("rnn, 2 seeds", 2), ("the 3 best by validation", 3)] == [
        (ensemble.name, ensemble.members) for ensemble in made[1]
    ]


def test_answers_are_those_of_the_mean(
    made: tuple[dict[tuple[str, int], np.ndarray], list[Ensemble]],
) -> None:
    """Accuracy, Wilson's interval, and the gain above the mean of the members."""
    probabilities, ensembles = made
    members = ([("rnn", 0), ("rnn", 1)], [("gru", 0), ("rnn", 0), ("rnn", 1)])
    for ensemble, chosen in zip(ensembles, members, strict=True):
        shares = np.stack([probabilities[trial] for trial in chosen])
        right = shares.mean(axis=0).argmax(axis=1) == LABELS
        alone = (shares.argmax(axis=2) == LABELS).mean()

        assert wilson(int(right.sum()), ROWS) == ensemble.accuracy
        assert pytest.approx(right.mean() - alone) == ensemble.gain.value
        assert ensemble.gain.low < ensemble.gain.value < ensemble.gain.high


def test_one_model_is_no_ensemble(write_record: WriteRecord, tmp_path: Path) -> None:
    """Nor is a trial without predictions."""
    write_record(tmp_path, "rnn")
    summary = summary_of(tmp_path)

    assert [] == find_ensembles(summary, read_outcomes(summary))


def test_the_same_model_counts_once(write_record: WriteRecord, tmp_path: Path) -> None:
    """An experiment with more epochs whose best one is that of the shorter adds nothing."""
    random = np.random.default_rng(5)
    answers = [random.dirichlet([1, 1, 1], ROWS).astype(np.float16) for _ in range(3)]
    for number, shares in enumerate([answers[0], *answers]):
        write_record(
            tmp_path,
            f"rnn-{number}",
            data=DATA | {"test_rows": ROWS, "label_names": ["a", "b", "c"]},
            result={"validation_accuracy": 0.9 - number / 100},
            predictions=(shares, LABELS),
        )
    summary = summary_of(tmp_path)
    (ensemble,) = find_ensembles(summary, read_outcomes(summary))
    mean = np.stack(answers).astype(np.float32).mean(axis=0)

    assert ("the 3 best by validation", 3) == (ensemble.name, ensemble.members)
    assert ensemble.accuracy.value == (mean.argmax(axis=1) == LABELS).mean()
