"""Where photos can be: in a folder of this machine, or at an address such as `s3://bucket/photos`.

Takes texts; hands on Locations. Names only: what is there, remote.py finds out.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from sokkuri.core.errors import UsageError

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://(.*)", re.DOTALL)
_LOCAL = ("file", "local")
_BUCKETS = ("s3", "s3a", "gs", "gcs")
"""Schemes whose addresses begin with a bucket's name, which has neither `@` nor `:`."""

_SECRET = re.compile(
    r"[?&](x-(amz|goog)-[a-z-]*|[a-z_-]*(sig|signature|token|secret|password|credentials?|key))=",
    re.IGNORECASE,
)
_WEB = ("http", "https")


@dataclass(frozen=True, slots=True)
class Address:
    """A place in a store that is reached over a network, or one of its objects. url : with its
    scheme, without a slash at its end. What Paths can do without a look at the disk, it does too.
    """

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
        """The bucket, or the machine."""
        return self.url.partition("://")[2].partition("/")[0]

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]

    @property
    def parent(self) -> "Address":
        above = self.url.rpartition("/")[0]
        return self if above.endswith("/") else Address(above)

    def relative_path(self, url: str) -> str | None:
        """The path from here to an address, `/`-separated; None where that lies elsewhere."""
        path = url.removeprefix(f"{self.url}/")
        return None if path == url else path


Location: TypeAlias = Path | Address


def parse_location(text: str | Path | Address) -> Location:
    """What a person names. Raises UsageError for an address that names nothing, or holds a secret,
    which is not repeated."""
    found = _ADDRESS.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return text if isinstance(text, Address) else Path(text)
    scheme, rest = found[1].lower(), found[2]
    if scheme in _LOCAL:
        return Path(rest)
    if _holds_secret(scheme, rest):
        raise UsageError(
            f"this {scheme}:// address holds what may be a key or a token, which would be kept and "
            "shown: leave it out, credentials come from the environment (docs/cloud.md)"
        )
    rest = rest.rstrip("/")
    if not rest or (scheme in _BUCKETS and rest.startswith("/")):
        raise UsageError(f"{text} names no place: give {scheme}://BUCKET/FOLDER")
    try:
        rest.encode()
    except UnicodeEncodeError:
        raise UsageError(f"this {scheme}:// address is not UTF-8") from None
    return Address(f"{scheme}://{rest}")


def location_from_str(text: str) -> Location:
    """What `str` has made of a Location, without a doubt."""
    return Address(text) if _ADDRESS.match(text) else Path(text)


def _holds_secret(scheme: str, rest: str) -> bool:
    """Whether there is a password before the host, or one in a query."""
    host = rest.partition("/")[0]
    if host.startswith("arn:"):  # an access point: its name has colons
        return bool(_SECRET.search(rest))
    user, at, machine = host.rpartition("@")
    port = machine.partition(":")[2]  # or what follows a key, up to a slash in the secret
    if ":" in user or (port and not port.isdigit()):
        return True
    if scheme in _BUCKETS and (at or port):
        return True
    return bool(_SECRET.search(rest)) or (scheme in _WEB and "?" in rest)


def redact(text: str) -> str:
    """A line that somebody wrote, as it may be said: of an address, nothing that may be secret."""
    found = _ADDRESS.fullmatch(text)
    if found is None or not _holds_secret(found[1].lower(), found[2]):
        return text
    return f"an address of {found[1].lower()}:// with a key or a token"


def is_within(inner: Location, outer: Location) -> bool:
    """Whether the one lies in the other, or is the same."""
    if isinstance(inner, Path) and isinstance(outer, Path):
        return inner.resolve().is_relative_to(outer.resolve())
    if isinstance(inner, Address) and isinstance(outer, Address):
        return inner == outer or outer.relative_path(inner.url) is not None
    return False
