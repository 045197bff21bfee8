"""Access object stores through fsspec: list a page, stat, read in ranges, write. The only user of
fsspec.

Takes Addresses; returns DirEntries, ObjectInfos and bytes. RetryPolicy says how often a request is
retried that breaks off, or that a busy server refuses. Errors are OSErrors in our own words: those
of the libraries can hold keys, signed addresses and headers, which must reach no catalog and no
terminal.
"""

import errno
import logging
import os
import random
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

from sokkuri.core.errors import MissingExtraError, UsageError
from sokkuri.core.locations import Address
from sokkuri.core.types import FileStat, storable_time

RANGE = 8 * 2**20
"""Bytes of one request: a connection that breaks costs no more."""

CONCURRENT_REQUESTS = 32
"""Requests of `map_concurrent` that are under way at a time."""

_S3 = ("s3", "s3a")
_OPTIONS: dict[str, dict[str, Any]] = {
    scheme: {
        "use_listings_cache": False,
        "max_concurrency": 1,
        # RetryPolicy alone retries: retries of several layers would multiply.
        "config_kwargs": {"retries": {"total_max_attempts": 1}, "max_pool_connections": 256},
    }
    for scheme in _S3
} | {scheme: {"use_listings_cache": False} for scheme in ("gs", "gcs")}

_NOISY_LOGGERS = (
    "fsspec",
    "s3fs",
    "gcsfs",
    "botocore",
    "aiobotocore",
    "aiohttp",
    "asyncio",
    "google",
)
_STAMPS = ("LastModified", "mtime", "updated", "last_modified", "modified", "created")
_TAGS = ("ETag", "generation", "etag", "md5Hash", "content_md5", "checksum")
_BREAKS = re.compile(
    "Connection|Timeout|Disconnect|Payload|Incomplete|HTTPClient|ResponseParser|Stream|Proxy|SSL"
)
_BUSY = (errno.EBUSY, errno.EIO, getattr(errno, "EREMOTEIO", errno.EIO))

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often to retry a request, and how long to wait. attempts : all requests, the first one
    too. first_wait : seconds before the second request, doubled before each further one, up to
    longest_wait. Between half of the wait and all of it is drawn at random, so that clients do not
    retry at the same moment."""

    attempts: int = 8
    first_wait: float = 0.2
    longest_wait: float = 10.0

    def wait_after(self, attempt: int) -> float:
        """Return the seconds to wait after this attempt, counted from 1."""
        longest: float = min(self.longest_wait, self.first_wait * 2 ** (attempt - 1))
        return longest * random.uniform(0.5, 1)  # noqa: S311 - no secret depends on it


DEFAULT_RETRIES = RetryPolicy()
FEW_RETRIES = RetryPolicy(attempts=3)
"""For requests that a person waits for."""
NO_RETRIES = RetryPolicy(attempts=1)


@dataclass(frozen=True, slots=True)
class DirEntry:
    """An entry of a listing. name : without the folder. stat : of an object; None for a folder."""

    name: str
    stat: FileStat | None


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """An object at one moment. tag : changes with the object's bytes; "" if the store has none."""

    stat: FileStat
    tag: str


def list_page(
    folder: Address, token: str | None = None, retries: RetryPolicy = DEFAULT_RETRIES
) -> tuple[list[DirEntry], str | None]:
    """Return some entries of a folder, and the token for the next page, or None after the last.

    A prefix without any object is an empty folder. Raises OSError.
    """
    files, path = _open_filesystem(folder)
    if folder.scheme in _S3:
        return _request(partial(_list_s3_page, files, path, token), retries)
    return _request(partial(_list_whole_folder, files, path), retries), None


def list_entries(folder: Address) -> Iterator[DirEntry]:
    """Yield all entries of a folder, in any order. Raises OSError."""
    token: str | None = None
    while True:
        entries, token = list_page(folder, token)
        yield from entries
        if token is None:
            return


def holds_any(folder: Address) -> bool:
    """Return whether any object is below the folder. A person waits for this, so it retries only
    briefly. Raises OSError."""
    return bool(list_page(folder, retries=FEW_RETRIES)[0])


def stat(address: Address) -> ObjectInfo:
    """Return the object's current state. Raises OSError, FileNotFoundError if there is none."""
    files, path = _open_filesystem(address)

    def request_info() -> Any:
        files.invalidate_cache(path)
        return files.info(path)

    info = _request(request_info)
    if info.get("type") == "directory":
        raise FileNotFoundError(errno.ENOENT, "it is a folder, not an object")
    if info.get("size") is None:
        raise OSError(errno.EOPNOTSUPP, "the server does not say how large it is")
    tag = next((str(info[name]) for name in _TAGS if info.get(name)), "")
    return ObjectInfo(_file_stat(info), tag)


def iter_ranges(address: Address, info: ObjectInfo) -> Iterator[bytes]:
    """Yield the object's bytes, one range per request. A range that breaks off is retried.

    Raises OSError, with ESTALE when the object is no longer the one of `info`.
    """
    files, path = _open_filesystem(address)
    size = info.stat.size
    for start in range(0, size, RANGE):
        # The last range asks for one byte too many, which reveals an object that grew.
        end = start + RANGE if start + RANGE < size else size + 1
        data: bytes = _request(partial(files.cat_file, path, start=start, end=end))
        if len(data) != min(RANGE, size - start):
            raise _changed_error()
        yield data
    if size > RANGE and stat(address) != info:
        raise _changed_error()


def iter_lines(address: Address) -> Iterator[bytes]:
    """Yield the object's lines, without the newlines. Raises OSError."""
    rest = b""
    for data in iter_ranges(address, stat(address)):
        *lines, rest = (rest + data).split(b"\n")
        yield from lines
    if rest:
        yield rest


def upload(file: Path, address: Address) -> None:
    """Write a file's bytes to an object. Raises OSError."""
    files, path = _open_filesystem(address)
    _request(partial(files.put_file, str(file), path))


def download(address: Address, file: Path) -> None:
    """Write the object's bytes to a file of this machine. Raises OSError."""
    with file.open("wb") as out:
        for data in iter_ranges(address, stat(address)):
            out.write(data)


def map_concurrent(
    work: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[tuple[Item, Result | OSError]]:
    """Yield each item with the result of `work`, in order, while threads work on many items. An
    OSError of `work` is yielded in place of its result."""

    def result_of(item: Item) -> Result | OSError:
        try:
            return work(item)
        except OSError as error:
            return error

    pool = ThreadPoolExecutor(CONCURRENT_REQUESTS, thread_name_prefix="sokkuri-remote")
    pending: deque[tuple[Item, Future[Result | OSError]]] = deque()
    try:
        for item in items:
            pending.append((item, pool.submit(result_of, item)))
            if len(pending) >= 4 * CONCURRENT_REQUESTS:
                oldest, future = pending.popleft()
                yield oldest, future.result()
        while pending:
            oldest, future = pending.popleft()
            yield oldest, future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _open_filesystem(address: Address) -> tuple[Any, str]:
    """Return the fsspec filesystem, and the address as it spells paths. Raises MissingExtraError,
    UsageError."""
    if address.scheme in _S3 and "?versionId=" in address.url:
        raise FileNotFoundError(errno.ENOENT, "an object with ?versionId= in its name is not read")
    files = _filesystem(address.scheme, address.host, os.getpid())
    return files, files._strip_protocol(address.url)  # noqa: SLF001 - what fsspec itself calls


@lru_cache(maxsize=16)
def _filesystem(scheme: str, host: str, _process: int) -> Any:
    """Return the filesystem that all threads share. A forked process needs one of its own."""
    for name in _NOISY_LOGGERS:  # keeps their own warnings off the terminal
        logging.getLogger(name).addHandler(logging.NullHandler())
    try:
        import fsspec

        kind = fsspec.get_filesystem_class(scheme)
    except ImportError:
        raise MissingExtraError(f"an address of {scheme}://", "cloud") from None
    except ValueError:
        raise UsageError(f"{scheme}:// is no kind of address that fsspec knows") from None
    named = kind._get_kwargs_from_urls(f"{scheme}://{host}/")  # noqa: SLF001 - fsspec's own way
    options = {**_OPTIONS.get(scheme, {}), **named}
    files = _request(lambda: kind(skip_instance_cache=True, **options), NO_RETRIES)
    if scheme in _S3:
        files.retries = 1
    return files


def _list_s3_page(files: Any, path: str, token: str | None) -> tuple[list[DirEntry], str | None]:
    """Return up to a thousand entries and the next token, so that any folder fits in memory."""
    bucket, key, _ = files.split_path(path)
    prefix = f"{key}/" if key else ""
    more = {**files.req_kw, **({"ContinuationToken": token} if token else {})}
    answer = files.call_s3("list_objects_v2", Bucket=bucket, Prefix=prefix, Delimiter="/", **more)
    folders = [folder["Prefix"][len(prefix) : -1] for folder in answer.get("CommonPrefixes", [])]
    objects = [
        DirEntry(item["Key"][len(prefix) :], _file_stat({**item, "size": item["Size"]}))
        for item in answer.get("Contents", [])
        if item["Key"] != prefix  # an object that stands for the folder, which some programs write
    ]
    entries = [*objects, *(DirEntry(name, None) for name in folders)]
    return entries, answer.get("NextContinuationToken")


def _list_whole_folder(files: Any, path: str) -> list[DirEntry]:
    files.invalidate_cache(path)
    prefix = f"{path.rstrip('/')}/"
    try:
        items = files.ls(path, detail=True)
    except FileNotFoundError:
        return []
    named = [(files._strip_protocol(item["name"]), item) for item in items]  # noqa: SLF001
    return [
        DirEntry(name[len(prefix) :], None if item.get("type") == "directory" else _file_stat(item))
        for name, item in named
        if name.startswith(prefix) and name != prefix
    ]


def _file_stat(info: Any) -> FileStat:
    """Return size and time stamp in whole seconds: a listing may have more digits than `info`."""
    stamp = next((info[name] for name in _STAMPS if info.get(name)), 0)
    if isinstance(stamp, str):
        try:
            stamp = datetime.fromisoformat(stamp)
        except ValueError:
            stamp = 0
    if isinstance(stamp, datetime):
        stamp = (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()
    return FileStat(int(info.get("size") or 0), storable_time(int(stamp) * 10**9))


def _request(request: Callable[[], Result], retries: RetryPolicy = DEFAULT_RETRIES) -> Result:
    """Return the answer to a request, retried as the policy says. Raises OSError in our words."""
    for attempt in range(1, retries.attempts + 1):
        try:
            return request()
        except Exception as error:  # noqa: BLE001 - each filesystem has its own errors
            failure = _as_os_error(error, attempt)
        if not isinstance(failure, ConnectionError) or attempt == retries.attempts:
            break
        time.sleep(retries.wait_after(attempt))
    raise failure from None


def _as_os_error(error: Exception, attempts: int) -> OSError:
    """Return the error in our words. ConnectionErrors are those that a retry may cure."""
    for fits, make in _KINDS:
        if fits(error):
            failure = make()
            break
    else:
        failure = OSError(errno.EIO, f"its server cannot answer that ({type(error).__name__})")
    if isinstance(failure, ConnectionError) and attempts > 1:
        return ConnectionError(failure.errno, f"{failure.strerror}, asked {attempts} times")
    return failure


def _is_missing(error: Exception) -> bool:
    return isinstance(error, FileNotFoundError | NotADirectoryError) or _http_status(error) == 404


def _lacks_credentials(error: Exception) -> bool:
    return any("Credential" in name or name == "RefreshError" for name in _names(error))


def _is_forbidden(error: Exception) -> bool:
    if isinstance(error, PermissionError) or _http_status(error) in (401, 403):
        return True
    return str(error).startswith("Forbidden")  # gcsfs says so


def _is_past_end(error: Exception) -> bool:
    """Return whether the requested range begins after the end of the object."""
    invalid = getattr(error, "errno", None) == errno.EINVAL
    return _http_status(error) == 416 or (invalid and "range" in str(error).lower())


def _is_busy(error: Exception) -> bool:
    code = _http_status(error)
    return getattr(error, "errno", None) in _BUSY or code in (408, 429) or code >= 500


def _names(error: Exception) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__]


def _http_status(error: Exception) -> int:
    """Return the HTTP status of an error, or 0."""
    code = getattr(error, "code", None) or getattr(error, "status", None)
    return int(code) if isinstance(code, int | str) and str(code).isdigit() else 0


def _is_broken_connection(error: Exception) -> bool:
    return any(_BREAKS.search(name) for name in _names(error))


def _changed_error() -> OSError:
    return OSError(errno.ESTALE, "it changed while it was read")


_KINDS: tuple[tuple[Callable[[Exception], bool], Callable[[], OSError]], ...] = (
    (_is_missing, partial(FileNotFoundError, errno.ENOENT, "there is no such object")),
    (_lacks_credentials, partial(PermissionError, errno.EACCES, "there are no usable credentials")),
    (_is_forbidden, partial(PermissionError, errno.EACCES, "the credentials do not allow it")),
    (_is_past_end, _changed_error),
    (_is_busy, partial(ConnectionError, errno.EBUSY, "the server is too busy, or has a fault")),
    (
        _is_broken_connection,
        partial(ConnectionError, errno.ECONNABORTED, "the server does not answer"),
    ),
)
"""Tests for errors, and the error to raise instead. The first test that fits decides."""
