"""Trials become Ray Tune trials and leave records; the only module that imports ray."""

from __future__ import annotations

import logging
import os
import resource
import secrets
import shutil
import socket
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from agnews_tune.encoding import EncodedCorpus
from agnews_tune.errors import RunError, WriteError
from agnews_tune.failures import describe_failure, one_line
from agnews_tune.history import Callback, Logs
from agnews_tune.hyperparameters import Preprocessing
from agnews_tune.interrupts import kept_handlers
from agnews_tune.planning import PlannedTrial
from agnews_tune.progress import Progress
from agnews_tune.records import is_finished, tensorboard_folder, write_failure
from agnews_tune.resources import Capacity, Resources, local_capacity
from agnews_tune.tensorboard import TensorBoard
from agnews_tune.trial import run_trial

QUIET = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # a process that dies is told of as a retry
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
}
ANSWER_SECONDS = 5
RETRIES = 3  # of a trial whose process dies
os.environ.update(QUIET)  # Ray reads some of them while it is imported

import ray  # noqa: E402
from ray import tune  # noqa: E402


class ReportEpochs(Callback):
    """Tells the driver about each epoch, from inside a Ray trial."""

    def on_pretrain_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Report the figures of one epoch of pretraining."""
        tune.report({"pretrain_epoch": epoch + 1, **logs})

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Report the figures of one epoch."""
        tune.report({"epoch": epoch + 1, **logs})


class FollowTrials(tune.Callback):
    """Passes what Ray Tune tells the driver on to a Progress, and records failures as they come.

    Args:
        progress: shown what happens.
        folders: of the trials' records, by the trials' names.

    Attributes:
        failures: the cause in one line for each trial that failed, by its name.
    """

    def __init__(self, progress: Progress, folders: Mapping[str, Path]) -> None:
        self.progress = progress
        self.folders = folders
        self.failures: dict[str, str] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Ray writes its callbacks to disk for a restore that this program never does

    def on_trial_start(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A trial got its processor."""
        self.progress.trial_started(str(trial))

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """A trial ended an epoch, or says why it ends without a result."""
        if "failure" in result:
            self._failed(str(trial), result["failure"], result["traceback"])
        elif "pretrain_epoch" in result:
            self.progress.pretrain_epoch_ended(str(trial), result)
        else:
            self.progress.epoch_ended(str(trial), result)

    def on_trial_recover(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """The process of a trial died, and Ray Tune starts another one."""
        self.progress.trial_retried(str(trial), RETRIES)

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A trial left its record, or has failed."""
        if str(trial) not in self.failures:
            self.progress.trial_finished(str(trial))

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """The process of a trial died too often."""
        cause = f"its process died {RETRIES + 1} times: killed, or the machine is out of memory"
        self._failed(str(trial), cause)

    def _failed(self, name: str, cause: str, details: str = "") -> None:
        self.failures[name] = cause
        with suppress(WriteError):  # where the disk is full the cause is still shown
            write_failure(self.folders[name], cause, details)
        self.progress.trial_failed(name, cause)


@contextmanager
def connect(address: str | None = None) -> Iterator[Capacity]:
    """Start Ray on this machine, or join the cluster at ``address``, for the time of the block.

    Raises:
        RunError: no cluster answers at the address.
    """
    if address is None:
        # Ray would write a token of its own into the home folder, which may be read-only.
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        where: dict[str, Any] = {"address": "local", "num_cpus": int(local_capacity().cpus)}
    else:
        _check_answers(address)
        where = {"address": address}
    try:
        with kept_handlers():
            ray.init(
                **where, log_to_driver=False, logging_level=logging.ERROR, include_dashboard=False
            )
    except Exception as error:  # a bare one where a process of Ray does not come up
        raise RunError(f"Ray does not start: {one_line(str(error))}; {_limits()}") from error
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
    tensorboard: bool = False,
) -> dict[str, str]:
    """Run trials on the connected Ray; each leaves its record, or the cause of its failure.

    A trial whose process dies is retried from its last whole epoch; an error is not, as it would
    come again.

    Args:
        trials: what to run.
        corpora: the encoded corpus for each preprocessing among them.
        resources: what each trial gets.
        progress: shown what happens.
        tensorboard: whether each trial writes its curves for TensorBoard too.

    Returns:
        For each trial that did not finish, its name and the cause in one line.

    Raises:
        RunError: Ray cannot write its own files.
    """
    by_name = {planned.trial.name: planned for planned in trials}
    device = "cuda" if resources.gpus_per_trial else "cpu"
    trainable = tune.with_resources(
        tune.with_parameters(
            _train, trials=by_name, corpora=dict(corpora), device=device, tensorboard=tensorboard
        ),
        {"cpu": resources.cpus_per_trial, "gpu": resources.gpus_per_trial},
    )
    tune_config = tune.TuneConfig(
        reuse_actors=True,
        max_concurrent_trials=resources.at_once,
        trial_name_creator=_trial_name,
        trial_dirname_creator=_trial_name,
    )
    following = FollowTrials(progress, {name: item.folder for name, item in by_name.items()})
    with _run_config(following) as run_config:
        tune.Tuner(
            trainable,
            param_space={"trial": tune.grid_search(list(by_name))},
            tune_config=tune_config,
            run_config=run_config,
        ).fit()
    missing = [
        name
        for name, planned in by_name.items()
        if not is_finished(planned.folder, planned.description["key"])
    ]
    return {name: following.failures.get(name, "stopped before its end") for name in missing}


@contextmanager
def _run_config(following: FollowTrials) -> Iterator[tune.RunConfig]:
    # Ray's own files are there for the time of the run; no trial hands it anything to keep.
    try:
        with tempfile.TemporaryDirectory(
            prefix="agnews-tune-", ignore_cleanup_errors=True
        ) as storage:
            yield tune.RunConfig(
                name="tune",
                storage_path=storage,
                callbacks=[following],
                failure_config=tune.FailureConfig(max_failures=RETRIES),
                verbose=0,
            )
    except OSError as error:
        raise RunError(
            f"Ray cannot write its own files: {error.strerror or error}; it needs {_room()}; "
            "free some space there, or choose another folder with TMPDIR, and run it again: "
            "finished trials and whole epochs are kept"
        ) from error


def _limits() -> str:
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return f"it needs some 64 open files (ulimit -n: {files}) and {_room()}"


def _room() -> str:
    # Ray takes TMPDIR even where Python does not because it is full.
    folder = os.environ.get("RAY_TMPDIR") or os.environ.get("TMPDIR") or tempfile.gettempdir()
    with suppress(OSError):
        return f"room in {folder} ({shutil.disk_usage(folder).free:,} bytes)"
    return f"room in {folder} (which is not there)"


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
    tensorboard: bool,
) -> None:
    planned = trials[config["trial"]]
    corpus = corpora[planned.trial.experiment.hyperparameters.preprocessing]
    curves = [TensorBoard(tensorboard_folder(planned.folder))] if tensorboard else []
    try:
        run_trial(planned, corpus, device, [*curves, ReportEpochs()])
    except Exception as error:  # noqa: BLE001 - whatever it is, the other trials go on
        cause = describe_failure(error, planned.trial.experiment.hyperparameters)
        tune.report({"failure": cause, "traceback": traceback.format_exc()})


def _trial_name(trial: Any) -> str:
    name: str = trial.config["trial"]
    return name
