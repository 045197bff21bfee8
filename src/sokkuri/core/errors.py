"""What can go wrong, as one tree. Every message is one line: what, which file, what to do.

    SokkuriError                 exit code 1 unless said otherwise
    ├── UsageError               exit code 2: what was asked for cannot be
    ├── MissingExtraError        an optional part is not installed
    ├── EngineError              a search engine elsewhere cannot be reached, or used as asked
    ├── ClusterError             a cluster cannot be reached, or cannot do the work
    ├── ModelError               a card, an ONNX file or a checkpoint cannot be used
    ├── ImageError               one image, never a whole run
    │   ├── ReadError              the bytes could not be had
    │   ├── DecodeError            the bytes are no picture that can be read
    │   └── ExtractError           the network refused the picture
    ├── RequestError             the server does not take a request
    │   ├── BusyError              too much is waiting
    │   ├── SlowError              its body does not come in time
    │   ├── TooLargeError          its body is too large
    │   ├── WithheldError          the file that it asks for is not served
    │   └── ChangesError           it would change something, and may not
    └── CollectionError          the collection cannot be used as asked
        ├── NoCollectionError      there is none here
        ├── UnknownImageError      the collection has no such image
        ├── ModelMismatchError     its features come from another model
        ├── UnsupportedError       exit code 2: a search index cannot do what is asked of it
        ├── DamagedError           its files contradict its catalog
        │   └── UnfinishedError      making it was cut short
        └── StorageError           the disk refused a read or a write

Imports nothing, so that every floor may raise these.
"""


class SokkuriError(Exception):
    """Everything that sokkuri raises on purpose."""

    exit_code = 1


class UsageError(SokkuriError):
    """What was asked for cannot be: a wrong option, name or combination."""

    exit_code = 2


class MissingExtraError(SokkuriError):
    """An optional part is needed but not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional part: pip install 'sokkuri[{extra}]'")
        self.extra = extra


class EngineError(SokkuriError):
    """A search engine elsewhere does not answer, or cannot be used as asked."""


class ClusterError(SokkuriError):
    """A cluster does not answer, or none of its machines can do the work."""


class ModelError(SokkuriError):
    """A model card, an ONNX file or a checkpoint cannot be used."""


class ImageError(SokkuriError):
    """One image cannot be used; `stage` says where, the message says why."""

    stage = "image"


class ReadError(ImageError):
    """The bytes could not be had: permission, a broken link, a fault of the disk."""

    stage = "read"


class DecodeError(ImageError):
    """The bytes are not a picture that can be read, or one beyond the limits."""

    stage = "decode"


class ExtractError(ImageError):
    """The network gave no usable feature vector for this picture."""

    stage = "extract"


class RequestError(SokkuriError):
    """The server does not take a request."""


class BusyError(RequestError):
    """More is waiting than the server takes on: ask again in a moment."""


class SlowError(RequestError):
    """The request's body does not come in time."""


class TooLargeError(RequestError):
    """The request's body is larger than the server takes."""


class WithheldError(RequestError):
    """The file is not served: it lies outside the collection's folder."""


class ChangesError(RequestError):
    """The request would change something, and the server or the page it comes from may not."""


class CollectionError(SokkuriError):
    """The collection cannot be used as asked."""


class NoCollectionError(CollectionError):
    """There is no collection where one was looked for."""


class UnknownImageError(CollectionError):
    """A query or an argument names no image of the collection."""


class ModelMismatchError(CollectionError):
    """The collection's features come from another model or preprocessing."""


class UnsupportedError(CollectionError):
    """A search index cannot do what is asked of it: another one can."""

    exit_code = 2


class DamagedError(CollectionError):
    """The collection's files contradict its catalog."""


class UnfinishedError(DamagedError):
    """Making the collection was cut short: making it again is all it needs."""


class StorageError(CollectionError):
    """The disk refused a read or a write: full, read-only, or gone."""
