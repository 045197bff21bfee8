"""Near-duplicates as values: grades, pairs and groups."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Grade: TypeAlias = Literal["identical", "same", "edited", "alike"]
"""How near two images are. `identical`: the same bytes. `same`: the same image, resized, re-encoded
or with other metadata. `edited`: cropped, marked, recoloured, turned. `alike`: the same subject."""

GRADES: tuple[Grade, ...] = ("identical", "same", "edited", "alike")
"""All grades, the surest first."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two images that are near-duplicates. a, b : their ids. score : 0 to 1, how sure this is."""

    a: str
    b: str
    grade: Grade
    score: float

    @property
    def order(self) -> tuple[int, float, str]:
        """A sort key: the surest pair first."""
        return GRADES.index(self.grade), -self.score, self.b


@dataclass(frozen=True, slots=True)
class Group:
    """Near-duplicates of one image. keep : the id of the image to keep, which comes first in `ids`.
    grade : of the least sure pair. pairs : the known pairs among `ids`."""

    grade: Grade
    ids: tuple[str, ...]
    keep: str
    pairs: tuple[Pair, ...]

    @property
    def order(self) -> tuple[int, tuple[str, ...]]:
        """A sort key: the surest group first."""
        return GRADES.index(self.grade), self.ids
