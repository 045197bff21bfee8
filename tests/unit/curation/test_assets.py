"""Which files of a folder form one asset: by name, and by the time of the photos."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.curation.assets import AssetFolder, are_one_shot, is_companion

SECOND = 1_000_000
LONG = "a photo from somewhere with a name that has no end.jpg"


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("IMG_1.CR2", "IMG_1.JPG", True),
        ("img_1.dng", "IMG_1.heic", True),
        ("a.nef", "a.tif", True),
        ("a.nef", "a.dng", False),  # a converted RAW file is a copy
        ("a.nef", "a.png", False),
        ("a.nef", "b.jpg", False),
        ("a.jpg", "a.heic", False),  # two encodings of one picture are copies
        ("a.jpg", "a.png", False),
        ("IMG_1234.HEIC", "IMG_E1234.JPG", True),
        ("IMG_E1234.HEIC", "IMG_E1234.JPG", False),
        ("IMG_1234.HEIC", "IMG_E1235.HEIC", False),
        ("IMG_ELK.jpg", "IMG_LK.jpg", False),
        ("a.jpg", "a-edited.jpg", True),
        ("a.heic", "a-edited.jpg", True),
        ("a(1).jpg", "a-edited(1).jpg", True),
        ("a.jpg", "a-edited(1).jpg", False),
        ("a.jpg", "a-bearbeitet.jpg", True),
        ("é.jpg", "e\u0301-modifie\u0301.jpg", True),
        ("a.jpg", "a (1).jpg", False),
        ("a.jpg", "a copy.jpg", False),
        ("a.jpg", "a-edited.xmp", False),
    ],
)
def test_pictures_are_one_shot_by_their_names(a: str, b: str, expected: bool) -> None:
    assert are_one_shot(a, b) is expected
    assert are_one_shot(b, a) is expected


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        ((0, None), True), ((None, 0), True), ((5 * SECOND, 5 * SECOND), True),
        ((5 * SECOND, 5 * SECOND + 900_000), True), ((0, 2 * SECOND), False),
    ],
)  # fmt: skip
def test_pictures_of_two_times_are_two_shots(
    taken: tuple[int | None, int | None], expected: bool
) -> None:
    assert are_one_shot("a.nef", "a.jpg", *taken) is expected


@pytest.mark.parametrize(
    ("there", "gone", "expected"),
    [
        ("a.JPG a.xmp a.AAE a.jpg.pp3", "a.JPG", "a.AAE a.jpg.pp3 a.xmp"),
        ("a.jpg A.XMP", "a.jpg", "A.XMP"),
        # Two images that share the name of a sidecar.
        ("a.jpg a.heic a.xmp", "a.jpg", ""),
        ("a.jpg a.heic a.xmp", "a.jpg a.heic", "a.xmp"),
        ("a.jpg a.nef a.xmp a.jpg.xmp", "a.jpg", "a.jpg.xmp"),
        ("a.jpg a.jpg.png a.jpg.xmp", "a.jpg", ""),
        # The video of a Live Photo, and what belongs to it.
        ("a.HEIC a.MOV a.xmp a.MOV.xmp", "a.HEIC", "a.MOV a.MOV.xmp a.xmp"),
        ("a.heic a.jpg a.mov", "a.heic", ""),
        ("a.png a.mov", "a.png", ""),
        ("a.jpg a.mp4 a.wav a.thm a.jpg.xmp", "a.jpg", "a.jpg.xmp"),
        ("a.jpg a.wav a.xmp a.wav.xmp", "a.jpg", "a.xmp"),
        ("a.mov a.xmp", "b.jpg", ""),
        # Edited copies by Apple.
        ("IMG_1234.HEIC IMG_E1234.HEIC IMG_1234.AAE IMG_O1234.AAE", "IMG_E1234.HEIC", ""),
        ("IMG_1234.HEIC IMG_1234.AAE IMG_O1234.AAE", "IMG_1234.HEIC", "IMG_1234.AAE IMG_O1234.AAE"),
        ("IMG_1234.MOV IMG_E1234.MOV IMG_E1234.HEIC", "IMG_E1234.HEIC", "IMG_E1234.MOV"),
        # Google Takeout: an edited copy has the JSON file of its original.
        ("a.jpg a-edited.jpg a.jpg.json", "a.jpg", ""),
        ("a.jpg a-edited.jpg a.jpg.json", "a-edited.jpg", ""),
        ("a-edited.jpg a.jpg.json", "a-edited.jpg", "a.jpg.json"),
        ("a.jpg a-edited.jpg a.jpg.json", "a.jpg a-edited.jpg", "a.jpg.json"),
        ("a.jpg a.jpg.supplemental-metadata.json", "a.jpg", "a.jpg.supplemental-metadata.json"),
        ("a.jpg a.jpg.suppl.json a.jpg.other.json", "a.jpg", "a.jpg.suppl.json"),
        ("a.jpg a(1).jpg a.jpg(1).json a.jpg.json", "a(1).jpg", "a.jpg(1).json"),
        ("a.jpg a(1).jpg a.jpg.supplemental-metadata(1).json", "a.jpg", ""),
        ("a.heic a.mp4 a.heic.json", "a.heic", ""),
        ("ab.jpg b.xmp a.txt ab.txt", "ab.jpg", ""),
    ],
)
def test_companions_belong_to_what_is_gone_only_if_nothing_else_needs_them(
    there: str, gone: str, expected: str
) -> None:
    assert sorted(AssetFolder(there.split()).belonging_to(gone.split())) == expected.split()


def test_takeout_cuts_long_names() -> None:
    cut = f"{LONG[:46]}.json"
    around = ["A.jpg", f"{LONG[:45]}.jpg", f"{LONG[:45]}z.jpg", "z.jpg"]
    assert [*AssetFolder([*around, LONG, cut]).belonging_to([LONG])] == [cut]
    other = f"{LONG[:46]}, another.jpg"
    assert not AssetFolder([LONG, other, cut]).belonging_to([LONG])


STEMS = st.sampled_from(["a", "A", "a.jpg", "IMG_1234", "IMG_E1234", "a-edited", "a(1)", "é"])
ENDINGS = st.sampled_from(
    [".jpg", ".JPG", ".heic", ".nef", ".mov", ".mp4", ".xmp", ".aae", ".json", ".jpg.json",
     ".jpg.supplemental-metadata.json", ".jpg(1).json", ".wav", ".txt", ""]
)  # fmt: skip
NAMES = st.lists(st.builds(str.__add__, STEMS, ENDINGS), unique=True, max_size=14)


@given(names=NAMES, data=st.data())
def test_no_file_that_stays_loses_a_companion_and_none_is_orphaned(
    names: list[str], data: st.DataObject
) -> None:
    folder = AssetFolder(names)
    images = [name for name in names if not is_companion(name) and not folder.owners(name)]
    gone = data.draw(st.lists(st.sampled_from(images), unique=True)) if images else []
    along = folder.belonging_to(gone)
    assert along.keys() <= {*names} - {*gone}
    away = {*gone, *along}
    for name, owners in along.items():
        assert is_companion(name)
        assert owners
        assert owners <= away, "an owner stays"
        assert owners <= {*gone, *list(along)[: list(along).index(name)]}, "it comes after them"
    for name in {*names} - away:
        owners = folder.owners(name)
        assert not owners or owners - away, "a companion without an owner stays behind"
    fewer = gone[1:]
    assert folder.belonging_to(fewer).keys() <= along.keys()
    assert sorted(AssetFolder(reversed(names)).belonging_to(gone)) == sorted(along)
    left = AssetFolder({*names} - away)
    assert not left.belonging_to([]), "nothing goes by itself"
