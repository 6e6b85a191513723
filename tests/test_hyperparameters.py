"""The hyperparameters: defaults, checks and every message in full."""

import dataclasses
import math

import numpy as np
import pytest

from agnews_tune.errors import AgnewsTuneError, HyperparameterError
from agnews_tune.hyperparameters import (
    LANGUAGE_MODEL,
    NAMES,
    Hyperparameters,
    Preprocessing,
    decisive,
    differing,
    find_fault,
)

BASELINE = {
    "model": "recurrent",
    "cell": "rnn",
    "pooling": "max",
    "embedding_dim": 256,
    "hidden_dim": 256,
    "num_layers": 1,
    "bidirectional": False,
    "dropout": 0.1,
    "linear_layers": 1,
    "mask_padding": True,
    "min_count": 10,
    "punctuation": "space",
    "normalizer": "none",
    "max_length": 256,
    "epochs": 5,
    "batch_size": 32,
    "learning_rate": 0.001,
    "pretrain_epochs": 0,
    "pretrain_dropout": 0.0,
    "layer_decay": 1.0,
    "weight_decay": 0.0,
    "schedule": "constant",
    "warmup": 0.0,
    "clip_norm": 0.0,
    "label_smoothing": 0.0,
    "adversarial_norm": 0.0,
    "embedding_std": 1.0,
    "bigram_buckets": 0,
    "word_dropout": 0.0,
    "embedding_dropout": 0.0,
    "locked_dropout": 0.0,
    "ema_decay": 0.0,
}
LATER_NAMES = {"model", *list(BASELINE)[-15:]}
POOLING = "'max', 'mean', 'last', 'attention' or a concatenation of these such as 'mean+last'"
DROPOUTS = ("pretrain_dropout", "word_dropout", "embedding_dropout", "locked_dropout")
AT_LEAST_1 = ("embedding_dim", "hidden_dim", "num_layers", "linear_layers", "epochs", "batch_size")


def message_of(**values: object) -> str:
    with pytest.raises(HyperparameterError) as caught:
        Hyperparameters(**values)
    return str(caught.value)


def test_defaults_are_the_baseline() -> None:
    """Without arguments it is the baseline of the report grid, in the order of the docs."""
    assert BASELINE == Hyperparameters().to_dict()
    assert tuple(BASELINE) == NAMES == tuple(Hyperparameters().to_dict())


def test_dictionaries_come_back() -> None:
    """to_dict and from_dict are each other's inverse; what is missing takes its default."""
    changed = Hyperparameters(cell="lstm", pooling="max+mean", dropout=0, mask_padding=False)

    assert changed == Hyperparameters.from_dict(changed.to_dict())
    assert Hyperparameters(cell="gru") == Hyperparameters.from_dict({"cell": "gru"})


def test_later_hyperparameters_decide_only_where_they_are_used() -> None:
    """Trials keep the keys that they had before a hyperparameter came."""
    first = {name: value for name, value in BASELINE.items() if name not in LATER_NAMES}

    assert first == decisive(Hyperparameters().to_dict())
    assert first | {"model": "linear"} == decisive(Hyperparameters(model="linear").to_dict())


def test_version_of_the_language_model_decides_where_there_is_one() -> None:
    """A network of an earlier version's pretraining is another one."""
    plain = decisive(Hyperparameters().to_dict())
    pretrained = decisive(Hyperparameters(pretrain_epochs=3).to_dict())

    assert plain | {"pretrain_epochs": 3, "language_model": LANGUAGE_MODEL} == pretrained


def test_linear_model_takes_one_pass() -> None:
    """It is solved at once, whatever the epochs of its grid."""
    assert 7 == Hyperparameters(epochs=7).passes
    assert 1 == Hyperparameters(epochs=7, model="linear").passes


@pytest.mark.parametrize(
    ("name", "whole"), [("dropout", 0), ("learning_rate", 1), ("clip_norm", 1)]
)
def test_whole_numbers_equal_fractions(name: str, whole: int) -> None:
    """1 and 1.0 are one value, of one type, so that a trial has one key."""
    one, other = Hyperparameters(**{name: whole}), Hyperparameters(**{name: float(whole)})

    assert repr(other) == repr(one)
    assert float is type(getattr(one, name))


@pytest.mark.parametrize(
    ("name", "value"),
    [("hidden_dim", np.int64(64)), ("dropout", np.float32(0.5)), ("clip_norm", np.int32(1))],
)
def test_numbers_of_numpy_are_numbers(name: str, value: np.generic) -> None:
    """A loop over an array gives such; a record holds plain ones."""
    kept = getattr(Hyperparameters(**{name: value}), name)

    assert (value.item(), type(BASELINE[name])) == (kept, type(kept))


def test_preprocessing_is_the_part_about_words() -> None:
    """Networks that differ elsewhere share their encoded texts."""
    expected = Preprocessing(min_count=3, punctuation="remove", normalizer="stem", max_length=9)
    given = Hyperparameters(
        cell="gru", min_count=3, punctuation="remove", normalizer="stem", max_length=9
    )

    assert expected == given.preprocessing


def test_hyperparameters_do_not_change() -> None:
    """They are frozen: a trial's key stays true."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Hyperparameters().cell = "gru"


@pytest.mark.parametrize(
    "values",
    [
        {"pooling": "mean+last"},
        {"pooling": "last+max+mean"},
        {"dropout": 0.999},
        {"min_count": 0},
        {"max_length": 3},
        {"learning_rate": 1e-9},
        {"learning_rate": 10},
        dict.fromkeys(AT_LEAST_1, 1),
    ],
)
def test_values_at_the_edge_are_fine(values: dict[str, object]) -> None:
    """The lowest and highest values that the docs allow are taken as they are."""
    assert values == {name: getattr(Hyperparameters(**values), name) for name in values}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (
            "cell",
            "lstn",
            "cell must be one of 'rnn', 'gru', 'lstm'; received 'lstn' (did you mean 'lstm'?)",
        ),
        ("cell", "conv", "cell must be one of 'rnn', 'gru', 'lstm'; received 'conv'"),
        ("cell", None, "cell must be one of 'rnn', 'gru', 'lstm'; received None"),
        ("cell", ["gru"], "cell must be one of 'rnn', 'gru', 'lstm'; received ['gru']"),
        (
            "pooling",
            "mean+lst",
            f"pooling must be {POOLING}; received 'mean+lst' (did you mean 'mean+last'?)",
        ),
        ("pooling", "", f"pooling must be {POOLING}; received ''"),
        ("pooling", 3, f"pooling must be {POOLING}; received 3"),
        (
            "pooling",
            "max+max",
            f"pooling must be {POOLING}; received 'max+max' (did you mean 'max'?)",
        ),
        ("punctuation", "keep", "punctuation must be one of 'space', 'remove'; received 'keep'"),
        (
            "normalizer",
            "stemm",
            "normalizer must be one of 'none', 'stem', 'lemma'; received 'stemm' "
            "(did you mean 'stem'?)",
        ),
        ("min_count", -1, "min_count must be a whole number of at least 0; received -1"),
        ("max_length", 2, "max_length must be a whole number of at least 3; received 2"),
        ("epochs", 2.0, "epochs must be a whole number of at least 1; received 2.0"),
        ("epochs", True, "epochs must be a whole number of at least 1; received True"),
        ("epochs", "5", "epochs must be a whole number of at least 1; received '5'"),
        *(
            (name, 0, f"{name} must be a whole number of at least 1; received 0")
            for name in AT_LEAST_1
        ),
        ("bidirectional", 1, "bidirectional must be true or false; received 1"),
        ("mask_padding", "yes", "mask_padding must be true or false; received 'yes'"),
        ("dropout", 1, "dropout must be a number of at least 0 and below 1; received 1"),
        ("dropout", -0.1, "dropout must be a number of at least 0 and below 1; received -0.1"),
        ("dropout", False, "dropout must be a number of at least 0 and below 1; received False"),
        ("learning_rate", 0, "learning_rate must be a number above 0; received 0"),
        ("embedding_std", 0, "embedding_std must be a number above 0; received 0"),
        ("learning_rate", math.nan, "learning_rate must be a number above 0; received nan"),
        ("learning_rate", math.inf, "learning_rate must be a number above 0; received inf"),
        (
            "learning_rate",
            10**400,
            f"learning_rate must be a number above 0; received {10**400}",
        ),
        ("learning_rate", "0.1", "learning_rate must be a number above 0; received '0.1'"),
        (
            "pretrain_epochs",
            -1,
            "pretrain_epochs must be a whole number of at least 0; received -1",
        ),
        *(
            (
                "layer_decay",
                share,
                f"layer_decay must be a number above 0 and at most 1; received {share}",
            )
            for share in (0, 1.5)
        ),
        ("weight_decay", -1, "weight_decay must be a number of at least 0; received -1"),
        ("clip_norm", math.inf, "clip_norm must be a number of at least 0; received inf"),
        ("clip_norm", True, "clip_norm must be a number of at least 0; received True"),
        (
            "schedule",
            "cosin",
            "schedule must be one of 'constant', 'linear', 'cosine'; received 'cosin' "
            "(did you mean 'cosine'?)",
        ),
        ("bigram_buckets", -1, "bigram_buckets must be a whole number of at least 0; received -1"),
        ("model", "svm", "model must be one of 'recurrent', 'linear'; received 'svm'"),
        *(
            (name, 1, f"{name} must be a number of at least 0 and below 1; received 1")
            for name in ("warmup", "label_smoothing", "ema_decay", *DROPOUTS)
        ),
    ],
)
def test_unfit_values_are_named(name: str, value: object, expected: str) -> None:
    """A message says what was expected, what was received and what may have been meant."""
    assert expected == find_fault(name, value)
    assert expected == message_of(**{name: value})


def test_all_faults_are_told_at_once() -> None:
    """One line for each value, in the order of the hyperparameters."""
    expected = (
        "cell must be one of 'rnn', 'gru', 'lstm'; received 'conv'\n"
        "epochs must be a whole number of at least 1; received 0"
    )

    assert expected == message_of(epochs=0, cell="conv")


def test_unknown_names_are_told_with_the_other_faults() -> None:
    """from_dict tells names that are no hyperparameters and values that do not fit together."""
    expected = (
        "unknown hyperparameter 'hiden_dim' (did you mean 'hidden_dim'?)\n"
        "unknown hyperparameter 'zzz'\n"
        "dropout must be a number of at least 0 and below 1; received 2"
    )
    with pytest.raises(HyperparameterError) as caught:
        Hyperparameters.from_dict({"hiden_dim": 64, "zzz": 1, "dropout": 2})

    assert expected == str(caught.value)
    assert isinstance(caught.value, AgnewsTuneError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("name", NAMES)
def test_fit_values_have_no_fault(name: str) -> None:
    """The defaults themselves pass every check."""
    assert find_fault(name, BASELINE[name]) is None


def test_differing_hyperparameters_are_named():
    """One that only one of two sets has differs too, as records of other versions may lack it."""
    old = BASELINE | {"gone": 1}
    new = BASELINE | {"cell": "gru", "epochs": 9, "came": 1}

    assert ["cell", "epochs", "gone", "came"] == differing(old, new)
    assert [] == differing(old, old)
