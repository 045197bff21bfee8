"""Parse locations: a path of this machine, or an address such as `s3://bucket/photos`.

Takes texts; returns Paths and Addresses. Works on names alone: images/remote.py asks the server.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from sokkuri.core.errors import UsageError

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://(.*)", re.DOTALL)
_DRIVE = re.compile(r"/[A-Za-z]:")  # of Windows
_LOCAL = ("file", "local")
_BUCKETS = ("s3", "s3a", "gs", "gcs")
"""Schemes whose addresses begin with the name of a bucket, which contains no `@` and no `:`."""

_SECRET = re.compile(
    r"[?&](x-(amz|goog)-[a-z-]*|[a-z_-]*(sig|signature|token|secret|password|credentials?|key))=",
    re.IGNORECASE,
)
_WEB = ("http", "https")


@dataclass(frozen=True, slots=True)
class Address:
    """A folder or an object of a store that is reached over a network. url : with its scheme,
    without a slash at its end. Offers the parts of Path's interface that need no disk."""

    url: str

    def __truediv__(self, path: str) -> "Address":
        return Address(f"{self.url}/{path}") if path else self

    def __str__(self) -> str:
        return self.url

    @property
    def scheme(self) -> str:
        return self.url.partition("://")[0]

    @property
    def host(self) -> str:
        """The bucket, or the name of the machine."""
        return self.url.partition("://")[2].partition("/")[0]

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]

    @property
    def parent(self) -> "Address":
        above = self.url.rpartition("/")[0]
        return self if above.endswith("/") else Address(above)

    def relative_path(self, url: str) -> str | None:
        """Return the `/`-separated path from here to an address, or None if it is not below."""
        path = url.removeprefix(f"{self.url}/")
        return None if path == url else path


Location: TypeAlias = Path | Address


def parse_location(text: str | Path | Address) -> Location:
    """Return the location that a person typed.

    Raises UsageError for an incomplete address, and for one that contains a secret. The message
    does not repeat the secret.
    """
    match = _ADDRESS.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return text if isinstance(text, Address) else Path(text)
    scheme, rest = match[1].lower(), match[2]
    if scheme in _LOCAL:
        if os.name == "nt" and _DRIVE.match(rest):
            rest = rest[1:]  # file:///C:/photos
        return Path(rest)
    if _holds_secret(scheme, rest):
        raise UsageError(
            f"this {scheme}:// address seems to contain a key or a token, which would be stored "
            "and shown: leave it out, credentials come from the environment (docs/cloud.md)"
        )
    rest = rest.rstrip("/")
    if not rest or (scheme in _BUCKETS and rest.startswith("/")):
        raise UsageError(f"{text} is incomplete: give {scheme}://BUCKET/FOLDER")
    try:
        rest.encode()
    except UnicodeEncodeError:
        raise UsageError(f"this {scheme}:// address is not UTF-8") from None
    return Address(f"{scheme}://{rest}")


def location_from_str(text: str) -> Location:
    """Return the Location whose `str` this is."""
    return Address(text) if _ADDRESS.match(text) else Path(text)


def _holds_secret(scheme: str, rest: str) -> bool:
    """Return whether a password stands before the host or in the query string."""
    host = rest.partition("/")[0]
    if host.startswith("arn:"):  # an S3 access point, whose name contains colons
        return bool(_SECRET.search(rest))
    user, at, machine = host.rpartition("@")
    port = machine.partition(":")[2]  # or the start of a secret, which may contain a slash
    if ":" in user or (port and not port.isdigit()):
        return True
    if scheme in _BUCKETS and (at or port):
        return True
    return bool(_SECRET.search(rest)) or (scheme in _WEB and "?" in rest)


def redact(text: str) -> str:
    """Return a line for messages: the line itself, or, for an address with a secret, its scheme."""
    match = _ADDRESS.fullmatch(text)
    if match is None or not _holds_secret(match[1].lower(), match[2]):
        return text
    return f"an address of {match[1].lower()}:// with a key or a token"


def is_within(inner: Location, outer: Location) -> bool:
    """Return whether `inner` is below `outer`, or equal to it."""
    if isinstance(inner, Path) and isinstance(outer, Path):
        return inner.resolve().is_relative_to(outer.resolve())
    if isinstance(inner, Address) and isinstance(outer, Address):
        return inner == outer or outer.relative_path(inner.url) is not None
    return False
