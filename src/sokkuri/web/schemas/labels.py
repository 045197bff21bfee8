"""Schemas of labels: counts, suggestions, nearby labelled images, changes."""

from pydantic import BaseModel, ConfigDict, Field

from sokkuri.web.schemas.duplicates import RunProgressDocument
from sokkuri.web.schemas.fields import PathText, RequestDocument
from sokkuri.web.schemas.search import HitDocument

MAX_LABEL_CHANGES = 1000


class SuggestionDocument(BaseModel):
    """An image to label. `score` : 0 to 1, the expected benefit; `why` : the reason in words."""

    rank: int
    id: str
    name: str
    folder: str
    score: float
    why: str
    width: int | None
    height: int | None
    v: str


class SuggestionListDocument(BaseModel):
    """Images to label next, the most useful first. There are fewer than requested when few images
    are left."""

    suggestions: list[SuggestionDocument]


class SuggestionStateDocument(BaseModel):
    """The progress of the suggestions that the server computes now, for any client; `running` :
    null while it computes none."""

    running: RunProgressDocument | None


class CandidateDocument(BaseModel):
    """An image that may deserve a label. `confidence` : 0 to 1, the share of the label among all
    that were given."""

    id: str
    name: str
    folder: str
    confidence: float
    width: int | None
    height: int | None
    v: str


class LabelCandidatesDocument(BaseModel):
    """The images that fit a label best, the surest first. `count` : how many fit it."""

    label: str
    count: int
    candidates: list[CandidateDocument]


class WordCandidatesDocument(BaseModel):
    """The images that fit each of the given labels, in the order of the labels."""

    words: list[LabelCandidatesDocument]


class LabelCountDocument(BaseModel):
    """A label and the number of its images."""

    label: str
    count: int


class LabelListDocument(BaseModel):
    """Every label, ordered by first use. `labelled` images of `total` have a label."""

    labels: list[LabelCountDocument]
    labelled: int
    total: int


class CurvePointDocument(BaseModel):
    """The share of later labels that the first `labels` labels predicted correctly."""

    labels: int
    accuracy: float


class CurveDocument(BaseModel):
    """Accuracy of predicted labels by the number of labels; empty while there are few labels."""

    curve: list[CurvePointDocument]


class LabelledHitDocument(HitDocument):
    """A hit with its label; null if it has none."""

    label: str | None = None


class GuessDocument(BaseModel):
    """The most frequent label of the nearest labelled images. `share` : 0 to 1, how many of them
    have it."""

    label: str
    share: float


class NearbyImagesDocument(BaseModel):
    """Images near an image, the nearest first: some with labels, some without."""

    id: str
    label: str | None
    labelled: list[LabelledHitDocument]
    unlabelled: list[LabelledHitDocument]
    guess: GuessDocument | None


class ImageLabelDocument(RequestDocument):
    """An image and its label; null for no label."""

    id: PathText
    label: str | None = Field(max_length=1000)


class GivenLabelDocument(ImageLabelDocument):
    """An image and its new label; null for no label. `was` : the label that it has, as far as the
    sender knows. If it has another one, nothing is changed. Leave it out to change any label."""

    was: str | None = Field(default=None, max_length=1000)


class LabelChangeDocument(RequestDocument):
    """Images and their new labels. Other files with equal bytes get the same label."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"labels": [{"id": "cat.jpg", "label": "cat"}]}]},
    )
    labels: list[GivenLabelDocument] = Field(min_length=1, max_length=MAX_LABEL_CHANGES)


class LabelReplacementDocument(RequestDocument):
    """A label, and the label that its images get instead; null deletes the label."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"label": "cat", "to": "animal"}]})
    label: str = Field(max_length=1000)
    to: str | None = Field(max_length=1000)


class LabelEditDocument(BaseModel):
    """A change of all images with a label. `edit` : its number, to undo it. `changed` : how many
    pictures it changed; files with equal bytes count once."""

    edit: int
    label: str
    to: str | None
    changed: int


class LabelUndoDocument(RequestDocument):
    """The number of a change to undo."""

    edit: int = Field(ge=1, le=2**53)


class PreviousLabelsDocument(BaseModel):
    """The labels that the images had before. Send them back to undo the change."""

    before: list[ImageLabelDocument]
