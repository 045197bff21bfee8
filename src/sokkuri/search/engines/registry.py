"""Open the vector engine that a URL names; the URL's scheme selects the class.

Opening does not connect yet, so a program can start while the engine is down.
"""

from sokkuri.core.errors import UsageError
from sokkuri.search.engines import VectorEngine
from sokkuri.search.engines.url import parse_engine_url

SCHEMES = ("milvus", "pgvector")


def open_engine(address: str) -> VectorEngine:
    """Return the engine at this URL. Raises UsageError for an invalid URL, MissingExtraError if the
    engine's client is not installed."""
    scheme = parse_engine_url(address).scheme
    if scheme == "milvus":
        from sokkuri.search.engines.milvus import MilvusEngine

        return MilvusEngine(address)
    if scheme == "pgvector":
        from sokkuri.search.engines.pgvector import PgvectorEngine

        return PgvectorEngine(parse_engine_url(address))
    schemes = " or ".join(f"{name}://" for name in SCHEMES)
    raise UsageError(f"an engine's address begins with {schemes}, not {scheme or 'nothing'}")
