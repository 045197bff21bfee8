"""A real Milvus for the tests: the server that PyPI's `milvus` bundles, a process on free ports.

    python tests/support/milvus_server.py PACKAGE COMMAND...

starts a server and runs the command. SOKKURI_MILVUS names the server, and SOKKURI_MILVUS_PACKAGE
the package, for tests that start their own server. PACKAGE is the folder into which `pip install
--target` installed `milvus`; its programs are unpacked there once. Written for Milvus 2.3.5, which
then starts in three seconds. The launcher of the package does not move the ports of etcd.
"""

import lzma
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

if TYPE_CHECKING:  # pymilvus takes a second to import, and the gate runs no Milvus
    from pymilvus import MilvusClient

TIMEOUT_SECONDS = 180.0
"""Seconds to wait for an event before the test fails."""

ACCOUNT = "root:Milvus"
"""The account of a new server. The server requires it, so the tests send it."""

_PORTS = (
    "health", "client", "peer", "root", "proxy", "internal", "query", "querynode", "index", "data",
    "datanode",
)  # fmt: skip

_SERVER = """
etcd:
  endpoints: 127.0.0.1:{client}
  use: {{embed: true}}
  data: {{dir: {folder}/etcd}}
  config: {{path: {folder}/configs/etcd.yaml}}
  log: {{level: error, path: {folder}/etcd.log}}
metastore: {{type: etcd}}
localStorage: {{path: {folder}/data}}
mq: {{type: rocksmq}}
rocksmq: {{path: {folder}/rocksmq}}
rootCoord: {{ip: 127.0.0.1, port: {root}, dmlChannelNum: 4}}
proxy: {{ip: 127.0.0.1, port: {proxy}, internalPort: {internal}, http: {{enabled: false}}}}
queryCoord: {{ip: 127.0.0.1, port: {query}, checkInterval: 100, distPullInterval: 100}}
queryNode: {{ip: 127.0.0.1, port: {querynode}}}
indexNode: {{ip: 127.0.0.1, port: {index}}}
dataCoord: {{ip: 127.0.0.1, port: {data}}}
dataNode: {{ip: 127.0.0.1, port: {datanode}}}
log: {{level: warn, stdout: true}}
common:
  storageType: local
  security: {{authorizationEnabled: true}}
  session: {{ttl: 3}}
"""

_ETCD = """
listen-peer-urls: http://127.0.0.1:{peer}
initial-advertise-peer-urls: http://127.0.0.1:{peer}
initial-cluster: default=http://127.0.0.1:{peer}
listen-client-urls: http://127.0.0.1:{client}
advertise-client-urls: http://127.0.0.1:{client}
"""


class Milvus:
    """A server with its own data in `folder`. It can be started and stopped repeatedly."""

    def __init__(self, package: Path, folder: Path) -> None:
        self._programs = _unpack_programs(package)
        self._folder = folder
        self._ports = dict(zip(_PORTS, _free_ports(len(_PORTS)), strict=True))
        self.process: subprocess.Popen[bytes] | None = None
        (folder / "configs").mkdir()
        for name, text in (("milvus", _SERVER), ("etcd", _ETCD)):
            config = text.format(folder=folder, **self._ports)
            (folder / "configs" / f"{name}.yaml").write_text(config)
        (folder / "configs" / "glog.conf").write_text("--logtostderr=true\n--minloglevel=2\n")

    @property
    def at(self) -> str:
        """Return `user:password@host:port`, as in an address."""
        return f"{ACCOUNT}@127.0.0.1:{self._ports['proxy']}"

    def start(self) -> None:
        """Start the server, and return when it answers."""
        with (self._folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self._programs / "milvus", "run", "standalone"], cwd=self._folder,
                env={
                    **os.environ, "DEPLOY_MODE": "STANDALONE",
                    "METRICS_PORT": str(self._ports["health"]),
                    "LD_LIBRARY_PATH": str(self._programs),
                },
                stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not self._healthy():
            if self.process.poll() is not None or time.monotonic() > deadline:
                log_text = (self._folder / "log").read_text(errors="replace")[-4000:]
                self.stop()
                raise RuntimeError(f"Milvus does not start: {log_text}")
            time.sleep(0.1)

    def _healthy(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self._ports['health']}/healthz", timeout=5) as answer:
                healthy = b"OK" in answer.read()
        except OSError:
            return False
        return healthy and self._answers()

    def _answers(self) -> bool:
        """Return whether it answers a request. A server calls itself healthy before it accepts
        clients, and while a killed predecessor still counts as running."""
        from pymilvus import MilvusException

        try:
            with self.connect() as client:
                client.list_collections(timeout=5)
        except MilvusException:
            return False
        return True

    @contextmanager
    def connect(self) -> "Iterator[MilvusClient]":
        from pymilvus import MilvusClient

        account, _, host = self.at.rpartition("@")
        with closing(MilvusClient(f"http://{host}", token=account, dedicated=True)) as client:
            yield client

    def stop(self) -> None:
        """Kill the server. A polite stop can take half an hour."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(TIMEOUT_SECONDS)
            self.process = None


def _unpack_programs(package: Path) -> Path:
    """Unpack the programs of the server, and return their folder."""
    packed = package / "milvus" / "data" / "bin"
    folder = package / "unpacked"
    folder.mkdir(exist_ok=True)
    for source in sorted(packed.glob("*.lzma")):
        target = folder / source.stem
        if not target.exists():
            part = target.with_suffix(f".{os.getpid()}")
            part.write_bytes(lzma.decompress(source.read_bytes()))
            part.chmod(0o755)
            part.rename(target)
    if not (folder / "milvus").exists():
        raise FileNotFoundError(f"there is no Milvus in {package}")
    return folder


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for bound in sockets:
            bound.bind(("127.0.0.1", 0))
        return [bound.getsockname()[1] for bound in sockets]
    finally:
        for bound in sockets:
            bound.close()


@contextmanager
def run_milvus(package: Path) -> Iterator[Milvus]:
    """Run a server until the block ends."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = Milvus(package.resolve(), Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()


def main(package: str, *command: str) -> int:
    with run_milvus(Path(package)) as server:
        environment = {
            **os.environ, "SOKKURI_MILVUS": server.at, "SOKKURI_MILVUS_PACKAGE": package
        }  # fmt: skip
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
