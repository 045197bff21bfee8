"""Schemas of the state of the collection and of the server."""

from typing import Literal

from pydantic import BaseModel

from sokkuri.core.types import Metric


class AnnIndexDocument(BaseModel):
    """The approximate index. `recall` : share of the true nearest images that it returned when it
    was measured, by k; `text_recall` : for searches by words, empty if it was not measured.
    `by_queries` : recall by kind of query, see docs/search.md; `recall` is the lowest of the
    kinds of pictures."""

    covered: int
    rows: int
    recall: dict[str, float]
    text_recall: dict[str, float]
    by_queries: dict[str, dict[str, float]]
    metric: Metric


class ReplacementDocument(BaseModel):
    """The model that is to replace the collection's. `dimension` : null before an image is read;
    `done` : images with a new vector; `failed` : images that cannot have one; `total` : all images;
    `runs` : processes that work on the replacement now."""

    model: str
    dimension: int | None
    done: int
    failed: int
    total: int
    runs: int


class WatchDocument(BaseModel):
    """The server's own watch of the folder (`serve --watch`). `state` : `starting` before a
    collection is watched, `waiting` while nothing can be done; `text` : what is watched and how, or
    what the server waits for; `poll` : seconds between two looks at the folder, null if the system
    sends events."""

    state: Literal["starting", "watching", "waiting"]
    text: str
    poll: float | None


class StatusDocument(BaseModel):
    """The state of the collection. `damaged` : images that were read in part; `runs` : processes
    that index now; `bytes` : size on disk; `replacement` : null if no model is to replace the
    collection's; `watch` : null if the server does not watch the folder."""

    root: str
    store: str
    model: str
    dimension: int
    dtype: str
    total: int
    removed: int
    missing: int
    waiting: int
    failed: int
    damaged: int
    bytes: int
    ann: AnnIndexDocument | None
    runs: int
    revision: str
    replacement: ReplacementDocument | None
    watch: WatchDocument | None


class InfoDocument(BaseModel):
    """What a page needs before it can show anything. `columns` : the columns that a `where` filter
    may name; `changes` : pages may change the collection; `words` : the model knows words;
    `no_words` : if it knows none, a line that says so and names the commands that help."""

    name: str
    version: str
    mosaic: bool
    total: int
    max_upload: int
    model: str
    metric: Metric
    revision: str
    columns: list[str]
    changes: bool
    words: bool
    no_words: str | None


class StatusEventDocument(BaseModel):
    """The data of a `status` event."""

    total: int
    waiting: int
    failed: int
    runs: int
    revision: str
    replacement: ReplacementDocument | None
    watch: WatchDocument | None


class ReportDocument(BaseModel):
    """Versions and counts to report a bug with: lines of `name: value`."""

    text: str


class HealthDocument(BaseModel):
    """The server runs."""

    status: Literal["ok"]


class WriteAccessDocument(BaseModel):
    """Whether pages may change the collection. `key` : the value that they must send in the header
    X-Sokkuri-Change with a change, or with a request to index; null if neither is allowed."""

    allowed: bool
    key: str | None
