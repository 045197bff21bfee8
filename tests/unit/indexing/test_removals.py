"""When a run needs leave to mark images as gone."""

from pathlib import Path

import pytest

from sokkuri.core.errors import RemovalsError
from sokkuri.indexing.removals import HANDFUL, check_removals, is_suspicious
from sokkuri.store.listing import Losses


@pytest.mark.parametrize(
    ("live", "lost", "expected"),
    [
        (0, 0, False),
        (1, 0, False),
        (1, 1, True),
        (HANDFUL, HANDFUL - 1, False),
        (HANDFUL, HANDFUL, True),
        (HANDFUL + 1, HANDFUL, True),
        (100, 50, False),
        (100, 51, True),
    ],
)
def test_all_images_or_more_than_half_of_a_larger_number(
    live: int, lost: int, expected: bool
) -> None:
    assert is_suspicious(live, lost) is expected


def test_the_line_has_the_counts_the_place_and_what_to_do() -> None:
    with pytest.raises(RemovalsError, match=r"1,200 of 2,000 images .* not in /photos any more"):
        check_removals(Losses(2000, 1200), Path("/photos"), None)
    with pytest.raises(RemovalsError, match=r"all 9 images .* not in the list l.txt, so nothing"):
        check_removals(Losses(9, 9), Path("/photos"), Path("l.txt"))
    check_removals(Losses(2000, 1000), Path("/photos"), None)
