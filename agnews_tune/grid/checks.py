"""Collects the faults of a grid file, each with its line."""

from __future__ import annotations

import reprlib
from collections.abc import Collection
from typing import Any

from agnews_tune.errors import did_you_mean
from agnews_tune.grid.located_yaml import Fault, Located
from agnews_tune.grid.settings import find_setting_fault
from agnews_tune.hyperparameters import NAMES, find_fault


class Checker:
    """Collects faults: its methods report what does not fit and return what does."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults

    def report(self, line: int, message: str) -> None:
        """Note what is wrong on a line."""
        self.faults.append(Fault(line, message))

    def mapping(
        self, item: Located | None, where: str, keys: Collection[str] | None = None
    ) -> dict[str, Located]:
        """Return the items with these keys, or with any; a section without content has none."""
        if item is None or item.value is None:
            return {}
        if not isinstance(item.value, dict):
            self.report(
                item.line, f"{where} must hold key: value; received {reprlib.repr(item.plain)}"
            )
            return {}
        known = {}
        for key, value in item.value.items():
            if keys is None or key in keys:
                known[key] = value
            else:
                hint = did_you_mean(key, keys) or f"; expected one of {', '.join(keys)}"
                self.report(value.line, f"{where}: unknown key {key!r}{hint}")
        return known

    def values(self, items: dict[str, Located], prefix: str = "") -> dict[str, Any]:
        """Return the values that fit their names."""
        fitting = {}
        for name, item in items.items():
            find = find_fault if name in NAMES else find_setting_fault
            if fault := find(name, item.plain):
                self.report(item.line, prefix + fault)
            else:
                fitting[name] = item.plain
        return fitting

    def choices(self, name: str, item: Located, where: str) -> None:
        """Check a list of values of one hyperparameter."""
        values = item.plain
        if (
            not isinstance(values, list)
            or not values
            or any(values.count(value) > 1 for value in values)
        ):
            expected = "a list of one or more different values"
            self.report(item.line, f"{where}: {name} must be {expected}; received {values!r}")
            return
        for choice in item.value:
            if fault := find_fault(name, choice.plain):
                self.report(choice.line, f"{where}: {fault}")
