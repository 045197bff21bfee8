"""Which near-duplicate is kept: the order is total and always the same."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.core.errors import UsageError
from sokkuri.curation.duplicates.image_facts import ImageFacts
from sokkuri.curation.duplicates.keep_evidence import NO_EVIDENCE, ImageEvidence
from sokkuri.curation.duplicates.keep_rules import (
    KeepRules,
    explain_choice,
    is_name_of_copy,
    keep_order,
    parse_rules,
)
from sokkuri.curation.types import DuplicateImage

SIZES = st.none() | st.integers(1, 3)
IMAGES = st.lists(
    st.builds(
        DuplicateImage,
        id=st.text("ab\udcff", min_size=1, max_size=4),
        path=st.sampled_from(["a.jpg", "best/a.jpg", "best/of/a.jpg", "bestial/a.jpg"]),
        root=st.just(Path()),
        width=SIZES,
        height=SIZES,
        size=st.integers(0, 2),
        mtime_ns=st.integers(0, 2),
        preferred=st.booleans(),
    ),
    unique_by=lambda image: image.id,
    max_size=8,
)
RULES = st.lists(
    st.sampled_from(["largest", "heaviest", "oldest", "newest", "best/", "best/of/"]), max_size=3
).map(parse_rules)


def image(id_: str, **facts: object) -> DuplicateImage:
    plain = {"path": id_, "width": 10, "height": 10, "size": 100, "mtime_ns": 5}
    return DuplicateImage(id_, root=Path(), **{**plain, **facts})  # type: ignore[arg-type]


def best(*images: DuplicateImage, rules: tuple[str, ...] = ()) -> str:
    return min(images, key=keep_order(parse_rules(rules))).id


@pytest.mark.parametrize("rule", ["format:", "format:png,,jpg", "format:p/g", "raw", "camera/../"])
def test_an_unknown_format_is_refused(rule: str) -> None:
    with pytest.raises(UsageError, match="--keep"):
        parse_rules([rule])


@given(images=IMAGES, rules=RULES, data=st.data())
def test_the_order_is_total_and_does_not_depend_on_the_order_of_the_images(
    images: list[DuplicateImage], rules: KeepRules, data: st.DataObject
) -> None:
    key = keep_order(rules)
    ordered = sorted(images, key=key)
    assert sorted(data.draw(st.permutations(images)), key=key) == ordered
    assert all(key(first) < key(second) for first, second in pairwise(ordered))


@given(images=IMAGES, rules=RULES)
def test_preferred_images_come_first_whatever_the_rules(
    images: list[DuplicateImage], rules: KeepRules
) -> None:
    preferred = [image.preferred for image in sorted(images, key=keep_order(rules))]
    assert preferred == sorted(preferred, reverse=True)


def test_by_default_pixels_then_bytes_then_age_then_id() -> None:
    small = image("a", width=5, size=900, mtime_ns=1)
    light = image("b", size=50, mtime_ns=1)
    young = image("c", mtime_ns=9)
    last, first = image("e"), image("d")
    ordered = sorted([small, light, young, last, first], key=keep_order())
    assert [one.id for one in ordered] == ["d", "e", "c", "b", "a"]


def test_an_image_of_unknown_size_comes_after_the_smallest() -> None:
    assert best(image("a", width=None, height=None), image("b", width=1, height=1)) == "b"


def test_a_rule_counts_more_than_the_default() -> None:
    large = image("large", width=99, mtime_ns=4)
    heavy = image("heavy", size=999, mtime_ns=6)
    old = image("old", mtime_ns=1)
    new = image("new", mtime_ns=9)
    picked = image("picked", path="best/picked")
    images = large, heavy, old, new, picked
    for rule, id_ in [
        ("largest", "large"), ("heaviest", "heavy"), ("oldest", "old"), ("newest", "new"),
        ("best/", "picked"), ("./best/", "picked"), ("best//", "picked"),
    ]:  # fmt: skip
        assert best(*images, rules=(rule,)) == id_, rule


def test_the_first_rule_counts_most() -> None:
    images = [
        image("a", path="best/a", mtime_ns=5),
        image("b", path="best/b", mtime_ns=7),
        image("c", mtime_ns=9),
    ]
    assert best(*images, rules=("best/", "newest")) == "b"
    assert best(*images, rules=("newest", "best/")) == "c"


def test_a_folder_rule_matches_whole_names() -> None:
    below, beside = image("z", path="best/of/a.jpg"), image("a", path="bestial/a.jpg")
    assert best(below, beside, rules=("best/",)) == "z"


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "biggest",
        "best",
        "/",
        "./",
        "/best/",
        "../best/",
        "a/./b/",
    ],
)
def test_an_unknown_rule_is_refused(rule: str) -> None:
    with pytest.raises(UsageError, match="--keep"):
        parse_rules([rule])


def known(**facts: object) -> ImageEvidence:
    return ImageEvidence(facts=ImageFacts(4, 3, **facts))  # type: ignore[arg-type]


def test_rules_on_what_a_file_says() -> None:
    of = {
        "grey": known(colour=0.0, taken=20200101000000),
        "photo": known(camera=True, taken=20240101000000),
        "plain": known(colour=9.0),
        "unread": NO_EVIDENCE,
    }
    images = [image(name) for name in of]
    for rule, first in [("colour", "photo"), ("camera", "photo"), ("earliest-taken", "grey")]:
        order = keep_order(parse_rules([rule]), lambda one: of[one.id])
        assert min(images, key=order).id == first, rule


def test_a_format_rule_orders_by_the_ending() -> None:
    images = image("a.webp", size=900), image("b.JPEG", size=800), image("c.png")
    assert best(*images, rules=("format:png,jpg",)) == "c.png"
    assert best(*images, rules=("format:.jpg, png",)) == "b.JPEG"
    assert best(*images, rules=("format:tif",)) == "a.webp", "then the default decides"


@pytest.mark.parametrize("copy", [
    "IMG_1 (1).jpg", "IMG_1-edited.jpg", "IMG_1_resaved.JPG", "Copy of IMG_1.jpg", "IMG_1~2.jpg",
    "IMG_1 copy 2.jpg", "IMG_1 - コピー.jpg", "IMG_1 - Kopie.jpg",
])  # fmt: skip
def test_a_name_of_a_copy_counts_more_than_bytes_and_slight_losses(copy: str) -> None:
    plain, finer = image("IMG_1.jpg", size=100), image(copy, size=200)
    worse = ImageEvidence(frozenset({"slight"}))
    order = keep_order(evidence_of=lambda one: worse if one == plain else NO_EVIDENCE)
    assert sorted([finer, plain], key=order) == [plain, finer]
    why, conflict = explain_choice([plain, finer], evidence_of=lambda _: NO_EVIDENCE)
    assert (why, conflict) == ("does not have the name of a copy", "")
    assert best(plain, image(copy, width=11)) == copy


@pytest.mark.parametrize("name", [
    "edit.jpg", "copy.jpg", "photocopy.jpg", "IMG_1.jpg", "credit.png", "a/copy/b.jpg", "f(x).jpg",
])  # fmt: skip
def test_other_names_are_no_names_of_copies(name: str) -> None:
    assert not is_name_of_copy(name)


def test_slight_losses_count_more_than_bytes() -> None:
    fine, finer = image("a", size=200), image("b")
    worse = ImageEvidence(frozenset({"slight"}))
    order = keep_order(evidence_of=lambda one: worse if one == fine else NO_EVIDENCE)
    assert sorted([fine, finer], key=order) == [finer, fine]


def test_evidence_counts_more_than_pixels_and_less_than_rules() -> None:
    marked = {"large": ImageEvidence(frozenset({"foreign"})), "small": ImageEvidence()}
    images = [image("large", width=99), image("small")]

    def first(*rules: str) -> str:
        return min(images, key=keep_order(parse_rules(rules), lambda one: marked[one.id])).id

    assert first() == "small"
    assert first("largest") == "large"


def test_the_choice_is_explained() -> None:
    marked = {
        "kept": ImageEvidence(scale=1.0),
        "framed": ImageEvidence(frozenset({"foreign"}), scale=1.0),
        "small": ImageEvidence(scale=1.0),
    }
    images = [image("kept"), image("framed", width=99), image("small", width=5)]
    why, conflict = explain_choice(images, evidence_of=lambda one: marked[one.id])
    assert why == "has no frame, bars, text or cover of another, has the most pixels"
    assert conflict == ""
    assert explain_choice([image("a"), image("b")]) == ("is the first by name", "")


def test_a_conflict_is_named_unless_a_person_decided() -> None:
    marked = {
        "kept": ImageEvidence(frozenset({"cropped"})),
        "whole": ImageEvidence(frozenset({"foreign"})),
    }
    kept, whole = image("kept"), image("whole", mtime_ns=9)

    def conflict(first: DuplicateImage, *rules: str) -> str:
        of = lambda one: marked[one.id]  # noqa: E731
        return explain_choice([first, whole], parse_rules(rules), of)[1]

    assert conflict(kept) == "whole shows the whole picture"
    assert conflict(kept, "oldest") == ""
    assert conflict(image("kept", preferred=True)) == ""


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        (ImageEvidence(undecided="mirrored"), "some are mirrored"),
        (ImageEvidence(undecided="turned"), "some are turned"),
        (ImageEvidence(unaligned=True), "could not be aligned"),
    ],
)
def test_a_choice_without_evidence_is_to_be_looked_at(evidence: ImageEvidence, said: str) -> None:
    _, conflict = explain_choice([image("a"), image("b", size=1)], evidence_of=lambda _: evidence)
    assert said in conflict
