"""A grid: experiments, the data and the seeds they run with, every value resolved."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeGuard

from agnews_tune import located_yaml
from agnews_tune.errors import GridError, did_you_mean
from agnews_tune.hyperparameters import Hyperparameters


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
    """

    name: str
    parent: str | None
    change: dict[str, Any]
    hyperparameters: Hyperparameters
    published: dict[str, float]

    def describe_change(self) -> str:
        """Return ``baseline``, ``pooling: mean`` or ``2 changes: cell: gru, ...``."""
        if self.parent is None:
            return "baseline"
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
    """

    source: str
    label_names: tuple[str, ...] | None = None
    limit_train: int | None = None


@dataclass(frozen=True)
class Grid:
    """What one run does: every experiment with every seed.

    Args:
        name: name of the run's folder.
        data: the corpus of all trials.
        seeds: seeds of each experiment.
        experiments: in the order of the grid file.
        targets: test accuracies (fractions 0 to 1) to reach, the lowest first.
        left_out: names of experiments that an override made the same as an earlier one, each with
            the name of that one.
    """

    name: str
    data: DataSource
    seeds: tuple[int, ...]
    experiments: tuple[Experiment, ...]
    targets: tuple[float, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict, compare=False)

    def trials(self, only: Collection[str] = ()) -> list[Trial]:
        """Return the trials, all experiments with the first seed before the second seed.

        An interrupted run then holds as many different experiments as it can.

        Args:
            only: names of experiments; all of them where it is empty.

        Raises:
            GridError: with one line for each name that the grid does not hold.
        """
        known = [item.name for item in self.experiments]
        unknown = [name for name in only if name not in known]
        if unknown:
            raise GridError("\n".join(self._describe_unknown(name, known) for name in unknown))
        chosen = [item for item in self.experiments if not only or item.name in only]
        return [Trial(experiment, seed) for seed in self.seeds for experiment in chosen]

    def _describe_unknown(self, name: str, known: list[str]) -> str:
        hint = did_you_mean(name, known) or f"; expected one of {', '.join(known)}"
        return f"grid {self.name!r} has no experiment {name!r}{hint}"

    def with_overrides(
        self,
        *,
        source: str | None = None,
        limit_train: int | None = None,
        seeds: int | None = None,
        epochs: int | None = None,
    ) -> Grid:
        """Return a grid with these settings in place of its own; None keeps the grid's.

        Args:
            source: where the texts come from.
            limit_train: training rows to use at most.
            seeds: how many seeds: 0, 1, 2, ...
            epochs: epochs of every experiment. One that is then the same as an earlier one is left
                out; its children get the earlier one as their parent.

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
        changed = replace(self, data=replace(self.data, **given), seeds=new_seeds)
        return changed if epochs is None else changed._with_epochs(epochs)

    def _with_epochs(self, epochs: int) -> Grid:
        kept: dict[Hyperparameters, Experiment] = {}
        left_out: dict[str, str] = {}
        for experiment in self.experiments:
            parent = experiment.parent
            changed = replace(
                experiment,
                parent=left_out.get(parent, parent) if parent else None,
                change={name: new for name, new in experiment.change.items() if name != "epochs"},
                hyperparameters=replace(experiment.hyperparameters, epochs=epochs),
            )
            earlier = kept.setdefault(changed.hyperparameters, changed)
            if earlier is not changed:
                left_out[experiment.name] = earlier.name
        return replace(self, experiments=tuple(kept.values()), left_out=left_out)

    def to_yaml(self) -> str:
        """Return the grid as a grid file with every default filled in.

        ``read_grid`` gives an equal grid back.
        """
        return located_yaml.write(
            _drop_empty(
                {
                    "name": self.name,
                    "data": _drop_empty(asdict(self.data)),
                    "seeds": self.seeds,
                    "targets": self.targets,
                    "experiments": {item.name: _to_dict(item) for item in self.experiments},
                }
            )
        )


def _to_dict(experiment: Experiment) -> dict[str, Any]:
    """Return the experiment as ``experiments:`` of a grid file holds it."""
    stated = {"parent": experiment.parent, **experiment.hyperparameters.to_dict()}
    return _drop_empty(stated | {"published": experiment.published})


def _drop_empty(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, {}, ())}


def format_value(value: object) -> str:
    """Return a hyperparameter's value as a grid file writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def expand_seeds(seeds: int | Sequence[int]) -> tuple[int, ...]:
    """Return the seeds that a count (0, 1, 2, ...) or a list stands for."""
    return tuple(range(seeds)) if isinstance(seeds, int) else tuple(seeds)


def find_setting_fault(name: str, value: object) -> str | None:
    """Return what is wrong with one value of a grid file in one line, or None.

    ``find_fault`` does the same for hyperparameters.
    """
    expected, fits = _SETTINGS[name]
    return None if fits(value) else f"{name} must be {expected}; received {value!r}"


def _is_whole_number(value: object, minimum: int, maximum: float = math.inf) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and minimum <= value <= maximum


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(_NAME.fullmatch(value))


def _are_label_names(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and 1 < len(value) == len({*value})


def _are_seeds(value: object) -> bool:
    if not isinstance(value, list):
        return _is_whole_number(value, 1, _MAX_SEEDS)
    fits = all(_is_whole_number(seed, 0, _MAX_SEED) for seed in value)
    return fits and 0 < len(value) == len({*value})


def _is_fraction(value: object) -> bool:
    return _is_number(value) and 0 <= value <= 1


def _are_targets(value: object) -> bool:
    return (
        isinstance(value, list)
        and all(map(_is_fraction, value))
        and 0 < len(value) == len({*value})
    )


_MAX_SEEDS = 1000  # a larger one is a seed that somebody took for a count
_MAX_SEED = 2**32 - 1  # NumPy takes no larger one
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=-]{0,99}")
_FRACTION = ("from 0 to 1 (a fraction: 0.913, not 91.3)", _is_fraction)

# What is expected of each setting, in words and as a check.
_SETTINGS: dict[str, tuple[str, Callable[[object], bool]]] = {
    "name": ("1 to 100 of a-z, A-Z, 0-9 and ._+=-, the first a letter or digit", _is_name),
    "source": ("ag_news, demo, hub:<owner>/<name> or a path", _is_text),
    "label_names": ("a list of at least two different names", _are_label_names),
    "limit_train": ("a whole number of at least 1", lambda value: _is_whole_number(value, 1)),
    "seeds": (
        f"a count from 1 to {_MAX_SEEDS}, or a list of different whole numbers from 0 to "
        f"{_MAX_SEED}",
        _are_seeds,
    ),
    "targets": (
        "a list of one or more different test accuracies from 0 to 1 (0.913, not 91.3)",
        _are_targets,
    ),
    "validation_accuracy": _FRACTION,
    "test_accuracy": _FRACTION,
    "train_rows": ("a whole number of at least 1", lambda value: _is_whole_number(value, 1)),
    "wall_seconds": ("a number above 0", lambda value: _is_number(value) and 0 < value < math.inf),
}
