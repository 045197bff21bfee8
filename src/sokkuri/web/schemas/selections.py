"""Schemas of selections: images that a page has selected, of the grid or by their ids."""

from typing import Annotated

from pydantic import BaseModel, Field, model_validator

from sokkuri.web.schemas.fields import Folder, PathText, RequestDocument
from sokkuri.web.services.grid import Sort

MAX_IDS = 10_000
MAX_RANGES = 20_000

Position = Annotated[int, Field(ge=0, le=2**31)]


class GridSelectionDocument(RequestDocument):
    """Images of the grid. `revision` : of the layout that they were selected in; `ranges` : [first,
    end) positions in its order."""

    under: Folder | None = None
    sort: Sort = "folder"
    revision: str = Field(max_length=100)
    ranges: list[tuple[Position, Position]] = Field(min_length=1, max_length=MAX_RANGES)


class SelectionRequestDocument(RequestDocument):
    """The selected images: either some of the grid, or ids in their order."""

    grid: GridSelectionDocument | None = None
    ids: list[PathText] | None = Field(default=None, min_length=1, max_length=MAX_IDS)

    @model_validator(mode="after")
    def _is_one_kind(self) -> "SelectionRequestDocument":
        if (self.grid is None) == (self.ids is None):
            raise ValueError("must have either grid or ids")
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
