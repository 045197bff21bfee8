"""What goes over the wire: the API's documents with their examples, for its OpenAPI description.

Answers are built as plain dictionaries of these shapes, since texts may hold file names that are
not UTF-8, which pydantic refuses; requests are checked by them.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from sokkuri.core.types import Box, Metric
from sokkuri.search.query import parsed_box

MOST_HITS = 1000


def _as_name(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is wanted")  # noqa: TRY004 - pydantic's way to refuse
    if "\0" in value:
        raise ValueError("no file name holds a NUL")
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise ValueError("this text can be no file name") from None
    return value


def _as_box(value: Any) -> Box:
    if isinstance(value, str):
        return parsed_box(value)
    raise ValueError("it wants x,y,width,height in pixels")


Name = Annotated[str, PlainValidator(_as_name), WithJsonSchema({"type": "string"})]
"""An id, a folder or a part of one: any file name, UTF-8 or not."""


def _as_folder(value: Any) -> str:
    folder = _as_name(value)
    if folder.startswith("/") or ".." in folder.split("/"):
        raise ValueError("a folder is given relative to the collection's root")
    return folder


Folder = Annotated[str, PlainValidator(_as_folder), WithJsonSchema({"type": "string"})]
"""A folder, relative to the collection's root."""

Crop = Annotated[
    Box,
    PlainValidator(_as_box),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]+(,[0-9]+){3}$"}),
]
"""`x,y,width,height` in pixels of the upright picture."""

Size = Annotated[Literal[64, 128, 256, 512, 1024, 2048], BeforeValidator(int)]
"""A thumbnail's longer side in pixels: few, so that what is kept of them can be found again."""


class Problem(BaseModel):
    """RFC 9457: what went wrong, in one line."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:sokkuri:problem:unknown-image",
                    "title": "Not Found",
                    "status": 404,
                    "detail": "the collection has no image 'cat.jpg'",
                }
            ]
        }
    )
    type: str
    title: str
    status: int
    detail: str


class Question(BaseModel):
    """A search by ids: like `ids`, not like `not_ids`."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"ids": ["2024/summer/cat.jpg"], "k": 5}]},
    )
    ids: list[Name] = Field(default_factory=list, max_length=64)
    not_ids: list[Name] = Field(default_factory=list, max_length=64)
    k: int = Field(default=10, ge=1, le=MOST_HITS)
    metric: Metric | None = None
    under: Folder | None = None
    where: str | None = Field(default=None, max_length=2000, examples=["width > 1000"])
    max_distance: float | None = Field(default=None, ge=0)
    crop: Crop | None = None
    angles: bool = False

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, given: Any) -> Any:
        """An empty field of a form is one that was left out."""
        if isinstance(given, dict):
            return {key: value for key, value in given.items() if value != ""}
        return given


class HitDocument(BaseModel):
    """An image found. `v` : its content, for addresses that may be kept. `angle` : radians, near
    for images that are alike; only where it was asked for."""

    rank: int
    id: str
    name: str
    folder: str
    distance: float
    width: int | None
    height: int | None
    v: str
    angle: float | None = None


class Result(BaseModel):
    """What a search found, nearest first. `exact` : proved to be nearest; else `recall` says what
    share of the nearest such searches find."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "query": ["2024/summer/cat.jpg"],
                    "metric": "cosine",
                    "exact": True,
                    "recall": 1.0,
                    "milliseconds": 6.8,
                    "hits": [
                        {
                            "rank": 1,
                            "id": "2024/summer/cat.jpg",
                            "name": "cat.jpg",
                            "folder": "2024/summer",
                            "distance": 0.0,
                            "width": 1600,
                            "height": 1200,
                            "v": "9f6b1c0d9e8f7a00",
                        }
                    ],
                }
            ]
        }
    )
    query: list[str]
    metric: Metric
    exact: bool
    recall: float
    milliseconds: float
    hits: list[HitDocument]


class ImageInList(BaseModel):
    """An image of the collection, in short. `modified` : ISO 8601, UTC."""

    id: str
    name: str
    folder: str
    width: int | None
    height: int | None
    v: str
    modified: str


class FailureReason(BaseModel):
    """At which stage an image failed, and why."""

    stage: str
    reason: str


class ImageDocument(ImageInList):
    """An image with what is known of it. `path` : where its file is now; `exif` : by label;
    `previous` and `next` : its neighbours in its folder."""

    path: str
    size: int
    state: Literal["live", "removed", "missing", "failed", "waiting"]
    failure: FailureReason | None
    exif: dict[str, str]
    previous: str | None
    next: str | None


class ImagePage(BaseModel):
    """Some images by id, and the cursor of those that follow."""

    images: list[ImageInList]
    next: str | None


class Group(BaseModel):
    """A run of the grid with a title, from image number `first`."""

    title: str
    first: int
    folder: str | None


class Grid(BaseModel):
    """The whole grid's shape. `ratios` : a hundred times width by height, an integer an image."""

    revision: str
    count: int
    ratios: list[int]
    groups: list[Group]


class GridItems(BaseModel):
    """A window of the grid."""

    revision: str
    images: list[ImageInList]


class FolderDocument(BaseModel):
    """A folder with images in it or below. `path` : "" for the root."""

    path: str
    count: int


class Folders(BaseModel):
    """Every folder with images, by path."""

    folders: list[FolderDocument]


class FailureDocument(FailureReason):
    """An image without features."""

    id: str
    name: str


class FailurePage(BaseModel):
    """Some failures by id, and the cursor of those that follow."""

    failures: list[FailureDocument]
    next: str | None


class Ann(BaseModel):
    """The approximate index. `recall` : the share of the true nearest that it found, by k."""

    covered: int
    rows: int
    recall: dict[str, float]
    metric: Metric


class StatusDocument(BaseModel):
    """The collection as a whole. `runs` : processes that index at present; `bytes` : on disk."""

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
    bytes: int
    ann: Ann | None
    runs: int
    revision: str


class Info(BaseModel):
    """What a page must know before it shows anything."""

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


class Pulse(BaseModel):
    """The data of a `status` event."""

    total: int
    waiting: int
    failed: int
    runs: int
    revision: str


class Health(BaseModel):
    """It serves."""

    status: Literal["ok"]


class ArticleHit(BaseModel):
    """As the article's server names it."""

    objectId: str  # noqa: N815 - the article's name
    distance: float


class ArticleResult(BaseModel):
    """What the article's server answers. `time` : milliseconds."""

    time: float
    queryObjectId: str  # noqa: N815 - the article's name
    similarImages: list[ArticleHit]  # noqa: N815 - the article's name
