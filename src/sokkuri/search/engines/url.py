"""Parse the URL of a vector engine, such as `pgvector://user:secret@host:5432/database/table`.

Takes the URL as the user gave it; returns its parts, and the URL without the secret, which may be
shown and stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from sokkuri.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class EngineUrl:
    """The parts of an engine's URL. host : "" if there is none. path : the segments of the path.
    options : the query string. secret : the password, "" if there is none."""

    scheme: str
    user: str
    host: str
    port: int | None
    path: tuple[str, ...]
    options: Mapping[str, str]
    secret: str = field(default="", repr=False)

    def without_secret(self, default_port: int) -> str:
        """Return the URL without the secret. default_port : for a host without a port."""
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = self.port or (default_port if self.host else None)
        path = "/".join(quote(segment, safe="") for segment in self.path)
        options = f"?{urlencode(sorted(self.options.items()), safe='/')}" if self.options else ""
        return f"{self.scheme}://{user}{host}{'' if port is None else f':{port}'}/{path}{options}"


def parse_engine_url(address: str) -> EngineUrl:
    """Return the parts of an engine's URL. Raises UsageError; its message does not repeat the URL,
    which may hold a secret."""
    try:
        url = urlsplit(address)
        port = url.port
        options = dict(parse_qsl(url.query, strict_parsing=bool(url.query)))
    except ValueError:
        raise UsageError(
            "an engine's address is SCHEME://USER@HOST:PORT/NAME: this one is not"
        ) from None
    return EngineUrl(
        url.scheme,
        unquote(url.username or ""),
        unquote(url.hostname or ""),
        port,
        tuple(unquote(segment) for segment in url.path.split("/") if segment),
        options,
        unquote(url.password or ""),
    )
