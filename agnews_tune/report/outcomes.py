"""The test predictions of an experiment's seeds: which rows did each of them get right?"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from agnews_tune.errors import RecordWarning
from agnews_tune.records.reading import TrialRecord, read_predictions
from agnews_tune.report.summary import DataSummary, ExperimentSummary


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What the finished seeds of an experiment answered to the test rows.

    Attributes:
        trials: the records, one a seed.
        probabilities: ``(seeds, rows, classes)``.
        labels: the true class numbers ``(rows,)``.
    """

    trials: list[TrialRecord]
    probabilities: npt.NDArray[np.float16]
    labels: npt.NDArray[np.int64]

    @cached_property
    def answers(self) -> npt.NDArray[np.int64]:
        """The class numbers that were answered, ``(seeds, rows)``."""
        answers: npt.NDArray[np.int64] = self.probabilities.argmax(axis=2)
        return answers

    @cached_property
    def right(self) -> npt.NDArray[np.bool_]:
        """Whether each answer is the label, ``(seeds, rows)``."""
        right: npt.NDArray[np.bool_] = self.answers == self.labels
        return right

    @cached_property
    def alike(self) -> bool:
        """Whether all seeds are right on the same rows, so that they are as good as one."""
        return bool((self.right == self.right[0]).all())


def read_outcomes(summary: DataSummary) -> dict[int, Outcomes]:
    """Read the test predictions of each experiment, by its position in the summary.

    One that lacks those of a finished seed is left out: its accuracy would be that of other seeds
    than its interval. So is one that a search has stopped early.

    Warns:
        RecordWarning: for each trial whose predictions are for other rows than those of the first.
    """
    found: dict[int, Outcomes] = {}
    labels = None
    for position, experiment in enumerate(summary.experiments):
        if experiment.stopped_early:
            continue
        trials, probabilities = [], []
        for record, predictions in _read_all(experiment):
            labels = predictions[1] if labels is None else labels
            if np.array_equal(labels, predictions[1]):
                trials.append(record)
                probabilities.append(predictions[0])
            else:
                message = f"{record.predictions} is ignored: its labels are those of other rows"
                warnings.warn(message, RecordWarning, stacklevel=2)
        if trials and labels is not None and len(trials) == len(experiment.finished):
            found[position] = Outcomes(trials, np.stack(probabilities), labels)
    return found


def _read_all(
    experiment: ExperimentSummary,
) -> list[tuple[TrialRecord, tuple[npt.NDArray[np.float16], npt.NDArray[np.int64]]]]:
    read = [(record, read_predictions(record)) for record in experiment.finished]
    return [(record, predictions) for record, predictions in read if predictions is not None]
