"""All errors, as one tree. Every message is one line: what is wrong, in which file, what to do.

    SokkuriError                 exit code 1 unless stated otherwise
    ├── UsageError               exit code 2: a wrong option, name or combination
    ├── MissingExtraError        an optional part is not installed
    ├── EngineError              an engine does not answer, or cannot be used like this
    ├── ClusterError             a cluster does not answer, or cannot do the work
    ├── ModelError               a card, an ONNX file or a checkpoint cannot be used
    ├── ImageError               concerns one image, never a whole run
    │   ├── ReadError              its bytes cannot be read
    │   │   ├── ScarceMemoryError    the machine had too little memory for it just now
    │   │   └── FrameError           the film has no readable frame at this time
    │   ├── DecodeError            its bytes are not an image that can be read
    │   └── ExtractError           the network gave no usable vector
    ├── RequestError             the server refuses a request
    │   ├── BusyError              too many requests are waiting
    │   ├── SlowError              its body does not arrive in time
    │   ├── TooLargeError          its body is too large
    │   ├── WithheldError          the file that it asks for is not served
    │   └── ChangesError           it would change something without permission
    └── CollectionError          the collection cannot be used like this
        ├── NoCollectionError      there is no collection here
        ├── UnknownImageError      the collection has no such image
        ├── UnknownSelectionError  the server holds no such selection of images
        ├── ConflictError          another change came first
        ├── ModelMismatchError     its vectors come from another model
        ├── RemovalsError          a run would mark most images as gone
        ├── UnsupportedError       exit code 2: this search index cannot do it
        ├── StoreReplacedError     the store was deleted or made anew while it was open
        │   └── ModelReplacedError   the collection got another model while it was open
        ├── DamagedError           its files contradict its catalog
        │   ├── MissingShardError    a file of vectors is not there
        │   ├── DamagedRowError      the vector of one image is not as it was written
        │   └── UnfinishedError      its creation was interrupted
        └── StorageError           the disk failed a read or a write

`from_os_error` turns an error of the operating system into one of these. Imports nothing of
sokkuri, so that every package may raise these.
"""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HINTS = {
    errno.EACCES: "look at the permissions of this file and of its folders",
    errno.EPERM: "look at the permissions of this file and of its folders",
    errno.EROFS: "its disk can only be read",
    errno.ENOSPC: "free some space and run again",
    errno.EDQUOT: "free some space and run again",
    errno.EMFILE: "close other programs, or raise the limit with `ulimit -n`",
}
"""What a person can do, by the number of the error."""


class SokkuriError(Exception):
    """The base of all errors that sokkuri raises on purpose."""

    exit_code = 1


class UsageError(SokkuriError):
    """The user gave a wrong option, name or combination."""

    exit_code = 2


class MissingExtraError(SokkuriError):
    """An optional part is needed but not installed."""

    def __init__(self, what: str, extra: str) -> None:
        how = f"in sokkuri's environment, run pip install 'sokkuri[{extra}]'"
        if (Path(sys.prefix) / "uv-receipt.toml").is_file():  # `uv tool install` puts no pip there
            how = f"in sokkuri's checkout, run uv tool install '.[{extra}]' with all extras you use"
        super().__init__(f"{what} needs the extra {extra}: {how}")
        self.extra = extra


class EngineError(SokkuriError):
    """A vector engine does not answer, or cannot be used like this."""


class ClusterError(SokkuriError):
    """A cluster does not answer, or none of its machines can do the work."""


class ModelError(SokkuriError):
    """A model card, an ONNX file or a checkpoint cannot be used."""


class ImageError(SokkuriError):
    """One image cannot be used. `stage` says at which step, the message says why."""

    stage = "image"


class ReadError(ImageError):
    """The bytes cannot be read: no permission, a broken link, a disk fault."""

    stage = "read"


class DecodeError(ImageError):
    """The bytes are not an image that can be read, or the image is beyond the limits."""

    stage = "decode"


class ScarceMemoryError(ReadError):
    """The machine had too little memory to decode the image just now. The cause is outside the
    file, as for any read that failed, so that the next run tries again."""


class FrameError(ReadError):
    """The film has no readable frame at this time. A later read will fail as well."""

    stage = "decode"


class ExtractError(ImageError):
    """The network gave no usable feature vector for this image."""

    stage = "extract"


class RequestError(SokkuriError):
    """The server refuses a request."""


class BusyError(RequestError):
    """More requests are waiting than the server accepts: ask again in a moment."""


class SlowError(RequestError):
    """The request's body does not arrive in time."""


class TooLargeError(RequestError):
    """The request's body is larger than the server accepts."""


class WithheldError(RequestError):
    """The file is not served: it lies outside the collection's folder."""


class ChangesError(RequestError):
    """The request would change something, but its server or page may only read."""


class CollectionError(SokkuriError):
    """The collection cannot be used like this."""


class NoCollectionError(CollectionError):
    """There is no collection in this folder."""


class UnknownImageError(CollectionError):
    """A query or an argument names an image that the collection does not have."""


class UnknownSelectionError(CollectionError):
    """A request names a selection of images that the server does not hold."""


class ConflictError(CollectionError):
    """What should be changed is not as the sender believed: another change came first."""


class ModelMismatchError(CollectionError):
    """The collection's vectors come from another model or preprocessing."""


class RemovalsError(CollectionError):
    """A run would mark all images as gone, or more than half, and nobody allowed it."""


class UnsupportedError(CollectionError):
    """This search index cannot do it; another one can."""

    exit_code = 2


class DamagedError(CollectionError):
    """The collection's files contradict its catalog."""


class MissingShardError(DamagedError):
    """A shard's file is not there: it is lost, or another process has replaced it just now."""

    def __init__(self, path: Path, shard: int) -> None:
        super().__init__(f"{path} is missing: run `sokkuri verify --repair`")
        self.shard = shard


class StoreReplacedError(CollectionError):
    """The store was deleted or made anew while it was open. Open it again."""


class ModelReplacedError(StoreReplacedError):
    """Another command gave the collection another model while it was open. Open it again."""


class DamagedRowError(DamagedError):
    """The vector of one image is not as it was written. Other images can be used."""


class UnfinishedError(DamagedError):
    """The creation of the collection was interrupted. Create it again."""


class StorageError(CollectionError):
    """The disk failed a read or a write: it is full, read-only, or gone."""


def from_os_error(error: OSError, what: str = "") -> StorageError:
    """Return an error of the operating system as a StorageError: the place, the reason, and what
    to do.

    what : names the place if the error names no file.
    """
    names = [name for name in (error.filename, error.filename2) if name is not None]
    place = " and ".join(
        os.fsdecode(name) if isinstance(name, bytes) else str(name) for name in names
    )
    reason = (error.strerror or str(error) or type(error).__name__).lower()
    hint = _HINTS.get(error.errno or 0)
    text = f"{place or what}: {reason}" if place or what else reason
    return StorageError(f"{text}: {hint}" if hint else text)


@contextmanager
def as_storage_errors(what: str = "") -> Iterator[None]:
    """Raise the errors of the operating system in the block as StorageErrors."""
    try:
        yield
    except OSError as error:
        raise from_os_error(error, what) from error
