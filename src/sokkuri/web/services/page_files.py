"""The HTML document of the pages and the files that it names, with hashed addresses, compressed."""

import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path, PurePosixPath

STATIC = Path(__file__).parents[1] / "static"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""Media types of static files. The registry of Windows may have other types, with which browsers
refuse scripts."""

_ADDRESS = re.compile(r'(?<=(?:src|ref)=")/static/([^"]+)(?=")')


@dataclass(frozen=True)
class PageFile:
    """A script, style sheet or image. `compressed` is its content by gzip."""

    content: bytes
    compressed: bytes
    media_type: str


@dataclass(frozen=True)
class PageFiles:
    """`document` : the HTML document. `by_path` : the files that it names, by their paths below
    /static/, which contain a part of their SHA-256."""

    document: bytes
    by_path: Mapping[str, PageFile]


@cache
def read_page_files() -> PageFiles:
    """Read index.html and the files that it names; return them with hashed addresses.

    A server reads them once. So its files belong together, even if sokkuri is upgraded while the
    server runs.
    """
    files: dict[str, PageFile] = {}

    def hashed_address(match: re.Match[str]) -> str:
        path, file = _read(match[1])
        files[path] = file
        return f"/static/{path}"

    document = _ADDRESS.sub(hashed_address, (STATIC / "index.html").read_text(encoding="utf-8"))
    return PageFiles(document.encode(), files)


def _read(name: str) -> tuple[str, PageFile]:
    """Return a file of the pages, and the path that contains its digest."""
    content = (STATIC / name).read_bytes()
    path = PurePosixPath(name)
    hashed = path.with_name(f"{path.stem}.{sha256(content).hexdigest()[:16]}{path.suffix}")
    compressed = gzip.compress(content, mtime=0)
    return str(hashed), PageFile(content, compressed, MEDIA_TYPES[path.suffix])
