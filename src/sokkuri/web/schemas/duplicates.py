"""Schemas of near-duplicates: groups, the run that finds them, decisions, moves to the trash."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from sokkuri.curation.types import CopyGrade, Grade
from sokkuri.web.schemas.fields import MAX_FILTER_LENGTH, Folder, PathText, RequestDocument
from sokkuri.web.schemas.images import ListedImageDocument

MAX_DROPS = 200
MAX_DECISIONS = 1000
MAX_RULES = 20


class PairDocument(BaseModel):
    """Two images that are near-duplicates. `score` : 0 to 1, how certain that is; `kinds` : of
    edit, in fixed words, as far as they are known."""

    a: str
    b: str
    grade: Grade
    score: float
    kinds: list[str]


class DuplicateImageDocument(ListedImageDocument):
    """An image of a group. `size` : bytes; `kept` : a person chose to keep this image."""

    size: int
    kept: bool


class DuplicateGroupDocument(BaseModel):
    """Near-duplicates. `keep` : the image to keep, which comes first, or the sharpest of a burst;
    `grade` : the least certain grade of the pairs; `why` : why that image is first; `conflict` :
    what speaks against it, "" if nothing does."""

    grade: Grade
    keep: str
    why: str
    conflict: str
    images: list[DuplicateImageDocument]
    pairs: list[PairDocument]


class GradeTotalDocument(BaseModel):
    """Totals of a grade. `drops` : images that could go; `bytes` : their size; `conflicts` : groups
    to look at, whose images do not count in either."""

    groups: int
    drops: int
    bytes: int
    conflicts: int


class RunProgressDocument(BaseModel):
    """Progress of the run that compares images. `total` : 0 while it is unknown."""

    stage: str
    done: int
    total: int


class DuplicateRunDocument(BaseModel):
    """The state of the comparison. `compared` of `of` unique images are compared. `failure` : why
    the last run stopped early; `notes` : what the run could not do."""

    compared: int
    of: int
    running: RunProgressDocument | None
    failure: str | None
    notes: list[str]


class DuplicatePageDocument(DuplicateRunDocument):
    """A page of groups, the most certain first. `total` : number of all groups; `next` : cursor of
    the next page; `unread` : unique images in groups, or perhaps in bursts, whose files the next
    run reads for evidence on the image to keep; `whole` : false if `quick` was asked for, and the
    totals and `unread` are of the groups of this page alone."""

    groups: list[DuplicateGroupDocument]
    total: int
    grades: dict[Grade, GradeTotalDocument]
    next: str | None
    unread: int
    whole: bool


class FindRequestDocument(RequestDocument):
    """Find near-duplicates of this grade or a more certain one, and bursts if requested."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"min_grade": "edited"}]})
    min_grade: CopyGrade = "edited"
    bursts: bool = False


class FindStartedDocument(BaseModel):
    """`started` : false if a run was already in progress."""

    started: bool


_TwoIds = Annotated[list[PathText], Field(min_length=2, max_length=2)]


class DecisionsRequestDocument(RequestDocument):
    """Decisions of a person: pairs that are no duplicates, and images to keep. `undo` removes the
    decisions."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"different": [["a.jpg", "b.jpg"]], "keep": []}]},
    )
    different: list[_TwoIds] = Field(default_factory=list, max_length=MAX_DECISIONS)
    keep: list[PathText] = Field(default_factory=list, max_length=MAX_DECISIONS)
    undo: bool = False


class DecisionsResultDocument(BaseModel):
    """How many decisions are new: on pairs, and on images to keep."""

    different: int
    keep: int


class DropDocument(RequestDocument):
    """An image whose file moves to the trash, and the near-duplicate that stays instead."""

    id: PathText
    keep: PathText


class DropsRequestDocument(RequestDocument):
    """Files to move to the trash. `min_grade`, `under`, `where`, `keep` and `bursts` : those of the
    list of groups that the images come from. Pictures of a burst stay. `batch` : equal for drops
    that belong together."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"drops": [{"id": "b.jpg", "keep": "a.jpg"}]}]},
    )
    drops: list[DropDocument] = Field(min_length=1, max_length=MAX_DROPS)
    min_grade: CopyGrade = "edited"
    under: Folder | None = None
    where: str | None = Field(default=None, max_length=MAX_FILTER_LENGTH)
    keep: list[PathText] = Field(default_factory=list, max_length=MAX_RULES)
    bursts: bool = False
    batch: str | None = Field(default=None, pattern="^[0-9a-f]{8}$")


class TrashRequestDocument(RequestDocument):
    """Images to move to the trash, whether or not a copy of them stays. `batch` : equal for
    requests that belong together."""

    ids: list[PathText] = Field(min_length=1, max_length=MAX_DROPS)
    batch: str | None = Field(default=None, pattern="^[0-9a-f]{8}$")


class NotMovedDocument(BaseModel):
    """An image whose file was not moved, and the reason."""

    id: str
    reason: str


class DropsResultDocument(BaseModel):
    """Images that are in the trash now, and images that are not. `log` : name for undo; null if
    nothing was moved. `companions` : files that belong to moved images and stay, such as RAW files;
    `companions_moved` : those that are in the trash, too, such as sidecars and the videos of live
    photos."""

    log: str | None
    moved: list[str]
    left: list[NotMovedDocument]
    companions: list[str]
    companions_moved: list[str]


class UndoableDropDocument(BaseModel):
    """A drop whose files are in the trash, or a plan that was applied. `log` : name for undo;
    `ids` : the moved images; `batch` : equal for drops that belong together, such as those of
    "Trash all"; `time` : UTC, null if the log's name has none; `plan` : whether
    `sokkuri duplicates --apply` moved the files."""

    log: str
    ids: list[str]
    batch: str
    time: str | None
    plan: bool


class DropListDocument(BaseModel):
    """The latest drops that can be undone, the latest first."""

    drops: list[UndoableDropDocument]


class UndoRequestDocument(RequestDocument):
    """The moves to undo: the `log` of the earlier answer."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"log": "20260101T120000-000000-1a2b3c4d.log"}]},
    )
    log: str = Field(max_length=200)


class UndoResultDocument(BaseModel):
    """Images whose files are back, and images whose files are not. `companions_returned` : files
    that belong to images and are back."""

    returned: list[str]
    left: list[NotMovedDocument]
    companions_returned: list[str]
