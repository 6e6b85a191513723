"""Labels that remember their names, and stratified splits."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agnews_tune.corpus.splits import Labels, stratified_split
from agnews_tune.errors import HyperparameterError

# Labels


def test_labels_are_int64_numbers_with_names():
    """They are a NumPy array that also knows what its numbers mean."""
    labels = Labels([1, 0, 1], ["red", "blue"])
    assert (np.int64, (3,), ("red", "blue")) == (labels.dtype, labels.shape, labels.names)
    assert labels.tolist() == [1, 0, 1]


def test_slices_of_labels_keep_the_names():
    """Cutting rows must not lose what they mean."""
    labels = Labels([1, 0, 1], ["red", "blue"])
    assert ("red", "blue") == labels[1:].names == labels[np.array([2, 0])].names


def test_what_is_calculated_of_labels_is_plain():
    """One class against the rest has two classes, and the names of none."""
    labels = Labels([1, 0, 1], ["red", "blue"])
    for calculated in (labels == 1, labels + 1, (labels == 1).astype(int)):
        assert type(calculated) is np.ndarray
    assert 2 == labels.sum() == np.int64(2)


@pytest.mark.parametrize("protocol", range(2, 6))
def test_labels_travel_with_their_names(protocol):
    """Another process gets the names too."""
    labels = pickle.loads(pickle.dumps(Labels([1, 0], ["red", "blue"]), protocol))
    assert (labels.tolist(), labels.names) == ([1, 0], ("red", "blue"))


def test_labels_travel_without_a_copy():
    """With out-of-band buffers, as Ray uses them, every process reads the same memory."""
    labels, buffers = Labels(np.arange(100_000) % 2, ["red", "blue"]), []
    data = pickle.dumps(labels, 5, buffer_callback=buffers.append)
    received = pickle.loads(data, buffers=buffers)
    assert np.shares_memory(labels, received)
    assert len(data) < 1_000
    assert received.names == ("red", "blue")


# Stratified splits


def test_stratified_split_is_the_same_on_every_machine():
    """These rows are held out with any version of NumPy and on any processor."""
    labels = np.array([0, 1, 2, 0, 1, 2, 0, 1, 0, 0])
    kept, held_out = stratified_split(labels, 4, seed=7)
    assert kept.tolist() == [1, 2, 3, 4, 6, 9]
    assert held_out.tolist() == [0, 5, 7, 8]
    assert (np.int64, np.int64) == (kept.dtype, held_out.dtype)


@given(
    labels=st.lists(st.integers(0, 4), max_size=60),
    fraction=st.floats(0, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_stratified_split_divides_every_class_in_proportion(labels, fraction, seed):
    """Every row is in one part, the size is exact and no class is off by a whole row."""
    labels = np.array(labels, dtype=np.int64)
    size = int(fraction * len(labels))
    kept, held_out = stratified_split(labels, size, seed)
    assert size == len(held_out)
    assert list(range(len(labels))) == sorted([*kept, *held_out])
    assert sorted(kept) == kept.tolist()
    assert sorted(held_out) == held_out.tolist()
    for label, count in enumerate(np.bincount(labels)):
        assert abs(np.sum(labels[held_out] == label) - count * size / len(labels)) < 1


def test_rows_left_over_go_to_the_largest_remainders():
    """Of 10 rows, classes of 14, 13 and 3 give 4.67, 4.33 and 1: five, four and one."""
    labels = np.repeat([0, 1, 2], [14, 13, 3])
    assert np.bincount(labels[stratified_split(labels, 10)[1]]).tolist() == [5, 4, 1]


def test_another_seed_holds_out_other_rows():
    """The seed decides, and nothing else does."""
    labels = np.repeat([0, 1], 50)
    first, second = (stratified_split(labels, 10, seed)[1].tolist() for seed in (1, 2))
    assert first != second
    assert first == stratified_split(labels, 10, 1)[1].tolist()


@pytest.mark.parametrize("size", [-1, 4])
def test_stratified_split_refuses_a_size_beyond_the_rows(size):
    """More rows than there are cannot be held out."""
    with pytest.raises(HyperparameterError) as caught:
        stratified_split(np.array([0, 1, 1]), size)
    assert str(caught.value) == (
        f"size must be a whole number from 0 to the 3 rows; received {size}"
    )
