"""Runs and models under a results folder, by what ``records`` says of each trial."""

from __future__ import annotations

from pathlib import Path

from agnews_tune.errors import RecordError, did_you_mean
from agnews_tune.records.layout import trial_folders
from agnews_tune.records.reading import TrialRecord, has_whole_model, read_run

_OR_MODEL = "or name a model folder with --model"


def find_runs(results: Path) -> list[Path]:
    """Return the run folders: ``results`` itself, or those in it, by name.

    Raises:
        RecordError: there is none.
    """
    if trial_folders(results):
        return [results]
    runs = sorted(folder for folder in results.glob("*") if trial_folders(folder))
    if not runs:
        siblings = results.parent.glob("*") if not results.exists() else ()
        near = {folder.name: str(folder) for folder in siblings if trial_folders(folder)}
        raise RecordError(
            f"no records under {results}{did_you_mean(results.name, near, near)}: "
            "expected a results folder or one run's folder; "
            "make one with 'agnews-tune run grids/quickstart.yaml'"
        )
    return runs


def find_run(folder: Path) -> Path:
    """Return the only run of a folder.

    Raises:
        RecordError: there is none, or there are several.
    """
    runs = find_runs(folder)
    if len(runs) > 1:
        raise RecordError(
            f"{folder} holds {len(runs)} runs: expected the folder of one run, such as {runs[0]}"
        )
    return runs[0]


def find_models(results: Path) -> list[TrialRecord]:
    """Return the finished trials whose model is there, best validation accuracy first.

    Those that a search has stopped early, which a report compares with nothing, come last.

    Raises:
        RecordError: there is no run, or none with a finished model.

    Warns:
        RecordWarning: for each damaged file.
    """
    try:
        runs = find_runs(results)
    except RecordError as error:
        raise RecordError(f"{error}, {_OR_MODEL}") from None
    found = [
        (bool(record.stopped_after), -record.result["validation_accuracy"], record)
        for run in runs
        for record in read_run(run)
        if record.result and has_whole_model(record)
    ]
    if not found:
        raise RecordError(
            f"no model under {results}: train one with 'agnews-tune run grids/quickstart.yaml', "
            f"{_OR_MODEL}"
        )
    return [record for *_, record in sorted(found, key=lambda item: item[:2])]
