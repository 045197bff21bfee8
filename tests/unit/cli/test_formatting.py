"""What a person reads: numbers with their units, names that cannot steer the terminal."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.cli.formatting import (
    count_text,
    escape_control,
    format_bytes,
    format_duration,
    groups_text,
    model_card_text,
    report_text,
)
from sokkuri.curation.types import DuplicateImage, Group, Pair
from sokkuri.indexing.options import SyncReport


@given(text=st.text())
def test_no_control_character_reaches_the_terminal(text: str) -> None:
    safe = escape_control(text)
    assert safe.isprintable()
    assert escape_control(safe) == safe


def test_ordinary_names_are_shown_as_they_are() -> None:
    assert escape_control("写真 そっくり (1) é.jpg") == "写真 そっくり (1) é.jpg"
    assert escape_control("a\x1b[31mb\nc\udce9") == "a\\x1b[31mb\\nc\\udce9"


def image(name: str) -> DuplicateImage:
    return DuplicateImage(name, name, Path("/photos"), 64, 64, 1, 0)


def test_a_burst_has_a_sharpest_picture_and_is_not_counted_as_copies() -> None:
    copies = Group(
        "edited", (image("a"), image("b")),
        (Pair("a", "b", "edited", 0.9, ("cropped", "resized")),), "has the most pixels",
    )  # fmt: skip
    burst = Group(
        "burst", (image("c"), image("d")), (Pair("c", "d", "burst", 0.3),), "is the sharpest"
    )
    assert groups_text((copies, burst)).splitlines() == [
        "keep                                a",
        "edited     0.900  cropped, resized  b",
        "kept because it has the most pixels",
        "",
        "sharpest          c",
        "burst      0.300  d",
        "",
        "1 group, 1 image besides those to keep; 1 burst, which no plan moves",
    ]


def test_one_is_no_plural() -> None:
    assert [count_text(count, "image") for count in (0, 1, 2000)] == [
        "0 images",
        "1 image",
        "2,000 images",
    ]


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (51_200_128, "51.2 MB"),
     (3_000_000_000, "3.0 GB"), (5_000_000_000_000, "5000.0 GB")],
)  # fmt: skip
def test_amounts(count: int, text: str) -> None:
    assert format_bytes(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (99, "99.0 s"), (900, "15 min"), (36_000, "10.0 h")]
)
def test_durations(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


def test_a_report_leaves_out_what_did_not_happen() -> None:
    assert report_text(SyncReport(total=1500, unchanged=1500, seconds=0.4)) == (
        "1,500 images: 1,500 unchanged (0.4 s)"
    )
    assert report_text(SyncReport()) == "0 images: nothing to do (0.0 s)"
    busy = SyncReport(added=2, failed=1, total=2, seconds=1, images_per_second=2.5)
    assert report_text(busy) == "2 images: 2 added, 1 failed (1.0 s, 2.5 images/s)"


def test_a_card_shows_the_keys_of_its_text_side_and_none_that_say_nothing() -> None:
    card = {
        "name": "colours", "licence": "", "files": {}, "scale": 1.0,
        "text": {"context": 77, "pad": "", "logit_scale": None},
    }  # fmt: skip
    assert model_card_text(card, whole=True).splitlines() == [
        "colours", "  scale        1.0", "  text.context 77",
    ]  # fmt: skip
    assert model_card_text({**card, "source": "", "weights": ""}, whole=False) == "colours"
