"""Train one trial and leave its record; Ray calls it, and so can anyone else."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agnews_tune.classifier import Classifier
from agnews_tune.environment import describe_environment
from agnews_tune.inputs import SoftTargets
from agnews_tune.records import layout, writing
from agnews_tune.runs.failures import FailOnDivergence
from agnews_tune.runs.planned_trial import PlannedTrial
from agnews_tune.runs.stopping import EndEarly, stop_after
from agnews_tune.text.encoded_corpus import EncodedCorpus
from agnews_tune.training.backup import BackupAndRestore
from agnews_tune.training.batching import Batches
from agnews_tune.training.callbacks import Callback, History, Logs
from agnews_tune.training.device import as_tensor
from agnews_tune.training.evaluation import measure, predict_logits
from agnews_tune.training.pretraining_cache import ReusePretraining


class RecordHistory(Callback):
    """Keeps ``history.csv`` up to date while a trial trains.

    Args:
        folder: of the trial's record.
        key: of the trial.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = folder
        self.key = key

    def on_train_begin(self) -> None:
        """Write the epochs that a backup has put back."""
        self._write()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Write all epochs so far."""
        self._write()

    def _write(self) -> None:
        history = self.model.history_
        columns = {"epoch": [epoch + 1 for epoch in history.epoch], **history.history}
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        writing.write_history(self.folder, self.key, rows)


def run_trial(
    planned: PlannedTrial,
    corpus: EncodedCorpus,
    device: str | None = None,
    callbacks: Sequence[Callback] = (),
    soft_targets: SoftTargets | None = None,
) -> dict[str, Any]:
    """Train, measure on the test rows, write the record; return its final figures.

    A trial that was interrupted, or failed, goes on from its last whole epoch.

    Args:
        planned: the trial and its folder. An unfinished record of other settings there is removed.
        corpus: encoded with the trial's preprocessing.
        device: as for the Classifier.
        callbacks: called around each epoch.
        soft_targets: what its teachers make of the training rows; None where it has none.

    Raises:
        TrialError: training diverged.
    """
    trial, key = planned.trial, planned.description["key"]
    writing.write_trial(planned.folder, planned.description)
    writing.remove_failure(planned.folder)
    writing.remove_result(planned.folder)
    model = Classifier(**trial.experiment.hyperparameters.to_dict(), seed=trial.seed, device=device)
    texts = (corpus.train.texts, corpus.validation.texts)
    with closing(ReusePretraining(texts, callbacks)) as reuse:
        history = model.fit(
            *corpus.train,
            validation_data=corpus.validation,
            soft_targets=soft_targets,
            callbacks=[
                FailOnDivergence(),
                BackupAndRestore(layout.backup_path(planned.folder), key, soft_targets=False),
                reuse,
                RecordHistory(planned.folder, key),
                *callbacks,
                EndEarly(planned.folder),
            ],
            verbose=0,
        )
    result, probabilities = _measure(model, corpus, history)
    asked = stop_after(planned.folder) is not None
    result["stopped_early"] = asked and result["epochs"] < model.hyperparameters.passes
    writing.write_predictions(planned.folder, probabilities, corpus.test.labels)
    model.save(layout.model_folder(planned.folder))
    writing.write_result(planned.folder, key, result)
    writing.remove_backup(planned.folder)
    return result


def _measure(
    model: Classifier, corpus: EncodedCorpus, history: History
) -> tuple[dict[str, Any], npt.NDArray[np.float32]]:
    """Return the final figures and the probabilities of the test rows ``(rows, classes)``.

    The model then holds the weights of the best epoch.
    """
    texts, labels = corpus.test
    test, numbers = Batches(texts, model.device), as_tensor(labels, model.device)
    last_logits = best_logits = predict_logits(model.network_, test)
    best_epoch = model.restore_best_weights()
    if best_epoch + 1 < len(history.epoch):
        best_logits = predict_logits(model.network_, test)
    last, best = measure(last_logits, numbers), measure(best_logits, numbers)
    pretraining = model.pretraining_.history if model.pretraining_ else {}
    figures = {
        "best_epoch": best_epoch + 1,
        "epochs": len(history.epoch),
        "validation_accuracy": history.history["val_accuracy"][best_epoch],
        "validation_loss": history.history["val_loss"][best_epoch],
        "test_accuracy": best["accuracy"],
        "test_loss": best["loss"],
        "test_accuracy_last": last["accuracy"],
        "test_loss_last": last["loss"],
        "parameters": model.count_parameters(),
        "precision": model.precision,
        "seconds": sum(history.history["seconds"]),
        "pretrain_seconds": sum(pretraining.get("seconds", [])),
        "pretrain_loss": pretraining.get("loss", []),
        "pretrain_val_loss": pretraining.get("val_loss", []),
        "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        **describe_environment(model.device),
    }
    return figures, best_logits.softmax(dim=1).cpu().numpy()
