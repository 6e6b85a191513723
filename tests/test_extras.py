"""What only some hyperparameters need is asked for before anything is trained."""

import sys

import pytest

from agnews_tune import Classifier
from agnews_tune.errors import HyperparameterError

MISSING = (
    "model 'linear' is trained by scikit-learn, which is not installed; install it with: "
    "pip install scikit-learn"
)


def test_missing_library_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A linear model says what to install, before it learns a vocabulary."""
    monkeypatch.setitem(sys.modules, "sklearn", None)  # as Python sees what is not installed
    model = Classifier(model="linear")
    with pytest.raises(HyperparameterError) as caught:
        model.fit(["a cup of tea", "monday shares"], ["Sports", "Business"])

    assert MISSING == str(caught.value)
    assert not hasattr(model, "vocabulary_")


def test_recurrent_model_needs_none_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network trains without it."""
    monkeypatch.setitem(sys.modules, "sklearn", None)
    model = Classifier(hidden_dim=2, embedding_dim=2, min_count=0, epochs=1)

    assert [0] == model.fit(["a cup", "shares"], ["Sports", "Business"], verbose=0).epoch
