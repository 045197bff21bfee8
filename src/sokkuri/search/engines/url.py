"""An engine's address, such as `pgvector://user:secret@host:5432/database/table`, taken apart.

Takes what a person gave; hands on its parts, and the address as it may be shown and kept: without
the secret.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from sokkuri.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class EngineAddress:
    """host : "" without one. parts : of the path. options : what follows a question mark."""

    scheme: str
    user: str
    host: str
    port: int | None
    parts: tuple[str, ...]
    options: Mapping[str, str]
    secret: str = field(default="", repr=False)

    def shown(self, port: int) -> str:
        """Without the secret. port : of a host for which none was given."""
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        at = self.port or (port if self.host else None)
        path = "/".join(quote(part, safe="") for part in self.parts)
        options = f"?{urlencode(sorted(self.options.items()), safe='/')}" if self.options else ""
        return f"{self.scheme}://{user}{host}{'' if at is None else f':{at}'}/{path}{options}"


def taken_apart(address: str) -> EngineAddress:
    """Raises UsageError, whose line does not repeat what may hold a secret."""
    try:
        found = urlsplit(address)
        port = found.port
        options = dict(parse_qsl(found.query, strict_parsing=bool(found.query)))
    except ValueError:
        raise UsageError(
            "an engine's address is SCHEME://USER@HOST:PORT/NAME: this one is not"
        ) from None
    return EngineAddress(
        found.scheme,
        unquote(found.username or ""),
        unquote(found.hostname or ""),
        port,
        tuple(unquote(part) for part in found.path.split("/") if part),
        options,
        unquote(found.password or ""),
    )
