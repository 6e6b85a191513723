"""The hyperparameters: one flat namespace, the same in Python, in a grid file and in a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, NamedTuple

from agnews_tune.errors import HyperparameterError, did_you_mean
from agnews_tune.rules import (
    BELOW_ONE,
    FLAG,
    FROM_ZERO,
    POSITIVE,
    SHARE,
    Rule,
    at_least,
    between,
    one_of,
)

# Far above what any machine holds; what is larger could not even be counted, or not in seconds.
LARGEST_DIM, MOST_LAYERS = 10_000_000, 1_000
MODELS = ("recurrent", "linear")
CELLS = ("rnn", "gru", "lstm")  # by their age
POOLINGS = ("max", "mean", "last", "attention")
SCHEDULES = ("constant", "linear", "cosine")


def _pooling(value: object) -> str | None:
    parts = value.split("+") if isinstance(value, str) else []
    if parts and set(parts) <= set(POOLINGS) and len(set(parts)) == len(parts):
        return None
    return "'max', 'mean', 'last', 'attention' or a concatenation of these such as 'mean+last'"


def _hyperparameter(default: Any, rule: Rule, *, later: bool = False) -> Any:
    """Return a field; ``later`` ones came when there were records without them."""
    return field(default=default, metadata={"rule": rule, "later": later})


class Preprocessing(NamedTuple):
    """The hyperparameters that decide how texts become word numbers."""

    min_count: int
    punctuation: str
    normalizer: str
    max_length: int


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """A full, checked set of hyperparameters; the defaults are the baseline of the report grid.

    Args:
        model: ``recurrent``, or ``linear``: a linear support vector machine over TF-IDF of words
            and pairs of words, for which ``min_count``, ``punctuation``, ``normalizer`` and
            ``max_length`` alone count.
        cell: recurrent cell: ``rnn`` (tanh), ``gru`` or ``lstm``.
        pooling: how the outputs over time become one vector: ``max``, ``mean``, ``last`` (the final
            output of each direction), ``attention`` (a mean by learned weights) or a concatenation
            such as ``mean+last``.
        embedding_dim: size of a word's vector.
        hidden_dim: size of the recurrent state of one direction, and of the linear layers.
        num_layers: recurrent layers on top of each other.
        bidirectional: whether a second recurrence reads each text from its end.
        dropout: fraction of each linear layer's outputs set to zero in training.
        linear_layers: fully connected layers before the projection to the classes.
        mask_padding: ``False`` lets the network read and pool the padding too.
        min_count: words seen more than this many times in train are kept.
        punctuation: ASCII punctuation is replaced by spaces (``space``) or removed (``remove``).
        normalizer: ``none``, ``stem`` (NLTK Snowball) or ``lemma`` (NLTK WordNet).
        max_length: tokens read of a text, ``<bos>`` and ``<eos>`` included.
        epochs: passes over the training rows.
        batch_size: rows in one step.
        learning_rate: step size of Adam.
        pretrain_epochs: passes over the training texts as a language model, before the first label
            is seen. Of several layers of two directions it trains the first.
        pretrain_dropout: fraction of the features of the word vectors, and of the outputs of each
            recurrent layer, set to zero in these passes, the same ones at all times of a text.
        layer_decay: each layer below the linear ones has this share of the learning rate of the one
            above it; 1 is the same rate for all.
        weight_decay: what Adam takes off each weight, times its step size (AdamW).
        schedule: after the warm-up the learning rate stays ``constant`` or falls to 0 at the end
            of training, ``linear`` or ``cosine``.
        warmup: fraction of all steps over which the learning rate rises, step by step.
        clip_norm: gradients of a larger norm are shortened to it; 0 leaves them alone.
        label_smoothing: fraction of a training row's label that is spread over all classes.
        adversarial_norm: each text is also read with its word vectors shifted, by this much in all,
            to where the loss grows fastest; 0 leaves that out.
        embedding_std: standard deviation of the normal distribution from which word vectors are
            drawn before training.
        bigram_buckets: each pair of neighbouring words is hashed to one of so many vectors, which
            is added to that of its second word; 0 is none.
        word_dropout: fraction of words whose vectors are set to zero in training.
        embedding_dropout: fraction of the features of the word vectors set to zero in training,
            the same ones for all words of a text.
        locked_dropout: fraction of the outputs of each recurrent layer set to zero in training, the
            same ones at all times of a text.
        ema_decay: the network that is measured and kept has the exponential moving average of the
            weights, of which a step leaves this fraction, or less while few steps are done; 0 is
            the weights themselves.

    Raises:
        HyperparameterError: with one line for each value that is not what was expected.
    """

    model: str = _hyperparameter("recurrent", one_of(*MODELS), later=True)
    cell: str = _hyperparameter("rnn", one_of(*CELLS))
    pooling: str = _hyperparameter("max", _pooling)
    embedding_dim: int = _hyperparameter(256, between(1, LARGEST_DIM))
    hidden_dim: int = _hyperparameter(256, between(1, LARGEST_DIM))
    num_layers: int = _hyperparameter(1, between(1, MOST_LAYERS))
    bidirectional: bool = _hyperparameter(False, FLAG)
    dropout: float = _hyperparameter(0.1, BELOW_ONE)
    linear_layers: int = _hyperparameter(1, between(1, MOST_LAYERS))
    mask_padding: bool = _hyperparameter(True, FLAG)
    min_count: int = _hyperparameter(10, at_least(0))
    punctuation: str = _hyperparameter("space", one_of("space", "remove"))
    normalizer: str = _hyperparameter("none", one_of("none", "stem", "lemma"))
    max_length: int = _hyperparameter(256, at_least(3))
    epochs: int = _hyperparameter(5, at_least(1))
    batch_size: int = _hyperparameter(32, at_least(1))
    learning_rate: float = _hyperparameter(0.001, POSITIVE)
    pretrain_epochs: int = _hyperparameter(0, at_least(0), later=True)
    pretrain_dropout: float = _hyperparameter(0.0, BELOW_ONE, later=True)
    layer_decay: float = _hyperparameter(1.0, SHARE, later=True)
    weight_decay: float = _hyperparameter(0.0, FROM_ZERO, later=True)
    schedule: str = _hyperparameter("constant", one_of(*SCHEDULES), later=True)
    warmup: float = _hyperparameter(0.0, BELOW_ONE, later=True)
    clip_norm: float = _hyperparameter(0.0, FROM_ZERO, later=True)
    label_smoothing: float = _hyperparameter(0.0, BELOW_ONE, later=True)
    adversarial_norm: float = _hyperparameter(0.0, FROM_ZERO, later=True)
    embedding_std: float = _hyperparameter(1.0, POSITIVE, later=True)
    bigram_buckets: int = _hyperparameter(0, between(0, LARGEST_DIM), later=True)
    word_dropout: float = _hyperparameter(0.0, BELOW_ONE, later=True)
    embedding_dropout: float = _hyperparameter(0.0, BELOW_ONE, later=True)
    locked_dropout: float = _hyperparameter(0.0, BELOW_ONE, later=True)
    ema_decay: float = _hyperparameter(0.0, BELOW_ONE, later=True)

    def __post_init__(self) -> None:
        faults = [fault for name in NAMES if (fault := find_fault(name, getattr(self, name)))]
        if faults:
            raise HyperparameterError("\n".join(faults))
        for name in NAMES:  # 1, 1.0 and NumPy's are one value, with one key
            value = as_plain(getattr(self, name))
            object.__setattr__(self, name, float(value) if name in _FRACTIONS else value)

    @property
    def preprocessing(self) -> Preprocessing:
        """The part that decides how texts become word numbers."""
        return Preprocessing(**{name: getattr(self, name) for name in Preprocessing._fields})

    @property
    def passes(self) -> int:
        """How often training goes over the rows."""
        return count_passes(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Return name and value of every hyperparameter, in the order of the class."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Hyperparameters:
        """Build from names and values; what is missing takes its default.

        Raises:
            HyperparameterError: with one line for each unknown name or unfit value.
        """
        faults = [fault for name, value in values.items() if (fault := find_fault(name, value))]
        if faults:
            raise HyperparameterError("\n".join(faults))
        return cls(**values)


NAMES: tuple[str, ...] = tuple(item.name for item in fields(Hyperparameters))
_RULES: dict[str, Rule] = {item.name: item.metadata["rule"] for item in fields(Hyperparameters)}
_FRACTIONS = [item.name for item in fields(Hyperparameters) if isinstance(item.default, float)]
LANGUAGE_MODEL = 2  # to be raised when pretraining with the same settings gives other weights
LATER = {
    item.name: item.default for item in fields(Hyperparameters) if item.metadata["later"]
}  # a record that lacks one was made with this value


def as_plain(value: Any) -> Any:
    """Return a scalar of NumPy or torch as Python's own number."""
    return value.item() if getattr(value, "ndim", None) == 0 else value


def count_passes(values: Mapping[str, Any]) -> int:
    """Return how often training goes over the rows: ``epochs``; a linear model is solved once."""
    passes: int = 1 if values["model"] == "linear" else values["epochs"]
    return passes


def decisive(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what tells trials apart, also from those of earlier versions.

    That are the hyperparameters, and the version of the language model where there is one.
    """
    used = {
        name: value
        for name, value in values.items()
        if not (name in LATER and value == LATER[name])
    }
    return used | {"language_model": LANGUAGE_MODEL} if "pretrain_epochs" in used else used


def format_value(value: object) -> str:
    """Return a hyperparameter's value as a grid file writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def differing(own: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the names of the hyperparameters in which two sets differ, or that one lacks."""
    return [name for name in {**own, **other} if own.get(name) != other.get(name)]


def differing_in_effect(own: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return the names of the settings in which two sets differ and that do something in one."""
    idle = idle_in(own).keys() & idle_in(other).keys()
    return [name for name in differing(own, other) if name not in idle]


def idle_in(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the hyperparameters that do nothing, each with the setting that makes it so."""
    if values.get("model") == "linear":
        counting = ("model", *Preprocessing._fields)
        return dict.fromkeys([name for name in NAMES if name not in counting], "model: linear")
    return {} if values.get("pretrain_epochs") else {"pretrain_dropout": "pretrain_epochs: 0"}


def find_fault(name: str, value: object) -> str | None:
    """Return what is wrong with one hyperparameter in one line, or None."""
    if name not in _RULES:
        return f"unknown hyperparameter {name!r}{did_you_mean(name, NAMES)}"
    value = as_plain(value)
    expected = _RULES[name](value)
    if expected is None:
        return None
    hint = did_you_mean(value, _quoted(expected)) if isinstance(value, str) else ""
    return f"{name} must be {expected}; received {value!r}{hint}"


def _quoted(expected: str) -> list[str]:
    return expected.split("'")[1::2]
