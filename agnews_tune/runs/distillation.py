"""What an ensemble makes of the training rows, for another network to learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from agnews_tune.classifier import Classifier
from agnews_tune.errors import TrialError
from agnews_tune.hyperparameters import Preprocessing
from agnews_tune.inputs import SoftTargets
from agnews_tune.records.layout import model_folder
from agnews_tune.records.reading import is_finished
from agnews_tune.runs.planned_trial import PlannedTrial
from agnews_tune.text.encoded_corpus import EncodedCorpus


def soft_targets(
    teachers: Sequence[PlannedTrial],
    corpora: Mapping[Preprocessing, EncodedCorpus],
    device: str | None = None,
) -> SoftTargets:
    """Return the mean of what trials predict for the training rows ``(rows, classes)``.

    Source: Hinton, Vinyals, Dean (2015), Distilling the knowledge in a neural network; here the
    probabilities are learnt as they are, without a temperature.

    Args:
        teachers: one at least, finished.
        corpora: the encoded corpus for the preprocessing of each.
        device: as for the Classifier.

    Raises:
        TrialError: one has not finished.
        RecordError: the model of one cannot be read.
    """
    predictions: list[SoftTargets] = []
    for teacher in teachers:
        if not is_finished(teacher.folder, teacher.description["key"]):
            raise TrialError(f"it learns from {teacher.trial.name}, which has not finished")
        texts = corpora[teacher.trial.experiment.hyperparameters.preprocessing].train.texts
        predictions.append(Classifier.load(model_folder(teacher.folder), device).predict(texts))
    mean: SoftTargets = np.mean(predictions, axis=0, dtype=np.float32)
    return mean
