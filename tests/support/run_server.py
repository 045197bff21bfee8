"""A real server process, and requests to it, for the functional tests."""

import http.client
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlsplit

import httpx
from command_server import ForkedCommand, can_fork
from run_cli import RunningCommand, start

TIMEOUT_SECONDS = 60.0
"""Seconds to wait for an event before the test fails."""

_BY_CONFIG = """
import json, sys
from pathlib import Path
from sokkuri.web.config import ServeConfig
from sokkuri.web.server import serve
config = {key: tuple(value) if isinstance(value, list) else value
          for key, value in json.loads(sys.argv[2]).items()}
try:
    serve(Path(sys.argv[1]), ServeConfig(port=0, **config),
          lambda line: print(line, file=sys.stderr, flush=True))
except KeyboardInterrupt:
    pass
"""


@dataclass(frozen=True)
class Reply:
    """A raw answer, not interpreted by an HTTP client."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Server:
    """A running server at `address`, which ends with a slash."""

    def __init__(self, start: Callable[[IO[bytes]], RunningCommand]) -> None:
        """Call `start` with the file for its messages, and wait until it serves."""
        reading, writing = os.pipe()
        self._messages = os.fdopen(reading, encoding="utf-8", errors="surrogateescape")
        with os.fdopen(writing, "wb") as stderr:
            self._process = start(stderr)
        self.lines: list[str] = []
        """The lines that it has written to stderr so far."""
        self._new_lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()
        self.link = self._link()
        self.address = self.link.partition("login?")[0]
        parts = urlsplit(self.address)
        assert parts.hostname is not None
        assert parts.port is not None
        self.host, self.port = parts.hostname, parts.port

    def _listen(self) -> None:
        for line in self._messages:
            self.lines.append(line.rstrip("\n"))
            self._new_lines.put(self.lines[-1])
        self._new_lines.put(None)

    def _link(self) -> str:
        """Wait for the line that says where it serves."""
        while (line := self._new_lines.get(timeout=TIMEOUT_SECONDS)) is not None:
            if line.startswith("sokkuri serves at "):
                return line.removeprefix("sokkuri serves at ")
        self._process.wait(TIMEOUT_SECONDS)
        raise AssertionError(f"exit {self._process.returncode}: {self.lines}")

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_for_line(self, text: str) -> str:
        """Return the next line of the server that contains the text, once it is written."""
        while (line := self._new_lines.get(timeout=TIMEOUT_SECONDS)) is not None:
            if text in line:
                return line
        raise AssertionError(f"the server has ended: {self.lines}")

    @cached_property
    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.address, timeout=TIMEOUT_SECONDS)

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Send GET. path : already quoted, as in an address. httpx quotes params."""
        return self.client.get(path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.client.post(path, **options)

    def api(self, path: str, **params: Any) -> Any:
        """Return the document at /api/v1/PATH. The status must be 200."""
        answer = self.get(f"/api/v1/{path}", params=params)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        return answer.json()

    def ask(
        self,
        target: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Reply:
        """Request exactly this target; httpx would resolve its dots. headers : replace defaults."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_SECONDS)
        try:
            all_headers = {"Host": f"{self.host}:{self.port}", **(headers or {})}
            connection.request(method, target, body, all_headers)
            answer = connection.getresponse()
            received = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, received, answer.read())
        finally:
            connection.close()

    def connect(self) -> socket.socket:
        """Open a bare connection. The caller closes it."""
        return socket.create_connection((self.host, self.port), timeout=TIMEOUT_SECONDS)

    def stop(self) -> None:
        """Interrupt the server, and check that it ends without an error."""
        self._process.send_signal(signal.SIGINT)
        code = self._process.wait(TIMEOUT_SECONDS)
        self._listener.join(TIMEOUT_SECONDS)
        assert code == 0, f"exit {code}: {self.lines}"
        assert not [line for line in self.lines if "Traceback" in line or "Error" in line]

    def close(self) -> None:
        """Release all resources, also after a failed test."""
        if "client" in self.__dict__:
            self.client.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(TIMEOUT_SECONDS)
        self._listener.join(TIMEOUT_SECONDS)
        self._messages.close()
        if isinstance(self._process, ForkedCommand):
            self._process.communicate()


@contextmanager
def serving(where: Path, *options: object, **environment: str) -> Iterator[Server]:
    """Run `sokkuri serve` for the collection in `where`, and stop it at the end of the block."""
    arguments = ["serve", "-C", where, "--no-browser", "--port", 0, *options]
    yield from _run(lambda stderr: start(*arguments, stderr=stderr, environment=environment))


@contextmanager
def serving_folder(folder: Path, *options: object) -> Iterator[Server]:
    """Run `sokkuri serve FOLDER`, which sets up a folder without a collection."""
    arguments = ["serve", folder, "--no-browser", "--port", 0, *options]
    yield from _run(lambda stderr: start(*arguments, stderr=stderr))


@contextmanager
def serving_with_config(where: Path, **config: Any) -> Iterator[Server]:
    """The same through the Python API, for settings that have no option."""
    arguments = [str(where), json.dumps(config)]

    def start_script(stderr: IO[bytes]) -> RunningCommand:
        if can_fork(os.environ):
            return ForkedCommand(arguments, None, os.environ, stderr, _BY_CONFIG)
        command = [sys.executable, "-c", _BY_CONFIG, *arguments]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr, encoding="utf-8")

    yield from _run(start_script)


def _run(start: Callable[[IO[bytes]], RunningCommand]) -> Iterator[Server]:
    server = Server(start)
    try:
        yield server
        if server._process.poll() is None:
            server.stop()
    finally:
        server.close()


def read_all(connection: socket.socket) -> bytes:
    """Return all bytes until the server closes the connection."""
    data = b""
    while part := connection.recv(65536):
        data += part
    return data


def quote_id(id_: str) -> str:
    """Quote an id for an address. Slashes stay, and so do bytes that are not UTF-8."""
    return quote(os.fsencode(id_))


def assert_problem(answer: httpx.Response | Reply, status: int, kind: str) -> str:
    """Check that the answer is this problem document of RFC 9457, and return its detail."""
    if isinstance(answer, httpx.Response):
        code, headers, body = answer.status_code, answer.headers, answer.content
    else:
        code, headers, body = answer.status, answer.headers, answer.body  # type: ignore[assignment]
    assert code == status, body
    assert headers["content-type"] == "application/problem+json"
    document = json.loads(body)
    assert document.keys() == {"type", "title", "status", "detail"}
    assert document["type"] == f"urn:sokkuri:problem:{kind}"
    assert document["status"] == status
    assert document["title"] == http.HTTPStatus(status).phrase
    detail: str = document["detail"]
    assert detail
    assert "\n" not in detail
    return detail
