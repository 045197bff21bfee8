"""Resolve a Milvus URL to the arguments of the client, and share Milvus Lite's files.

Takes `milvus://user@host:19530/collection`, parsed, or `milvus:///folder/file.db/collection` for
Milvus Lite, a server inside this process whose data is in a folder of that name. Only one process
can open such a folder. `acquire` and `release` count the users in this process; the last one closes
the folder.
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
from sokkuri.search.engines.url import EngineUrl

_PORT = 19530
_COLLECTION_NAME = re.compile("[A-Za-z_][A-Za-z0-9_]{0,254}")
_OPTIONS = frozenset({"database", "tls"})
_LITE_SUFFIX = ".db"  # of Milvus Lite's folder
_EXAMPLE = "milvus://user@host:19530/collection"
_LITE_EXAMPLE = f"milvus:///folder/file{_LITE_SUFFIX}/collection"

_users: Counter[str] = Counter()
_users_lock = Lock()


@dataclass(frozen=True, slots=True)
class MilvusTarget:
    """A collection of a Milvus. address : the URL without secrets. client_arguments : for
    `MilvusClient`. lite_file : the folder of Milvus Lite, "" for a server."""

    collection: str
    address: str
    client_arguments: Mapping[str, Any] = field(repr=False)
    lite_file: str = ""


def import_pymilvus() -> Any:
    """Return the module pymilvus, with its debug logs turned off. Raises MissingExtraError."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC reads it once, at its import
    try:
        import pymilvus
    except ImportError:
        raise MissingExtraError("Milvus", "milvus") from None
    for name in ("pymilvus", "pymilvus.milvus_client", "milvus_lite"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return pymilvus


def resolve_milvus(url: EngineUrl) -> MilvusTarget:
    """Return the collection that a URL names. Raises UsageError if it names none."""
    if unknown := sorted(url.options.keys() - _OPTIONS):
        raise UsageError(
            f"an address of Milvus takes {' and '.join(sorted(_OPTIONS))} after its question mark, "
            f"not {unknown[0]}"
        )
    *folders, name = url.path or ("",)
    if not _COLLECTION_NAME.fullmatch(name) or bool(folders) == bool(url.host):
        raise UsageError(
            f"name a collection, of letters, digits and underscores: {_EXAMPLE} or "
            f"{_LITE_EXAMPLE}, not {url.without_secret(_PORT)}"
        )
    if folders:
        return _resolve_lite(url, "/" + "/".join(folders), name)
    host = f"[{url.host}]" if ":" in url.host else url.host
    secure = _parse_flag(url.options.get("tls", "0"))
    token = os.environ.get("MILVUS_TOKEN", "")
    if url.secret:
        token = f"{url.user}:{url.secret}"
    arguments = {
        "uri": f"{'https' if secure else 'http'}://{host}:{url.port or _PORT}",
        "secure": secure, "token": token, "db_name": url.options.get("database", ""),
    }  # fmt: skip
    return MilvusTarget(name, url.without_secret(_PORT), arguments)


def _resolve_lite(url: EngineUrl, file: str, collection: str) -> MilvusTarget:
    address = url.without_secret(_PORT)
    if not file.endswith(_LITE_SUFFIX) or url.options:
        raise UsageError(f"a collection of Milvus Lite is {_LITE_EXAMPLE}, not {address}")
    if find_spec("milvus_lite") is None:
        raise UsageError(
            f"Milvus Lite, for {address}, is a package of its own: pip install milvus-lite"
        )
    return MilvusTarget(collection, address, {"uri": file}, file)


def _parse_flag(text: str) -> bool:
    if text not in {"0", "1"}:
        raise UsageError(f"tls is 1 or 0, not {text}")
    return text == "1"


def acquire(target: MilvusTarget) -> None:
    """Count one more user of Milvus Lite's folder in this process."""
    if target.lite_file:
        with _users_lock:
            _users[target.lite_file] += 1


def release(target: MilvusTarget) -> None:
    """Count one user less of Milvus Lite's folder; close it after the last one."""
    if target.lite_file:
        from milvus_lite.server_manager import server_manager_instance

        with _users_lock:
            _users[target.lite_file] -= 1
            if not _users[target.lite_file]:
                server_manager_instance.release_server(target.lite_file)
