"""How trials share what there is: every division, warning and error."""

import math
import os
from pathlib import Path
from typing import Any

import pytest

from agnews_tune.errors import RunError, RunWarning
from agnews_tune.runs import resources
from agnews_tune.runs.resources import (
    Machine,
    Resources,
    automatic_share,
    local_capacity,
    share,
)

TWO_CORES = Machine(cpus=2, gpus=0)
BIG = Machine(cpus=64, gpus=4)


@pytest.mark.parametrize(
    ("machine", "asked", "expected"),
    [
        (TWO_CORES, {}, Resources(1, 0, 2)),
        (TWO_CORES, {"cpus_per_trial": 2}, Resources(2, 0, 1)),
        (TWO_CORES, {"max_concurrent": 1}, Resources(1, 0, 1)),
        (TWO_CORES, {"max_concurrent": 9}, Resources(1, 0, 2)),
        (Machine(7.0, 0.0), {"cpus_per_trial": 2}, Resources(2, 0, 3)),
        (BIG, {}, Resources(1, 0, 64)),
        (TWO_CORES, {"gpus_per_trial": None}, Resources(1, 0, 2)),
        (BIG, {"gpus_per_trial": None}, Resources(1, 0.25, 16)),
        (BIG, {"gpus_per_trial": 1}, Resources(1, 1, 4)),
        (BIG, {"gpus_per_trial": 2}, Resources(1, 2, 2)),
        (BIG, {"gpus_per_trial": 3}, Resources(1, 3, 1)),
        (BIG, {"gpus_per_trial": 4.0}, Resources(1, 4.0, 1)),
        (BIG, {"gpus_per_trial": 0.25}, Resources(1, 0.25, 16)),
        (BIG, {"gpus_per_trial": 0.25, "max_concurrent": 5}, Resources(1, 0.25, 5)),
        (BIG, {"gpus_per_trial": 0.25, "cpus_per_trial": 8}, Resources(8, 0.25, 8)),
    ],
)
def test_capacity_is_divided(
    machine: Machine, asked: dict[str, float], expected: Resources
) -> None:
    """As many trials run at once as cores, GPUs and the wish of the user allow."""
    assert expected == share([machine], **asked)


@pytest.fixture(autouse=True)
def mps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which MPS would lie, without it."""
    monkeypatch.setenv("CUDA_MPS_PIPE_DIRECTORY", str(tmp_path))
    return tmp_path


def test_trials_take_turns_where_mps_does_not_run(mps: Path) -> None:
    """Files are no sign of it, and neither is a folder that is missing."""
    (mps / "log").write_text("stopped")

    assert 0.25 == automatic_share()
    mps.joinpath("log").unlink()
    mps.rmdir()
    assert 0.25 == automatic_share()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize(
    ("sizes", "in_turn", "side_by_side"),
    [
        ([143_000_000_000], 4, 16),
        ([143_000_000_000, 25_000_000_000], 4, 5),
        ([10_000_000_000], 2, 2),
        ([8_000_000_000], 1, 1),
        ([], 4, 16),
    ],
)
def test_each_trial_has_some_memory_of_the_smallest_card(
    mps: Path,
    sizes: list[int],
    in_turn: int,
    side_by_side: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ray rounds a share to a ten-thousandth, up too: so many must fit none the less."""
    monkeypatch.setattr(resources, "_read_sizes", lambda: sizes)
    for trials in (in_turn, side_by_side):
        share_of_one = automatic_share()

        assert trials == share([Machine(64, 1)], gpus_per_trial=share_of_one).at_once
        assert trials * round(share_of_one, 4) <= 1
        if trials == in_turn and not any(mps.iterdir()):
            os.mkfifo(mps / "control")


@pytest.mark.parametrize(
    ("gpus_per_trial", "expected"),
    [
        (1, 1),
        (0.6, 1),
        (0.5, 2),
        (0.3, 3),
        (1 / 3, 3),
        (0.2, 5),
        (0.1, 10),
        (1 / 7, 7),
        (0.01, 100),
    ],
)
def test_trials_are_packed_into_each_gpu(gpus_per_trial: float, expected: int) -> None:
    """A trial does not reach across two GPUs: what is left over of each stays unused."""
    for gpus in (1, 2, 3):
        machine = Machine(cpus=1000, gpus=gpus)
        assert gpus * expected == share([machine], gpus_per_trial=gpus_per_trial).at_once


def test_without_a_gpu_trials_run_on_the_cpu() -> None:
    """One warning says so, and each trial gets one core."""
    with pytest.warns(RunWarning) as caught:
        shared = share([TWO_CORES], cpus_per_trial=16, gpus_per_trial=0.25)

    assert Resources(1, 0, 2) == shared
    assert [
        "no GPU was found: --gpus-per-trial 0.25 is ignored and trials run on the CPU, "
        "one core each"
    ] == [str(warning.message) for warning in caught]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (
            {"cpus_per_trial": 65},
            "--cpus-per-trial must be at most the 64 cores at hand; received 65",
        ),
        ({"gpus_per_trial": 5}, "--gpus-per-trial must be at most the 4 GPUs at hand; received 5"),
    ],
)
def test_more_than_there_is_is_an_error(asked: dict[str, float], expected: str) -> None:
    """Such trials would wait for ever; the error says what there is."""
    with pytest.raises(RunError) as caught:
        share([BIG], **asked)

    assert expected == str(caught.value)


@pytest.mark.parametrize("machine", [TWO_CORES, BIG])
@pytest.mark.parametrize(
    ("gpus_per_trial", "received"),
    [
        (1.5, "1.5"),
        (-0.5, "-0.5"),
        (-1, "-1"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        ("auto", "'auto'"),
        (True, "True"),
    ],
)
def test_shares_that_cannot_be_given_are_an_error(
    machine: Machine, gpus_per_trial: Any, received: str
) -> None:
    """A share is part of one GPU or whole GPUs, whether there are any or not."""
    with pytest.raises(RunError) as caught:
        share([machine], gpus_per_trial=gpus_per_trial)

    assert str(caught.value) == (
        "--gpus-per-trial must be a fraction of a GPU from 0 to 1 or a whole number of GPUs; "
        f"received {received}"
    )


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (
            {"cpus_per_trial": 0},
            "--cpus-per-trial must be a whole number of at least 1; received 0",
        ),
        (
            {"cpus_per_trial": None},
            "--cpus-per-trial must be a whole number of at least 1; received None",
        ),
        (
            {"max_concurrent": 1.5},
            "--max-concurrent must be a whole number of at least 1; received 1.5",
        ),
    ],
)
def test_counts_are_checked(asked: dict[str, Any], expected: str) -> None:
    """A command line checks its own; a notebook hands over anything."""
    with pytest.raises(RunError) as caught:
        share([TWO_CORES], **asked)

    assert expected == str(caught.value)


def test_a_share_that_ray_cannot_count_is_an_error() -> None:
    """It knows ten-thousandths of a GPU."""
    with pytest.raises(RunError) as caught:
        share([BIG], gpus_per_trial=0.00005)

    assert "--gpus-per-trial must be 0 or at least 0.0001; received 5e-05" == str(caught.value)


@pytest.mark.parametrize(
    ("machines", "asked", "at_once"),
    [
        ([Machine(3, 0), Machine(3, 0)], {"cpus_per_trial": 2}, 2),
        ([Machine(0, 0), Machine(2, 0)], {"cpus_per_trial": 2}, 1),
        ([Machine(8, 1), Machine(8, 1)], {"gpus_per_trial": 0.3}, 6),
        ([Machine(1, 4), Machine(8, 1)], {"gpus_per_trial": 1}, 2),
    ],
)
def test_each_trial_is_on_one_machine(
    machines: list[Machine], asked: dict[str, float], at_once: int
) -> None:
    """What is left over of one is of no use to a trial on another."""
    assert at_once == share(machines, **asked).at_once


@pytest.mark.parametrize(
    ("machines", "asked", "expected"),
    [
        (
            [Machine(1, 0), Machine(1, 0)],
            {"cpus_per_trial": 2},
            "--cpus-per-trial must be at most the 1 cores of one machine; received 2",
        ),
        (
            [Machine(8, 1), Machine(8, 1)],
            {"gpus_per_trial": 2},
            "--gpus-per-trial must be at most the 1 GPUs of one machine; received 2",
        ),
        (
            [Machine(8, 0), Machine(1, 1)],
            {"gpus_per_trial": 0.5, "cpus_per_trial": 2},
            "no machine has 2 cores and 0.5 GPU at once; ask for fewer with --cpus-per-trial or "
            "--gpus-per-trial",
        ),
    ],
)
def test_a_trial_that_fits_no_machine_is_an_error(
    machines: list[Machine], asked: dict[str, float], expected: str
) -> None:
    """It would wait for ever, whatever all machines have together."""
    with pytest.raises(RunError) as caught:
        share(machines, **asked)

    assert expected == str(caught.value)


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        (Resources(1, 0, 1), "1 trial at a time, 1 core each"),
        (Resources(2, 0, 3), "3 trials at once, 2 cores each"),
        (Resources(1, 0.25, 4), "4 trials at once, 1 core and 0.25 GPU each"),
        (Resources(8, 2.0, 1), "1 trial at a time, 8 cores and 2 GPU each"),
    ],
)
def test_resources_in_words(resources: Resources, expected: str) -> None:
    """The plan shows what each trial gets."""
    assert expected == str(resources)


def test_local_capacity_is_what_this_process_may_use() -> None:
    """Cores that the process is kept from do not count."""
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system cannot keep a process to some cores")
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert 1 == local_capacity().cpus
    finally:
        os.sched_setaffinity(0, allowed)
    assert len(allowed) == local_capacity().cpus


def test_gpus_that_torch_cannot_use_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its driver may be too old, or torch is built without CUDA."""
    monkeypatch.setattr(resources, "GPU_DRIVERS", (str(tmp_path),))
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    counts = []
    for usable in (True, False):
        monkeypatch.setattr("torch.cuda.is_available", lambda usable=usable: usable)
        counts.append(local_capacity().gpus)

    assert [2, 0] == counts
