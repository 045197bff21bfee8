"""From an engine's address to the engine: its scheme says which.

Connects to nothing yet, so that a server which is away is no reason not to start.
"""

from sokkuri.core.errors import UsageError
from sokkuri.search.engines import Engine
from sokkuri.search.engines.url import taken_apart

SCHEMES = ("milvus", "pgvector")


def open_engine(address: str) -> Engine:
    """Raises UsageError for an address that makes no sense, MissingExtraError where its client is
    not installed."""
    scheme = taken_apart(address).scheme
    if scheme == "milvus":
        from sokkuri.search.engines.milvus import MilvusEngine

        return MilvusEngine(address)
    if scheme == "pgvector":
        from sokkuri.search.engines.pgvector import PgvectorEngine

        return PgvectorEngine(taken_apart(address))
    known = " or ".join(f"{one}://" for one in SCHEMES)
    raise UsageError(f"an engine's address begins with {known}, not {scheme or 'nothing'}")
