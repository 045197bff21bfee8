"""The eight ways in which a picture can lie in an image: turned by quarters, and mirrored."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Orientation:
    """A turn clockwise by quarters, 0 to 3, and then perhaps a mirroring left to right."""

    mirrored: bool = False
    quarters: int = 0

    @property
    def sideways(self) -> bool:
        """Whether rows become columns."""
        return self.quarters % 2 == 1

    @property
    def corner(self) -> tuple[bool, bool]:
        """Where the top left corner goes: whether to the right, and whether to the bottom."""
        right = self.quarters in (1, 2)
        return right != self.mirrored, self.quarters in (2, 3)

    @property
    def inverse(self) -> "Orientation":
        """The orientation that undoes this one."""
        return self if self.mirrored else Orientation(False, -self.quarters % 4)

    def then(self, other: "Orientation") -> "Orientation":
        """Return the orientation that does this one first, and `other` next."""
        turn = -other.quarters if self.mirrored else other.quarters
        return Orientation(self.mirrored != other.mirrored, (self.quarters + turn) % 4)

    def apply(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a view of an image that is turned and mirrored : (H, W, C), or (W, H, C) if it
        goes sideways."""
        turned = np.rot90(rgb, -self.quarters)
        return turned[:, ::-1] if self.mirrored else turned

    @classmethod
    def nearest(cls, mirrored: bool, degrees: float) -> "Orientation":
        """Return the orientation that is nearest to a turn by any angle."""
        return cls(mirrored, round(degrees / 90) % 4)

    @classmethod
    def of_exif(cls, value: int) -> "Orientation":
        """Return how an EXIF orientation from 1 to 8 turns the stored image upright."""
        return _EXIF[value - 1]


_EXIF = (
    Orientation(), Orientation(True), Orientation(False, 2), Orientation(True, 2),
    Orientation(True, 1), Orientation(False, 1), Orientation(True, 3), Orientation(False, 3),
)  # fmt: skip

ORIENTATIONS = tuple(Orientation(mirrored, turn) for turn in range(4) for mirrored in (False, True))
"""All eight, the upright one first."""
