"""The value types of near-duplicates: grades, images, pairs and groups."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sokkuri.core.locations import Location

Grade: TypeAlias = Literal["identical", "same", "edited", "alike"]
"""How near two images are. `identical`: the same bytes. `same`: the same image, resized, re-encoded
or with other metadata. `edited`: cropped, marked, recoloured, turned. `alike`: the same subject."""

GRADES: tuple[Grade, ...] = ("identical", "same", "edited", "alike")
"""All grades, the surest first."""


@dataclass(frozen=True, slots=True)
class DuplicateImage:
    """An image as the search for duplicates knows it.

    path : relative to root. digest : XXH3-128 of the file's bytes; None if it was never read.
    preferred : a person chose to keep it. outside : it belongs to another folder than the
    collection's, see against.py.
    """

    id: str
    path: str
    root: Location
    width: int | None
    height: int | None
    size: int  # bytes
    mtime_ns: int
    digest: bytes | None = None
    preferred: bool = False
    outside: bool = False

    @property
    def file(self) -> Location:
        """Where its file is."""
        return self.root / self.path

    @property
    def result_id(self) -> str:
        """Its id in pairs and groups: the whole path if it is outside the collection."""
        return str(self.file) if self.outside else self.id


@dataclass(frozen=True, slots=True)
class Pair:
    """Two images that are near-duplicates. score : 0 to 1, the probability of that."""

    a: str
    b: str
    grade: Grade
    score: float

    @property
    def order(self) -> tuple[int, float, str]:
        """A sort key: the surest first."""
        return GRADES.index(self.grade), -self.score, self.b


@dataclass(frozen=True, slots=True)
class Group:
    """Near-duplicates of one image.

    grade : the least sure of its pairs. images : the one to keep first, then the surest copies
    first. pairs : what is known of any two of them.
    """

    grade: Grade
    images: tuple[DuplicateImage, ...]
    pairs: tuple[Pair, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the images, in their order."""
        return tuple(image.result_id for image in self.images)

    @property
    def keep(self) -> str:
        """The id of the image to keep."""
        return self.images[0].result_id

    @property
    def order(self) -> tuple[int, tuple[str, ...]]:
        """A sort key: the surest first."""
        return GRADES.index(self.grade), self.ids

    def grade_of(self, image: DuplicateImage) -> Grade:
        """Return the grade of an image and the one to keep, or the group's if it is not known."""
        ids = {self.keep, image.result_id}
        return next((pair.grade for pair in self.pairs if {pair.a, pair.b} == ids), self.grade)
