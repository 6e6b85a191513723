"""Whether the models that experiments learn from are there, or will be when they start."""

from __future__ import annotations

from collections.abc import Sequence

from agnews_tune.errors import GridError
from agnews_tune.records.reading import has_whole_model, read_trial
from agnews_tune.runs.planned_trial import PlannedTrial


def check_teachers(trials: Sequence[PlannedTrial]) -> None:
    """Look for the models that those trials of a run learn from which are not finished.

    Raises:
        GridError: with one line for each model that is not there and that the run does not make.
    """
    to_run = {planned.folder: planned for planned in trials if planned.action != "finished"}
    faults = [
        _describe(planned, teacher)
        for planned in to_run.values()
        for teacher in planned.teachers
        if teacher.folder not in to_run and not _has_model(teacher)
    ]
    if faults:
        raise GridError("\n".join(dict.fromkeys(faults)))


def _has_model(teacher: PlannedTrial) -> bool:
    return teacher.action == "finished" and has_whole_model(read_trial(teacher.folder))


def _describe(planned: PlannedTrial, teacher: PlannedTrial) -> str:
    start = f"experiment {planned.trial.experiment.name!r} learns from {teacher.trial.name!r}"
    if teacher.action == "finished":
        return f"{start}, whose model is gone; remove {teacher.folder} to train it again"
    name = teacher.trial.experiment.name
    return f"{start}, which is not finished; train it first or with it: --only {name}"
