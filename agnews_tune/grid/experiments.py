"""A grid: experiments, the data and the seeds they run with, every value resolved."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from agnews_tune.errors import GridError, did_you_mean
from agnews_tune.grid import located_yaml
from agnews_tune.grid.search import Search
from agnews_tune.grid.settings import find_setting_fault
from agnews_tune.hyperparameters import Hyperparameters, format_value


@dataclass(frozen=True)
class Experiment:
    """One idea: a parent and the change against it.

    Args:
        name: unique in its grid; part of a folder's name.
        parent: name of the experiment that this one is compared with; None for a baseline.
        change: hyperparameters that differ from the parent's, with their new values; empty for a
            baseline.
        hyperparameters: the full set.
        published: figures of others: ``validation_accuracy`` and ``test_accuracy`` (fractions 0 to
            1), ``wall_seconds`` and ``train_rows``, all optional.
        teacher: name of the experiment whose trials, of all seeds together, this one learns from:
            what they make of the training rows stands in place of their classes. None for the
            classes.
    """

    name: str
    parent: str | None
    change: dict[str, Any]
    hyperparameters: Hyperparameters
    published: dict[str, float]
    teacher: str | None = None

    @property
    def recipe(self) -> tuple[Hyperparameters, str | None]:
        """What it trains and what that learns from: no two experiments of a grid share it."""
        return self.hyperparameters, self.teacher

    def describe_change(self) -> str:
        """Return ``baseline``, ``pooling: mean`` or ``2 changes: cell: gru, ...``.

        A baseline that learns from a teacher says from which.
        """
        if self.parent is None:
            return f"baseline, teacher: {self.teacher}" if self.teacher else "baseline"
        changes = ", ".join(f"{name}: {format_value(value)}" for name, value in self.change.items())
        return changes if len(self.change) == 1 else f"{len(self.change)} changes: {changes}"


@dataclass(frozen=True)
class Trial:
    """One experiment with one seed."""

    experiment: Experiment
    seed: int

    @property
    def name(self) -> str:
        """Unique in its grid; the name of the trial's folder."""
        return f"{self.experiment.name}-seed{self.seed}"


@dataclass(frozen=True)
class DataSource:
    """Where the texts come from.

    Args:
        source: ``ag_news``, ``demo``, ``hub:<owner>/<name>`` or a path.
        label_names: names of numbered labels, in order.
        limit_train: training rows to use at most.
        default_names: the same, where the source names no labels and they fit.
    """

    source: str
    label_names: tuple[str, ...] | None = None
    limit_train: int | None = None
    default_names: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Grid:
    """What one run does: every experiment with every seed.

    Args:
        name: name of the run's folder.
        data: the corpus of all trials.
        seeds: seeds of each experiment.
        experiments: in the order of the grid file.
        targets: test accuracies (fractions 0 to 1) to reach, the lowest first.
        search: draws further experiments; None where there is none.
        drawn: the experiments of the search, once ``with_drawn`` was given them.
        left_out: names of experiments that an override or a draw made the same as an earlier one,
            each with the name of that one.
    """

    name: str
    data: DataSource
    seeds: tuple[int, ...]
    experiments: tuple[Experiment, ...]
    targets: tuple[float, ...] = ()
    search: Search | None = None
    drawn: tuple[Experiment, ...] = field(default=(), compare=False)
    left_out: dict[str, str] = field(default_factory=dict, compare=False)

    def trials(self, only: Collection[str] = ()) -> list[Trial]:
        """Return the trials, all experiments with the first seed before the second seed.

        An interrupted run then holds as many different experiments as it can.

        Args:
            only: names of experiments; all of them where it is empty. One that is left out stands
                for the one that it is the same as.

        Raises:
            GridError: with one line for each name that the grid does not hold.
        """
        experiments = [*self.experiments, *self.drawn]
        known = [item.name for item in experiments]
        asked = {name: self.left_out.get(name, name) for name in only}
        unknown = [name for name, found in asked.items() if found not in known]
        if unknown:
            raise GridError("\n".join(self._describe_unknown(name, known) for name in unknown))
        chosen = [item for item in experiments if not only or item.name in asked.values()]
        return self._with_seeds(chosen)

    def drawn_trials(self) -> list[Trial]:
        """Return the trials of the experiments that the search has drawn."""
        return self._with_seeds(self.drawn)

    def _with_seeds(self, experiments: Sequence[Experiment]) -> list[Trial]:
        return [Trial(experiment, seed) for seed in self.seeds for experiment in experiments]

    def _describe_unknown(self, name: str, known: list[str]) -> str:
        hint = did_you_mean(name, known) or f"; expected one of {', '.join(known)}"
        return f"grid {self.name!r} has no experiment {name!r}{hint}"

    def with_overrides(
        self,
        *,
        source: str | None = None,
        limit_train: int | None = None,
        seeds: int | list[int] | None = None,
        epochs: int | None = None,
    ) -> Grid:
        """Return a grid with these settings in place of its own; None keeps the grid's.

        Args:
            source: where the texts come from. The grid's label names are kept where they fit.
            limit_train: training rows to use at most.
            seeds: how many seeds (0, 1, 2, ...), or which ones.
            epochs: epochs of every experiment. One that is then the same as an earlier one is left
                out; the earlier one is then the parent and the teacher of others in its place.

        Raises:
            GridError: a setting is not what was expected.
            HyperparameterError: epochs is not a whole number of at least 1.
        """
        settings = {"source": source, "limit_train": limit_train, "seeds": seeds}
        given: dict[str, Any] = {
            name: value for name, value in settings.items() if value is not None
        }
        faults = [fault for name in given if (fault := find_setting_fault(name, given[name]))]
        if faults:
            raise GridError("\n".join(faults))
        new_seeds = expand_seeds(given.pop("seeds", self.seeds))
        if "source" in given:
            given |= {"label_names": None, "default_names": self.data.label_names}
        changed = replace(self, data=replace(self.data, **given), seeds=new_seeds)
        return changed if epochs is None else changed._with_epochs(epochs)

    def _with_epochs(self, epochs: int) -> Grid:
        kept: dict[tuple[Hyperparameters, str | None], Experiment] = {}
        left_out: dict[str, str] = {}
        for experiment in self.experiments:
            parent, teacher = experiment.parent, experiment.teacher
            teacher = left_out.get(teacher, teacher) if teacher else None
            change = {name: new for name, new in experiment.change.items() if name != "epochs"}
            changed = replace(
                experiment,
                parent=left_out.get(parent, parent) if parent else None,
                change=change | {"teacher": teacher} if "teacher" in change else change,
                hyperparameters=replace(experiment.hyperparameters, epochs=epochs),
                teacher=teacher,
            )
            earlier = kept.setdefault(changed.recipe, changed)
            if earlier is not changed:
                left_out[experiment.name] = earlier.name
        search = self.search
        if search:
            search = replace(search, parent=left_out.get(search.parent, search.parent))
        return replace(self, experiments=tuple(kept.values()), search=search, left_out=left_out)

    def with_drawn(self, draws: Sequence[Mapping[str, Any]]) -> Grid:
        """Return a grid with the experiments of its search; their names count the draws from 1.

        Args:
            draws: for each experiment the hyperparameters that differ from those of the search's
                parent. One that makes the same experiment as an earlier one is left out.
        """
        if self.search is None:
            return self
        known = {item.recipe: item.name for item in self.experiments}
        (parent,) = [item for item in self.experiments if item.name == self.search.parent]
        drawn: list[Experiment] = []
        left_out = dict(self.left_out)
        for name, values in zip(self.search.names, draws, strict=False):
            hyperparameters = replace(parent.hyperparameters, **values)
            change = difference(parent.hyperparameters, hyperparameters)
            experiment = Experiment(name, parent.name, change, hyperparameters, {})
            earlier = known.setdefault(experiment.recipe, name)
            if earlier == name:
                drawn.append(experiment)
            else:
                left_out[name] = earlier
        return replace(self, drawn=tuple(drawn), left_out=left_out)

    def to_yaml(self) -> str:
        """Return the grid as a grid file with every default filled in.

        ``read_grid`` gives an equal grid back. What was drawn is left to be drawn again.
        """
        return located_yaml.write(
            _drop_empty(
                {
                    "name": self.name,
                    "data": _drop_empty(asdict(self.data)),
                    "seeds": self.seeds,
                    "targets": self.targets,
                    "experiments": {item.name: _to_dict(item) for item in self.experiments},
                    "search": self.search and self.search.to_plain(),
                }
            )
        )


def _to_dict(experiment: Experiment) -> dict[str, Any]:
    """Return the experiment as ``experiments:`` of a grid file holds it."""
    stated = {"parent": experiment.parent, **experiment.hyperparameters.to_dict()}
    return _drop_empty(stated | {"teacher": experiment.teacher, "published": experiment.published})


def difference(parent: Hyperparameters, child: Hyperparameters) -> dict[str, Any]:
    """Return the hyperparameters of a child that are not those of its parent."""
    before = parent.to_dict()
    return {name: value for name, value in child.to_dict().items() if value != before[name]}


def _drop_empty(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, {}, ())}


def expand_seeds(seeds: int | Sequence[int]) -> tuple[int, ...]:
    """Return the seeds that a count (0, 1, 2, ...) or a list stands for."""
    return tuple(range(seeds)) if isinstance(seeds, int) else tuple(seeds)
