"""A grid, its corpus and what already lies in the results folder: the trials that have to run."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from agnews_tune.corpus.loading import load_corpus
from agnews_tune.corpus.splits import Corpus
from agnews_tune.errors import (
    CorpusError,
    GridError,
    HyperparameterError,
    RecordWarning,
    RunWarning,
    some_of,
)
from agnews_tune.extras import check_installed
from agnews_tune.files import remove_parts
from agnews_tune.grid.experiments import Grid, Trial
from agnews_tune.hyperparameters import Preprocessing
from agnews_tune.records.layout import trial_folders
from agnews_tune.records.writing import remove_backup, set_aside, write_grid, write_trial
from agnews_tune.runs.planned_trial import PlannedTrial, plan_trial
from agnews_tune.runs.repeated import describe_idle, describe_left_out
from agnews_tune.runs.teachers import check_teachers
from agnews_tune.text.encoded_corpus import EncodedCorpus, encode_corpus


@dataclass(frozen=True)
class Plan:
    """What ``run`` does with a grid.

    Attributes:
        grid: the whole resolved grid.
        corpus: its texts and labels.
        folder: where the run's records go.
        trials: those of the chosen experiments, in the order in which they start.
        drawn: those of all experiments that a search has drawn, chosen or not.
        left: names of trials whose records are there and which are no part of it.
    """

    grid: Grid
    corpus: Corpus
    folder: Path
    trials: list[PlannedTrial]
    drawn: list[PlannedTrial]
    left: list[str]

    @property
    def to_run(self) -> list[PlannedTrial]:
        """The trials without a finished record."""
        return [planned for planned in self.trials if planned.action != "finished"]

    def encode(self) -> dict[Preprocessing, EncodedCorpus]:
        """Return the encoded corpus for each preprocessing that the trials need.

        Raises:
            CorpusError: as ``encode_corpus``, with the names of the experiments.
        """
        needed = {
            each.trial.experiment.name: each.trial.experiment.hyperparameters.preprocessing
            for planned in self.trials
            for each in (planned, *planned.teachers)
        }
        encoded = {}
        for preprocessing in sorted(set(needed.values())):
            try:
                encoded[preprocessing] = encode_corpus(self.corpus, preprocessing)
            except CorpusError as error:
                names = [name for name, own in needed.items() if own == preprocessing]
                raise CorpusError(f"experiment {some_of(names)}: {error}") from error
        return encoded

    def renewed(self) -> Plan:
        """Compare the trials again with the records that are there now, without warnings."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RecordWarning)
            return replace(
                self,
                trials=[planned.renewed() for planned in self.trials],
                drawn=[planned.renewed() for planned in self.drawn],
            )

    def write(self) -> None:
        """Write the resolved grid, and what each trial is whose folder is free or its own.

        The records of finished trials that start over are kept apart; others stay until their
        trial starts. What a killed run has left is removed: parts of files, and the backups of
        finished trials.
        """
        remove_parts(self.folder)
        replaced = [planned.folder for planned in self.trials if planned.replaces_result]
        if replaced:
            set_aside(self.folder, replaced)
        write_grid(self.folder, self.grid.to_yaml())
        for planned in self.trials:
            if planned.action != "start over" or planned.folder in replaced:
                write_trial(planned.folder, planned.description)
            if planned.action == "finished":
                remove_backup(planned.folder)


def plan_run(grid: Grid, results: Path, only: tuple[str, ...] = ()) -> Plan:
    """Load the grid's corpus and compare its trials with the records that are there.

    Args:
        grid: what to run.
        results: the folder of all runs.
        only: names of the experiments to run; all of them where it is empty.

    Raises:
        CorpusError: the data cannot be read.
        GridError: ``only`` names an experiment that the grid does not hold, a library that an
            experiment needs is not installed, or the models that it learns from are missing.

    Warns:
        RecordWarning: for each damaged file of the run's records.
        RunWarning: for each chosen experiment that an override made the same as another, or that
            differs from another in what does nothing, and for draws that are the same as others.
    """
    chosen = grid.trials(only)
    names = {trial.experiment.name for trial in chosen}
    idle = describe_idle(item for item in grid.experiments if item.name in names)
    for message in [*describe_left_out(grid, only), *idle]:
        warnings.warn(message, RunWarning, stacklevel=2)
    corpus = load_corpus(**asdict(grid.data))
    folder = (results / grid.name).absolute()
    positions = {trial.name: position for position, trial in enumerate(grid.trials())}

    planned: dict[str, PlannedTrial] = {}

    def plan(trial: Trial) -> PlannedTrial:
        name, teacher = trial.name, trial.experiment.teacher
        if name not in planned:
            teachers = tuple(plan(each) for each in grid.trials([teacher])) if teacher else ()
            planned[name] = plan_trial(trial, folder / name, corpus, positions[name], teachers)
        return planned[name]

    trials = [plan(trial) for trial in chosen]
    _check_installed(trials)
    check_teachers(trials)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RecordWarning)
        drawn = [plan(trial) for trial in grid.drawn_trials()]
    there = {found.name for found in trial_folders(folder)}
    return Plan(grid, corpus, folder, trials, drawn, left=sorted(there - set(positions)))


def _check_installed(trials: list[PlannedTrial]) -> None:
    faults = {}
    for planned in trials:
        if planned.action != "finished":
            try:
                check_installed(planned.trial.experiment.hyperparameters)
            except HyperparameterError as error:
                name = planned.trial.experiment.name
                faults[name] = f"experiment {name!r}: {error}"
    if faults:
        raise GridError("\n".join(faults.values()))
