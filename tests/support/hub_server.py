"""A small hub that speaks the API of Hugging Face, for one repository, on this machine.

It answers what `huggingface_hub` asks: the facts of a repository at a revision, and its files by
HEAD and GET with ETags and ranges. Large files are redirected to another path, as the real one
redirects to its stores. It can be gated, lie about a file, and cut a connection.
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

REPOSITORY = "someone/colour-words"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = (".onnx", "tokenizer.json", "1b9d6bcd")
"""Files that are kept by their SHA-256, as Git LFS does; others by their Git blob."""


@dataclass
class Hub:
    """The state of the server. folder : the repository's files. asked : method, path and range of
    each request. tokens : that came with requests. cut : files whose first answer ends half-way.
    altered : files whose bytes are not those of their digest."""

    folder: Path
    address: str = ""
    gated: bool = False
    token: str = ""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    cut: set[str] = field(default_factory=set)
    altered: set[str] = field(default_factory=set)

    def files(self) -> dict[str, bytes]:
        """Return the bytes of all files by name."""
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in paths}

    def facts(self) -> dict[str, Any]:
        """Return the document that the real API returns, with what clients need."""
        siblings = []
        for name, data in self.files().items():
            entry: dict[str, Any] = {"rfilename": name, "size": len(data), "blobId": blob_id(data)}
            if name.endswith(LARGE):
                sha256 = hashlib.sha256(data).hexdigest()
                entry["lfs"] = {"sha256": sha256, "size": len(data), "pointerSize": 130}
            siblings.append(entry)
        return {
            "_id": "1", "id": REPOSITORY, "modelId": REPOSITORY, "author": "someone",
            "sha": COMMIT, "private": False, "gated": "manual" if self.gated else False,
            "disabled": False, "downloads": 0, "likes": 0, "tags": ["onnx", "license:mit"],
            "cardData": {"license": "mit"}, "siblings": siblings,
        }  # fmt: skip


def blob_id(data: bytes) -> str:
    """Return the name that Git gives to a file with these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@contextmanager
def serving_hub(folder: Path) -> Iterator[Hub]:
    """Serve the folder as the repository `REPOSITORY` until the block ends."""
    hub = Hub(folder)
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: ClassVar[Hub]
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - http.server's name
        """Print nothing."""

    def _answer(self, *, with_body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append((self.command, path, self.headers.get("Range", "")))
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.hub.tokens |= {token} - {""}
        api = f"/api/models/{REPOSITORY}"
        if path in (api, f"{api}/revision/main", f"{api}/revision/{COMMIT}"):
            self._send(json.dumps(self.hub.facts()).encode(), {"Content-Type": "application/json"})
        elif path.startswith(f"{api}/revision/"):
            self._refuse(404, "RevisionNotFound")
        elif path.startswith("/store/"):
            self._send_file(path.removeprefix("/store/"))
        elif path.startswith(f"/{REPOSITORY}/resolve/{COMMIT}/"):
            self._resolve(path.removeprefix(f"/{REPOSITORY}/resolve/{COMMIT}/"), token, with_body)
        else:
            self._refuse(404, "RepoNotFound")

    def _resolve(self, name: str, token: str, with_body: bool) -> None:
        data = self.hub.files().get(name)
        if self.hub.gated and (not token or token != self.hub.token):
            self._refuse(403 if token else 401, "GatedRepo")
        elif data is None:
            self._refuse(404, "EntryNotFound")
        elif name.endswith(LARGE):
            headers = {
                "X-Repo-Commit": COMMIT, "X-Linked-Size": str(len(data)),
                "X-Linked-Etag": f'"{hashlib.sha256(data).hexdigest()}"',
                # Another host: a client follows redirects of the hub itself even for HEAD.
                "Location": f"{self.hub.address.replace('127.0.0.1', 'localhost')}/store/{name}",
            }  # fmt: skip
            self._send(b"", headers, 302)
        else:
            headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{blob_id(data)}"'}
            self._send(data if with_body else b"", headers, length=len(data))

    def _send_file(self, name: str) -> None:
        data = self.hub.files()[name]
        if name in self.hub.altered:
            data = bytes(len(data))
        start = int(self.headers.get("Range", "bytes=0-")[6:].partition("-")[0])
        headers = {"ETag": f'"{hashlib.sha256(data).hexdigest()}"', "Accept-Ranges": "bytes"}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        part = data[start:]
        if name in self.hub.cut:
            self.hub.cut.remove(name)
            self._send(part[: len(part) // 2], headers, 200, length=len(part))
            self.close_connection = True
            return
        self._send(part, headers, 206 if start else 200)

    def _refuse(self, status: int, code: str) -> None:
        self._send(b'{"error": "no"}', {"X-Error-Code": code, "X-Error-Message": "no"}, status)

    def _send(
        self, body: bytes, headers: dict[str, str], status: int = 200, length: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
