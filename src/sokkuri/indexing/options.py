"""The options of a run of the pipeline, and its report."""

from dataclasses import dataclass, field
from typing import Literal

from sokkuri.core.locations import Location
from sokkuri.core.types import IdKind, Limits
from sokkuri.core.values import check_choice, check_count, check_is_no_text
from sokkuri.indexing.films import video_setting
from sokkuri.indexing.partition import Part

ExecutorName = Literal["threads", "ray"]


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """The options of a run. None means the saved setting or the default.

    workers : number of threads; None for one per core that this process may use, and more with a
    GPU. On a Ray cluster the number of processes; None for one per CPU of the cluster.
    executor : `threads` of this process, or the processes of a `ray` cluster.
    address : of the cluster, `auto` or HOST:PORT; None for RAY_ADDRESS, or else a new cluster on
    this machine.
    device : `auto`, `cpu`, `cuda` or `cuda:N`. Without that GPU the CPU is used, with a note.
    exclude : globs of paths to leave out; None for those of the last run.
    names : a file that lists the images, instead of walking the folder. Other images are not in the
    collection.
    ids : what an image's id is; None for the saved setting, at first `path`.
    shuffle : a seed for a random order of extraction.
    video : which frames of films are images: `off`, `scenes`, or `every=10s` for one each ten
    seconds; None for the saved setting, at first `off`.
    ann_from : number of images from which an approximate index is kept; None for the saved setting,
    at first a million.
    part : the share of the images that this collection has; None for the saved setting, at first
    all.
    retry_failed : also try images that failed before.
    rehash : read all files again; only those with other bytes are extracted.
    metadata : also read the metadata of photos that an earlier version indexed. No vector is
    extracted again.
    accept_removals : go on even if all images, or more than half, would be marked as gone.
    limits : sizes above which an image is a failure.
    """

    workers: int | None = None
    executor: ExecutorName = "threads"
    address: str | None = None
    device: str = "auto"
    exclude: tuple[str, ...] | None = None
    names: Location | None = None
    ids: IdKind | None = None
    video: str | None = None
    shuffle: int | None = None
    ann_from: int | None = None
    part: Part | None = None
    retry_failed: bool = False
    rehash: bool = False
    metadata: bool = False
    accept_removals: bool = False
    limits: Limits = field(default_factory=Limits)


def check_options(options: SyncOptions) -> None:
    """Raise UsageError for a value that an option cannot have."""
    check_choice("executor", options.executor, ExecutorName)
    if options.workers is not None:
        check_count("workers", options.workers, 1)
    if options.ann_from is not None:
        check_count("ann_from", options.ann_from, 0)
    if options.ids is not None:
        check_choice("ids", options.ids, IdKind)
    if options.video is not None:
        video_setting(str(options.video))
    check_is_no_text("exclude", options.exclude, "a tuple of texts")
    for name, value in (("names", options.names), ("part", options.part)):
        check_is_no_text(name, value, "a Path or an Address" if name == "names" else "a Part")
    check_count("limits.max_bytes", options.limits.max_bytes, 1)
    check_count("limits.max_pixels", options.limits.max_pixels, 1)


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a run did, in images: added + updated + moved + reused + unchanged = total.

    added : extracted for the first time. updated : extracted again. moved : took the row of an
    image that vanished. reused : returned, or has the bytes of another image; not extracted.
    removed : their files are gone. failed : in the folder, but without a vector. total : live
    images. damaged : live images whose files were read in part. seconds : wall time.
    images_per_second : extracted images per second of extraction.
    """

    added: int = 0
    updated: int = 0
    moved: int = 0
    reused: int = 0
    removed: int = 0
    unchanged: int = 0
    failed: int = 0
    damaged: int = 0
    total: int = 0
    seconds: float = 0.0
    images_per_second: float = 0.0
