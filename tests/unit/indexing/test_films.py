"""The frames of films in a listing."""

from contextlib import closing
from pathlib import Path

from films import GREEN, RED, draw_film

from sokkuri.core.types import FileRef, FileStat, Limits
from sokkuri.indexing.films import FilmListing
from sokkuri.store.catalog import Catalog


def test_a_line_names_a_film_that_has_too_many_frames(tmp_path: Path) -> None:
    """Also in later runs, which do not open it again."""
    film = draw_film(tmp_path / "a.mkv", [RED, GREEN], rate=1, times=[0, 20_000_000])
    found = FileRef("a.mkv", "a.mkv", FileStat.of(film.stat()), 1)
    catalog = Catalog.in_memory()
    for _ in range(2):
        listing = FilmListing(catalog, tmp_path, "every=1s", Limits(), saves=True)
        with closing(listing):
            listing.take(found)
            assert next(listing.frames()).path == "a.mkv#t=0"
        assert listing.notes == ["a.mkv: only its first 100,000 frames are images"]
        film.write_bytes(b"not read again")
