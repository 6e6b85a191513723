"""What an ensemble makes of the training rows, for another network to learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from agnews_tune.classifier import Classifier
from agnews_tune.encoding import EncodedCorpus
from agnews_tune.errors import TrialError
from agnews_tune.hyperparameters import Preprocessing
from agnews_tune.inputs import SoftTargets
from agnews_tune.planned_trial import PlannedTrial


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
        TrialError: the model of one is not there.
        RecordError: it cannot be read.
    """
    predictions: list[SoftTargets] = []
    for teacher in teachers:
        folder = teacher.folder / "model"
        if not folder.exists():
            raise TrialError(f"it learns from {teacher.trial.name}, which has left no model")
        texts = corpora[teacher.trial.experiment.hyperparameters.preprocessing].train.texts
        predictions.append(Classifier.load(folder, device).predict(texts))
    mean: SoftTargets = np.mean(predictions, axis=0, dtype=np.float32)
    return mean
