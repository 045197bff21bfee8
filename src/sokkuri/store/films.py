"""The table of films: which frames stand for each, found once for a file as it is.

Listing a folder asks no film again that has not changed. The table is only a memory: without it the
films are opened again.
"""

import json

from sokkuri.core.types import FileRef
from sokkuri.images.frame_names import parse_frame
from sokkuri.store.catalog import Catalog
from sokkuri.store.database import as_text
from sokkuri.store.migrations import create_table

VIDEO = "video"
"""The setting that says which frames of films are images. A collection without it has none."""


def known_times(catalog: Catalog, film: FileRef, how: str) -> list[int] | None:
    """Return the milliseconds of the frames of a film, None if they are not known for this file.

    how : the way in which the frames are chosen.
    """
    if not catalog.has_table("films"):
        return None
    row = catalog.fetch_one(
        "SELECT times FROM films WHERE path = CAST(? AS TEXT) AND size = ? AND mtime_ns = ?"
        " AND ctime_ns IS ? AND how = ?",
        [as_text(film.path), film.stat.size, film.stat.mtime_ns, film.ctime_ns, how],
    )
    return None if row is None else [int(time) for time in json.loads(row[0])]


def save_times(catalog: Catalog, film: FileRef, how: str, times: list[int]) -> None:
    """Save the frames of a film, in a transaction of its own."""
    with catalog.writing():
        create_table(catalog, "films")
        catalog.execute(
            "INSERT OR REPLACE INTO films VALUES (CAST(? AS TEXT), ?, ?, ?, ?, ?)",
            [
                as_text(film.path), film.stat.size, film.stat.mtime_ns, film.ctime_ns, how,
                json.dumps(times),
            ],
        )  # fmt: skip


def frames_of(catalog: Catalog, film: str) -> list[str]:
    """Return the ids of the frames of the film at a path."""
    if not has_frames(catalog):
        return []
    rows = catalog.fetch_all(
        "SELECT id, path FROM images WHERE path >= CAST(? AS TEXT) AND path < CAST(? AS TEXT)",
        [as_text(f"{film}#t="), as_text(f"{film}#t>")],
    )
    frames = ((id_, parse_frame(path)) for id_, path in rows)  # a file may have such a name, too
    return [id_ for id_, frame in frames if frame is not None and frame.film == film]


def has_frames(catalog: Catalog) -> bool:
    """Return whether frames of films may be among the images."""
    return catalog.meta(VIDEO) is not None
