"""What a search draws: inside its ranges, the same again, and as often as it says."""

import numpy as np
from scipy.stats import kstest

from agnews_tune.search import Range, Search
from agnews_tune.tuning import draw

CHOICES = {
    "hidden_dim": Range(8, 64, log=True),
    "num_layers": Range(1, 3),
    "learning_rate": Range(0.0001, 0.01, log=True),
    "dropout": Range(0.0, 0.5),
    "cell": ("gru", "lstm"),
    "bidirectional": (False, True),
}


def test_draws_are_the_same_again() -> None:
    """Of a seed, on every machine; more samples begin with those of fewer."""
    first, second, third = draw(Search("base", CHOICES, samples=3, seed=7))

    assert {
        "hidden_dim": 9,
        "num_layers": 2,
        "learning_rate": 0.000434,
        "dropout": 0.489,
        "cell": "lstm",
        "bidirectional": False,
    } == first
    assert [first, second, third] == draw(Search("base", CHOICES, samples=9, seed=7))[:3]
    assert first != draw(Search("base", CHOICES, samples=3, seed=8))[0]


def test_draws_fill_their_ranges() -> None:
    """Whole numbers to both ends, others evenly, by their logarithm where that is asked for."""
    draws = draw(Search("base", CHOICES, samples=2000))
    column = {name: [values[name] for values in draws] for name in CHOICES}

    assert {1, 2, 3} == set(column["num_layers"])
    assert {8, 64} <= set(column["hidden_dim"]) <= set(range(8, 65))
    assert {"gru", "lstm"} == set(column["cell"])
    assert {False, True} == set(column["bidirectional"])
    assert kstest(np.array(column["dropout"]) / 0.5, "uniform").pvalue > 0.01
    assert kstest(np.log10(column["learning_rate"]) / 2 + 2, "uniform").pvalue > 0.01
    assert np.mean(np.array(column["hidden_dim"]) < 22.6) > 0.45  # half of the logarithms


def test_draws_are_plain_numbers() -> None:
    """As YAML and JSON write them, with three digits and not beyond the ends."""
    choices = {"hidden_dim": Range(8, 9), "dropout": Range(0.0, 0.00049999)}
    draws = draw(Search("base", choices, samples=500))

    assert {int} == {type(values["hidden_dim"]) for values in draws}
    assert {float} == {type(values["dropout"]) for values in draws}
    assert 0.000499 <= max(values["dropout"] for values in draws) <= 0.00049999
    assert {0.00049999} >= {values["dropout"] for values in draws if values["dropout"] > 0.000499}
