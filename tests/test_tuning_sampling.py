"""What a search draws: inside its ranges, the same again, and as often as it says."""

import numpy as np
import pytest
from scipy.stats import kstest

from agnews_tune.grid.search import Choices, Range, Search
from agnews_tune.tuning import draw

SPACES = {
    "hidden_dim": Range(8, 64, log=True),
    "num_layers": Range(1, 3),
    "learning_rate": Range(0.0001, 0.01, log=True),
    "dropout": Range(0.0, 0.5),
    "cell": Choices(("gru", "lstm")),
    "bidirectional": Choices((False, True)),
}
FIRST = {
    "hidden_dim": 47,
    "num_layers": 3,
    "learning_rate": 0.00374,
    "dropout": 0.481,
    "cell": "gru",
    "bidirectional": False,
}


def test_draws_are_the_same_again() -> None:
    """Of a seed, on every machine; more samples begin with those of fewer."""
    first, second, third = draw(Search("base", SPACES, samples=3, seed=7))

    assert FIRST == first
    assert [first, second, third] == draw(Search("base", SPACES, samples=9, seed=7))[:3]
    assert first != draw(Search("base", SPACES, samples=3, seed=8))[0]


def test_each_hyperparameter_is_drawn_apart() -> None:
    """Its draws stay where lines change places, or come and go."""
    turned = dict(reversed(SPACES.items()))
    draws, others = (draw(Search("base", spaces, samples=5)) for spaces in (SPACES, turned))
    alone = draw(Search("base", {"dropout": SPACES["dropout"]}, samples=5))

    assert draws == others
    assert [values["dropout"] for values in draws] == [values["dropout"] for values in alone]


def test_draws_fill_their_ranges() -> None:
    """Whole numbers to both ends, others evenly, by their logarithm where that is asked for."""
    draws = draw(Search("base", SPACES, samples=2000))
    column = {name: [values[name] for values in draws] for name in SPACES}

    assert {1, 2, 3} == set(column["num_layers"])
    assert {8, 64} <= set(column["hidden_dim"]) <= set(range(8, 65))
    assert {"gru", "lstm"} == set(column["cell"])
    assert {False, True} == set(column["bidirectional"])
    assert kstest(np.array(column["dropout"]) / 0.5, "uniform").pvalue > 0.01
    assert kstest(np.log10(column["learning_rate"]) / 2 + 2, "uniform").pvalue > 0.01
    assert np.mean(np.array(column["hidden_dim"]) < 22.6) > 0.45  # half of the logarithms


@pytest.mark.parametrize(
    ("space", "places"),
    [
        (Range(0.0, 0.5), 3),
        (Range(0.0001, 0.01, log=True), 6),
        (Range(0.9992, 0.9999), 6),
        (Range(0.001, 0.00101), 7),
    ],
)
def test_draws_have_the_digits_that_tell_them_apart(space: Range, places: int) -> None:
    """Few, but enough for their size and for their range."""
    draws = draw(Search("base", {"learning_rate": space}, samples=500))
    values = [values["learning_rate"] for values in draws]

    assert {float} == {type(value) for value in values}
    assert all(space.low <= value <= space.high for value in values)
    assert len(set(values)) > 90
    assert all(round(value, places) == value for value in values)
