"""How a Milvus is reached: from an address to what its client is made with.

Takes `milvus://user@host:19530/collection`, taken apart, or `milvus:///folder/file.db/collection`
for Milvus Lite, a server in this process, with its data in a folder of that name. Only one process
has such a folder open; `take` and `leave` count who uses it here, and the last one gives it back.
"""

import logging
import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from threading import Lock
from typing import Any

from sokkuri.core.errors import MissingExtraError, UsageError
from sokkuri.search.engines.url import EngineAddress

_PORT = 19530
_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]{0,254}")  # of a collection
_OPTIONS = frozenset({"database", "tls"})
_FILE = ".db"  # how the name of Milvus Lite's folder ends
_EXAMPLE = "milvus://user@host:19530/collection"
_EXAMPLE_FILE = f"milvus:///folder/file{_FILE}/collection"

_users: Counter[str] = Counter()
_counting = Lock()


@dataclass(frozen=True, slots=True)
class Place:
    """shown : the address without what is secret. given : what the client is made with. file :
    Milvus Lite's; "" of a server."""

    collection: str
    shown: str
    given: Mapping[str, Any] = field(repr=False)
    file: str = ""


def client_library() -> Any:
    """pymilvus, which keeps to itself what is for its developers. Raises MissingExtraError."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # asked for once, when it is loaded
    try:
        import pymilvus
    except ImportError:
        raise MissingExtraError("Milvus", "milvus") from None
    for name in ("pymilvus", "pymilvus.milvus_client", "milvus_lite"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return pymilvus


def reached(address: EngineAddress) -> Place:
    """Raises UsageError for an address that names no collection."""
    if unknown := sorted(address.options.keys() - _OPTIONS):
        raise UsageError(
            f"an address of Milvus takes {' and '.join(sorted(_OPTIONS))} after its question mark, "
            f"not {unknown[0]}"
        )
    *folders, name = address.parts or ("",)
    if not _NAME.fullmatch(name) or bool(folders) == bool(address.host):
        raise UsageError(
            f"name a collection, of letters, digits and underscores: {_EXAMPLE} or "
            f"{_EXAMPLE_FILE}, not {address.shown(_PORT)}"
        )
    if folders:
        return _local(address, "/" + "/".join(folders), name)
    host = f"[{address.host}]" if ":" in address.host else address.host
    secure = _truth(address.options.get("tls", "0"))
    token = os.environ.get("MILVUS_TOKEN", "")
    if address.secret:
        token = f"{address.user}:{address.secret}"
    given = {
        "uri": f"{'https' if secure else 'http'}://{host}:{address.port or _PORT}",
        "secure": secure, "token": token, "db_name": address.options.get("database", ""),
    }  # fmt: skip
    return Place(name, address.shown(_PORT), given)


def _local(address: EngineAddress, file: str, collection: str) -> Place:
    if not file.endswith(_FILE) or address.options:
        raise UsageError(
            f"a collection of Milvus Lite is {_EXAMPLE_FILE}, not {address.shown(_PORT)}"
        )  # fmt: skip
    if find_spec("milvus_lite") is None:
        raise UsageError(
            f"Milvus Lite, for {address.shown(_PORT)}, is a package of its own: "
            "pip install milvus-lite"
        )
    return Place(collection, address.shown(_PORT), {"uri": file}, file)


def _truth(said: str) -> bool:
    if said not in {"0", "1"}:
        raise UsageError(f"tls is 1 or 0, not {said}")
    return said == "1"


def take(place: Place) -> None:
    """One more has it open."""
    if place.file:
        with _counting:
            _users[place.file] += 1


def leave(place: Place) -> None:
    """One has it open no more."""
    if place.file:
        from milvus_lite.server_manager import server_manager_instance

        with _counting:
            _users[place.file] -= 1
            if not _users[place.file]:
                server_manager_instance.release_server(place.file)
