"""Schemas of selections: images that a page has selected, of the grid or by their ids."""

from typing import Annotated

from pydantic import BaseModel, Field, model_validator

from sokkuri.web.schemas.fields import MAX_FILTER_LENGTH, Folder, PathText, RequestDocument
from sokkuri.web.services.grid import Sort

MAX_IDS = 10_000
MAX_RANGES = 20_000
MAX_BITS = 1_000_000
"""Characters of base64: six million points."""

Position = Annotated[int, Field(ge=0, le=2**31)]


class GridSelectionDocument(RequestDocument):
    """Images of the grid. `revision` and `order` : of the layout that they were selected in;
    `ranges` : [first, end) positions in its order. Without `order`, which a filter needs, the
    selection must be kept before the revision changes."""

    under: Folder | None = None
    where: str | None = Field(default=None, max_length=MAX_FILTER_LENGTH)
    sort: Sort = "folder"
    revision: str = Field(max_length=100)
    order: str | None = Field(default=None, max_length=64)
    ranges: list[tuple[Position, Position]] = Field(min_length=1, max_length=MAX_RANGES)

    @model_validator(mode="after")
    def _names_what_it_filtered(self) -> "GridSelectionDocument":
        if self.where is not None and self.order is None:
            raise ValueError("must have the order of the grid, because it has a filter")
        return self


class MapSelectionDocument(RequestDocument):
    """Images on the map. `version` : of the map; `points` : a bit for each point, as in
    `GET /api/v1/map/passing`, in base64; `under` and `where` : the filter that they pass."""

    version: str = Field(max_length=64)
    points: str = Field(max_length=MAX_BITS)
    under: Folder | None = None
    where: str | None = Field(default=None, max_length=MAX_FILTER_LENGTH)


class SelectionRequestDocument(RequestDocument):
    """The selected images: some of the grid, some on the map, or ids in their order."""

    grid: GridSelectionDocument | None = None
    map: MapSelectionDocument | None = None
    ids: list[PathText] | None = Field(default=None, min_length=1, max_length=MAX_IDS)

    @model_validator(mode="after")
    def _is_one_kind(self) -> "SelectionRequestDocument":
        if [self.grid, self.map, self.ids].count(None) != 2:
            raise ValueError("must have one of grid, map and ids")
        return self


class SelectionDocument(BaseModel):
    """A selection that the server holds. `selection` : its name in addresses; `count` : number of
    images; `bytes` : size of their files."""

    selection: str
    count: int
    bytes: int


class SelectedImageDocument(BaseModel):
    """A selected image. `path` : where its file is; `bytes` : its size."""

    id: str
    path: str
    width: int | None
    height: int | None
    bytes: int
    modified: str


class SelectedImagesDocument(BaseModel):
    """A part of the selected images, in their order."""

    images: list[SelectedImageDocument]
