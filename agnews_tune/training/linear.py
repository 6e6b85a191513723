"""The weights of a linear model, from scikit-learn; the only module that imports it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch

from agnews_tune.networks.linear import LinearNetwork
from agnews_tune.training.batching import LabelledBatches
from agnews_tune.training.evaluation import evaluate

FEWEST = 2  # training rows of a class: each is scored by a classifier that has not seen it
FOLDS = 3  # of the training rows, to learn what the scores are worth
ABSENT = -30.0  # of the logit of a class without training rows, below the least that others have
LOG_FACTORS = (-5.0, 5.0)  # where the factor is looked for


def fit_support_vectors(
    network: LinearNetwork, data: LabelledBatches, seed: int
) -> dict[str, float]:
    """Set the weights of a linear network to those of a linear support vector machine with C = 1.

    One factor makes probabilities of its scores: the one with the lowest cross-entropy on training
    rows, scored by classifiers that have not seen them. The class of the highest score stays the
    same.

    Args:
        network: with its pairs.
        data: what to train on, at least ``FEWEST`` rows of each class that is there.
        seed: of the order in which rows are taken.

    Returns:
        ``loss`` and ``accuracy`` on these rows afterwards.
    """
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.model_selection import cross_val_predict
    from sklearn.svm import LinearSVC

    labels = data.labels.cpu().numpy()
    present, sizes = np.unique(labels, return_counts=True)
    rows, features, counts = _count(network, data)
    weighting = TfidfTransformer(sublinear_tf=True)
    texts = weighting.fit_transform(
        csr_matrix((counts, (rows, features)), shape=(len(labels), len(network.idf)))
    )
    classifier = LinearSVC(random_state=seed % 2**32)  # it takes no larger ones
    folds = min(FOLDS, int(sizes.min()))
    held_out = cross_val_predict(classifier, texts, labels, cv=folds, method="decision_function")
    scores = _of_each_class(held_out.reshape(len(labels), -1).T)
    factor = _fit_factor(scores.T, np.searchsorted(present, labels))
    classifier.fit(texts, labels)
    with torch.no_grad():
        network.idf.copy_(torch.from_numpy(weighting.idf_))
        # A text is a vector of length 1: its scores are no further from 0 than this.
        reach = np.linalg.norm(classifier.coef_, axis=1) + abs(classifier.intercept_)
        network.bias.fill_(ABSENT - factor * float(reach.max()))
        bias = torch.from_numpy(factor * _of_each_class(classifier.intercept_))
        weights = torch.from_numpy(factor * _of_each_class(classifier.coef_).T)
        network.bias[present] = bias.to(network.bias)
        network.weights.weight[:, present] = weights.to(network.bias)
    return evaluate(network, data)


def _count(network: LinearNetwork, data: LabelledBatches) -> list[npt.NDArray[np.int64]]:
    """Return row, feature and count of all that stands in the texts."""
    parts = []
    for batch in data.batches.by_length():
        rows, features, counts = network.count(batch.ids, batch.lengths)
        parts.append((batch.rows[rows].cpu(), features.cpu(), counts.cpu()))
    return [torch.cat(column).numpy() for column in zip(*parts, strict=True)]


def _of_each_class(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return a row for each class; a classifier of two classes has that of the second alone."""
    return values if len(values) > 1 else np.concatenate([-values, values])


def _fit_factor(scores: npt.NDArray[np.float64], numbers: npt.NDArray[np.int64]) -> float:
    """Return the factor of ``scores`` (rows, classes) with the lowest mean cross-entropy."""
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    rows = np.arange(len(numbers))

    def cross_entropy(log_factor: float) -> float:
        logarithms = log_softmax(math.exp(log_factor) * scores, axis=1)
        return -float(logarithms[rows, numbers].mean())

    return math.exp(minimize_scalar(cross_entropy, bounds=LOG_FACTORS, method="bounded").x)
