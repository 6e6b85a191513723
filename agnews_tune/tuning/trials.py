"""A run: every trial that is to do, on the connected Ray."""

from __future__ import annotations

import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ray import tune

from agnews_tune.errors import RunError
from agnews_tune.hyperparameters import Preprocessing
from agnews_tune.records.layout import tensorboard_folder
from agnews_tune.records.reading import is_finished
from agnews_tune.runs.failures import describe_failure
from agnews_tune.runs.planned_trial import PlannedTrial
from agnews_tune.runs.progress import Progress
from agnews_tune.runs.resources import Resources
from agnews_tune.text.encoded_corpus import EncodedCorpus
from agnews_tune.training.tensorboard import TensorBoard
from agnews_tune.tuning.cluster import room
from agnews_tune.tuning.following import RETRIES, FollowTrials, ReportEpochs, reported_warnings
from agnews_tune.tuning.halving import StopWeakTrials


def run(
    trials: Sequence[PlannedTrial],
    corpora: Mapping[Preprocessing, EncodedCorpus],
    resources: Resources,
    progress: Progress,
    *,
    tensorboard: bool = False,
    scheduler: StopWeakTrials | None = None,
) -> dict[str, str]:
    """Run trials on the connected Ray; each leaves its record, or the cause of its failure.

    A trial whose process dies, or loses its GPU, is retried from its last whole epoch; an error is
    not, as it would come again. Trials that learn from others start when all that do not have
    ended.

    Args:
        trials: what to run.
        corpora: the encoded corpus for each preprocessing among them.
        resources: what each trial gets.
        progress: shown what happens.
        tensorboard: whether each trial writes its curves for TensorBoard too.
        scheduler: ends weak trials of a search early.

    Returns:
        For each trial that did not finish, its name and the cause in one line.

    Raises:
        RunError: Ray cannot write its own files.
    """
    by_name = {planned.trial.name: planned for planned in trials}
    device = "cuda" if resources.gpus_per_trial else "cpu"
    trainable = tune.with_resources(
        tune.with_parameters(
            _train,
            trials=by_name,
            corpora=dict(corpora),
            device=device,
            threads=resources.cpus_per_trial,
            tensorboard=tensorboard,
        ),
        {"cpu": resources.cpus_per_trial, "gpu": resources.gpus_per_trial},
    )
    following = FollowTrials(progress, {name: item.folder for name, item in by_name.items()})
    untaught = [name for name, planned in by_name.items() if not planned.teachers]
    taught = [name for name, planned in by_name.items() if planned.teachers]
    if untaught:
        _run_together(trainable, untaught, resources, following, scheduler)
    if taught:  # none of these is drawn by a search
        _run_together(trainable, taught, resources, following)
    missing = [
        name
        for name, planned in by_name.items()
        if not is_finished(planned.folder, planned.description["key"])
    ]
    return {name: following.failures.get(name, "stopped before its end") for name in missing}


def _run_together(
    trainable: Any,
    names: list[str],
    resources: Resources,
    following: FollowTrials,
    scheduler: StopWeakTrials | None = None,
) -> None:
    """Run the trials of these names, of which none waits for another."""
    tune_config = tune.TuneConfig(
        scheduler=scheduler,
        reuse_actors=True,
        max_concurrent_trials=resources.at_once,
        trial_name_creator=_trial_name,
        trial_dirname_creator=_trial_name,
    )
    with _run_config(following) as run_config:
        tune.Tuner(
            trainable,
            param_space={"trial": tune.grid_search(names)},
            tune_config=tune_config,
            run_config=run_config,
        ).fit()


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
                progress_reporter=tune.CLIReporter(),  # silent; a notebook's clears what we printed
                failure_config=tune.FailureConfig(max_failures=RETRIES),
                verbose=0,
            )
    except OSError as error:
        raise RunError(
            f"Ray cannot write its own files: {error.strerror or error}; it needs {room()}; "
            "free some space there, or choose another folder with TMPDIR, and run it again: "
            "finished trials and whole epochs are kept"
        ) from error


def _train(
    config: Mapping[str, str],
    trials: Mapping[str, PlannedTrial],
    corpora: Mapping[Preprocessing, EncodedCorpus],
    *,
    device: str,
    threads: int,
    tensorboard: bool,
) -> None:
    # They load torch, which the driver does without.
    import torch

    from agnews_tune.runs.distillation import soft_targets
    from agnews_tune.runs.trial import run_trial
    from agnews_tune.training.device import lost_gpu, release_gpu

    torch.set_num_threads(threads)  # whatever OMP_NUM_THREADS says
    planned = trials[config["trial"]]
    corpus = corpora[planned.trial.experiment.hyperparameters.preprocessing]
    curves = [TensorBoard(tensorboard_folder(planned.folder))] if tensorboard else []
    try:
        with reported_warnings():
            soft = soft_targets(planned.teachers, corpora, device) if planned.teachers else None
            run_trial(planned, corpus, device, [*curves, ReportEpochs()], soft)
    except Exception as error:
        if lost_gpu():
            raise  # Ray then tries again in a process of its own
        cause = describe_failure(error, planned.trial.experiment.hyperparameters)
        tune.report({"failure": cause, "traceback": traceback.format_exc()})
    finally:
        curves.clear()  # they know the model, whose memory is to be given back
        release_gpu()


def _trial_name(trial: Any) -> str:
    name: str = trial.config["trial"]
    return name
