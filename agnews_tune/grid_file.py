"""Read a grid file: every fault at once, each with its line.

    name: report                 # optional; the file's stem otherwise
    data: ag_news                # or a mapping: source, label_names, limit_train
    seeds: 3                     # a count or a list such as [0, 7]; 1 otherwise
    targets: [0.90, 0.91]        # test accuracies to reach; optional
    defaults:                    # hyperparameters of every experiment without parent
      epochs: 3
    experiments:
      rnn-max:
      rnn-mean: {parent: rnn-max, pooling: mean, published: {test_accuracy: 0.913}}
    matrix:                      # every combination; alone or beside experiments
      cell: [gru, lstm]
      dropout: [0.1, 0.3]
    search:                      # experiments drawn from ranges: see search_section.py

A parent stands above its children or in the matrix.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agnews_tune import located_yaml
from agnews_tune.errors import GridError, did_you_mean
from agnews_tune.grid import DataSource, Experiment, Grid, difference, expand_seeds
from agnews_tune.grid_checks import Checker
from agnews_tune.grid_settings import find_setting_fault
from agnews_tune.hyperparameters import NAMES, Hyperparameters
from agnews_tune.located_yaml import Fault, Located
from agnews_tune.matrix import combine
from agnews_tune.search_section import check_names, read_search

_SECTIONS = ("name", "data", "seeds", "targets", "defaults", "experiments", "matrix", "search")
_DATA = ("source", "label_names", "limit_train")
_EXPERIMENT = ("parent", "published", *NAMES)
_PUBLISHED = ("validation_accuracy", "test_accuracy", "train_rows", "wall_seconds")


def read_grid(path: str | Path) -> Grid:
    """Read and check a grid file.

    Args:
        path: a YAML file in UTF-8.

    Returns:
        The grid, every hyperparameter resolved; the matrix comes before the other experiments.

    Raises:
        GridError: with the number of faults and one line for each, in the order of the file.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        near = [other.stem for other in path.parent.glob("*.y*ml")]
        hint = did_you_mean(path.stem, near) if isinstance(error, FileNotFoundError) else ""
        raise GridError(f"{path}: cannot be read: {error.strerror}{hint}") from error
    document, faults = located_yaml.read(content)
    checker = Checker(faults)
    grid = _read_document(document, path.stem, checker) if document else None
    if grid is None or checker.faults:
        raise GridError(_describe(path, checker.faults))
    return grid


def _describe(path: Path, faults: list[Fault]) -> str:
    header = f"{path}: {len(faults)} fault{'s' if len(faults) > 1 else ''}"
    in_order = sorted(faults, key=lambda fault: fault.line)
    return "\n".join([header, *(f"  line {fault.line}: {fault.message}" for fault in in_order)])


def _read_document(document: Located, stem: str, checker: Checker) -> Grid | None:
    if document.value is None:
        checker.report(1, "the file is empty; expected at least data and experiments")
        return None
    if not isinstance(document.value, dict):
        checker.report(1, f"a grid file must hold key: value; received {document.plain!r}")
        return None
    sections = checker.mapping(document, "the file", _SECTIONS)
    plain = ("name", "seeds", "targets")
    values = checker.values({key: sections[key] for key in plain if key in sections})
    if "name" not in sections and (fault := find_setting_fault("name", stem)):
        checker.report(1, f"the file's {fault}; rename it or set name: in it")
    data = _read_data(sections.get("data"), checker)
    matrix = _read_matrix(sections.get("matrix"), checker)
    experiments = _read_experiments(sections, matrix, checker)
    names = None if matrix is None else experiments
    return Grid(
        name=values.get("name", stem),
        data=data,
        seeds=expand_seeds(values.get("seeds", 1)),
        experiments=tuple(experiment for experiment in experiments.values() if experiment),
        targets=tuple(sorted(map(float, values.get("targets", ())))),
        search=read_search(sections.get("search"), names, checker),
    )


def _read_data(item: Located | None, checker: Checker) -> DataSource:
    if item is None:
        checker.report(1, "data is missing; expected such as data: ag_news")
        return DataSource("")
    settings = {"source": item}
    if isinstance(item.value, dict):
        settings = checker.mapping(item, "data", _DATA)
        if "source" not in settings:
            checker.report(item.line, "data: source is missing; expected such as source: ag_news")
    values = checker.values(settings, "data: ")
    label_names = values.get("label_names")
    return DataSource(
        source=values.get("source", ""),
        label_names=tuple(label_names) if label_names else None,
        limit_train=values.get("limit_train"),
    )


def _read_experiments(
    sections: dict[str, Located], matrix: dict[str, Located] | None, checker: Checker
) -> dict[str, Experiment | None]:
    """Return the experiments by their names, those of the matrix first; a faulty one is None."""
    if not any(sections[key].value for key in ("experiments", "matrix") if key in sections):
        checker.report(1, "no experiments; expected some under experiments: or matrix:")
    defaults = _read_defaults(sections.get("defaults"), checker)
    items = matrix or {}
    for name, item in checker.mapping(sections.get("experiments"), "experiments").items():
        if name in items:
            checker.report(item.line, f"experiment {name!r} is already made by the matrix")
        items[name] = item
    experiments: dict[str, Experiment | None] = {}
    # Nobody knows which parents a faulty matrix would have made.
    parents = None if matrix is None else experiments
    for name, item in items.items():
        experiments[name] = _read_experiment(name, item, defaults, parents, checker)
    _check_different(experiments, items, checker)
    if "search" in sections:
        check_names(items, checker)
    return experiments


def _read_defaults(item: Located | None, checker: Checker) -> Hyperparameters | None:
    """Return the defaults, or None where they have a fault."""
    before = len(checker.faults)
    values = checker.values(checker.mapping(item, "defaults", NAMES), "defaults: ")
    return Hyperparameters(**values) if len(checker.faults) == before else None


def _read_matrix(item: Located | None, checker: Checker) -> dict[str, Located] | None:
    """Return every combination as ``experiments:`` would hold it, or None for a faulty matrix."""
    before = len(checker.faults)
    choices = checker.mapping(item, "matrix", NAMES)
    for name, values in choices.items():
        checker.choices(name, values, "matrix")
    if len(checker.faults) > before:
        return None
    if item is None or not choices:
        return {}
    combinations = combine({name: values.plain for name, values in choices.items()})
    return {
        name: Located({key: Located(value, item.line) for key, value in values.items()}, item.line)
        for name, values in combinations.items()
    }


def _read_experiment(
    name: str,
    item: Located,
    defaults: Hyperparameters | None,
    parents: dict[str, Experiment | None] | None,
    checker: Checker,
) -> Experiment | None:
    """Return the full experiment, or None where it or its parent has a fault."""
    before = len(checker.faults)
    where = f"experiment {name!r}"
    if fault := find_setting_fault("name", name):
        checker.report(item.line, f"experiment {fault}")
    items = checker.mapping(item, where, _EXPERIMENT)
    figures = checker.mapping(items.pop("published", None), f"{where}: published", _PUBLISHED)
    published = checker.values(figures, f"{where}: published ")
    parent = items.pop("parent", None)
    values = checker.values(items, f"{where}: ")
    start = _find_parent(parent, where, parents, checker) if parent else defaults
    if start is None or len(checker.faults) > before:
        return None
    hyperparameters = replace(start, **values)
    if parent is None:
        return Experiment(name, None, {}, hyperparameters, published)
    change = difference(start, hyperparameters)
    return Experiment(name, parent.value, change, hyperparameters, published)


def _find_parent(
    item: Located, where: str, parents: dict[str, Experiment | None] | None, checker: Checker
) -> Hyperparameters | None:
    if parents is None:
        return None
    if item.plain not in list(parents):
        hint = did_you_mean(item.plain, parents)
        message = f"parent must be an experiment above it; received {item.plain!r}{hint}"
        checker.report(item.line, f"{where}: {message}")
        return None
    parent = parents[item.value]
    return parent.hyperparameters if parent else None


def _check_different(
    experiments: dict[str, Experiment | None], items: dict[str, Located], checker: Checker
) -> None:
    by_name: dict[str, str] = {}
    by_hyperparameters: dict[Hyperparameters, str] = {}
    for name, experiment in experiments.items():
        other = by_name.setdefault(name.lower(), name)
        if other != name:
            message = (
                f"experiments {name!r} and {other!r} (line {items[other].line}) differ only in "
                "case; some systems cannot hold a folder of each"
            )
            checker.report(items[name].line, message)
        if experiment is None:
            continue
        other = by_hyperparameters.setdefault(experiment.hyperparameters, name)
        if other != name:
            message = f"{name!r} has the same hyperparameters as {other!r}: one of them is enough"
            checker.report(items[name].line, message)
