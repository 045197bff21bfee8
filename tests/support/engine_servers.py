"""Real search engines for the tests, started and stopped by their process ids.

PostgreSQL comes from the package `pgserver`, which bundles PostgreSQL with pgvector. It starts in a
second. Milvus Lite runs in the process of its client, with its data in a folder, and starts in a
second too. Milvus itself is tested if SOKKURI_MILVUS names a running server, as `make test-engines`
does.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

TIMEOUT_SECONDS = 60.0
"""Seconds to wait for an event before the test fails."""

_NOBODY = 65534
MILVUS = os.environ.get("SOKKURI_MILVUS", "")
"""A running Milvus, as `user:password@host:port`; "" if there is none."""

ENGINES = ["pgvector", "milvus-lite", *(["milvus"] if MILVUS else [])]


class Postgres:
    """A server with its own data below `folder`. It can be started and stopped repeatedly."""

    def __init__(self, folder: Path) -> None:
        self._package = _package()
        self._folder = folder
        self._as: dict[str, Any] = {}
        if os.name == "posix" and os.geteuid() == 0:  # PostgreSQL does not run as root
            self._as = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
        self.process: subprocess.Popen[bytes] | None = None
        self._create()

    def _create(self) -> None:
        for part in (self._folder, self._folder / "data", self._folder / "socket"):
            part.mkdir(exist_ok=True)
            part.chmod(0o700)
            if self._as:
                os.chown(part, _NOBODY, _NOBODY)
        if self._as:  # this user cannot read the folder of the packages
            program = self._folder / "program"
            for name in (self._package.name, f"{self._package.name}.libs"):
                shutil.copytree(self._package.with_name(name), program / name)
            self._package = program / self._package.name
        self._run("initdb", "-D", self._folder / "data", "-U", "postgres", "--auth=trust",
                  "-E", "UTF8", "--locale=C", "--no-sync")  # fmt: skip

    @property
    def _binaries(self) -> Path:
        return self._package / "pginstall" / "bin"

    def _run(self, name: str, *arguments: object) -> None:
        subprocess.run(
            [self._binaries / name, *map(str, arguments)], cwd=self._folder, check=True,
            capture_output=True, **self._as,
        )  # fmt: skip

    def start(self) -> None:
        """Start the server, and return when it answers."""
        with (self._folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self._binaries / "postgres", "-D", self._folder / "data", "-k",
                 self._folder / "socket", "-h", "", "-c", "fsync=off"],
                cwd=self._folder, stdout=log, stderr=log, **self._as,
            )  # fmt: skip
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while True:
            try:
                self.connect().close()
            except psycopg.OperationalError:
                log_text = (self._folder / "log").read_text()
                assert self.process.poll() is None, log_text
                assert time.monotonic() < deadline, log_text
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """Stop the server at once and cut its connections, as a power failure does."""
        if self.process is not None:
            self.process.send_signal(3)  # SIGQUIT, which its child processes get too
            self.process.wait(TIMEOUT_SECONDS)
            self.process = None

    def connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        return psycopg.connect(
            host=str(self._folder / "socket"), user="postgres", dbname="postgres", autocommit=True
        )

    def address(self, table: str) -> str:
        return f"pgvector://postgres@/postgres/{table}?host={self._folder / 'socket'}"


def _package() -> Path:
    spec = find_spec("pgserver")  # not imported: the import looks for running servers
    if spec is None or spec.origin is None:
        pytest.skip("needs pgserver, which has no package for this Python")
    return Path(spec.origin).parent


@contextmanager
def run_postgres() -> Iterator[Postgres]:
    """Run a server until the block ends."""
    # Other users cannot enter pytest's folder, and the path of a socket must be short.
    folder = Path("/tmp" if sys.platform != "win32" else ".") / f"sokkuri-pg-{uuid4().hex[:8]}"
    server = Postgres(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    with run_postgres() as server:
        yield server


@pytest.fixture(params=ENGINES)
def engine_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of a new table or collection, for each engine."""
    return _address(request, tmp_path)


@pytest.fixture(params=[name for name in ENGINES if name != "milvus-lite"])
def served_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The same for engines that several processes can use at once."""
    return _address(request, tmp_path)


def _address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    name = f"t{uuid4().hex[:12]}"
    if request.param == "milvus":
        return f"milvus://{MILVUS}/{name}"
    if request.param == "milvus-lite":  # its own file: only one process can open it
        return f"milvus://{tmp_path}/lite.db/{name}"
    server: Postgres = request.getfixturevalue("postgres_server")
    return server.address(name)
