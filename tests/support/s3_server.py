"""A real S3 server on loopback, and a proxy in front of it that makes requests fail."""

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import httpx
import pytest

TIMEOUT_SECONDS = 60.0
"""Seconds to wait for an event before the test fails."""

KEY, SECRET = "AKIATESTSTESTSTESTS", "a-secret/that+must-be-seen-nowhere"

PAGE = 3
"""Keys on one page of a listing: few, so that every listing has several pages."""

Trouble = Literal["", "cut", "slow down", "refuse", "delete first"]
"""What the proxy does: cut the body in half, answer 503 or 403, or delete the object before it
forwards the request. "" forwards the request unchanged."""


def free_port() -> int:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def client_environment(address: str) -> dict[str, str]:
    """Return the variables with which S3 clients find the server."""
    return {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }


class S3Server:
    """moto's server, in a process of its own. address : its HTTP address, without a final slash."""

    def __init__(self) -> None:
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "MOTO_S3_DEFAULT_MAX_KEYS": str(PAGE)},
        )
        # Without a name, a client may not change the objects of other clients.
        headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={KEY}/20260101/us-east-1/s3/x"}
        self.client = httpx.Client(
            base_url=self.address, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False
        )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            assert self._process.poll() is None, "moto's server has ended"
            try:
                self.client.get("/moto-api/")
            except httpx.TransportError:
                time.sleep(0.05)  # no event says that it listens
            else:
                return
        raise AssertionError("moto's server does not answer")

    def bucket(self, name: str) -> "Bucket":
        assert self.client.put(f"/{name}").status_code == 200
        return Bucket(self, name)

    def stop(self) -> None:
        self.client.close()
        self._process.terminate()
        self._process.wait(TIMEOUT_SECONDS)


@dataclass(frozen=True)
class Bucket:
    """A bucket of one test."""

    server: S3Server
    name: str

    @property
    def url(self) -> str:
        return f"s3://{self.name}"

    def put(self, key: str, data: bytes) -> None:
        answer = self.server.client.put(f"/{self.name}/{quote(key)}", content=data)
        assert answer.status_code == 200, answer.text

    def put_folder(self, folder: Path, prefix: str) -> None:
        """Put all files below the folder."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.put(f"{prefix}/{path.relative_to(folder).as_posix()}", path.read_bytes())

    def get(self, key: str) -> bytes:
        return self.server.client.get(f"/{self.name}/{quote(key)}").raise_for_status().content

    def delete(self, key: str) -> None:
        self.server.client.delete(f"/{self.name}/{quote(key)}").raise_for_status()


@dataclass(frozen=True)
class ProxyRequest:
    """A request to the proxy. path : bucket and key, as in the address."""

    method: str
    path: str
    range: str | None


class Proxy:
    """Forwards requests to the server. requests : all requests so far. trouble : returns what to do
    with a request; "cut" sends half of the body after the length of the whole body."""

    def __init__(self, server: S3Server, trouble: Callable[[ProxyRequest], Trouble]) -> None:
        self.requests: list[ProxyRequest] = []
        self.delay = 0.0
        """Seconds before each answer, as on a slow network."""
        self._trouble = trouble
        self._upstream = server.address.removeprefix("http://")
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=[0.05])
        self._thread.start()

    def count(self, method: str, ending: str) -> int:
        """Return the number of requests of this method with a path of this ending."""
        return sum(
            request.method == method and request.path.endswith(ending) for request in self.requests
        )

    def stop(self) -> None:
        self._http.shutdown()
        self._thread.join(TIMEOUT_SECONDS)
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass

            def do_GET(self) -> None:
                proxy._answer(self)

        for method in ("HEAD", "PUT", "POST", "DELETE"):
            setattr(Handler, f"do_{method}", Handler.do_GET)
        return Handler

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        request = ProxyRequest(
            handler.command, handler.path.partition("?")[0], handler.headers["Range"]
        )
        self.requests.append(request)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        if self.delay:
            threading.Event().wait(self.delay)
        trouble = self._trouble(request)
        if trouble in ("slow down", "refuse"):
            self._refuse(handler, 503 if trouble == "slow down" else 403)
            return
        if trouble == "delete first":
            credentials = {"Authorization": handler.headers["Authorization"]}
            self._forward("DELETE", request.path, credentials, b"")
        status, headers, data = self._forward(
            handler.command, handler.path, dict(handler.headers.items()), body
        )
        handler.send_response(status)
        for name, value in headers:
            handler.send_header(name, value)
        handler.end_headers()
        if trouble == "cut":
            handler.wfile.write(data[: len(data) // 2])
            handler.close_connection = True
        else:
            handler.wfile.write(data)

    def _forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        with closing(
            http.client.HTTPConnection(self._upstream, timeout=TIMEOUT_SECONDS)
        ) as upstream:
            upstream.request(method, path, body, headers)
            answer = upstream.getresponse()
            kept = [
                (name, value)
                for name, value in answer.getheaders()
                if name.lower() not in ("connection", "transfer-encoding", "date", "server")
            ]
            data = answer.read()
        if method != "HEAD" and not any(name.lower() == "content-length" for name, _ in kept):
            kept.append(("Content-Length", str(len(data))))
        return answer.status, kept, data

    def _refuse(self, handler: BaseHTTPRequestHandler, status: int) -> None:
        code = "SlowDown" if status == 503 else "AccessDenied"
        text = f"<Error><Code>{code}</Code><Message>{SECRET}</Message></Error>".encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(text)))
        handler.send_header("Content-Type", "application/xml")
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(text)


@contextmanager
def run_proxy(server: S3Server, trouble: Callable[[ProxyRequest], Trouble]) -> Iterator[Proxy]:
    proxy = Proxy(server, trouble)
    try:
        yield proxy
    finally:
        proxy.stop()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    server = S3Server()
    try:
        yield server
    finally:
        server.stop()
