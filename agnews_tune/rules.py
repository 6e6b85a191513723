"""What a hyperparameter, or another value of a grid file, may be: checks with their words."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import TypeGuard

# Returns what was expected where a value breaks it, and None where the value fits.
Rule = Callable[[object], "str | None"]


def expecting(words: str, fits: Callable[[object], bool]) -> Rule:
    """Return a rule that tells in these words what was expected."""
    return lambda value: None if fits(value) else words


def is_number(value: object) -> TypeGuard[float]:
    """Return whether a value is a number that a float can hold: neither infinite nor NaN."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return abs(value) <= sys.float_info.max


def is_whole_number(value: object, minimum: int, maximum: float = math.inf) -> bool:
    """Return whether a value is an int from a minimum to a maximum; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool) and minimum <= value <= maximum


def one_of(*choices: str) -> Rule:
    """Return the rule that a value is one of these words."""
    return expecting("one of " + ", ".join(map(repr, choices)), lambda value: value in choices)


def at_least(minimum: int) -> Rule:
    """Return the rule that a value is a whole number of at least this."""
    words = f"a whole number of at least {minimum}"
    return expecting(words, lambda value: is_whole_number(value, minimum))


def between(minimum: int, maximum: int) -> Rule:
    """Return the rule that a value is a whole number in these bounds, of which it tells one."""
    below = at_least(minimum)
    above = expecting(
        f"a whole number of at most {maximum:,}",
        lambda value: is_whole_number(value, minimum, maximum),
    )
    return lambda value: below(value) or above(value)


FLAG = expecting("true or false", lambda value: isinstance(value, bool))
POSITIVE = expecting("a number above 0", lambda value: is_number(value) and value > 0)
FROM_ZERO = expecting("a number of at least 0", lambda value: is_number(value) and value >= 0)
BELOW_ONE = expecting(
    "a number of at least 0 and below 1", lambda value: is_number(value) and 0 <= value < 1
)
SHARE = expecting(
    "a number above 0 and at most 1", lambda value: is_number(value) and 0 < value <= 1
)
