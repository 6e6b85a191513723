"""Which change to a text-classification network helped, by how much, and is that more than luck?"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agnews_tune.classifier import Classifier
    from agnews_tune.corpus.loading import load_corpus
    from agnews_tune.corpus.splits import Corpus
    from agnews_tune.errors import AgnewsTuneError
    from agnews_tune.predictions import load_best_model
    from agnews_tune.report.reading import read_report
    from agnews_tune.running import run_grid
    from agnews_tune.training.backup import BackupAndRestore
    from agnews_tune.training.callbacks import Callback, History
    from agnews_tune.training.monitors import EarlyStopping, ModelCheckpoint
    from agnews_tune.training.tensorboard import TensorBoard

__version__ = "0.1.0"
__all__ = [
    "AgnewsTuneError",
    "BackupAndRestore",
    "Callback",
    "Classifier",
    "Corpus",
    "EarlyStopping",
    "History",
    "ModelCheckpoint",
    "TensorBoard",
    "load_best_model",
    "load_corpus",
    "read_report",
    "run_grid",
]

_HOMES = {
    "AgnewsTuneError": "errors",
    "BackupAndRestore": "training.backup",
    "Callback": "training.callbacks",
    "Classifier": "classifier",
    "Corpus": "corpus.splits",
    "EarlyStopping": "training.monitors",
    "History": "training.callbacks",
    "ModelCheckpoint": "training.monitors",
    "TensorBoard": "training.tensorboard",
    "load_best_model": "predictions",
    "load_corpus": "corpus.loading",
    "read_report": "report.reading",
    "run_grid": "running",
}


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


def __getattr__(name: str) -> object:
    # Imported at first use: torch takes seconds, and `agnews-tune --help` needs none of it.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
