"""What a search takes and returns: the options, and the hits with their image records.

`Hits` hold arrays and records; iterating them makes one `Hit` for each, for presentation.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sokkuri.core.errors import UsageError
from sokkuri.core.locations import Location
from sokkuri.core.named_roots import Root
from sokkuri.core.types import Box, ImageRecord, Metric
from sokkuri.core.values import check_choice, check_count, check_number
from sokkuri.search.query import Query

SearchMode = Literal["auto", "exact", "ann"]
"""Which index to search. `exact`: all vectors. `ann`: the approximate index. `auto`: the vector
engine if the searcher has one, else the approximate index if it can answer, else exact."""


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How to search, and which images to search.

    without : images and words that the hits should not look like. crop : (x, y, width, height) in
    pixels of the upright image; only this part of each query counts. under : a folder; only images
    in it or below it are hits. where : an expression, see `store/filters.py`. max_distance : the
    largest distance of a hit. mode : see `SearchMode`. recall : the least share of the true nearest
    that an approximate search must find, by its measured recall; if the index cannot reach it, the
    search is exact. None : no such demand. collapse : show one hit for each group of
    copies, as far as `find_duplicates` has found them; the nearest image of a group is its hit.
    """

    without: tuple[Query, ...] = ()
    crop: Box | None = None
    under: str | None = None
    where: str | None = None
    max_distance: float | None = None
    mode: SearchMode = "auto"
    collapse: bool = False
    recall: float | None = None


def check_search(k: int, metric: Metric | None, options: SearchOptions) -> None:
    """Raise UsageError for a value that an option of a search cannot have."""
    check_count("k", k, 1)
    if metric is not None:
        check_choice("metric", metric, Metric)
    check_choice("mode", options.mode, SearchMode)
    if options.max_distance is not None:
        check_number("max_distance", options.max_distance, 0)
    if options.recall is not None:
        check_number("recall", options.recall, 0)
        if not 0 < options.recall <= 1:
            raise UsageError(f"recall is {options.recall}: it must be above 0 and at most 1")


@dataclass(frozen=True, slots=True)
class Hit:
    """One hit.

    rank : from 1. path : where the image's file is now. image : its catalog record. copies : the
    ids of the other images in its group of copies, if the search collapsed them. good : whether it
    fits the words of the query better than usual, None if there are no words or too few images.
    probability : that it fits the words, None unless the query is one text and the model gives
    probabilities.
    """

    rank: int
    path: Location
    distance: float
    image: ImageRecord
    copies: tuple[str, ...] = ()
    good: bool | None = None
    probability: float | None = None

    @property
    def id(self) -> str:
        """The image's id."""
        return self.image.id


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """The hits of one search, nearest first. Iterating yields one `Hit` for each.

    query : the names of the query images. vector : (D,) float32, the query's vector, combined if
    there are several images. images : K records. distances : (K,) float64, ascending. root : of
    the collection: what the records' paths are relative to. exact : True if these are proved to
    be the nearest. recall : 1 for an exact search; else the share of the true nearest neighbours
    that searches for as many hits returned when the recall was last measured (when the index was
    built, or after a push); 0 if it was never measured. copies : for each hit, the ids of the other
    images of its group that pass the filters, however far away; None unless the search collapsed
    copies. not_compared : how many of these hits were not compared with other images yet, so that
    only files with equal bytes count as their copies; 0 unless the search collapsed copies.
    good_distance : the distance up to which a hit is a good match of the query's words, None if it
    has none or there are too few images. probabilities : K probabilities that an image fits the
    words, None unless the query is one text and the model gives probabilities.
    """

    query: tuple[str, ...]
    vector: NDArray[np.float32]
    metric: Metric
    images: tuple[ImageRecord, ...]
    distances: NDArray[np.float64]
    root: Root
    exact: bool = True
    recall: float = 1.0
    copies: tuple[tuple[str, ...], ...] | None = None
    not_compared: int = 0
    good_distance: float | None = None
    probabilities: tuple[float, ...] | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the hits : K strings."""
        return tuple(image.id for image in self.images)

    @property
    def paths(self) -> tuple[str, ...]:
        """Where the files of the hits are now : K absolute paths or addresses."""
        return tuple(str(self.root / image.path) for image in self.images)

    def __len__(self) -> int:
        return len(self.images)

    def __iter__(self) -> Iterator[Hit]:
        copies = self.copies or ((),) * len(self)
        chances = self.probabilities or (None,) * len(self)
        columns = zip(self.images, self.distances.tolist(), copies, chances, strict=True)
        for rank, (image, distance, others, chance) in enumerate(columns, 1):
            good = None if self.good_distance is None else distance <= self.good_distance
            yield Hit(rank, self.root / image.path, distance, image, others, good, chance)
