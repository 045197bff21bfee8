"""Schemas of the map."""

from pydantic import BaseModel

from sokkuri.web.schemas.duplicates import RunProgressDocument
from sokkuri.web.schemas.fields import RequestDocument


class MapGroupDocument(BaseModel):
    """A folder, a label or a span of time whose points have a colour of their own."""

    name: str
    count: int


class MapRegionDocument(BaseModel):
    """A dense place of the map. `x`, `y` : its middle, 0 to 1; `name` : the folder or label of at
    least two fifths of its images; `count` : how many of them have it."""

    x: float
    y: float
    name: str
    count: int


class MapCopiesDocument(BaseModel):
    """How many groups of copies are on the map, and how many images they have."""

    groups: int
    images: int


class MapDocument(BaseModel):
    """The map. `version` : for the other addresses, changes with the points; `made` : there is a
    map; `count` : its points; `waiting` : images without a place; `groups` : the largest ones, or
    spans of time in their order; `copies` : only if points are grouped by copies; `running` : the
    progress of the run that this server started, null if none runs; `failure` : why the last run
    stopped early; `allowed` : pages may start a run."""

    version: str
    made: bool
    count: int
    waiting: int
    groups: list[MapGroupDocument]
    copies: MapCopiesDocument | None
    regions: list[MapRegionDocument]
    running: RunProgressDocument | None
    failure: str | None
    allowed: bool


class MapImageDocument(BaseModel):
    """The image at a point."""

    point: int
    id: str
    name: str
    folder: str
    width: int | None
    height: int | None
    v: str


class MapImagesDocument(BaseModel):
    """The images at some points."""

    images: list[MapImageDocument]


class MapPointsDocument(BaseModel):
    """The points of some images, from 0."""

    points: list[int]


class MapRequestDocument(RequestDocument):
    """A request to make the map. `rebuild` : make a new one, on which every image may move."""

    rebuild: bool = False


class MapStartedDocument(BaseModel):
    """`started` : false if a run was in progress."""

    started: bool
