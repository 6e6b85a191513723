"""The hub: out of reach in every way, answering no, and the copy in the local cache.

Each test runs a program of its own, for the library reads its settings when it is imported.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from programs import loaded_after

from agnews_tune.corpus.hub import read_hub
from agnews_tune.errors import CorpusError

# Only the reading is timed: importing the library takes seconds of its own on a busy machine.
READ = """
import sys, time, datasets
from agnews_tune.corpus.loading import AG_NEWS_NAME, AG_NEWS_REVISION
from agnews_tune.errors import CorpusError
from agnews_tune.corpus.hub import read_hub
started = time.perf_counter()
try:
    read_hub(AG_NEWS_NAME, AG_NEWS_REVISION)
except CorpusError as error:
    print(error)
seconds = time.perf_counter() - started
assert seconds < 5, seconds
assert not datasets.config.HF_HUB_OFFLINE
"""

# Writes a data set into the library's cache as the library itself does after a download.
CACHE = """
from pathlib import Path
import datasets
features = datasets.Features(
    {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["red", "blue"])}
)
rows = datasets.Dataset.from_dict({"text": ["one", "two"], "label": [1, 0]}, features=features)
for split in SPLITS:
    rows.to_parquet(f"{split}.parquet")
files = {split: f"{split}.parquet" for split in SPLITS}
builder = datasets.load_dataset_builder("parquet", data_files=files)
builder.dataset_name = "name"
cache = Path(datasets.config.HF_DATASETS_CACHE) / "owner___name" / "default" / "0.0.0"
builder.download_and_prepare(output_dir=str(cache / "some-revision"))

from agnews_tune.errors import CorpusError
from agnews_tune.corpus.hub import read_hub
try:
    for table in read_hub("owner/name", REVISION):
        print(table)
except CorpusError as error:
    print(error)
"""


def run_program(program: str, endpoint: str, folder) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment = kept | {
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(folder),
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    return subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def out_of_reach(endpoint: str, name: str = "fancyzhx/ag_news") -> str:
    return (
        f"the Hugging Face hub ({endpoint}) is out of reach, and the local cache does not hold "
        f"{name}. Give a file or folder as the source (on the command line: --data PATH), "
        "or take the built-in corpus: demo\n"
    )


@contextmanager
def closed_port() -> Iterator[str]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else gets it, none answers
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@contextmanager
def silent_port() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield f"http://127.0.0.1:{silent.getsockname()[1]}"


@contextmanager
def unknown_host() -> Iterator[str]:
    yield "https://hub.invalid"  # a name that is reserved for never being found


class Quiet(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Overload(Quiet):
    def do_HEAD(self):
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def overloaded() -> AbstractContextManager[str]:
    return served(Overload)


@pytest.mark.parametrize("hub", [closed_port, silent_port, unknown_host, overloaded])
def test_hub_out_of_reach_is_one_error_within_five_seconds(hub, tmp_path):
    """Refused, silent, unknown or overloaded: the message alone, and no setting left changed."""
    with hub() as endpoint:
        done = run_program(READ, endpoint, tmp_path)
    assert (0, out_of_reach(endpoint), "") == (done.returncode, done.stdout, done.stderr)


class Refusal(Quiet):
    def do_GET(self):
        self.send_response(404)
        self.send_header("X-Error-Code", "RepoNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815


def test_data_set_that_the_hub_has_not_is_named(tmp_path):
    """A hub that answers is not called out of reach."""
    with served(Refusal) as endpoint:
        done = run_program(READ, endpoint, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "hub:fancyzhx/ag_news cannot be read: Dataset 'fancyzhx/ag_news' doesn't exist on the Hub "
        "or cannot be accessed. Give a file or folder as the source (on the command line: "
        "--data PATH), or take the built-in corpus: demo\n"
    )


def read_cached(folder, splits: list[str], revision: str | None) -> tuple[str, str]:
    program = CACHE.replace("SPLITS", repr(splits)).replace("REVISION", repr(revision))
    with closed_port() as endpoint:
        done = run_program(program, endpoint, folder)
    assert done.returncode == 0, done.stderr
    return done.stdout, endpoint


@pytest.mark.parametrize("revision", ["some-revision", None])
def test_cached_data_set_is_read_with_the_hub_out_of_reach(revision, tmp_path):
    """Rows, class names and all three splits come from the cache."""
    rows = "places=range(1, 3), texts=['one', 'two'], labels=[1, 0], faults={}"
    splits = ["train", "validation", "test"]
    assert read_cached(tmp_path, splits, revision)[0] == "".join(
        f"Table(name='hub:owner/name {split}', unit='row', {rows}, label_names=('red', 'blue'))\n"
        for split in ("train", "test", "validation")
    )


def test_cached_data_set_of_another_revision_is_not_taken(tmp_path):
    """A pinned revision is never replaced by the one that happens to be there."""
    output, endpoint = read_cached(tmp_path, ["train"], "other-revision")
    assert output == out_of_reach(endpoint, "owner/name")


def test_cached_data_set_without_test_rows_has_none(tmp_path):
    """Whoever reads it cuts these, and validation rows, from train."""
    assert read_cached(tmp_path, ["train"], None)[0].splitlines()[1:] == ["None", "None"]


def test_data_set_without_train_rows_is_refused(tmp_path):
    """The splits that are there are listed."""
    assert read_cached(tmp_path, ["test"], None)[0] == (
        "hub:owner/name must have a split 'train'; received 'test'\n"
    )


@pytest.mark.parametrize("name", ["ag_news", "fancyzhx/", "/ag_news", "a/b/c"])
def test_hub_name_must_be_owner_and_name(name):
    """Nothing is asked of the hub for a name that cannot be one."""
    with pytest.raises(CorpusError) as caught:
        read_hub(name)
    assert str(caught.value) == (
        f"a hub source must be 'hub:<owner>/<name>'; received 'hub:{name}'"
    )


def test_importing_the_module_loads_no_library():
    """The library takes a second to import, and most commands need no hub."""
    assert {"datasets", "pyarrow"}.isdisjoint(loaded_after("import agnews_tune.corpus.loading"))
