"""A trial, and what the record that is there leaves to be done with it."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agnews_tune.corpus.splits import Corpus
from agnews_tune.errors import RecordError, RecordWarning
from agnews_tune.grid.experiments import Trial
from agnews_tune.hyperparameters import decisive, differing, format_value
from agnews_tune.records.files import FORMAT
from agnews_tune.records.layout import backup_path, has_record, has_result
from agnews_tune.records.reading import damaged_part, is_finished, read_trial


@dataclass(frozen=True)
class PlannedTrial:
    """A trial, the folder for its record, and what is to be done with it.

    Attributes:
        trial: experiment and seed.
        folder: absolute path of its record.
        description: the content of its ``trial.json``.
        action: ``run``, ``finished`` (the record is there), ``go on`` (it was interrupted) or
            ``start over`` (the record of that name was made by other settings or data, or is
            damaged).
        detail: more about it, such as ``from epoch 3`` or ``(hidden_dim was 64)``.
        teachers: the trials that it learns from.
    """

    trial: Trial
    folder: Path
    description: dict[str, Any]
    action: str
    detail: str = ""
    teachers: tuple[PlannedTrial, ...] = ()

    @property
    def to_do(self) -> str:
        """Action and detail."""
        return f"{self.action} {self.detail}".strip()

    @property
    def replaces_result(self) -> bool:
        """Whether the record that it takes the place of is that of a finished trial."""
        return self.action == "start over" and has_result(self.folder)

    def renewed(self) -> PlannedTrial:
        """Compare the trial again with the record that is there now.

        One that was finished and whole is not read through once more.
        """
        if self.action == "finished" and is_finished(self.folder, self.description["key"]):
            return self
        action, detail = _action(self.folder, self.description)
        return replace(self, action=action, detail=detail)


def plan_trial(
    trial: Trial,
    folder: Path,
    corpus: Corpus,
    position: int,
    teachers: tuple[PlannedTrial, ...],
) -> PlannedTrial:
    """Compare a trial with the record that is there.

    Args:
        trial: experiment and seed.
        folder: absolute path of its record.
        corpus: of its run.
        position: of the trial in its run.
        teachers: the trials that it learns from.

    Warns:
        RecordWarning: for each damaged file of the record.
    """
    experiment = trial.experiment
    hyperparameters = experiment.hyperparameters.to_dict()
    description = {
        "experiment": experiment.name,
        "parent": experiment.parent,
        "change": experiment.describe_change(),
        "published": dict(experiment.published),
        "hyperparameters": hyperparameters,
        "seed": trial.seed,
        "data": _describe_corpus(corpus),
        "position": position,
        "key": trial_key(
            hyperparameters,
            trial.seed,
            corpus.fingerprint,
            [teacher.description["key"] for teacher in teachers],
        ),
    }
    if teachers:
        seeds = ", ".join(str(teacher.trial.seed) for teacher in teachers)
        description["teacher"] = f"{experiment.teacher}, seeds {seeds}"
    return PlannedTrial(trial, folder, description, *_action(folder, description), teachers)


def trial_key(
    hyperparameters: Mapping[str, Any], seed: int, fingerprint: str, teachers: Sequence[str] = ()
) -> str:
    """Return a hash of everything that decides a trial's outcome.

    Args:
        hyperparameters: of its experiment.
        seed: of the trial.
        fingerprint: of its data.
        teachers: keys of the trials that it learns from.
    """
    deciding: list[Any] = [FORMAT, decisive(hyperparameters), seed, fingerprint]
    if teachers:
        deciding.append(list(teachers))
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()[:16]


def _action(folder: Path, description: Mapping[str, Any]) -> tuple[str, str]:
    """Return what is to be done with a trial, and more about it."""
    if not has_record(folder):
        return "run", ""
    try:
        record = read_trial(folder)
    except RecordError as error:
        warnings.warn(str(error), RecordWarning, stacklevel=2)
        return "start over", "(damaged record)"
    if record.trial["key"] != description["key"]:
        return "start over", f"({_difference(record.trial, description)})"
    if record.result is not None:
        damaged = damaged_part(record)
        return ("run", f"(damaged {damaged})") if damaged else ("finished", "")
    failed = "(failed before)" if record.failure else ""
    if not backup_path(folder).exists():
        return "run", failed
    epoch = f"epoch {len(record.history) + 1}" if record.history else "its last whole epoch"
    return "go on", f"from {epoch} {failed}".strip()


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    old = before["hyperparameters"]
    changes = [
        f"{name} was {format_value(old[name]) if name in old else 'unknown'}"
        for name in differing(old, now["hyperparameters"])
    ]
    if before["data"]["fingerprint"] != now["data"]["fingerprint"]:
        changes.append("other data")
    if before.get("teacher") != now.get("teacher"):
        changes.append(f"teacher was {before.get('teacher', 'none')}")
    other = "settings of its teacher" if "teacher" in now else "another version's record"
    return ", ".join(changes) or other


def _describe_corpus(corpus: Corpus) -> dict[str, Any]:
    return {
        "name": corpus.name,
        "fingerprint": corpus.fingerprint,
        "label_names": list(corpus.label_names),
        "train_rows": len(corpus.train.texts),
        "validation_rows": len(corpus.validation.texts),
        "test_rows": len(corpus.test.texts),
    }
