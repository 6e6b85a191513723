"""Read the section ``search:`` of a grid file.

search:
  parent: gru-max                                  # an experiment of this file
  samples: 16
  seed: 0                                          # of the draws; 0 otherwise
  grace_period: 1                                  # epochs before a trial may be stopped; 1
  reduction_factor: 4                              # one in so many goes on; 4 otherwise
  pooling: [max, mean, max+mean]                   # one of these
  hidden_dim: {from: 64, to: 512, log: true}       # any number between two
"""

from __future__ import annotations

from collections.abc import Mapping

from agnews_tune.errors import did_you_mean
from agnews_tune.grid.checks import Checker
from agnews_tune.grid.experiments import Experiment
from agnews_tune.grid.located_yaml import Located
from agnews_tune.grid.search import Choices, Range, Search, clashing
from agnews_tune.hyperparameters import NAMES, Hyperparameters, find_fault

_SETTINGS = ("samples", "seed", "grace_period", "reduction_factor")
_ENDS = ("from", "to")
_NEVER = {
    "epochs": "trials are compared, and stopped, epoch by epoch",
    "model": "a linear model has no epochs to be compared by",
}
_DEFAULTS = Hyperparameters().to_dict()


def read_search(
    item: Located | None, experiments: Mapping[str, Experiment | None] | None, checker: Checker
) -> Search | None:
    """Return the search, or None where there is none or it has a fault.

    Args:
        item: the section.
        experiments: of the file, by name; None where a fault leaves nobody to know them.
        checker: told of faults.
    """
    if item is None:
        return None
    before = len(checker.faults)
    items = checker.mapping(item, "search", ("parent", *_SETTINGS, *NAMES))
    parent = _read_parent(items.pop("parent", None), item.line, experiments, checker)
    settings = {name: items.pop(name) for name in _SETTINGS if name in items}
    values = checker.values(settings, "search: ")
    if "samples" not in settings:
        checker.report(item.line, "search: samples is missing; expected such as samples: 16")
    if not items:
        example = "dropout: {from: 0.0, to: 0.5}"
        checker.report(item.line, f"search: no hyperparameters; expected such as {example}")
    spaces = {name: _read_space(name, found, checker) for name, found in items.items()}
    return Search(parent, spaces, **values) if len(checker.faults) == before else None


def check_names(items: dict[str, Located], checker: Checker) -> None:
    """Report the experiments of a file with a search whose names drawn ones might have."""
    for name in clashing(items):
        checker.report(
            items[name].line,
            f"experiment {name!r}: names that start with 'search-' are those of drawn "
            "experiments; choose another one",
        )


def _read_parent(
    item: Located | None,
    line: int,
    experiments: Mapping[str, Experiment | None] | None,
    checker: Checker,
) -> str:
    if item is None:
        checker.report(
            line, "search: parent is missing; expected the experiment to draw changes of"
        )
        return ""
    if experiments is None:
        return ""
    if item.plain not in list(experiments):
        hint = did_you_mean(item.plain, experiments)
        message = f"parent must be an experiment of this file; received {item.plain!r}{hint}"
        checker.report(item.line, f"search: {message}")
        return ""
    parent = experiments[item.value]
    if parent and parent.teacher:
        message = "parent must be an experiment without a teacher"
        checker.report(item.line, f"search: {message}; received {item.plain!r}")
    return str(item.plain)


def _read_space(name: str, item: Located, checker: Checker) -> Range | Choices:
    """Return what is drawn from; what has a fault is told, and stands for nothing."""
    if name in _NEVER:
        checker.report(item.line, f"search: {name} cannot be drawn: {_NEVER[name]}")
        return Choices(())
    if isinstance(item.value, dict):
        return _read_range(name, item, checker)
    checker.choices(name, item, "search")
    return Choices(tuple(item.plain) if isinstance(item.plain, list) else ())


def _read_range(name: str, item: Located, checker: Checker) -> Range | Choices:
    where = f"search: {name}"
    default = _DEFAULTS[name]
    if not isinstance(default, int | float) or isinstance(default, bool):
        checker.report(item.line, f"{where} must be a list of values; it is no number")
        return Choices(())
    before = len(checker.faults)
    items = checker.mapping(item, where, (*_ENDS, "log"))
    if any(end not in items for end in _ENDS):
        received = item.plain
        checker.report(item.line, f"{where} must have from: and to:; received {received!r}")
        return Choices(())
    for end in _ENDS:
        if fault := find_fault(name, items[end].plain):
            checker.report(items[end].line, f"search: {end}: {fault}")
    log = items["log"].plain if "log" in items else False
    if not isinstance(log, bool):
        checker.report(items["log"].line, f"{where}: log must be true or false; received {log!r}")
    if len(checker.faults) > before:
        return Choices(())
    low, high = (items[end].plain for end in _ENDS)
    if low >= high:
        checker.report(item.line, f"{where}: from must be below to; received {low} and {high}")
    if log and low <= 0:
        checker.report(item.line, f"{where}: with log from must be above 0; received {low}")
    kind = type(default)
    return Range(kind(low), kind(high), log)
