"""What is expected of each value of a grid file that is no hyperparameter."""

from __future__ import annotations

import re

from agnews_tune.rules import POSITIVE, Rule, at_least, expecting, is_number, is_whole_number


def find_setting_fault(name: str, value: object) -> str | None:
    """Return what is wrong with one value of a grid file in one line, or None.

    ``find_fault`` does the same for hyperparameters.
    """
    expected = _SETTINGS[name](value)
    return expected and f"{name} must be {expected}; received {value!r}"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(_NAME.fullmatch(value))


def _are_label_names(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value)) and 1 < len(value) == len({*value})


def _are_seeds(value: object) -> bool:
    if not isinstance(value, list):
        return is_whole_number(value, 1, _MAX_SEEDS)
    fits = all(is_whole_number(seed, 0, _MAX_SEED) for seed in value)
    return fits and 0 < len(value) == len({*value})


def _is_fraction(value: object) -> bool:
    return is_number(value) and 0 <= value <= 1


def _are_targets(value: object) -> bool:
    return (
        isinstance(value, list)
        and all(map(_is_fraction, value))
        and 0 < len(value) == len({*value})
    )


_MAX_SAMPLES = 10_000
_MAX_SEEDS = 1000  # a larger one is a seed that somebody took for a count
_MAX_SEED = 2**32 - 1  # NumPy takes no larger one
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=-]{0,99}")
_FRACTION = expecting("from 0 to 1 (a fraction: 0.913, not 91.3)", _is_fraction)
_COUNT = at_least(1)
_LABEL_NAMES = expecting("a list of at least two different names", _are_label_names)

_SETTINGS: dict[str, Rule] = {
    "name": expecting("1 to 100 of a-z, A-Z, 0-9 and ._+=-, the first a letter or digit", _is_name),
    "source": expecting("ag_news, demo, hub:<owner>/<name> or a path", _is_text),
    "label_names": _LABEL_NAMES,
    "default_names": _LABEL_NAMES,
    "limit_train": _COUNT,
    "seeds": expecting(
        f"a count from 1 to {_MAX_SEEDS}, or a list of different whole numbers from 0 to "
        f"{_MAX_SEED}",
        _are_seeds,
    ),
    "samples": expecting(
        f"a whole number from 1 to {_MAX_SAMPLES}",
        lambda value: is_whole_number(value, 1, _MAX_SAMPLES),
    ),
    "seed": expecting(
        f"a whole number from 0 to {_MAX_SEED}",
        lambda value: is_whole_number(value, 0, _MAX_SEED),
    ),
    "grace_period": _COUNT,
    "reduction_factor": at_least(2),
    "targets": expecting(
        "a list of one or more different test accuracies from 0 to 1 (0.913, not 91.3)",
        _are_targets,
    ),
    "validation_accuracy": _FRACTION,
    "test_accuracy": _FRACTION,
    "train_rows": _COUNT,
    "wall_seconds": POSITIVE,
}
