"""What goes over the wire about labels: which there are, what to label next, what is labelled."""

from pydantic import BaseModel, ConfigDict, Field

from sokkuri.web.schemas.search import HitDocument, Name

MOST_CHANGES = 1000


class SuggestionDocument(BaseModel):
    """An image to label. `score` : 0 to 1, how much it is hoped to teach; `why` : in words."""

    rank: int
    id: str
    name: str
    folder: str
    score: float
    why: str
    width: int | None
    height: int | None
    v: str


class Suggestions(BaseModel):
    """What to label next, what teaches most first; fewer than asked for when little is left."""

    suggestions: list[SuggestionDocument]


class LabelCount(BaseModel):
    """A label, and how many images have it."""

    label: str
    count: int


class LabelsDocument(BaseModel):
    """Every label in the order of first use. `labelled` of `total` images have one."""

    labels: list[LabelCount]
    labelled: int
    total: int


class CurvePoint(BaseModel):
    """With so many labels, the share of later ones that those before them foretold."""

    labels: int
    accuracy: float


class Curve(BaseModel):
    """How good guesses by likeness were as labels were given; empty while there are few."""

    curve: list[CurvePoint]


class LabelledHit(HitDocument):
    """An image near another one, with its label, if it has one."""

    label: str | None = None


class Guess(BaseModel):
    """What most of the nearest labelled images say. `share` : of them, 0 to 1."""

    label: str
    share: float


class Near(BaseModel):
    """What lies near an image, nearest first: some with labels, some without."""

    id: str
    label: str | None
    labelled: list[LabelledHit]
    unlabelled: list[LabelledHit]
    guess: Guess | None


class LabelOfImage(BaseModel):
    """An image, and its label; null for none."""

    model_config = ConfigDict(extra="forbid")
    id: Name
    label: str | None = Field(max_length=1000)


class LabelChange(BaseModel):
    """Images and the labels that they are to have. The same bytes elsewhere get them too."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"labels": [{"id": "cat.jpg", "label": "cat"}]}]},
    )
    labels: list[LabelOfImage] = Field(min_length=1, max_length=MOST_CHANGES)


class LabelsBefore(BaseModel):
    """The labels that these images had: sent back, they undo the change."""

    before: list[LabelOfImage]
