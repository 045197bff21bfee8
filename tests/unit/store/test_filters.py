"""Filters select the images that they describe, and typed text never becomes SQL."""

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sokkuri.core.errors import UsageError
from sokkuri.core.named_roots import Roots
from sokkuri.store.catalog import Catalog
from sokkuri.store.filters import build_condition, parse_expression

IMAGES = {
    # path: width, height, bytes, modified (local time)
    "a.jpg": (500, 375, 1000, "2023-12-31T23:59:59"),
    "b.png": (2000, 1000, 5000, "2024-01-01T00:00:00"),
    "trip/c.jpg": (1000, 1000, 2000, "2024-01-01T18:30:00"),
    "trip/day 1/d.jpg": (4000, 3000, 9000, "2024-01-02T00:00:00"),
    "trip2/e.jpg": (None, None, 100, "2024-06-01T12:00:00"),
    "100%_'.jpg": (10, 10, 10, "2020-01-01T00:00:00"),
}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    made = Catalog.in_memory()
    for path, (width, height, size, modified) in IMAGES.items():
        stamp = int(datetime.fromisoformat(modified).timestamp()) * 10**9
        made.execute(
            "INSERT INTO images (id, path, size, mtime_ns, width, height)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [path, path, size, stamp, width, height],
        )
    return made


def found(catalog: Catalog, where: str | None, under: str | None = None) -> set[str]:
    made = build_condition(Path("/photos"), under, where)
    if made is None:
        return set(IMAGES)
    rows = catalog.fetch_all(f"SELECT path FROM images WHERE {made.sql}", made.values)
    return {path for (path,) in rows}


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("width > 1000", {"b.png", "trip/day 1/d.jpg"}),
        ("width > 1000 and modified >= 2024-01-02", {"trip/day 1/d.jpg"}),
        ("width <= 500 or size = 2000", {"a.jpg", "trip/c.jpg", "100%_'.jpg"}),
        ("WIDTH == 500 AND height != 500", {"a.jpg"}),
        ("not (width > 500)", {"a.jpg", "trip2/e.jpg", "100%_'.jpg"}),
        ("modified = 2024-01-01", {"b.png", "trip/c.jpg"}),
        ("modified = '2024-01-01'", {"b.png", "trip/c.jpg"}),
        ("modified <> 2024-01-01 and modified > 2023-12-31", {"trip/day 1/d.jpg", "trip2/e.jpg"}),
        ("modified <= 2023-12-31", {"a.jpg", "100%_'.jpg"}),
        ("modified < 2024-01-01T18:30", {"a.jpg", "b.png", "100%_'.jpg"}),
        ("modified > 2024-01-01T18:30", {"trip/day 1/d.jpg", "trip2/e.jpg"}),
        ("width < height or width = Height", {"trip/c.jpg", "100%_'.jpg"}),
        ("not width >= height", {"trip2/e.jpg"}),
        ("path like 'trip/%'", {"trip/c.jpg", "trip/day 1/d.jpg"}),
        ('id = "100%_\'.jpg"', {"100%_'.jpg"}),
        ("width>1000 or width<600 and height<100", {"b.png", "trip/day 1/d.jpg", "100%_'.jpg"}),
    ],
)  # fmt: skip
def test_expressions_mean_what_they_say(catalog: Catalog, where: str, expected: set[str]) -> None:
    assert found(catalog, where) == expected


@pytest.mark.parametrize(
    ("under", "expected"),
    [
        ("trip", {"trip/c.jpg", "trip/day 1/d.jpg"}),
        ("trip/", {"trip/c.jpg", "trip/day 1/d.jpg"}),
        ("./trip/day 1", {"trip/day 1/d.jpg"}),
        ("/photos/trip2", {"trip2/e.jpg"}),
        ("nowhere", set()),
        (".", set(IMAGES)),
    ],
)
def test_under_is_a_folder_and_not_its_neighbours(
    catalog: Catalog, under: str, expected: set[str]
) -> None:
    assert found(catalog, None, under) == expected


@pytest.mark.parametrize("under", ["..", "../x", "/elsewhere", "trip/../.."])
def test_under_stays_below_the_root(under: str) -> None:
    with pytest.raises(UsageError, match="is not below"):
        build_condition(Path("/photos"), under, None)


def test_under_finds_named_roots_by_name_and_by_place() -> None:
    roots = Roots((("trip", Path("/mnt/nas")), ("trip2", Path("/mnt/nas2"))))
    for under in ("trip2", "/mnt/nas2", "/mnt/nas/../nas2"):
        condition = build_condition(roots, under, None)
        assert condition == build_condition(Path("/photos"), "trip2", None)
    for under in ("/mnt", "/mnt/nas3", ".."):
        with pytest.raises(UsageError, match="is not below"):
            build_condition(roots, under, None)


@pytest.mark.parametrize(
    ("where", "hint"),
    [
        ("", "one of width, height"),
        ("colour = 3", "one of width, height.*`colour`"),
        ("width", "found the end"),
        ("width > ", "expected a number, but found the end"),
        ("width > 'x'", "a number"),
        ("width like 3", "a number|text"),
        ("width like height", "a number|text"),
        ("width > path", "a number"),
        ("modified > width", "a date"),
        ("path = id", "a text"),
        ("path = 3", "a text"),
        ("modified > 2024-13-01", "a date such as"),
        ("(width > 1", r"expected `\)`, but found the end"),
        ("width > 1 height > 2", "`and` or `or`"),
        ("width > 1; DROP TABLE images", "unknown text ';'"),
        ("width > 1 -- x", "unknown text '--'"),
        ("path = 'a' union select 1", "`and` or `or`"),
        ("(" * 60 + "width > 1" + ")" * 60, "too deeply"),
        (" or ".join(["width > 1"] * 901), "more than 900 comparisons"),
        ("digest = 'x'", "one of width"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_said_where(where: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint):
        parse_expression(where)


def test_a_name_in_another_unicode_form_is_found() -> None:
    """A keyboard gives one character for \u00e9 (NFC), files from a Mac have two (NFD). A folder
    that is spelled just so comes before one that only looks the same."""
    catalog = Catalog.in_memory()
    nfc, nfd = "\u00e9t\u00e9", "e\u0301te\u0301"
    paths = [f"{nfd}/a.jpg", "x/\ud55c.jpg", f"{nfc}0.jpg"]
    insert = "INSERT INTO images (id, path, size, mtime_ns) VALUES (?, ?, 1, 1)"
    catalog.execute_many(insert, [(path, path) for path in paths])
    for spelling in (nfc, nfd):
        assert found(catalog, None, spelling) == {paths[0]}
        assert found(catalog, f"id = '{spelling}/a.jpg'") == {paths[0]}
        assert found(catalog, f"path like '{spelling}/%'") == {paths[0]}
        assert found(catalog, f"id != '{spelling}/a.jpg'") == {*paths[1:]}
    assert found(catalog, "id = 'x/\u1112\u1161\u11ab.jpg' and size = 1", "x") == {paths[1]}
    assert found(catalog, "width > 1", nfc) == set()
    catalog.execute(insert, [f"{nfc}/b.jpg", f"{nfc}/b.jpg"])
    assert found(catalog, None, nfc) == {f"{nfc}/b.jpg"}
    assert found(catalog, None, nfd) == {paths[0]}


@given(st.text(max_size=60))
def test_no_text_becomes_sql(text: str) -> None:
    """Any text gives an error, or a condition of known words with a `?` for each value."""
    try:
        made = parse_expression(text)
    except UsageError:
        return
    assert made.sql.count("?") == len(made.values)
    words = made.sql.replace("(", " ").replace(")", " ").replace(",", " ").split()
    known = {"AND", "OR", "NOT", "?", "0", "CAST", "AS", "TEXT", "coalesce", "LIKE", "=", "<>", "<",
             "<=", ">", ">=", "width", "height", "size", "mtime_ns", "id", "path"}  # fmt: skip
    assert set(words) <= known


@given(st.text(alphabet="abc%_'\"\\;- ", max_size=12))
def test_texts_are_bound_and_compared_as_they_are(text: str) -> None:
    quote = '"' if "'" in text else "'"
    if quote in text:
        return
    made = parse_expression(f"id = {quote}{text}{quote}")
    assert made.values == (text.encode(),)
