"""Schemas of images: lists, the grid, folders and failures."""

from typing import Literal

from pydantic import BaseModel


class ListedImageDocument(BaseModel):
    """An image in a list. `v` : version of the content; `modified` : ISO 8601, UTC."""

    id: str
    name: str
    folder: str
    width: int | None
    height: int | None
    v: str
    modified: str


class FailureReasonDocument(BaseModel):
    """The stage at which an image failed, and the reason."""

    stage: str
    reason: str


class PhotoDocument(BaseModel):
    """The metadata of a photo, from its sidecar and its file; null where it is unknown. `taken` :
    local time, ISO 8601, with the offset from UTC if it is known; `focal_length` : mm; `latitude`,
    `longitude` : degrees north and east; `rating` : 0 to 5, -1 for a rejected photo."""

    format: str | None
    taken: str | None
    camera: str | None
    lens: str | None
    iso: int | None
    focal_length: float | None
    latitude: float | None
    longitude: float | None
    rating: int | None
    keywords: list[str]


class FilmDocument(BaseModel):
    """The film that an image is a frame of. `path` : location of its file; `seconds` : from the
    beginning of the film."""

    path: str
    seconds: float


class ImageDocument(ListedImageDocument):
    """An image in full. `path` : location of the file; `damage` : what is missing in a file that
    was read in part, null if it is whole; `film` : null if the image is no frame; `photo` : the
    metadata in the catalog, null if it was not read yet; `exif` : metadata as texts by label, for
    people; `previous` and `next` : ids of its neighbours in its folder."""

    path: str
    size: int
    state: Literal["live", "removed", "missing", "failed", "waiting"]
    failure: FailureReasonDocument | None
    damage: str | None
    film: FilmDocument | None
    photo: PhotoDocument | None
    exif: dict[str, str]
    previous: str | None
    next: str | None


class ImagePageDocument(BaseModel):
    """A page of images, ordered by id. `next` : cursor of the next page."""

    images: list[ListedImageDocument]
    next: str | None


class GridGroupDocument(BaseModel):
    """A section of the grid. `first` : the number of its first image."""

    title: str
    first: int
    folder: str | None


class GridDocument(BaseModel):
    """The layout of the whole grid. `order` : a text that differs for other images and for another
    order; `ratios` : one integer an image, 100 * width / height."""

    revision: str
    order: str
    count: int
    ratios: list[int]
    groups: list[GridGroupDocument]


class GridItemsDocument(BaseModel):
    """Consecutive images of the grid. `order` : as in GridDocument."""

    revision: str
    order: str
    images: list[ListedImageDocument]


class GridPlaceDocument(BaseModel):
    """The place of an image in the grid. `order` : as in GridDocument; `count` : number of images;
    `index` : from 0, null if the image is not in this grid."""

    order: str
    count: int
    index: int | None


class FolderDocument(BaseModel):
    """A folder that has images in it or below. `path` : "" for the root; `count` : images in it
    and below."""

    path: str
    count: int


class FolderListDocument(BaseModel):
    """Every folder that has images, ordered by path."""

    folders: list[FolderDocument]


class FailureDocument(FailureReasonDocument):
    """An image that has no feature vector."""

    id: str
    name: str


class DamagedImageDocument(BaseModel):
    """An image whose file is damaged and was read in part. `reason` : what is missing."""

    id: str
    name: str
    reason: str


class DamagedPageDocument(BaseModel):
    """A page of damaged images, ordered by id. `next` : cursor of the next page."""

    damaged: list[DamagedImageDocument]
    next: str | None


class FailurePageDocument(BaseModel):
    """A page of failures, ordered by id. `next` : cursor of the next page."""

    failures: list[FailureDocument]
    next: str | None
