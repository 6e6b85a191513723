"""Tables that fit a terminal."""

from agnews_tune.report.document import Table, probability


def test_columns_are_left_out_from_the_end() -> None:
    """The most important ones that fit together, in the order of the table."""
    table = Table(["a", "b", "c"], [["x" * 40, "y" * 70, "z" * 40]], ("a",))

    assert ["a", "c"] == table.fitted(["a", "b", "c"]).columns
    assert ["b"] == table.fitted(["b", "gone", "a"]).columns


def test_smallest_probabilities_are_not_nothing() -> None:
    """What no floating-point number can hold is still above 0."""
    assert ["1", "0.05", "4.2e-13", "<1e-300"] == [
        probability(p) for p in (1.0, 0.0499, 4.2e-13, 0.0)
    ]


def test_long_names_go_on_in_a_second_line() -> None:
    """Only those of the first column; a dash is a place to break."""
    table = Table(["a", "b"], [["gru-" * 15 + "end", "x" * 50], ["rnn", "y"]], ("a",))

    assert [
        ["gru-" * 9 + "\n" + "gru-" * 6 + "end", "x" * 50],
        ["rnn", "y"],
    ] == table.wrapped().rows
