"""What lies at an address, by fsspec: listed a page at a time, looked at, read in ranges, written.
The only user of fsspec.

Takes Addresses; hands on Entries, Seens and bytes. What breaks off, or is refused because the
server is busy, is tried again, later each time. Errors are OSErrors in our own words: those of the
libraries can hold keys, signed addresses and headers, which must reach no catalog and no terminal.
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
from sokkuri.core.types import FileStat

RANGE = 8 * 2**20
"""Bytes that are asked for at once: what a connection that breaks can cost."""

SIDE_BY_SIDE = 32
"""Requests under way at a time, where many are to be made."""

_TRIES, _FEW_TRIES = 8, 3
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 10.0  # seconds: doubled each time, and half of it drawn

_S3 = ("s3", "s3a")
_OPTIONS: dict[str, dict[str, Any]] = {
    scheme: {
        "use_listings_cache": False,
        "max_concurrency": 1,
        # Tries are counted here, in one place: each layer of its own would multiply them.
        "config_kwargs": {"retries": {"total_max_attempts": 1}, "max_pool_connections": 256},
    }
    for scheme in _S3
} | {scheme: {"use_listings_cache": False} for scheme in ("gs", "gcs")}

_TALKING = ("fsspec", "s3fs", "gcsfs", "botocore", "aiobotocore", "aiohttp", "asyncio", "google")
_STAMPS = ("LastModified", "mtime", "updated", "last_modified", "modified", "created")
_TAGS = ("ETag", "generation", "etag", "md5Hash", "content_md5", "checksum")
_BREAKS = re.compile(
    "Connection|Timeout|Disconnect|Payload|Incomplete|HTTPClient|ResponseParser|Stream|Proxy|SSL"
)
_BUSY = (errno.EBUSY, errno.EIO, getattr(errno, "EREMOTEIO", errno.EIO))

Thing = TypeVar("Thing")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Entry:
    """Of a listing. name : without the folder's. stat : of an object; None for a folder."""

    name: str
    stat: FileStat | None


@dataclass(frozen=True, slots=True)
class Seen:
    """An object as it was at some moment. tag : changes with its contents, where there is one."""

    stat: FileStat
    tag: str


def page(
    folder: Address, token: str | None = None, tries: int = _TRIES
) -> tuple[list[Entry], str | None]:
    """Some of what lies right below, and what to ask for the rest with, None where there is none.

    A prefix with nothing below it is empty, as if it were there. Raises OSError.
    """
    files, path = _at(folder)
    if folder.scheme in _S3:
        return _asked(partial(_s3_page, files, path, token), tries)
    return _asked(partial(_whole_page, files, path), tries), None


def entries(folder: Address) -> Iterator[Entry]:
    """All that lies right below, in any order. Raises OSError."""
    token: str | None = None
    while True:
        found, token = page(folder, token)
        yield from found
        if token is None:
            return


def holds_any(folder: Address) -> bool:
    """Whether there is anything below. A person waits, so it is not tried for long. Raises
    OSError."""
    return bool(page(folder, tries=_FEW_TRIES)[0])


def look(address: Address) -> Seen:
    """The object as it is now. Raises OSError, FileNotFoundError where there is none."""
    files, path = _at(address)

    def info() -> Any:
        files.invalidate_cache(path)
        return files.info(path)

    found = _asked(info)
    if found.get("type") == "directory":
        raise FileNotFoundError(errno.ENOENT, "it is a folder, not an object")
    if found.get("size") is None:
        raise OSError(errno.EOPNOTSUPP, "the server does not say how large it is")
    tag = next((str(found[name]) for name in _TAGS if found.get(name)), "")
    return Seen(_stat(found), tag)


def parts(address: Address, seen: Seen) -> Iterator[bytes]:
    """The object's bytes, a range at a time; one that breaks off is asked for again.

    Raises OSError; with ESTALE when it is not, or no longer, the object that was seen.
    """
    files, path = _at(address)
    size = seen.stat.size
    for start in range(0, size, RANGE):
        # The last range asks for a byte too many, so that an object that grew shows.
        end = start + RANGE if start + RANGE < size else size + 1
        data: bytes = _asked(partial(files.cat_file, path, start=start, end=end))
        if len(data) != min(RANGE, size - start):
            raise _changed()
        yield data
    if size > RANGE and look(address) != seen:
        raise _changed()


def lines(address: Address) -> Iterator[bytes]:
    """The object's lines, without their ends. Raises OSError."""
    rest = b""
    for part in parts(address, look(address)):
        *whole, rest = (rest + part).split(b"\n")
        yield from whole
    if rest:
        yield rest


def put(file: Path, address: Address) -> None:
    """Write a file's bytes there. Raises OSError."""
    files, path = _at(address)
    _asked(partial(files.put_file, str(file), path))


def fetch(address: Address, file: Path) -> None:
    """Write the object's bytes into a file of this machine. Raises OSError."""
    with file.open("wb") as out:
        for part in parts(address, look(address)):
            out.write(part)


def each(
    work: Callable[[Thing], Result], things: Iterable[Thing]
) -> Iterator[tuple[Thing, Result | OSError]]:
    """What `work` makes of each, in their order, many at a time: an OSError in its place."""

    def done(thing: Thing) -> Result | OSError:
        try:
            return work(thing)
        except OSError as error:
            return error

    pool = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="sokkuri-remote")
    waiting: deque[tuple[Thing, Future[Result | OSError]]] = deque()
    try:
        for thing in things:
            waiting.append((thing, pool.submit(done, thing)))
            if len(waiting) >= 4 * SIDE_BY_SIDE:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _at(address: Address) -> tuple[Any, str]:
    """The filesystem, and the path in its own words. Raises MissingExtraError, UsageError."""
    if address.scheme in _S3 and "?versionId=" in address.url:
        raise FileNotFoundError(errno.ENOENT, "an object with ?versionId= in its name is not read")
    files = _filesystem(address.scheme, address.host, os.getpid())
    return files, files._strip_protocol(address.url)  # noqa: SLF001 - what fsspec itself calls


@lru_cache(maxsize=16)
def _filesystem(scheme: str, host: str, _process: int) -> Any:
    """One for all threads of a process; a forked one needs its own."""
    for name in _TALKING:  # what they warn of in words of their own does not reach the terminal
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
    files = _asked(lambda: kind(skip_instance_cache=True, **options), tries=1)
    if scheme in _S3:
        files.retries = 1
    return files


def _s3_page(files: Any, path: str, token: str | None) -> tuple[list[Entry], str | None]:
    """A thousand at a time, so that no folder is too large for the memory."""
    bucket, key, _ = files.split_path(path)
    prefix = f"{key}/" if key else ""
    more = {**files.req_kw, **({"ContinuationToken": token} if token else {})}
    found = files.call_s3("list_objects_v2", Bucket=bucket, Prefix=prefix, Delimiter="/", **more)
    folders = [one["Prefix"][len(prefix) : -1] for one in found.get("CommonPrefixes", [])]
    objects = [
        Entry(one["Key"][len(prefix) :], _stat({**one, "size": one["Size"]}))
        for one in found.get("Contents", [])
        if one["Key"] != prefix  # the folder itself, as some programs make it
    ]
    return [*objects, *(Entry(name, None) for name in folders)], found.get("NextContinuationToken")


def _whole_page(files: Any, path: str) -> list[Entry]:
    files.invalidate_cache(path)
    before = f"{path.rstrip('/')}/"
    try:
        found = files.ls(path, detail=True)
    except FileNotFoundError:
        return []
    named = [(files._strip_protocol(one["name"]), one) for one in found]  # noqa: SLF001
    return [
        Entry(name[len(before) :], None if one.get("type") == "directory" else _stat(one))
        for name, one in named
        if name.startswith(before) and name != before
    ]


def _stat(found: Any) -> FileStat:
    """Whole seconds: a listing may have more digits than the object's own answer."""
    stamp = next((found[name] for name in _STAMPS if found.get(name)), 0)
    if isinstance(stamp, str):
        try:
            stamp = datetime.fromisoformat(stamp)
        except ValueError:
            stamp = 0
    if isinstance(stamp, datetime):
        stamp = (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()
    return FileStat(int(found.get("size") or 0), int(stamp) * 10**9)


def _asked(request: Callable[[], Result], tries: int = _TRIES) -> Result:
    """The answer, or an OSError that says in our words why there is none."""
    for attempt in range(1, tries + 1):
        try:
            return request()
        except Exception as error:  # noqa: BLE001 - each filesystem has its own
            told = _told(error, attempt)
        if not isinstance(told, ConnectionError) or attempt == tries:
            break
        longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (attempt - 1))
        time.sleep(longest * random.uniform(0.5, 1))  # noqa: S311 - not all at the same moment
    raise told from None


def _told(error: Exception, attempts: int) -> OSError:
    """What kind of trouble it is, in words of ours. ConnectionErrors may pass."""
    for is_so, make in _KINDS:
        if is_so(error):
            told = make()
            break
    else:
        told = OSError(errno.EIO, f"its server cannot answer that ({type(error).__name__})")
    if isinstance(told, ConnectionError) and attempts > 1:
        return ConnectionError(told.errno, f"{told.strerror}, asked {attempts} times")
    return told


def _is_missing(error: Exception) -> bool:
    return isinstance(error, FileNotFoundError | NotADirectoryError) or _code(error) == 404


def _lacks_credentials(error: Exception) -> bool:
    return any("Credential" in name or name == "RefreshError" for name in _names(error))


def _is_refused(error: Exception) -> bool:
    if isinstance(error, PermissionError) or _code(error) in (401, 403):
        return True
    return str(error).startswith("Forbidden")  # as gcsfs puts it


def _is_beyond(error: Exception) -> bool:
    """The range that was asked for lies behind the end."""
    invalid = getattr(error, "errno", None) == errno.EINVAL
    return _code(error) == 416 or (invalid and "range" in str(error).lower())


def _is_busy(error: Exception) -> bool:
    code = _code(error)
    return getattr(error, "errno", None) in _BUSY or code in (408, 429) or code >= 500


def _names(error: Exception) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__]


def _code(error: Exception) -> int:
    """HTTP's, 0 where there is none."""
    code = getattr(error, "code", None) or getattr(error, "status", None)
    return int(code) if isinstance(code, int | str) and str(code).isdigit() else 0


def _breaks_off(error: Exception) -> bool:
    return any(_BREAKS.search(name) for name in _names(error))


def _changed() -> OSError:
    return OSError(errno.ESTALE, "it changed while it was read")


_KINDS: tuple[tuple[Callable[[Exception], bool], Callable[[], OSError]], ...] = (
    (_is_missing, partial(FileNotFoundError, errno.ENOENT, "there is no such object")),
    (_lacks_credentials, partial(PermissionError, errno.EACCES, "no usable credentials are there")),
    (_is_refused, partial(PermissionError, errno.EACCES, "the credentials do not allow it")),
    (_is_beyond, _changed),
    (_is_busy, partial(ConnectionError, errno.EBUSY, "the server is too busy, or has a fault")),
    (_breaks_off, partial(ConnectionError, errno.ECONNABORTED, "the server does not answer")),
)
"""The first that fits."""
