"""What a run of the pipeline is asked, and what it reports."""

from dataclasses import dataclass, field
from typing import Literal

from sokkuri.core.locations import Location
from sokkuri.core.types import IdKind, Limits
from sokkuri.indexing.partition import Part


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """How a run goes about it.

    workers : threads, None for one a core that this process may use, and more where a GPU computes.
    device : `auto`, `cpu`, `cuda` or `cuda:N`; the CPU where there is no such GPU, which is said.
    exclude : globs, None for those of the run before. names : a file that lists the images, in
    place of walking the folder; what it lacks is not in the collection. ids : what an image's id
    is, None for what it was, at first its path. shuffle : a seed for the order of extraction.
    ann_from : images from which an approximate index is kept, None for what it was, at first a
    million. executor : what runs the work, threads of this process or the processes of a Ray
    cluster, of which `workers` is the number then, None for one a CPU of the cluster. address : the
    cluster's, `auto` or HOST:PORT, None for that of RAY_ADDRESS or a cluster of this machine's own.
    part : the one share of the images that this collection has, None for what it was, at first all.
    """

    workers: int | None = None
    executor: Literal["threads", "ray"] = "threads"
    address: str | None = None
    device: str = "auto"
    exclude: tuple[str, ...] | None = None
    names: Location | None = None
    ids: IdKind | None = None
    shuffle: int | None = None
    ann_from: int | None = None
    part: Part | None = None
    retry_failed: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a run did, in images: added + updated + moved + reused + unchanged = total.

    added : extracted, not known before. updated : extracted anew. moved : took over the row of an
    image that vanished. reused : came back, or has the bytes of another image, nothing extracted.
    removed : their files are gone. failed : in the folder, but without features. total : found by
    searches. seconds : wall time. images_per_second : extracted ones, while they were.
    """

    added: int = 0
    updated: int = 0
    moved: int = 0
    reused: int = 0
    removed: int = 0
    unchanged: int = 0
    failed: int = 0
    total: int = 0
    seconds: float = 0.0
    images_per_second: float = 0.0
