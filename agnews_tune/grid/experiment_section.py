"""``defaults:``, ``experiments:`` and ``matrix:`` of a grid file, every fault with its line.

A parent, and a teacher, stands above the experiment that names it, or in the matrix.
"""

from __future__ import annotations

from dataclasses import replace

from agnews_tune.errors import did_you_mean
from agnews_tune.grid.checks import Checker
from agnews_tune.grid.experiments import Experiment, difference
from agnews_tune.grid.located_yaml import Located
from agnews_tune.grid.matrix import combine
from agnews_tune.grid.search_section import check_names
from agnews_tune.grid.settings import find_setting_fault
from agnews_tune.hyperparameters import NAMES, Hyperparameters

Experiments = dict[str, Experiment | None]  # by name; a faulty one is None
_ROLES = ("parent", "teacher")
_EXPERIMENT = (*_ROLES, "published", *NAMES)
_PUBLISHED = ("validation_accuracy", "test_accuracy", "train_rows", "wall_seconds")


def read_experiments(
    sections: dict[str, Located], matrix: dict[str, Located] | None, checker: Checker
) -> Experiments:
    """Return the experiments by their names, those of the matrix first; a faulty one is None.

    Args:
        sections: of the file.
        matrix: what ``read_matrix`` made of its section.
        checker: told of faults.
    """
    if not any(sections[key].value for key in ("experiments", "matrix") if key in sections):
        checker.report(1, "no experiments; expected some under experiments: or matrix:")
    defaults = _read_defaults(sections.get("defaults"), checker)
    items = matrix or {}
    for name, item in checker.mapping(sections.get("experiments"), "experiments").items():
        if name in items:
            checker.report(item.line, f"experiment {name!r} is already made by the matrix")
        items[name] = item
    experiments: Experiments = {}
    # Nobody knows which experiments a faulty matrix would have made.
    above = None if matrix is None else experiments
    for name, item in items.items():
        experiments[name] = _read_experiment(name, item, defaults, above, checker)
    _check_different(experiments, items, checker)
    if "search" in sections:
        check_names(items, checker)
    return experiments


def _read_defaults(item: Located | None, checker: Checker) -> Hyperparameters | None:
    """Return the defaults, or None where they have a fault."""
    before = len(checker.faults)
    values = checker.values(checker.mapping(item, "defaults", NAMES), "defaults: ")
    return Hyperparameters(**values) if len(checker.faults) == before else None


def read_matrix(item: Located | None, checker: Checker) -> dict[str, Located] | None:
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
    above: Experiments | None,
    checker: Checker,
) -> Experiment | None:
    """Return the full experiment, or None where it, its parent or its teacher has a fault."""
    before = len(checker.faults)
    where = f"experiment {name!r}"
    if fault := find_setting_fault("name", name):
        checker.report(item.line, f"experiment {fault}")
    items = checker.mapping(item, where, _EXPERIMENT)
    figures = checker.mapping(items.pop("published", None), f"{where}: published", _PUBLISHED)
    published = checker.values(figures, f"{where}: published ")
    named = {role: items.pop(role) for role in _ROLES if role in items}
    values = checker.values(items, f"{where}: ")
    found = {role: _find(role, named[role], where, above, checker) for role in named}
    if None in found.values() or len(checker.faults) > before:
        return None
    parent, teacher = (found.get(role) for role in _ROLES)
    start = parent.hyperparameters if parent else defaults
    if start is None:
        return None
    hyperparameters = replace(start, **values)
    inherited = parent.teacher if parent else None
    taught_by = teacher.name if teacher else inherited
    if taught_by and hyperparameters.model == "linear":
        checker.report(item.line, f"{where}: a linear model has no teacher; it learns from classes")
    if parent is None:
        return Experiment(name, None, {}, hyperparameters, published, taught_by)
    change = difference(start, hyperparameters)
    if taught_by != inherited:
        change["teacher"] = taught_by
    return Experiment(name, parent.name, change, hyperparameters, published, taught_by)


def _find(
    role: str, item: Located, where: str, above: Experiments | None, checker: Checker
) -> Experiment | None:
    """Return the experiment above that another one names as its parent or teacher, if it is one."""
    if above is None:
        return None
    if item.plain not in list(above):
        hint = did_you_mean(item.plain, above)
        message = f"{role} must be an experiment above it; received {item.plain!r}{hint}"
        checker.report(item.line, f"{where}: {message}")
        return None
    found = above[item.value]
    if role == "teacher" and found and found.teacher:
        message = f"teacher must have none of its own; received {item.plain!r}"
        checker.report(item.line, f"{where}: {message}, which learns from {found.teacher!r}")
    return found


def _check_different(experiments: Experiments, items: dict[str, Located], checker: Checker) -> None:
    by_name: dict[str, str] = {}
    by_recipe: dict[tuple[Hyperparameters, str | None], str] = {}
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
        other = by_recipe.setdefault(experiment.recipe, name)
        if other != name:
            message = f"{name!r} has the same hyperparameters as {other!r}: one of them is enough"
            checker.report(items[name].line, message)
