"""The page of a search: self-contained, and no file name can become markup."""

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
from draw_images import save_drawing
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from sokkuri.cli.contact_sheet import contact_sheet
from sokkuri.core.types import ImageRecord, Limits, RowRef
from sokkuri.images.thumbnails import render_thumbnail
from sokkuri.search.results import Hits


def hits(paths: list[Path], query: str = "query") -> Hits:
    images = tuple(
        ImageRecord(RowRef(0, row), str(path), str(path), 1, 0, None, None, None)
        for row, path in enumerate(paths)
    )
    vector, distances = np.ones(3, np.float32), np.linspace(0, 1, len(paths))
    return Hits((query,), vector, "cosine", images, distances, Path("/"))


class Tags(HTMLParser):
    """The tags of a page, and its texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.texts += data


KNOWN = Tags(contact_sheet([hits([Path("/nowhere/a.jpg")])])).tags | {"img"}


@given(
    st.text(
        st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=40
    )
)
def test_no_name_becomes_markup(name: str) -> None:
    page = contact_sheet([hits([Path("/nowhere") / name], query=name)])
    assert Tags(page).tags <= KNOWN


def test_markup_in_a_name_is_text(tmp_path: Path) -> None:
    path = save_drawing(tmp_path / "<b onload='x'>&amp;\".png", 1)
    page = Tags(contact_sheet([hits([path])]))
    assert "<b onload='x'>&amp;\".png" in page.texts
    assert "b" not in page.tags


def test_pictures_are_inside_and_small(tmp_path: Path) -> None:
    wide, small = (
        save_drawing(tmp_path / "wide.png", 1, 900, 300),
        save_drawing(tmp_path / "small.png", 2, 20, 30),
    )
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    page = contact_sheet([hits([wide, small, tmp_path / "broken.jpg", tmp_path / "gone.jpg"])])
    found = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)
    sizes = [Image.open(io.BytesIO(base64.b64decode(one))).size for one in found]
    assert sizes == [(240, 80), (20, 30)]
    assert "the file is gone" in page
    assert "it is not an image" in page


def test_a_thumbnail_is_upright(tmp_path: Path) -> None:
    """The EXIF orientation is applied, and the sides keep their ratio."""
    exif = Image.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    Image.new("RGB", (400, 100), "red").save(out, "JPEG", exif=exif)
    with Image.open(io.BytesIO(render_thumbnail(out.getvalue(), 80, Limits()))) as small:
        assert small.size == (20, 80)
