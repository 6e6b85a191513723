"""What only some hyperparameters need, and what is not installed with the package."""

from __future__ import annotations

from importlib.util import find_spec

from agnews_tune.errors import HyperparameterError
from agnews_tune.hyperparameters import Hyperparameters


def check_installed(hyperparameters: Hyperparameters) -> None:
    """Look for the library that training with these hyperparameters needs; prediction needs none.

    Raises:
        HyperparameterError: it is not installed.
    """
    if hyperparameters.model == "linear" and find_spec("sklearn") is None:
        raise HyperparameterError(
            "model 'linear' is trained by scikit-learn, which is not installed; install it with: "
            "pip install scikit-learn"
        )
