"""Schemas of indexing: the first run of a folder, and later runs."""

from pydantic import BaseModel, Field

from sokkuri.web.schemas.fields import RequestDocument


class IndexProgressDocument(BaseModel):
    """The progress of a run. `done`, `total` and `failed` count images."""

    stage: str
    done: int
    total: int
    failed: int


class IndexReportDocument(BaseModel):
    """What a run did, in images, as `index --json` says it."""

    added: int
    updated: int
    moved: int
    reused: int
    removed: int
    unchanged: int
    failed: int
    damaged: int
    total: int
    seconds: float
    images_per_second: float


class IndexRunDocument(BaseModel):
    """The state of the runs that this server started. `allowed` : pages may start one; `running` :
    null if none runs; `failure` : why the last one stopped early; `notes` : what it has to say;
    `report` : what the last one did, null before it has ended."""

    allowed: bool
    running: IndexProgressDocument | None
    failure: str | None
    notes: list[str]
    report: IndexReportDocument | None


class IndexRequestDocument(RequestDocument):
    """A request to index. `retry_failed` : also try images again that could not be read."""

    retry_failed: bool = False


class IndexStartedDocument(BaseModel):
    """`started` : false if a run was in progress."""

    started: bool


class NetworkDocument(BaseModel):
    """A network to choose from. `words` : it can search by words."""

    name: str
    source: str
    licence: str
    dimension: int
    words: bool


class SetupDocument(BaseModel):
    """What the folder of a first run holds. `problem` : why the server cannot index it, or null;
    `inside` : a folder above it that has a collection, or null;
    `formats` : number of images by ending; `not_read` : a line about files that are not read;
    `unlisted` : folders that could not be listed; `free_bytes` : free space for the store."""

    folder: str
    store: str
    problem: str | None
    inside: str | None
    images: int
    bytes: int
    formats: dict[str, int]
    not_read: str
    unlisted: int
    free_bytes: int
    networks: list[NetworkDocument]


class EstimateDocument(BaseModel):
    """What a first run would need, as `index --dry-run` says it."""

    images: int
    seconds: float
    memory_bytes: int
    disk_bytes: int


class SetupRequestDocument(RequestDocument):
    """The network of the new collection."""

    network: str = Field(min_length=1, max_length=200)
