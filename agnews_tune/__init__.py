"""Which change to a text-classification network helped, by how much, and is that more than luck?"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agnews_tune.backup import BackupAndRestore
    from agnews_tune.classifier import Classifier
    from agnews_tune.corpus import Corpus, load_corpus
    from agnews_tune.errors import AgnewsTuneError
    from agnews_tune.history import Callback, EarlyStopping, History, ModelCheckpoint
    from agnews_tune.tensorboard import TensorBoard

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
    "load_corpus",
]

_HOMES = {
    "AgnewsTuneError": "errors",
    "BackupAndRestore": "backup",
    "Callback": "history",
    "Classifier": "classifier",
    "Corpus": "corpus",
    "EarlyStopping": "history",
    "History": "history",
    "ModelCheckpoint": "history",
    "TensorBoard": "tensorboard",
    "load_corpus": "corpus",
}


def __getattr__(name: str) -> object:
    # Imported at first use: torch takes seconds, and `agnews-tune --help` needs none of it.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
