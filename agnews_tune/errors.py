"""Every error that this package raises on purpose.

    AgnewsTuneError
    ├── HyperparameterError   a hyperparameter or argument that is not what was expected
    ├── CorpusError           texts or labels that cannot be read or trained on
    ├── GridError             a grid file with faults, one a line
    ├── RecordError           a record or saved model that is missing or damaged
    ├── WriteError            a file that cannot be written: a full disk, a folder without rights
    ├── NotFittedError        a Classifier asked for what only fit() gives
    ├── TrialError            a trial that cannot go on
    └── RunError              a run that cannot start as it was asked to

    AgnewsTuneWarning         something works, but not as its owner may think
    ├── CorpusWarning         about texts and labels
    ├── RecordWarning         about a record or backup that is ignored
    └── RunWarning            about what a run gets in place of what it asked for

A message says what happened to which name, what was expected, what was received and what to do.
The command line prints it as it is and exits with code 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

NAMES_SHOWN = 20


class AgnewsTuneError(Exception):
    """Base of all errors of this package."""


class HyperparameterError(AgnewsTuneError, ValueError):
    """A hyperparameter or argument is not what was expected."""


class CorpusError(AgnewsTuneError, ValueError):
    """Texts or labels cannot be read or trained on."""


class GridError(AgnewsTuneError, ValueError):
    """A grid file has faults."""


class RecordError(AgnewsTuneError):
    """A record or a saved model is missing or damaged."""


class WriteError(AgnewsTuneError, OSError):
    """A file cannot be written."""


class NotFittedError(AgnewsTuneError):
    """A Classifier was asked for something that only ``fit`` gives."""


class TrialError(AgnewsTuneError):
    """A trial cannot go on."""


class RunError(AgnewsTuneError):
    """A run cannot start as it was asked to."""


class AgnewsTuneWarning(UserWarning):
    """Base of all warnings of this package."""


class CorpusWarning(AgnewsTuneWarning):
    """A corpus works, but not as its owner may think."""


class RecordWarning(AgnewsTuneWarning):
    """A record or backup cannot be used and is ignored."""


class RunWarning(AgnewsTuneWarning):
    """A run gets something else than it asked for."""


def did_you_mean(
    received: object, choices: Iterable[str], told: Mapping[str, str] | None = None
) -> str:
    """Return `` (did you mean 'lstm'?)`` for the choice nearest to ``received``, else ``""``.

    Args:
        received: what nobody knows.
        choices: what it is compared with.
        told: what is told in place of each of them.
    """
    nearest = difflib.get_close_matches(str(received), list(choices), n=1)
    if not nearest:
        return ""
    return f" (did you mean {(told[nearest[0]] if told else nearest[0])!r}?)"


def some_of(names: Sequence[str]) -> str:
    """Return names in quotation marks; of very many the first ones, and how many others."""
    more = len(names) - NAMES_SHOWN
    shown = ", ".join(map(repr, names[:NAMES_SHOWN]))
    return f"{shown} and {more:,} other{'s' * (more > 1)}" if more > 0 else shown
