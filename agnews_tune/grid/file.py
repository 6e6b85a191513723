"""Read a grid file: every fault at once, each with its line.

    name: report                 # optional; the file's stem otherwise
    data: ag_news                # or a mapping: source, label_names, default_names, limit_train
    seeds: 3                     # a count or a list such as [0, 7]; 1 otherwise
    targets: [0.90, 0.91]        # test accuracies to reach; optional
    defaults:                    # hyperparameters of every experiment without parent
      epochs: 3
    experiments:
      rnn-max:
      rnn-mean: {parent: rnn-max, pooling: mean, published: {test_accuracy: 0.913}}
      small: {parent: rnn-max, hidden_dim: 32}
      distilled: {parent: small, teacher: rnn-max}    # learns what that one's seeds predict
    matrix:                      # every combination; alone or beside experiments
      cell: [gru, lstm]
      dropout: [0.1, 0.3]
    search:                      # experiments drawn from ranges: see search_section.py

A parent stands above its children or in the matrix, and so does a teacher.
"""

from __future__ import annotations

import reprlib
from pathlib import Path

from agnews_tune.errors import GridError, did_you_mean
from agnews_tune.grid import located_yaml
from agnews_tune.grid.checks import Checker
from agnews_tune.grid.experiment_section import read_experiments, read_matrix
from agnews_tune.grid.experiments import DataSource, Grid, expand_seeds
from agnews_tune.grid.located_yaml import Fault, Located
from agnews_tune.grid.search_section import read_search
from agnews_tune.grid.settings import find_setting_fault

_SECTIONS = ("name", "data", "seeds", "targets", "defaults", "experiments", "matrix", "search")
_DATA = ("source", "label_names", "default_names", "limit_train")


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
        near = {other.stem: str(other) for other in path.parent.glob("*.y*ml")}
        hint = did_you_mean(path.stem, near, near) if isinstance(error, FileNotFoundError) else ""
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
        checker.report(
            1,
            f"a grid file must hold key: value; received {reprlib.repr(document.plain)}"
            "; is this the data? It is given with --data",
        )
        return None
    sections = checker.mapping(document, "the file", _SECTIONS)
    plain = ("name", "seeds", "targets")
    values = checker.values({key: sections[key] for key in plain if key in sections})
    if "name" not in sections and (fault := find_setting_fault("name", stem)):
        checker.report(1, f"the file's {fault}; rename it or set name: in it")
    data = _read_data(sections.get("data"), checker)
    matrix = read_matrix(sections.get("matrix"), checker)
    experiments = read_experiments(sections, matrix, checker)
    known = None if matrix is None else experiments
    return Grid(
        name=values.get("name", stem),
        data=data,
        seeds=expand_seeds(values.get("seeds", 1)),
        experiments=tuple(experiment for experiment in experiments.values() if experiment),
        targets=tuple(sorted(map(float, values.get("targets", ())))),
        search=read_search(sections.get("search"), known, checker),
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
    names = {key: tuple(values[key]) for key in ("label_names", "default_names") if values.get(key)}
    return DataSource(values.get("source", ""), limit_train=values.get("limit_train"), **names)
