"""Trials become Ray Tune trials and leave records; only the modules of this folder import ray."""

from __future__ import annotations

import logging
import os
import warnings

QUIET = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # a process that dies is told of as a retry
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_DISABLE_SIGINT_HANDLER": "1",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
}
os.environ.update(QUIET)  # Ray reads some of them while it is imported

# In a notebook Ray, and what it loads, would ask for ipywidgets, which nothing here draws with.
logging.getLogger("ray.widgets").setLevel(logging.WARNING)
with warnings.catch_warnings():
    warnings.filterwarnings("ignore", "IProgress not found")
    from agnews_tune.tuning.cluster import connect
    from agnews_tune.tuning.halving import StopWeakTrials
    from agnews_tune.tuning.sampling import draw
    from agnews_tune.tuning.trials import run

__all__ = ["StopWeakTrials", "connect", "draw", "run"]
