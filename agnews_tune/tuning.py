"""Trials become Ray Tune trials and leave records; the only module that imports ray."""

from __future__ import annotations

import logging
import os
import shutil
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agnews_tune.encoding import EncodedCorpus
from agnews_tune.errors import RunError
from agnews_tune.history import Callback, Logs
from agnews_tune.hyperparameters import Preprocessing
from agnews_tune.planning import PlannedTrial
from agnews_tune.progress import Progress
from agnews_tune.records import is_finished
from agnews_tune.resources import Capacity, Resources, local_capacity
from agnews_tune.trial import run_trial

QUIET = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
}
ANSWER_SECONDS = 5
os.environ.update(QUIET)  # Ray reads some of them while it is imported

import ray  # noqa: E402
from ray import tune  # noqa: E402


class ReportEpochs(Callback):
    """Tells the driver about each epoch, from inside a Ray trial."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Report the figures of one epoch."""
        tune.report({"epoch": epoch + 1, **logs})


class ShowProgress(tune.Callback):
    """Passes what Ray Tune tells the driver on to a Progress."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Ray writes its callbacks to disk for a restore that this program never does

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A trial got its processor."""
        self.progress.trial_started(str(trial))

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """A trial ended an epoch."""
        self.progress.epoch_ended(str(trial), result)

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A trial left its record."""
        self.progress.trial_finished(str(trial))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A trial failed."""
        self.progress.trial_failed(str(trial))


@contextmanager
def connect(address: str | None = None) -> Iterator[Capacity]:
    """Start Ray on this machine, or join the cluster at ``address``, for the time of the block.

    Raises:
        RunError: no cluster answers at the address.
    """
    if address is None:
        where: dict[str, Any] = {"address": "local", "num_cpus": int(local_capacity().cpus)}
    else:
        _check_answers(address)
        where = {"address": address}
    try:
        ray.init(**where, log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise RunError(f"Ray does not start: {' '.join(str(error).split())}") from error
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
    try:
        total = ray.cluster_resources()  # type: ignore[no-untyped-call]
        yield Capacity(total.get("CPU", 0), total.get("GPU", 0))
    finally:
        ray.shutdown()


def run(
    trials: Sequence[PlannedTrial],
    corpora: Mapping[Preprocessing, EncodedCorpus],
    resources: Resources,
    progress: Progress,
    storage: Path,
) -> dict[str, str]:
    """Run trials on the connected Ray; each leaves its record.

    Args:
        trials: what to run.
        corpora: the encoded corpus for each preprocessing among them.
        resources: what each trial gets.
        progress: shown what happens.
        storage: a folder for Ray's own files while it runs, seen by all nodes; it is removed.

    Returns:
        For each trial that did not finish, its name and the cause in one line.
    """
    by_name = {planned.trial.name: planned for planned in trials}
    device = "cuda" if resources.gpus_per_trial else "cpu"
    trainable = tune.with_resources(
        tune.with_parameters(_train, trials=by_name, corpora=dict(corpora), device=device),
        {"cpu": resources.cpus_per_trial, "gpu": resources.gpus_per_trial},
    )
    tuner = tune.Tuner(
        trainable,
        param_space={"trial": tune.grid_search(list(by_name))},
        tune_config=tune.TuneConfig(
            reuse_actors=True,
            max_concurrent_trials=resources.at_once,
            trial_name_creator=_trial_name,
            trial_dirname_creator=_trial_name,
        ),
        run_config=tune.RunConfig(
            name="tune",
            storage_path=str(storage),
            callbacks=[ShowProgress(progress)],
            verbose=0,
        ),
    )
    try:
        results = tuner.fit()
    finally:
        shutil.rmtree(storage, ignore_errors=True)
    outcomes = [results[number] for number in range(len(results))]
    errors = {Path(result.path).name: result.error for result in outcomes if result.error}
    missing = [
        planned for planned in trials if not is_finished(planned.folder, planned.description["key"])
    ]
    return {planned.trial.name: _cause(errors.get(planned.trial.name)) for planned in missing}


def _check_answers(address: str) -> None:
    # Ray itself would try for minutes.
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=ANSWER_SECONDS).close()
    except (OSError, ValueError) as error:
        raise RunError(
            f"no Ray cluster answers at {address!r}; expected the address of a running head node "
            "such as '192.0.2.7:6379'; leave --address out to run on this machine"
        ) from error


def _train(
    config: Mapping[str, str],
    trials: Mapping[str, PlannedTrial],
    corpora: Mapping[Preprocessing, EncodedCorpus],
    device: str,
) -> None:
    planned = trials[config["trial"]]
    corpus = corpora[planned.trial.experiment.hyperparameters.preprocessing]
    run_trial(planned, corpus, device, [ReportEpochs()])


def _trial_name(trial: Any) -> str:
    name: str = trial.config["trial"]
    return name


def _cause(error: Exception | None) -> str:
    if error is None:
        return "stopped before its end"
    cause = getattr(error, "cause", None) or error
    return " ".join(f"{type(cause).__name__}: {cause}".split())
