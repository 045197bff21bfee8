"""Schemas of searches: the request and the hits."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sokkuri.core.types import Metric
from sokkuri.web.schemas.fields import (
    MAX_FILTER_LENGTH,
    MAX_HITS,
    Crop,
    Folder,
    PathText,
    RequestDocument,
    Words,
)


class SearchRequestDocument(RequestDocument):
    """A search by image ids and words. Hits resemble the images `ids`, fit the words `texts`, and
    differ from `not_ids` and `not_texts`. A number behind an id or a text, as in `at night^0.5`, is
    its weight. `recall` : the least share of the true nearest images that an approximate search
    must find, by its measured recall."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ids": ["2024/summer/cat.jpg"], "k": 5}]},
    )
    ids: list[PathText] = Field(default_factory=list, max_length=64)
    not_ids: list[PathText] = Field(default_factory=list, max_length=64)
    texts: list[Words] = Field(default_factory=list, max_length=16, examples=[["a red bicycle"]])
    not_texts: list[Words] = Field(default_factory=list, max_length=16)
    k: int = Field(default=10, ge=1, le=MAX_HITS)
    metric: Metric | None = None
    under: Folder | None = None
    where: str | None = Field(default=None, max_length=MAX_FILTER_LENGTH, examples=["width > 1000"])
    max_distance: float | None = Field(default=None, ge=0)
    crop: Crop | None = None
    angles: bool = False
    collapse: bool = False
    recall: float | None = Field(default=None, gt=0, le=1)

    @model_validator(mode="before")
    @classmethod
    def _drop_blank_fields(cls, fields: Any) -> Any:
        """Drop blank fields: a browser sends the empty fields of a form, too."""
        if isinstance(fields, dict):
            return {name: value for name, value in fields.items() if value != ""}
        return fields


class HitDocument(BaseModel):
    """A hit of a search. `v` names the version of the file's content: an address that carries it
    may be cached for ever. `angle` : radians, close for similar images; only if requested. `copies`
    : how many other images of its group of copies pass the filters; `copy_ids` : up to a hundred of
    them; both only if the search collapses copies. `good` : whether it fits the words better than
    is usual in the collection; only for words. `probability` : that it fits; only for one text and
    a model that gives probabilities."""

    rank: int
    id: str
    name: str
    folder: str
    distance: float
    width: int | None
    height: int | None
    v: str
    angle: float | None = None
    copies: int | None = None
    copy_ids: list[str] | None = None
    good: bool | None = None
    probability: float | None = None


class SearchResultDocument(BaseModel):
    """The hits of a search, the nearest first. `exact` : they are proved to be the nearest images.
    Otherwise `recall` is the measured share of the true nearest images that such a search
    returns. `notes` : lines on what could not be used, such as damaged vectors, which are left
    out. `not_compared` : how many of the hits were not compared with other images yet, so that
    only files with equal bytes count as their copies; 0 unless the search collapses copies."""

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
    notes: list[str] = Field(default_factory=list)
    not_compared: int = 0


class ArticleHitDocument(BaseModel):
    """A hit, with the field names of the article's server."""

    objectId: str  # noqa: N815 - the article's name
    distance: float


class ArticleResultDocument(BaseModel):
    """The answer of the article's server. `time` : milliseconds."""

    time: float
    queryObjectId: str  # noqa: N815 - the article's name
    similarImages: list[ArticleHitDocument]  # noqa: N815 - the article's name
