"""The content key of an image: equal for files with equal bytes.

Decisions and labels are stored by content key. So they survive moves, renames and a new index.
"""

from sokkuri.core.errors import UnknownImageError
from sokkuri.core.paths import other_spellings
from sokkuri.store.catalog import Catalog
from sokkuri.store.database import as_text

CONTENT = "coalesce(digest, CAST('id:' || id AS BLOB))"
"""The SQL expression for the content key: the XXH3-128 of the file's bytes.

An image without a digest, such as an imported vector, has `id:` and its id instead.
"""


def key_of_id(id_: str) -> bytes:
    """Return the content key of an image whose bytes are not known."""
    return b"id:" + as_text(id_)


def content_of(catalog: Catalog, id_: str) -> bytes:
    """Return the content key of an image, by its id as a person types it.

    Raises UnknownImageError for an unknown id.
    """
    for spelling in (id_, *other_spellings(id_)):
        row = catalog.fetch_one(
            f"SELECT {CONTENT} FROM images WHERE id = CAST(? AS TEXT)",  # noqa: S608
            [as_text(spelling)],
        )
        if row is not None:
            content: bytes = row[0]
            return content
    raise UnknownImageError(f"the collection has no image {id_!r}")
