"""What a user hands to the Classifier, checked: texts and labels."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agnews_tune.corpus.splits import Labels, Split, stratified_split
from agnews_tune.errors import CorpusError, HyperparameterError, did_you_mean, some_of
from agnews_tune.hyperparameters import as_plain
from agnews_tune.rules import is_number, is_whole_number
from agnews_tune.text.encoding import EncodedTexts
from agnews_tune.training.linear import FEWEST

Texts = Sequence[str] | EncodedTexts
LabelledTexts = tuple[Texts, Labels]
SoftTargets = npt.NDArray[np.float32]
_LABELS = "labels must be a list of class names or of class numbers, one a text"
_NUMBER = re.compile("0|-?[1-9][0-9]*")
_INT64 = (-(2**63), 2**63 - 1)
ROUNDING = 1e-2  # of probabilities that were written as float16, added up


class TrainingRows(NamedTuple):
    """What ``fit`` trains on, and what it validates with.

    Attributes:
        train: texts and labels.
        validation: texts and labels, or None.
        soft_targets: what is learnt of the training texts in place of their labels, or None.
    """

    train: LabelledTexts
    validation: LabelledTexts | None
    soft_targets: SoftTargets | None


def check_texts(texts: Texts) -> None:
    """Raise CorpusError where ``texts`` is no sequence of texts, nor encoded ones."""
    if isinstance(texts, str):
        raise CorpusError("texts must be a list of texts; received one text: put it in a list")
    if not hasattr(texts, "__len__") or isinstance(texts, Set | Mapping):  # these have no rows
        raise CorpusError(f"texts must be a list of texts; received {texts!r}")
    shape = getattr(texts, "shape", (len(texts),))
    if len(shape) != 1:
        raise CorpusError(
            f"texts must be a list of texts; received a table of shape {shape}: give its column of "
            "texts"
        )
    if len(texts) == 0:
        raise CorpusError("texts must hold at least one text; received none")
    if isinstance(texts, EncodedTexts):
        return
    for number, text in enumerate(texts):
        if not isinstance(text, str):
            raise CorpusError(f"texts[{number}] must be a text; received {text!r}")


def as_labels(
    labels: npt.ArrayLike, names: tuple[str, ...] | None = None, rows: int | None = None
) -> Labels:
    """Return class numbers with their names.

    Args:
        labels: names, numbers, or Labels. Where the known classes have names that are no numbers,
            a number is that of a class, from 0; else it stands for the name.
        names: the classes that are known; by default those that ``labels`` holds, sorted, numbers
            named by themselves.
        rows: how many labels there must be.

    Raises:
        CorpusError: the labels do not fit the classes or the rows.
    """
    try:
        given = labels if isinstance(labels, Labels) else np.asarray(labels)
    except ValueError:
        raise CorpusError(f"{_LABELS}; received lists of different lengths") from None
    if given.dtype.kind == "U" and isinstance(labels, Sequence):
        given = np.asarray(labels, object)  # NumPy has made text of what was none
    if given.dtype.kind in "OT" and given.ndim == 1:  # as pandas, and NumPy's own strings
        given = _from_objects(given)
    if given.ndim != 1 or len(given) == 0 or given.dtype.kind not in "iuU":
        raise CorpusError(
            f"{_LABELS}; received {given.dtype} of shape {given.shape}{_remedy(given)}"
        )
    if rows is not None and rows != len(given):
        raise CorpusError(f"labels must be as many as the texts, {rows}; received {len(given)}")
    if isinstance(given, Labels):
        if names in (None, given.names):
            return Labels(given, given.names)
        given = np.array(given.names)[given]  # other classes or another order: go by name
    if given.dtype.kind == "U":
        return _from_names(given.tolist(), names)
    return _from_numbers(given, names)


def check_labelled(
    texts: Texts, labels: npt.ArrayLike, names: tuple[str, ...] | None = None
) -> LabelledTexts:
    """Return texts as they are and their labels as class numbers with names.

    Args:
        texts: plain or encoded ones.
        labels: as for ``as_labels``.
        names: the classes that are known; by default those that ``labels`` holds.

    Raises:
        CorpusError: they are no texts and labels, or not as many.
    """
    check_texts(texts)
    return texts, as_labels(labels, names, rows=len(texts))


def prepare_training(
    texts: Texts,
    labels: npt.ArrayLike,
    validation_data: tuple[Texts, npt.ArrayLike] | None,
    validation_split: float,
    soft_targets: npt.ArrayLike | None,
) -> TrainingRows:
    """Return what ``fit`` trains on and what it validates with, checked; the arguments are its own.

    Raises:
        CorpusError: they are no texts and labels, or the labels of one class alone, or the soft
            targets do not fit them.
        HyperparameterError: ``validation_data`` is no pair, or ``validation_split`` does not fit.
    """
    texts, known = check_labelled(texts, labels)
    check_classes(known)
    soft = None if soft_targets is None else as_soft_targets(soft_targets, known)
    if validation_data is None and validation_split:
        if soft is not None:
            raise HyperparameterError(
                "validation_split must be 0 with soft_targets; received "
                f"{validation_split!r}: give validation_data"
            )
        return TrainingRows(*hold_out(texts, known, validation_split), None)
    if validation_data is None:
        return TrainingRows((texts, known), None, soft)
    if not isinstance(validation_data, (tuple, list)) or len(validation_data) != 2:  # noqa: PLR2004
        raise HyperparameterError(
            "validation_data must be a pair: texts and their labels; received "
            f"{type(validation_data).__name__}"
        )
    return TrainingRows((texts, known), check_labelled(*validation_data, known.names), soft)


def check_for_linear(rows: TrainingRows) -> None:
    """See that a linear model can learn from checked rows.

    Raises:
        CorpusError: a class has one training row alone.
        HyperparameterError: there are soft targets.
    """
    if rows.soft_targets is not None:
        raise HyperparameterError(
            "soft_targets must be left out for model 'linear': it learns from classes alone"
        )
    labels = rows.train[1]
    present, sizes = np.unique(labels, return_counts=True)
    if sizes.min() < FEWEST:
        raise CorpusError(
            f"model 'linear' needs at least {FEWEST} training rows of each class; class "
            f"{labels.names[present[sizes.argmin()]]!r} has one"
        )


def check_classes(labels: Labels) -> None:
    """Raise CorpusError where the labels are of one class alone."""
    present = np.unique(labels)
    if len(present) == 1:
        name = labels.names[int(present[0])]
        raise CorpusError(f"labels must be of at least two classes; received {name!r} alone")


def as_soft_targets(targets: npt.ArrayLike, labels: Labels) -> SoftTargets:
    """Return probabilities of the classes of all texts ``(texts, classes)`` as float32, a copy.

    Raises:
        CorpusError: they are not of that shape, or those of a text do not sum to 1.
    """
    expected = (len(labels), len(labels.names))
    try:
        given = np.array(targets, np.float32)
        received = f"shape {given.shape}"
    except (TypeError, ValueError):
        given, received = np.empty(0, np.float32), type(targets).__name__
    if given.shape != expected:
        raise CorpusError(
            f"soft_targets must be numbers of shape (texts, classes), here {expected}; received "
            f"{received}"
        )
    fits = (given >= 0).all(axis=1) & (abs(given.sum(axis=1) - 1) < ROUNDING)
    if not fits.all():
        row = int(fits.argmin())
        raise CorpusError(
            f"soft_targets[{row}] must be probabilities that sum to 1; received "
            f"[{', '.join(f'{value:g}' for value in given[row])}]"
        )
    return given


def hold_out(texts: Texts, labels: Labels, fraction: float) -> tuple[Split, Split]:
    """Cut checked texts into a part to train on and one to validate with, stratified by label.

    Raises:
        HyperparameterError: the fraction leaves no row on one side, or the texts are encoded.
    """
    fraction = as_plain(fraction)
    size = round(fraction * len(labels)) if is_number(fraction) and 0 < fraction < 1 else 0
    if not 0 < size < len(labels):
        raise HyperparameterError(
            "validation_split must be a fraction above 0 and below 1 that leaves rows on both "
            f"sides; received {fraction!r} of {len(labels)} rows; or give validation_data"
        )
    if isinstance(texts, EncodedTexts):
        raise HyperparameterError(
            "validation_split needs plain texts; received encoded ones: give validation_data"
        )
    in_order = list(texts)  # a pandas Series would look rows up by their own names
    kept, held_out = stratified_split(labels, size)
    return _take(in_order, labels, kept), _take(in_order, labels, held_out)


def _take(texts: Sequence[str], labels: Labels, rows: npt.NDArray[np.int64]) -> Split:
    return Split([texts[row] for row in rows], Labels(labels[rows], labels.names))


def _from_objects(given: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return names, or whole numbers, with a type of their own.

    Raises:
        CorpusError: one is neither, such as a missing label, or they are mixed.
    """
    labels = list(map(as_plain, given))
    named = any(isinstance(label, str) for label in labels)
    for place, label in enumerate(labels):
        if not (isinstance(label, str) if named else is_whole_number(label, *_INT64)):
            among = " among names" if named else ""
            raise CorpusError(f"{_LABELS}; received {label!r} as labels[{place}]{among}")
    return given.astype(str if named else np.int64)


def _remedy(given: npt.NDArray[Any]) -> str:
    if given.dtype.kind not in "biuf" or not given.size:
        return ""
    if given.ndim == 1:
        return ": give labels.astype(int)" if (given % 1 == 0).all() else ""
    return ": give its argmax(axis=1)" if given.ndim > 1 and given.shape[1] > 1 else ""


def _from_names(given: list[str], names: tuple[str, ...] | None) -> Labels:
    names = names or tuple(sorted(set(map(_check_name, given))))
    known = {name: number for number, name in enumerate(names)}
    unknown = next((name for name in given if name not in known), None)
    if unknown is not None:
        raise CorpusError(
            f"unknown label name {unknown!r}; expected one of {some_of(names)}"
            f"{did_you_mean(unknown, names)}"
        )
    return Labels([known[name] for name in given], names)


def _check_name(name: str) -> str:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise CorpusError(f"a class name must be valid Unicode; received {name!r}") from None
    return name


def _from_numbers(given: npt.NDArray[np.integer], names: tuple[str, ...] | None) -> Labels:
    if names is None:
        names = tuple(map(str, np.unique(given).tolist()))
    if all(map(_NUMBER.fullmatch, names)):
        return _from_names(list(map(str, given.tolist())), names)
    wrong = given[(given < 0) | (given >= len(names))]
    if len(wrong):
        raise CorpusError(
            f"labels must be class numbers from 0 to {len(names) - 1}; received {wrong[0]}"
        )
    return Labels(given, names)
