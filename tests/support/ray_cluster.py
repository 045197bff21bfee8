"""A real Ray cluster of two nodes with one CPU each on this machine, ended by process ids.

The nodes have a cache of their own, which holds only files that were sent to them. If mounting is
allowed, the second node has its own view of the disk and does not see the files in `covered`.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

TIMEOUT_SECONDS = 120.0
"""Seconds to wait for an event before the test fails."""

# Otherwise Ray writes a token into the home folder of the user.
os.environ["RAY_AUTH_MODE"] = "disabled"

_SOON_DEAD = {
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_failure_threshold": "2",
    "RAY_health_check_initial_delay_ms": "0",
}
"""Settings of the head: it notices a killed node after a second or two."""

_RAY = """
import sys
for name in ("serve.scripts", "dashboard.modules.job.cli", "util.state.state_cli"):
    sys.modules[f"ray.{name}"] = None
from ray._private.node import Node
from ray.scripts import scripts
Node.start_api_server = lambda self, **options: setattr(self, "_webui_url", "")
scripts.get_ray_client_dependency_error = lambda: "the tests use no client"
scripts.main()
"""
"""The command `ray`, without the subcommands that take longest to import (it allows for that),
without a server for Ray's client, and without the dashboard, which starts even if it is refused."""

_COVER = 'for folder in $COVERED; do mount -t tmpfs tmpfs "$folder" || exit; done; exec "$@"'


def wait_until(condition: Callable[[], object], event: str) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{event} did not happen"
        time.sleep(0.05)


class Node:
    """One `ray start` with all processes that it starts."""

    def __init__(self, arguments: list[str], environment: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                arguments, env={**os.environ, **environment}, stdout=out, stderr=out
            )

    @property
    def started(self) -> bool:
        log_text = self._log.read_text()
        assert self.process.poll() is None, log_text
        return "Ray runtime started" in log_text

    def workers(self, title: str = "ray::Worker") -> list[psutil.Process]:
        """Return the processes that run an actor of that kind."""
        workers = []
        for process in psutil.Process(self.process.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess, IndexError):
                if process.cmdline()[0].startswith(title):
                    workers.append(process)
        return workers

    def kill(self) -> None:
        """Kill all processes at once, as a power failure does."""
        with suppress(psutil.NoSuchProcess):
            own = psutil.Process(self.process.pid)
            for process in (own, *own.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        self.process.wait()


class Cluster:
    """A head, and a second node if `start` gets a count of 2. covered : a folder that the second
    node sees empty; None if mounting is not allowed."""

    head: Node

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._port = _free_port()
        self.address = f"127.0.0.1:{self._port}"
        self._folder = folder
        self._started: list[Node] = []
        self._second: Node | None = None
        self._environment = {
            **environment, **_SOON_DEAD, "RAY_USAGE_STATS_ENABLED": "0",
            "SOKKURI_CACHE": str(folder / "cache"), "COVERED": str(folder / "covered"),
        }  # fmt: skip
        (folder / "covered").mkdir()
        self.covered = folder / "covered" if _may_mount(folder / "covered") else None

    def start(self, count: int) -> None:
        """Start the nodes, and return when all have joined."""
        self.head = self._node(
            "--head", f"--port={self._port}", "--node-ip-address=127.0.0.1",
            f"--temp-dir={self._folder}/ray", "--no-monitor", "--include-dashboard=false",
        )  # fmt: skip
        wait_until(lambda: _listens(self._port), "the head")
        if count == 2:  # both start at once
            self.begin_second()
        wait_until(lambda: self.head.started, "the head")
        assert len(self.nodes) == count

    def _node(self, *options: str, within: Sequence[str] = ()) -> Node:
        arguments = [
            *within, sys.executable, "-c", _RAY, "start", "--block", *options,
            "--num-cpus=1", "--disable-usage-stats", "--include-log-monitor=false",
            "--object-store-memory=80000000", "--min-worker-port=0", "--max-worker-port=0",
        ]  # fmt: skip
        log = self._folder / f"node-{time.monotonic_ns()}.log"
        self._started.append(Node(arguments, self._environment, log))
        return self._started[-1]

    def begin_second(self) -> Node:
        """Start the second node, without waiting for it."""
        within = ["unshare", "--mount", "bash", "-c", _COVER, "bash"] if self.covered else []
        address = f"--address={self.address}"
        self._second = self._node(address, "--node-ip-address=127.0.0.1", within=within)
        return self._second

    @property
    def second(self) -> Node:
        """The second node, started again if it was killed."""
        node = self._second
        assert node is not None
        if node.process.poll() is not None:
            node = self.begin_second()
        wait_until(lambda: node.started, "the second node")
        return node

    @property
    def nodes(self) -> list[Node]:
        return [self.head] if self._second is None else [self.head, self.second]

    def kill(self) -> None:
        for node in self._started:
            node.kill()


@contextmanager
def run_ray_cluster(count: int = 2, **environment: str) -> Iterator[Cluster]:
    """A cluster of one or two nodes while the block lasts. environment : for its processes."""
    folder = Path(tempfile.mkdtemp(prefix="ray"))  # short: the paths of sockets are limited
    cluster = Cluster(folder, environment)
    try:
        cluster.start(count)
        yield cluster
    finally:
        cluster.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _may_mount(folder: Path) -> bool:
    command = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", str(folder)]
    with suppress(FileNotFoundError):
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    return False
