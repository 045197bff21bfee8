"""The value types of near-duplicates: grades, images, pairs and groups."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from sokkuri.core.locations import Location
from sokkuri.core.named_roots import Root

Grade: TypeAlias = Literal["identical", "same", "edited", "alike", "burst"]
"""How similar two images are. `identical`: the same bytes. `same`: the same image, resized,
re-encoded or with other metadata. `edited`: cropped, marked, recoloured, turned. `alike`: the same
subject. `burst`: alike, and taken within seconds."""

CopyGrade: TypeAlias = Literal["identical", "same", "edited", "alike"]
"""The grades that tell how sure it is that one image is a copy of another one."""

GRADES: tuple[CopyGrade, ...] = ("identical", "same", "edited", "alike")
"""Those grades, the surest first."""

ALL_GRADES: tuple[Grade, ...] = (*GRADES, "burst")
"""All grades, in the order in which groups are shown."""


@dataclass(frozen=True, slots=True)
class DuplicateImage:
    """An image in the search for duplicates.

    path : relative to root. digest : XXH3-128 of the file's bytes; None if it was never read.
    preferred : a person chose to keep it. damaged : its file lacks its end. outside : it is in a
    folder outside the collection, see against.py. Only for files of which there are several with
    the same bytes: sidecar : bytes of the `.xmp` sidecars of a RAW file; has_live_film : whether
    the video of a Live Photo is beside it.
    """

    id: str
    path: str
    root: Root
    width: int | None
    height: int | None
    size: int  # bytes
    mtime_ns: int
    digest: bytes | None = None
    preferred: bool = False
    outside: bool = False
    damaged: bool = False
    sidecar: int = 0
    has_live_film: bool = False

    @property
    def file(self) -> Location:
        """The location of its file."""
        return self.root / self.path

    @property
    def result_id(self) -> str:
        """Its id in pairs and groups: the whole path if it is outside the collection."""
        return str(self.file) if self.outside else self.id


@dataclass(frozen=True, slots=True)
class Pair:
    """Two images that are near-duplicates.

    score : from 0 to 1, the higher the surer; not a calibrated probability. kinds : of edit, in the
    words of edit_kinds.py, as far as they are known. is_open : whether both are only known as
    copies of a third image: they must be looked at closely before a plan may use the pair.
    """

    a: str
    b: str
    grade: Grade
    score: float
    kinds: tuple[str, ...] = ()
    is_open: bool = False

    @property
    def order(self) -> tuple[int, float, str]:
        """A sort key: the surest first."""
        return ALL_GRADES.index(self.grade), -self.score, self.b


@dataclass(frozen=True, slots=True)
class Group:
    """Near-duplicates of one image.

    grade : of its least sure pair. images : the image to keep, then its copies, surest first.
    pairs : the compared pairs among these images. why : why the first image is the one to keep.
    conflict : what speaks against it; if there is something, a person should look at the group.
    """

    grade: Grade
    images: tuple[DuplicateImage, ...]
    pairs: tuple[Pair, ...]
    why: str = ""
    conflict: str = ""

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
        return ALL_GRADES.index(self.grade), self.ids

    def is_open(self, image: DuplicateImage) -> bool:
        """Return whether an image and the image to keep must still be looked at closely."""
        ids = {self.keep, image.result_id}
        return any(pair.is_open for pair in self.pairs if {pair.a, pair.b} == ids)

    def grade_of(self, image: DuplicateImage) -> Grade:
        """Return the grade of an image and the image to keep, or the group's if none is known."""
        ids = {self.keep, image.result_id}
        return next((pair.grade for pair in self.pairs if {pair.a, pair.b} == ids), self.grade)
