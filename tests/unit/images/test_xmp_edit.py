"""Adding to XMP sidecars: what is added can be read, and no other byte changes."""

from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st
from photo_metadata import make_xmp

from sokkuri.images.xmp import read_xmp
from sokkuri.images.xmp_edit import MAX_BYTES, CannotEditError, add_to_xmp

DARKTABLE = b"""<?xml version="1.0" encoding="UTF-8"?>
<!-- edits -->
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <r:Description r:about="uuid:5"
    xmlns:p="http://ns.adobe.com/xap/1.0/" xmlns:darktable="http://darktable.sf.net/"
    xmlns:d="http://purl.org/dc/elements/1.1/"
    p:Rating = '0' darktable:params="a&#10;b &lt; c">
   <d:subject>
    <r:Seq><r:li>old</r:li></r:Seq>
   </d:subject>
   <darktable:history><r:Seq><r:li darktable:num="0"/></r:Seq></darktable:history>
  </r:Description>
 </r:RDF>
</x:xmpmeta>
"""
ELEMENT = make_xmp({}, lists="<xmp:Rating> 0 </xmp:Rating><dc:title>é</dc:title>")
WORDS = st.lists(st.text(st.characters(codec="utf-8", categories=["L", "P", "S"]), min_size=1),
                 unique=True, max_size=4)  # fmt: skip


def assert_added(old: bytes, new: bytes) -> None:
    """Only the rating of 0 may have gone."""
    for kind, start, stop, *_ in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        assert kind in ("equal", "insert") or old[start:stop].strip() in (b"0", b""), kind


@given(words=WORDS, rating=st.none() | st.integers(1, 5), label=st.sampled_from(["", "R & <'\">"]))
@pytest.mark.parametrize("old", [None, DARKTABLE, ELEMENT, make_xmp({}, ["x"])])
def test_what_is_added_can_be_read_and_nothing_else_changes(
    old: bytes | None, words: list[str], rating: int | None, label: str
) -> None:
    before = {} if old is None else read_xmp(old)
    has = before.get("dc:subject", [])
    words = [word for word in words if word not in has]
    new = add_to_xmp(old, rating, words, label)
    found = read_xmp(new)
    assert found.get("dc:subject", []) == [*has, *words]
    assert found.get("xmp:Label", []) == ([label] if label else [])
    expected = before.get("xmp:Rating", []) if rating is None else [str(rating)]
    assert found.get("xmp:Rating", []) == expected
    if old is not None:
        assert_added(old, new)
        if not words and rating is None and not label:
            assert new == old


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("old", "reason"),
    [
        (make_xmp({"xmp:Rating": "3"}), "has a rating"),
        (make_xmp({}, lists="<xmp:Rating>3</xmp:Rating>"), "has a rating"),
        (b"", "damaged"),
        (DARKTABLE[:-30], "damaged"),
        (b"<a/>", "no XMP"),
        (DARKTABLE.decode().replace("UTF-8", "UTF-16").encode("utf-16"), "encoding"),
        (DARKTABLE.replace(b"UTF-8", b"latin1"), "encoding"),
        (DARKTABLE.replace(b"<!-- edits -->", BOMB), "document type"),
        (DARKTABLE.replace(b"<r:li>old</r:li>", b"<a>" * 50 + b"</a>" * 50), "too deeply"),
        (DARKTABLE + b" " * MAX_BYTES, "more than"),
        (make_xmp({}, lists="<dc:subject>old</dc:subject>"), "unusual way"),
        (make_xmp({}, lists="<dc:subject><rdf:Bag/></dc:subject>"), "unusual way"),
    ],
)
def test_a_sidecar_that_cannot_be_added_to_is_refused(old: bytes, reason: str) -> None:
    with pytest.raises(CannotEditError, match=reason):
        add_to_xmp(old, 4, ["new"])
