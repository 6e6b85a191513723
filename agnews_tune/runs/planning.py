"""A grid, its corpus and what already lies in the results folder: the trials that have to run."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from agnews_tune.corpus.loading import load_corpus
from agnews_tune.corpus.splits import Corpus
from agnews_tune.errors import GridError, HyperparameterError, RecordWarning, RunWarning
from agnews_tune.extras import check_installed
from agnews_tune.files import remove_parts
from agnews_tune.grid.experiments import Grid, Trial
from agnews_tune.hyperparameters import Preprocessing
from agnews_tune.records.layout import trial_folders
from agnews_tune.records.writing import remove_backup, write_grid, write_trial
from agnews_tune.runs.planned_trial import PlannedTrial, plan_trial
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
        removed: names of trials whose records are there and which the grid no longer has.
    """

    grid: Grid
    corpus: Corpus
    folder: Path
    trials: list[PlannedTrial]
    drawn: list[PlannedTrial]
    removed: list[str]

    @property
    def to_run(self) -> list[PlannedTrial]:
        """The trials without a finished record."""
        return [planned for planned in self.trials if planned.action != "finished"]

    def encode(self) -> dict[Preprocessing, EncodedCorpus]:
        """Return the encoded corpus for each preprocessing that the trials need."""
        all_trials = [each for item in self.trials for each in (item, *item.teachers)]
        needed = {item.trial.experiment.hyperparameters.preprocessing for item in all_trials}
        return {item: encode_corpus(self.corpus, item) for item in sorted(needed)}

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
        """Write the resolved grid and the description of each trial that does not start over.

        A record that is to be replaced stays until its trial starts, and is kept apart then. What
        a killed run has left is removed: parts of files, and the backups of finished trials.
        """
        remove_parts(self.folder)
        write_grid(self.folder, self.grid.to_yaml())
        for planned in self.trials:
            if planned.action != "start over":
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
        RunWarning: for each chosen experiment that an override made the same as another, and for
            draws that are the same as others.
    """
    for message in _describe_left_out(grid, only):
        warnings.warn(message, RunWarning, stacklevel=2)
    chosen = grid.trials(only)
    corpus = load_corpus(**asdict(grid.data))
    grid = _with_fitting_names(grid, corpus)
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
    return Plan(grid, corpus, folder, trials, drawn, removed=sorted(there - set(positions)))


def _with_fitting_names(grid: Grid, corpus: Corpus) -> Grid:
    """Return a grid that names its labels only if these are the names that its corpus has."""
    data = grid.data
    if data.default_names is None:
        return grid
    fit = data.default_names == corpus.label_names
    names = data.default_names if fit else None
    return replace(grid, data=replace(data, label_names=names, default_names=None))


def _describe_left_out(grid: Grid, only: tuple[str, ...]) -> list[str]:
    """Return a line for each chosen experiment that is left out, and one for all draws."""
    draws = grid.search.names if grid.search else []
    again = [name for name in grid.left_out if name in draws]
    what = ", which runs for it" if only else " and is left out"
    lines = [
        f"experiment {name!r} is the same as {same!r}{what}"
        for name, same in grid.left_out.items()
        if (name in only if only else name not in again)
    ]
    if again:
        lines.append(f"{len(again)} of {len(draws)} draws are the same as others and are left out")
    return lines


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
