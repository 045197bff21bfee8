"""Real search engines for the tests: started and stopped by their process ids.

PostgreSQL comes from the package `pgserver`, which bundles one with pgvector; it starts in a
second. So does Milvus Lite, in the process that asks, with its data in a folder. Milvus itself is
asked where SOKKURI_MILVUS names one that runs, which `make test-engines` sees to.
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
"""Seconds after which what is waited for will not come any more."""

_NOBODY = 65534
MILVUS = os.environ.get("SOKKURI_MILVUS", "")
"""Where a Milvus runs, as `user:password@host:port`; "" without one."""

ENGINES = ["pgvector", "milvus-lite", *(["milvus"] if MILVUS else [])]


class Postgres:
    """A server with data of its own below `folder`. Start and stop it as often as needed."""

    def __init__(self, folder: Path) -> None:
        self._package = _package()
        self._folder = folder
        self._as: dict[str, Any] = {}
        if os.name == "posix" and os.geteuid() == 0:  # PostgreSQL does not run as root
            self._as = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}
        self.process: subprocess.Popen[bytes] | None = None
        self._make()

    def _make(self) -> None:
        for part in (self._folder, self._folder / "data", self._folder / "socket"):
            part.mkdir(exist_ok=True)
            part.chmod(0o700)
            if self._as:
                os.chown(part, _NOBODY, _NOBODY)
        if self._as:  # who may not enter where the packages are
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
        """Returns when it answers."""
        with (self._folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self._binaries / "postgres", "-D", self._folder / "data", "-k",
                 self._folder / "socket", "-h", "", "-c", "fsync=off"],
                cwd=self._folder, stdout=log, stderr=log, **self._as,
            )  # fmt: skip
        until = time.monotonic() + TIMEOUT_SECONDS
        while True:
            try:
                self.connect().close()
            except psycopg.OperationalError:
                said = (self._folder / "log").read_text()
                assert self.process.poll() is None, said
                assert time.monotonic() < until, said
                time.sleep(0.02)
            else:
                return

    def stop(self) -> None:
        """At once, as where the machine goes down: connections are cut."""
        if self.process is not None:
            self.process.send_signal(3)  # SIGQUIT: to this server's own processes too
            self.process.wait(TIMEOUT_SECONDS)
            self.process = None

    def connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        return psycopg.connect(
            host=str(self._folder / "socket"), user="postgres", dbname="postgres", autocommit=True
        )

    def address(self, table: str) -> str:
        return f"pgvector://postgres@/postgres/{table}?host={self._folder / 'socket'}"


def _package() -> Path:
    spec = find_spec("pgserver")  # not imported, which would look for servers of its own
    if spec is None or spec.origin is None:
        pytest.skip("needs pgserver, which has no package for this Python")
    return Path(spec.origin).parent


@contextmanager
def run_postgres() -> Iterator[Postgres]:
    """One that runs, until the block ends."""
    # Not below pytest's own folder, which is closed to other users, and short: a socket's path is.
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
    """Of a table or collection that is not there yet, in each engine there is."""
    return _address(request, tmp_path)


@pytest.fixture(params=[name for name in ENGINES if name != "milvus-lite"])
def served_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The same of those that several processes can ask at once."""
    return _address(request, tmp_path)


def _address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    name = f"t{uuid4().hex[:12]}"
    if request.param == "milvus":
        return f"milvus://{MILVUS}/{name}"
    if request.param == "milvus-lite":  # a file of its own: only one process has it open
        return f"milvus://{tmp_path}/lite.db/{name}"
    server: Postgres = request.getfixturevalue("postgres_server")
    return server.address(name)
