"""Programs that train the same network on the same rows, each as its users would write it.

A way takes a Workload, prepares what it does once, and returns a function that goes once over the
rows.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.ways.classifier import prepare_classifier
from benchmarks.ways.dataloader import prepare_dataloader
from benchmarks.ways.limit import prepare_limit
from benchmarks.ways.notebook import prepare_notebook
from benchmarks.ways.skorch_net import prepare_skorch
from benchmarks.workload import Workload

Way = Callable[[Workload], Callable[[], object]]
WAYS: dict[str, Way] = {
    "fit": prepare_classifier,
    "limit": prepare_limit,
    "DataLoader": prepare_dataloader,
    "skorch": prepare_skorch,
    "notebook": prepare_notebook,
}
