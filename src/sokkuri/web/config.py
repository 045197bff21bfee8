"""What a server was asked for: one frozen record that goes down to whoever needs a part of it."""

import ipaddress
from dataclasses import dataclass, field

from sokkuri.core.types import Limits


@dataclass(frozen=True, slots=True)
class ServeConfig:
    """Where to serve, whom, and how much at once.

    token : what clients must show, None for none. mosaic : no picture leaves unblurred. origins :
    web pages of other hosts whose scripts may ask (CORS). hosts : names beside the machine's own
    that requests may come for. max_upload : bytes of one request's body. searches, reads : how many
    may wait before the answer is 503. cache_bytes : of thumbnails on disk. header_seconds,
    body_seconds : in which a request's head must be there, and between two parts of its body.
    engine : the address of one that the collection was pushed to, to search there. allow_changes :
    pages may label images, decide about duplicates, and move files to the trash.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    mosaic: bool = False
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    max_upload: int = 64 * 2**20
    searches: int = 64
    reads: int = 256
    cache_bytes: int = 512 * 2**20
    header_seconds: float = 10.0
    body_seconds: float = 20.0
    allow_changes: bool = False
    engine: str | None = field(default=None, repr=False)
    limits: Limits = field(default_factory=Limits)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
