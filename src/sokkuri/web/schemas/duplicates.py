"""What goes over the wire where something is changed: rights, near-duplicates, what is decided."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from sokkuri.curation.types import Grade
from sokkuri.web.schemas.search import Folder, ImageInList, Name

MOST_DROPS = 200
MOST_DECISIONS = 1000


class Rights(BaseModel):
    """Whether pages may change something. `key` : what they show then, in X-Sokkuri-Change."""

    allowed: bool
    key: str | None


class Likeness(BaseModel):
    """Two images that are near-duplicates. `score` : 0 to 1, how sure that is."""

    a: str
    b: str
    grade: Grade
    score: float


class DuplicateImage(ImageInList):
    """An image of a group. `size` : bytes; `kept` : a person said that it is the one to keep."""

    size: int
    kept: bool


class DuplicateGroup(BaseModel):
    """Near-duplicates of `keep`, which comes first. `grade` : of the least sure of them."""

    grade: Grade
    keep: str
    images: list[DuplicateImage]
    pairs: list[Likeness]


class GradeTotal(BaseModel):
    """All groups of a grade: how many, and the images besides those to keep, with their bytes."""

    groups: int
    drops: int
    bytes: int


class Progress(BaseModel):
    """How far the run is that compares. `total` is 0 where it is not known yet."""

    stage: str
    done: int
    total: int


class ComparingState(BaseModel):
    """How many contents were compared, `of` how many. `failure` : what ended the last run before
    its time; `notes` : what it could not do."""

    compared: int
    of: int
    running: Progress | None
    failure: str | None
    notes: list[str]


class DuplicatePage(ComparingState):
    """Some groups, the surest first, and the cursor of those that follow. `total` : groups."""

    groups: list[DuplicateGroup]
    total: int
    grades: dict[Grade, GradeTotal]
    next: str | None


class FindRequest(BaseModel):
    """What to find: near-duplicates of this grade or a surer one."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"min_grade": "edited"}]}
    )
    min_grade: Grade = "edited"


class Started(BaseModel):
    """`started` : false where a run was under way already."""

    started: bool


Two = Annotated[list[Name], Field(min_length=2, max_length=2)]


class DecisionsRequest(BaseModel):
    """What a person decided: pairs that are no duplicates, images to keep. `undo` takes it back."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"different": [["a.jpg", "b.jpg"]], "keep": []}]},
    )
    different: list[Two] = Field(default_factory=list, max_length=MOST_DECISIONS)
    keep: list[Name] = Field(default_factory=list, max_length=MOST_DECISIONS)
    undo: bool = False


class DecisionsDone(BaseModel):
    """How many pairs, and how many images to keep, were not so decided before."""

    different: int
    keep: int


class Drop(BaseModel):
    """An image whose file goes to the trash, and the near-duplicate that stays for it."""

    model_config = ConfigDict(extra="forbid")
    id: Name
    keep: Name


class DropsRequest(BaseModel):
    """Files to move to the trash. `min_grade`, `under` and `where` : as in the list of groups that
    they come from."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"drops": [{"id": "b.jpg", "keep": "a.jpg"}]}]},
    )
    drops: list[Drop] = Field(min_length=1, max_length=MOST_DROPS)
    min_grade: Grade = "edited"
    under: Folder | None = None
    where: str | None = Field(default=None, max_length=2000)


class Left(BaseModel):
    """An image whose file stays where it is, and why."""

    id: str
    reason: str


class DropsDone(BaseModel):
    """What was moved to the trash, and what was not. `log` : what brings it back; null where there
    is nothing to bring back."""

    log: str | None
    moved: list[str]
    left: list[Left]


class UndoRequest(BaseModel):
    """The drops to take back: the `log` that their answer named."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"log": "20260101T120000-000000-1a2b3c4d.log"}]},
    )
    log: str = Field(max_length=200)


class UndoDone(BaseModel):
    """What is back at its place, and what is not."""

    returned: list[str]
    left: list[Left]
