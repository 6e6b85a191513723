"""One report in each of its forms."""

import csv
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import DATA, LABELS, ROWS, WriteRecord, answer, make_history, write_run
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import loaded_after

from agnews_tune.errors import RecordWarning
from agnews_tune.records.writing import write_failure
from agnews_tune.report.document import Section, Table
from agnews_tune.report.forms import (
    FORMS,
    format_csv,
    format_json,
    format_latex,
    format_markdown,
    format_terminal,
    sections_for_terminal,
)
from agnews_tune.report.reading import Report, compare, read_report, read_summaries


@pytest.fixture
def run(write_record: WriteRecord, tmp_path: Path) -> Path:
    """Two finished experiments and one that failed."""
    run = tmp_path / "cells"
    for name, parent, right in (("rnn", None, 2000), ("gru_2", "rnn", 2250)):
        write_record(
            run,
            name,
            parent=parent,
            change="cell: gru" if parent else "baseline",
            result={"test_accuracy": right / ROWS, "validation_accuracy": right / ROWS},
            predictions=answer(np.arange(ROWS) < right, LABELS),
        )
    folder = write_record(run, "lstm", parent="rnn", change="cell: lstm", history=[], result=None)
    write_failure(folder, "out of memory: run it again with half its batch_size")
    return run


@pytest.fixture
def report(run: Path) -> Report:
    with pytest.warns(RecordWarning, match="no texts of the rows: "):  # the run has no grid
        return read_report(run, errors=2)


def test_terminal_gets_no_escape_sequence() -> None:
    """A text of the corpus could clear the screen with one."""
    section = Section("Errors", ["row 3: a \x1b[2J b \u202e\nnext", Table(["a\a"], [["ü"]], ())])
    text = sections_for_terminal("run", [section])

    assert "row 3: a \ufffd[2J b \ufffd\nnext" in text
    assert all(character.isprintable() or character == "\n" for character in text)
    assert "ü" in text


def test_terminal(run: Path) -> None:
    """Data, table, what the columns mean, findings, failures; no line is too wide."""
    text = format_terminal(read_report(run))
    titles = [line for line in text.splitlines() if line.startswith(("===", "---"))]

    assert [
        f"=== {run} ===",
        "--- data: tickets.csv: 9,000 train, 1,000 validation, 2,500 test rows ---",
        "--- Findings ---",
        "--- Failed ---",
    ] == [title for title in titles if not set(title) <= {"-", " "}]
    assert (
        "failed: lstm-seed0: out of memory: run it again with half its batch_size\n"
    ) == text.splitlines(keepends=True)[-1]
    assert ["gru_2", "1", "0.9000", "+10.00", "[+8.82,", "+11.18]", "better"] == next(
        line.split()[:7] for line in text.splitlines() if line.startswith("gru_2")
    )


def test_terminal_is_wide_enough(report: Report) -> None:
    """No line has more than 100 characters but for the folder's and the data's names."""
    lines = format_terminal(report).splitlines()

    assert all(len(line) <= 100 for line in lines if not line.startswith(("=== ", "--- ")))


def test_terminal_with_all_columns(report: Report) -> None:
    """However wide that is."""
    assert "change" not in format_terminal(report).split("\n\n")[2]
    assert "change" in format_terminal(report, all_columns=True).split("\n\n")[2]


def test_markdown(report: Report) -> None:
    """Headings, tables with bars, and the errors as they were asked for."""
    text = format_markdown([report])
    lines = text.splitlines()

    assert "# cells" == lines[0]
    assert "## data: tickets.csv: 9,000 train, 1,000 validation, 2,500 test rows" == lines[2]
    assert lines[4].startswith("| experiment   | change     | parent   |")
    assert "## Findings" in lines
    assert "## Classes, as gru_2-seed0 tells them apart" in lines
    assert "## Rows that every model gets wrong (250 in all)" in lines
    assert "row 2,499, labelled urgent  " in lines
    assert "    calm: rnn, gru_2" in lines
    assert "## Rows on which the models disagree most" in lines


def test_latex(report: Report) -> None:
    """Each table stands in booktabs, with special characters escaped."""
    text = format_latex([report])

    assert text.startswith(
        "% cells, data: tickets.csv: 9,000 train, 1,000 validation, 2,500 test rows\n"
        "\\begin{tabular}{lllrrrrlllrrrrrl}\n\\toprule\n experiment   & change"
    )
    assert text.count("\\begin{tabular}") == text.count("\\bottomrule") == 3
    assert "gru\\_2" in text
    assert "test 95 \\%" in text


def test_csv(report: Report) -> None:
    """One line an experiment, accuracies as fractions, what nobody knows is empty."""
    rows = list(csv.DictReader(io.StringIO(format_csv([report]))))

    assert ["rnn", "gru_2", "lstm"] == [row["experiment"] for row in rows]
    expected = {
        "run": "cells",
        "data": "tickets.csv",
        "parent": "rnn",
        "seeds": "1",
        "test_accuracy": "0.9",
        "test_accuracy_sd": "",
        "verdict": "better",
        "best": "True",
        "training": "too few epochs",
        "parameters": "12345",
    }
    assert expected == {name: rows[1][name] for name in expected}
    assert pytest.approx(0.1) == float(rows[1]["vs_parent"])
    assert ("failed", "", "") == (
        rows[2]["state"],
        rows[2]["test_accuracy"],
        rows[2]["vs_parent_p_holm"],
    )


def test_csv_has_the_seconds_of_pretraining(write_record: WriteRecord, tmp_path: Path) -> None:
    """They are part of what a training took; of what is not finished nothing is known."""
    write_record(tmp_path, "lm", 0, result={"seconds": 30.0, "pretrain_seconds": 70.5})
    write_record(tmp_path, "lm", 1, result={"seconds": 20.0, "pretrain_seconds": 60.5})
    write_record(tmp_path, "none", result=None)
    rows = list(csv.DictReader(io.StringIO(format_csv([read_report(tmp_path)]))))

    assert ["90.5", ""] == [row["seconds"] for row in rows]


def test_json(report: Report) -> None:
    """Everything: figures, effects, ensembles, sensitivity, findings, rules and errors."""
    (content,) = json.loads(format_json([report]))
    (analysis,) = content["analyses"]

    assert "cells" == content["run"]
    assert DATA == analysis["data"]
    assert [0.8, 0.9, None] == [row["test_accuracy"] for row in analysis["experiments"]]
    assert [] == analysis["sensitivity"]
    assert analysis["findings"].startswith("Helped: cell: gru against rnn (+10.00")
    assert [2250, 250] == [
        sum(row[k] for k, row in enumerate(analysis["mistakes"]["confusion"])),
        analysis["mistakes"]["all_wrong_count"],
    ]
    assert {"row": 2499, "label": "urgent", "text": None} == {
        name: analysis["mistakes"]["all_wrong"][0][name] for name in ("row", "label", "text")
    }


def test_json_of_several_seeds() -> None:
    """They show which differences they find."""
    kept = Path(__file__).parents[1] / "results" / "reference"
    (content,) = json.loads(format_json([read_report(kept)]))
    found = content["analyses"][0]["sensitivity"]

    assert [3, 5, 10, 20] == [each["seeds"] for each in found]
    assert [0.0286, 0.011, 0.0061, 0.004] == [round(each["difference"], 4) for each in found]


def test_json_knows_no_nan(write_record: WriteRecord, tmp_path: Path) -> None:
    """A class that nobody answered has no precision."""
    right = np.ones(4, bool)
    write_record(
        tmp_path,
        "rnn",
        data=DATA | {"test_rows": 4},
        predictions=answer(right, np.zeros(4, int)),
    )
    with pytest.warns(RecordWarning, match="no texts of the rows: "):
        (content,) = json.loads(format_json([read_report(tmp_path, errors=1)]))

    assert [1.0, None] == [
        figures["precision"] for figures in content["analyses"][0]["mistakes"]["classes"]
    ]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_run_under_way(
    form: str, write_record: WriteRecord, tmp_path: Path
) -> None:
    """Before the first trial ends, each form names the experiments all the same."""
    write_record(tmp_path, "waits", history=[], result=None)
    write_record(tmp_path, "runs", history=make_history(1), result=None)

    assert all(name in FORMS[form]([read_report(tmp_path)]) for name in ("waits", "runs"))


def test_several_runs_are_one_document(write_record: WriteRecord, tmp_path: Path) -> None:
    """One header of the CSV form, one list of the JSON form."""
    for name in ("a", "b"):
        write_record(tmp_path / name, "rnn")
    reports = [read_report(tmp_path / name) for name in ("a", "b")]

    assert ["a", "b"] == [row["run"] for row in csv.DictReader(io.StringIO(format_csv(reports)))]
    assert ["a", "b"] == [content["run"] for content in json.loads(format_json(reports))]
    assert ["# a", "# b"] == re.findall("^# .*$", format_markdown(reports), re.MULTILINE)


def test_different_data_have_tables_of_their_own(write_record: WriteRecord, tmp_path: Path) -> None:
    """Nothing of one data set is in the table of another."""
    write_record(tmp_path, "rnn")
    write_record(tmp_path, "gru", parent="rnn", data=DATA | {"name": "demo", "fingerprint": "demo"})
    first, second = format_terminal(read_report(tmp_path)).split("--- data: ")[1:]

    assert first.startswith("tickets.csv: ")
    assert second.startswith("demo (built in, synthetic): ")
    assert ("gru" in first, "rnn" in second) == (False, False)


def test_report_needs_neither_torch_nor_ray(run: Path) -> None:
    """Records can be reported where nothing can be trained."""
    program = (
        "from agnews_tune.cli import main\nmain(['report', sys.argv[1]], standalone_mode=False)"
    )

    assert {"torch", "ray", "datasets", "nltk"}.isdisjoint(loaded_after(program, run))


FILES = ("trial.json", "history.csv", "result.json", "test_predictions.npz")
TRIALS = [(name, seed) for name in ("rnn-max", "rnn-mean", "gru-max") for seed in (0, 1)]


@settings(max_examples=60, deadline=None)
@given(kept=st.sets(st.sampled_from([(*trial, file) for trial in TRIALS for file in FILES])))
def test_any_subset_of_records_has_a_report(
    tmp_path_factory: pytest.TempPathFactory, kept: set[tuple[str, int, str]]
) -> None:
    """Whatever files are gone, the rest is reported; a row counts the seeds that are finished."""
    whole, run = tmp_path_factory.getbasetemp() / "whole-news", tmp_path_factory.mktemp("run")
    if not whole.exists():
        write_run(whole, experiments=3, seeds=2, rows=40)
    for name, seed, file in kept:
        (run / f"{name}-seed{seed}").mkdir(exist_ok=True)
        shutil.copy(whole / f"{name}-seed{seed}" / file, run / f"{name}-seed{seed}" / file)
    described = {trial for trial in TRIALS if (*trial, "trial.json") in kept}
    finished = [name for name, seed in described if (name, seed, "result.json") in kept]
    report = compare(run, read_summaries(run))
    rows = {row["experiment"]: row for row in csv.DictReader(io.StringIO(format_csv([report])))}

    assert {name for name, _ in described} == set(rows)
    for name, row in rows.items():
        assert finished.count(name) == int(row["seeds"])
        assert bool(row["test_accuracy"]) == (name in finished)
        assert row["verdict"] in {"", "better", "worse", "no evidence"}
    assert all(FORMS[form]([report]) is not None for form in FORMS)
    assert all(name in format_terminal(report) for name in rows)
