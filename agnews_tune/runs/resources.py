"""How trials share processors and GPUs: what each one gets and how many run at once."""

from __future__ import annotations

import math
import os
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from agnews_tune.errors import RunError, RunWarning
from agnews_tune.rules import at_least, is_number

# Trials on one GPU by default, at most; docs/performance.md has the curve.
IN_TURN, SIDE_BY_SIDE = 4, 16
MEMORY = 5_000_000_000  # bytes of the card for each of them, at least
GRANULARITY = 10_000  # Ray rounds shares to so many parts of a GPU

GPU_DRIVERS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")  # NVIDIA's, AMD's, Windows' under Linux


class Machine(NamedTuple):
    """The cores and GPUs of one machine."""

    cpus: float
    gpus: float


@dataclass(frozen=True)
class Resources:
    """What each trial gets.

    Attributes:
        cpus_per_trial: cores.
        gpus_per_trial: a fraction of one GPU, or whole ones; 0 trains on the CPU.
        at_once: how many trials run at the same time, at most.
    """

    cpus_per_trial: int
    gpus_per_trial: float
    at_once: int

    def __str__(self) -> str:
        gpus = f" and {self.gpus_per_trial:g} GPU" if self.gpus_per_trial else ""
        cores = "1 core" if self.cpus_per_trial == 1 else f"{self.cpus_per_trial} cores"
        trials = "1 trial at a time" if self.at_once == 1 else f"{self.at_once} trials at once"
        return f"{trials}, {cores}{gpus} each"


def local_capacity() -> Machine:
    """Return the cores and GPUs of this machine that this process may use."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Machine(cpus or 1, _count_gpus())


def _count_gpus() -> int:
    # Importing torch takes seconds, which a machine without any GPU's driver can be spared.
    if sys.platform == "linux" and not any(Path(path).exists() for path in GPU_DRIVERS):
        return 0
    import torch

    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def share(
    machines: Sequence[Machine],
    cpus_per_trial: int = 1,
    gpus_per_trial: float | None = 0,
    max_concurrent: int | None = None,
) -> Resources:
    """Divide machines among trials; each trial is on one of them.

    Where there is no GPU at all, a RunWarning says so and each trial gets one core.

    Args:
        machines: this one, or those of a cluster.
        cpus_per_trial: cores for each trial.
        gpus_per_trial: GPUs for each trial: a fraction of one, or a whole number; None takes
            ``automatic_share()`` where there are GPUs, and else none.
        max_concurrent: trials at the same time, at most.

    Raises:
        RunError: a trial asks for more than a machine has, or for a share that cannot be given.
    """
    has_gpu = any(machine.gpus for machine in machines)
    if gpus_per_trial is None:
        gpus_per_trial = automatic_share() if has_gpu else 0
    _check_count("--cpus-per-trial", cpus_per_trial)
    if max_concurrent is not None:
        _check_count("--max-concurrent", max_concurrent)
    _check_share(gpus_per_trial)
    if gpus_per_trial and not has_gpu:
        warnings.warn(
            f"no GPU was found: --gpus-per-trial {gpus_per_trial:g} is ignored and trials run "
            "on the CPU, one core each",
            RunWarning,
            stacklevel=2,
        )
        cpus_per_trial, gpus_per_trial = 1, 0
    at_once = sum(_trials_on(machine, cpus_per_trial, gpus_per_trial) for machine in machines)
    if not at_once:
        raise RunError(_explain_no_room(machines, cpus_per_trial, gpus_per_trial))
    return Resources(cpus_per_trial, gpus_per_trial, min(at_once, max_concurrent or at_once))


def _check_count(name: str, value: object) -> None:
    if expected := at_least(1)(value):
        raise RunError(f"{name} must be {expected}; received {value!r}")


def _check_share(gpus_per_trial: object) -> None:
    if not is_number(gpus_per_trial) or not (
        0 <= gpus_per_trial <= 1 or (gpus_per_trial > 1 and gpus_per_trial % 1 == 0)
    ):
        raise RunError(
            "--gpus-per-trial must be a fraction of a GPU from 0 to 1 or a whole number of GPUs; "
            f"received {gpus_per_trial!r}"
        )
    if 0 < gpus_per_trial < 1 / GRANULARITY:
        raise RunError(
            f"--gpus-per-trial must be 0 or at least {1 / GRANULARITY:g}; received "
            f"{gpus_per_trial:g}"
        )


def _explain_no_room(
    machines: Sequence[Machine], cpus_per_trial: int, gpus_per_trial: float
) -> str:
    where = "at hand" if len(machines) == 1 else "of one machine"
    for name, asked, there, kind in (
        ("--cpus-per-trial", cpus_per_trial, max(each.cpus for each in machines), "cores"),
        ("--gpus-per-trial", gpus_per_trial, max(each.gpus for each in machines), "GPUs"),
    ):
        if asked > there:
            return f"{name} must be at most the {there:g} {kind} {where}; received {asked:g}"
    return (
        f"no machine has {cpus_per_trial} cores and {gpus_per_trial:g} GPU at once; ask for fewer "
        "with --cpus-per-trial or --gpus-per-trial"
    )


def automatic_share() -> float:
    """Return the share of a GPU that a trial gets by default.

    A quarter, as processes take turns on a card, or a sixteenth where NVIDIA's Multi-Process
    Service (MPS) runs on this machine and lets them calculate side by side; more of a small card.
    """
    most = SIDE_BY_SIDE if _mps_runs() else IN_TURN
    trials = max(1, min([most, *(size // MEMORY for size in _read_sizes())]))
    return GRANULARITY // trials / GRANULARITY


def _read_sizes() -> list[int]:
    """Return the bytes of memory of each GPU of this machine."""
    cards = range(_count_gpus())
    if not cards:
        return []
    import torch

    return [torch.cuda.get_device_properties(card).total_memory for card in cards]


def _mps_runs() -> bool:
    """Whether the folder through which processes reach MPS holds a socket or a pipe.

    Source: https://docs.nvidia.com/deploy/topics/topic_5_2_2.html
    """
    folder = Path(os.environ.get("CUDA_MPS_PIPE_DIRECTORY", "/tmp/nvidia-mps"))  # noqa: S108
    try:
        return any(path.is_socket() or path.is_fifo() for path in folder.iterdir())
    except OSError:
        return False


def _trials_on(machine: Machine, cpus_per_trial: int, gpus_per_trial: float) -> int:
    by_cpus = int(machine.cpus // cpus_per_trial)
    if not gpus_per_trial:
        return by_cpus
    return min(by_cpus, _trials_on_gpus(machine.gpus, gpus_per_trial))


def _trials_on_gpus(gpus: float, share_of_one: float) -> int:
    # Shares are packed into each GPU on its own: 0.3 gives three trials a GPU.
    if share_of_one <= 1:
        return int(gpus) * math.floor(1 / share_of_one + 1e-9)
    return int(gpus // share_of_one)
