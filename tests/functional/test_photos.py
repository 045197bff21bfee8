"""Photo metadata: kept by index, filled for older collections, filtered and exported."""

import csv
import io
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from photo_metadata import CAMERA, make_exif, make_photo, make_xmp
from pyarrow import parquet
from run_cli import sokkuri
from synthetic_collection import create_empty
from tiny_model import write_tiny_model

from sokkuri.api import Collection
from sokkuri.core.errors import UsageError
from sokkuri.core.types import PhotoMetadata
from sokkuri.images.metadata import read_photo
from sokkuri.indexing.options import SyncOptions, SyncReport
from sokkuri.store.labels import set_labels
from sokkuri.store.live_rows import live_ids
from sokkuri.store.photos import (
    copy_photos,
    count_unknown,
    find_photo,
    photo_changes,
    read_photos,
    unknown_photos,
)
from sokkuri.store.sidecars import read_sidecars
from sokkuri.web.services.grid import make_order

WHEN = int(datetime(2025, 3, 1, 12).timestamp()) * 10**9  # noqa: DTZ001 - local, as files have it
FILES = {
    "trip/sea.jpg": make_photo(1, exif=make_exif(**CAMERA)),
    "trip/hills.jpg": make_photo(2, exif=make_exif(taken="2019:05:06 07:08:09", model="Other 5")),
    "old.png": make_photo(3, "PNG", xmp=make_xmp({"xmp:Rating": "1"}, ["Holiday", "sea"])),
    "plain.webp": make_photo(4, "WEBP"),
}
SIDECAR = make_xmp({"xmp:Rating": "5"}, ["sunset"])


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    for path, data in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
        os.utime(root / path, ns=(WHEN, WHEN))
    (root / "trip/sea.xmp").write_bytes(SIDECAR)
    return root


@pytest.fixture
def collection(photos: Path, tmp_path: Path) -> Iterator[Collection]:
    model = write_tiny_model(tmp_path / "tiny.onnx")
    with Collection.create(photos, model=str(model)) as made:
        run(made)
        yield made


def run(collection: Collection, *, metadata: bool = False) -> SyncReport:
    *_, last = collection.sync(SyncOptions(workers=1, metadata=metadata))
    assert last.result is not None
    return last.result


def found(collection: Collection, where: str) -> set[str]:
    condition = collection.condition(None, where)
    assert condition is not None
    return live_ids(collection.catalog, condition)


def known(collection: Collection, path: str) -> PhotoMetadata | None:
    (digest,) = collection.catalog.fetch_one("SELECT digest FROM images WHERE path = ?", [path])
    return find_photo(collection.catalog, path, digest)


def unknown(collection: Collection) -> list[str]:
    return sorted(path for _, _, path in unknown_photos(collection.catalog, 0, 100))


SEA, HILLS, OLD, PLAIN = FILES
FILTERS = {
    "taken = 2021": {SEA}, "taken = 2021-08": {SEA}, "taken >= 2021-08-15T18:30": {SEA},
    "taken < 2021-08-15T18:30:05": {HILLS}, "taken != 2021-08-15": {HILLS},
    "taken > '2021-08-15'": set(), "not taken > 1900": {OLD, PLAIN},
    "camera = 'example ONE'": {SEA}, "camera like '%5'": {HILLS}, "lens like '35mm%'": {SEA},
    "iso >= 200 and iso < 800": {SEA}, "rating = 5": {SEA}, "rating < 5": {OLD},
    "keyword = 'SEA'": {OLD}, "keyword = 'sunset'": {SEA}, "keyword like 'hol%'": {OLD},
    "keyword != 'sea'": {SEA, HILLS, PLAIN}, "format = 'jpeg'": {SEA, HILLS},
    "has_gps": {SEA}, "not has_gps": {HILLS, OLD, PLAIN}, "has_gps = no": {HILLS, OLD, PLAIN},
    "latitude > -13 and latitude < -12 and longitude > 8 and longitude < 9": {SEA},
    "near(-12.5, 8.5, 500)": {SEA}, "near(-12.5, -171.5, 10000)": set(),
    "not near(0, 0, 20037)": {HILLS, OLD, PLAIN}, "near(0,0,1) or rating = 5": {SEA},
    "label = 'Coast'": {HILLS}, "label != 'coast'": {SEA, OLD, PLAIN},
    "modified = 2025-03": {*FILES},
}  # fmt: skip


def test_filters_know_photo_metadata(collection: Collection) -> None:
    set_labels(collection.catalog, [(HILLS, "coast")])
    assert {where: found(collection, where) for where in FILTERS} == FILTERS
    faults = {
        "keyword > 'a'": "= or !=", "taken = 20": "a date", "iso = 'x'": "a number",
        "has_gps = 5": "yes or no", "rating like '5'": "a number",
        "near(91, 0, 1)": "a latitude from -90 to 90", "near(0 0, 1)": "`,`, as in near",
        "near(0, 181, 1)": "a longitude", "near(0, 0, -1)": "kilometres", "near(0, 0, 1": r"`\)`",
    }  # fmt: skip
    for where, hint in faults.items():
        with pytest.raises(UsageError, match=hint):
            found(collection, where)
    collection.withheld = frozenset(["latitude"])
    with pytest.raises(UsageError, match="no places"):
        found(collection, "latitude > 0")
    with pytest.raises(UsageError, match="no places"):
        found(collection, "near(0, 0, 1)")


def test_newest_sorts_by_the_time_of_the_photo(collection: Collection) -> None:
    def order(sort: str) -> list[str]:
        keys = make_order(collection, None, sort).keys.tolist()  # type: ignore[arg-type]
        paths = dict(collection.catalog.fetch_all("SELECT key, path FROM images"))
        return [paths[key] for key in keys]

    assert order("newest") == [PLAIN, OLD, SEA, HILLS]
    assert order("oldest") == [HILLS, SEA, OLD, PLAIN]
    assert order("name") == [HILLS, OLD, PLAIN, SEA]
    assert order("size") == sorted(FILES, key=lambda path: -len(FILES[path]))
    titles = [title for title, *_ in make_order(collection, None, "newest").groups]
    assert titles == ["March 2025", "August 2021", "May 2019"]


def test_an_older_collection_is_filled_without_extracting(
    photos: Path, collection: Collection
) -> None:
    """Guarantee: metadata is read for existing collections too, and no vector changes."""
    rows = collection.catalog.fetch_all("SELECT id, shard, row, checksum FROM images ORDER BY id")
    for table in ("photos", "sidecars"):  # an earlier version made the collection
        collection.catalog.execute(f"DROP TABLE {table}")
    with pytest.raises(UsageError, match="index --metadata"):
        found(collection, "iso > 1")
    assert len(make_order(collection, None, "newest").keys) == len(FILES)
    (photos / HILLS).write_bytes(FILES[SEA][:-30])  # a later run will read it
    run(collection)
    assert unknown(collection) == [OLD, PLAIN, SEA]
    changes = photo_changes(collection.catalog)
    report = run(collection, metadata=True)
    assert (report.added, report.updated) == (0, 0)
    assert photo_changes(collection.catalog) > changes, "the pages are drawn anew"
    assert count_unknown(collection.catalog) == 0
    assert found(collection, "iso = 400 and rating = 5") == {SEA}
    again = collection.catalog.fetch_all("SELECT id, shard, row, checksum FROM images ORDER BY id")
    assert [row for row in again if row[0] != HILLS] == [row for row in rows if row[0] != HILLS]


def test_a_file_that_changed_is_left_for_the_next_run(photos: Path, collection: Collection) -> None:
    collection.catalog.execute("DELETE FROM photos")
    collection.catalog.execute("UPDATE images SET ctime_ns = NULL")  # so the listing shows nothing
    stat = (photos / OLD).stat()
    (photos / OLD).write_bytes(b"x" * stat.st_size)
    os.utime(photos / OLD, ns=(stat.st_mtime_ns, stat.st_mtime_ns))
    notes = [step.note for step in collection.sync(SyncOptions(workers=1, metadata=True))]
    expected = (
        "1 of 4 files could not be read, or have changed since they were indexed: "
        "run the command again"
    )
    assert expected in notes
    assert unknown(collection) == [OLD]


def set_secretly(path: Path, data: bytes) -> None:
    """Replace a file by another one of the same size and time stamp, as some editors do."""
    stat = path.stat()
    assert len(data) == stat.st_size
    other = path.with_name("other")
    other.write_bytes(data)
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.replace(path)


def test_an_older_table_of_sidecars_learns_their_ctimes(
    photos: Path, collection: Collection
) -> None:
    collection.catalog.execute("ALTER TABLE sidecars DROP COLUMN ctime_ns")
    run(collection)
    set_secretly(photos / "trip/sea.xmp", SIDECAR.replace(b'"5"', b'"4"'))
    run(collection)
    assert found(collection, "rating = 4") == {SEA}


def test_sidecars_count_before_the_file_and_are_followed(
    photos: Path, collection: Collection
) -> None:
    """Guarantee: a sidecar that is written, changed or deleted counts from the next run on."""
    photo = known(collection, SEA)
    assert photo is not None
    assert (photo.rating, photo.keywords, photo.iso) == (5, ("sunset",), 400)
    nearer = photos / "trip/sea.jpg.XMP"
    nearer.write_bytes(make_xmp({"xmp:Rating": "2"}))
    run(collection)
    photo = known(collection, SEA)
    assert photo is not None
    assert (photo.rating, photo.keywords) == (2, ("sunset",))
    assert found(collection, "rating = 2") == {SEA}
    set_secretly(nearer, make_xmp({"xmp:Rating": "3"}))
    run(collection)
    assert found(collection, "rating = 3") == {SEA}
    nearer.write_bytes(b"<broken")
    run(collection)
    assert found(collection, "rating = 5") == {SEA}
    nearer.unlink()
    (photos / "trip/sea.xmp").unlink()
    run(collection)
    assert known(collection, SEA) == read_photo(FILES[SEA])
    (photos / SEA).rename(photos / "moved.jpg")
    assert run(collection).moved == 1
    assert found(collection, "iso = 400") == {"moved.jpg"}


def test_impossible_values_in_the_catalog_are_left_out(tmp_path: Path) -> None:
    with create_empty(tmp_path / "photos") as collection:
        collection.catalog.execute(
            "CREATE TABLE photos (digest BLOB PRIMARY KEY, format, taken, utc_offset, camera, lens,"
            " iso, focal_length, latitude, longitude, rating, keywords) WITHOUT ROWID"
        )
        collection.catalog.execute(
            "INSERT INTO photos VALUES (x'00', 5, 9e99, 'x', x'00', NULL, -4, 1e999, 99, 4, 77,"
            " '{\"a\": [1]}')"
        )
        assert dict(read_photos(collection.catalog)) == {b"\0": PhotoMetadata()}
        collection.catalog.execute(
            "UPDATE photos SET camera = CAST(x'41FF' AS TEXT), keywords = '[\"\\ud800\"]'"
        )
        (photo,) = dict(read_photos(collection.catalog)).values()
        assert (photo.camera, photo.keywords) == ("A?", ("?",))


def test_metadata_is_exported(collection: Collection, tmp_path: Path) -> None:
    text = sokkuri("export", "--csv", "-", "-C", collection.root).stdout
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(text))}
    assert [*rows] == sorted(FILES)
    sea = rows[SEA]
    assert (sea["taken"], sea["iso"], sea["rating"]) == (
        "2021-08-15T18:30:05.250000+02:00", "400", "5",
    )  # fmt: skip
    assert rows[OLD]["keywords"] == "Holiday; sea"
    assert rows[PLAIN]["taken"] == rows[PLAIN]["camera"] == ""
    out, file = tmp_path / "out", tmp_path / "photos.csv"
    sokkuri("export", out, "--format", "parquet", "--csv", file, "-C", collection.root)
    assert file.read_text() == text
    table = {row["id"]: row for row in parquet.read_table(out).to_pylist()}
    assert table[SEA]["taken"] == datetime(2021, 8, 15, 18, 30, 5, 250_000)  # noqa: DTZ001
    assert (table[SEA]["utc_offset"], table[OLD]["keywords"]) == (120, ["Holiday", "sea"])
    assert table[PLAIN]["iso"] is None
    assert "say where to write" in sokkuri("export", "-C", collection.root, code=2).stderr


def test_metadata_goes_along_with_vectors(collection: Collection, tmp_path: Path) -> None:
    """As when parts are merged, and when the collection gets another model."""
    with create_empty(tmp_path / "other") as other:
        with other.catalog.writing():
            copy_photos(other.catalog, collection.catalog)
        assert dict(read_photos(other.catalog)) == dict(read_photos(collection.catalog))
        sidecars = [*read_sidecars(collection.catalog)]
        assert [*read_sidecars(other.catalog)] == sidecars != []
        other.compact()
        assert dict(read_photos(other.catalog)) == {}, "it has no images of these bytes"
    before = dict(read_photos(collection.catalog))
    collection.compact()
    assert dict(read_photos(collection.catalog)) == before
