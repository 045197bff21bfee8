"""The configuration of a server: one frozen record."""

import ipaddress
from dataclasses import dataclass, field

from sokkuri.core.types import Limits

_MAX_UPLOAD_MEMORY = 2**30  # bytes that decoding one picture of a client may hold


@dataclass(frozen=True, slots=True)
class ServeConfig:
    """Where to listen, who has access, and the limits.

    token : secret that clients must send; None for no token.
    mosaic : send pictures only as mosaics.
    origins : origins of other web pages whose scripts may read (CORS).
    hosts : further names that the Host header may have, besides this machine's own.
    max_upload : largest body of a request in bytes.
    upload_pixels : pixels of the largest picture that a client may send.
    searches, reads : how many requests of each kind may wait; the server answers others with 503.
    cache_bytes : size limit of the thumbnails on disk.
    header_seconds : time limit for the head of a request.
    body_seconds : time limit for each part of a body.
    allow_changes : pages may label images, decide about duplicates, and move files to the trash.
    watch : keep the collection in step with its folder. poll : seconds between two looks at it,
    None for events of the file system.
    engine : address of a vector database to search with; the collection was pushed to it before.
    limits : limits for reading and decoding pictures of the collection.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    mosaic: bool = False
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    max_upload: int = 64 * 2**20
    upload_pixels: int = 100_000_000
    searches: int = 64
    reads: int = 256
    cache_bytes: int = 512 * 2**20
    header_seconds: float = 10.0
    body_seconds: float = 20.0
    allow_changes: bool = False
    watch: bool = False
    poll: float | None = None
    engine: str | None = field(default=None, repr=False)
    limits: Limits = field(default_factory=Limits)

    @property
    def upload_limits(self) -> Limits:
        """The limits for decoding pictures that clients send."""
        pixels = min(self.upload_pixels, self.limits.max_pixels)
        memory = min(_MAX_UPLOAD_MEMORY, self.limits.max_memory)
        return Limits(self.max_upload, pixels, memory)


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a server that listens on `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
