"""What is expected of each value of a grid file that is no hyperparameter."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TypeGuard


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


_MAX_SAMPLES = 10_000
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
    "samples": (
        f"a whole number from 1 to {_MAX_SAMPLES}",
        lambda value: _is_whole_number(value, 1, _MAX_SAMPLES),
    ),
    "seed": (
        f"a whole number from 0 to {_MAX_SEED}",
        lambda value: _is_whole_number(value, 0, _MAX_SEED),
    ),
    "grace_period": ("a whole number of at least 1", lambda value: _is_whole_number(value, 1)),
    "reduction_factor": ("a whole number of at least 2", lambda value: _is_whole_number(value, 2)),
    "targets": (
        "a list of one or more different test accuracies from 0 to 1 (0.913, not 91.3)",
        _are_targets,
    ),
    "validation_accuracy": _FRACTION,
    "test_accuracy": _FRACTION,
    "train_rows": ("a whole number of at least 1", lambda value: _is_whole_number(value, 1)),
    "wall_seconds": ("a number above 0", lambda value: _is_number(value) and 0 < value < math.inf),
}
