"""The names that `--where` knows, and the SQL expression of each.

Photo metadata is in tables that the first run that reads it creates. `FilterScope` says which of
these tables a collection has.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sokkuri.core.errors import UsageError
from sokkuri.store.catalog import Catalog
from sokkuri.store.content import CONTENT
from sokkuri.store.sidecars import NEAREST, SHARED

Kind: TypeAlias = Literal["number", "date", "text", "word", "list", "flag"]
"""`text`: a name of a file, in any Unicode form. `word`: a text in which the case of letters does
not count. `list`: several such texts. `flag`: yes or no."""

PLAIN = {
    "width": "width", "height": "height", "size": "size", "modified": "mtime_ns",
    "id": "id", "path": "path",
}  # fmt: skip
"""Columns of the table `images`, by name."""

_PHOTO = {
    "taken": "taken", "camera": "camera", "lens": "lens", "iso": "iso", "rating": "rating",
    "keyword": "keywords", "latitude": "latitude", "longitude": "longitude", "format": "format",
    "has_gps": "latitude",
}  # fmt: skip
"""Columns of the tables `photos` and `sidecars`, by name."""

KINDS: Mapping[str, Kind] = {
    "width": "number", "height": "number", "size": "number", "modified": "date",
    "id": "text", "path": "text",
    "taken": "date", "camera": "word", "lens": "word", "iso": "number", "rating": "number",
    "keyword": "list", "label": "word", "format": "word",
    "latitude": "number", "longitude": "number", "has_gps": "flag",
}  # fmt: skip
"""The names that an expression can use, with the kind of value that each holds.

`width` and `height` are in pixels, `size` is in bytes, `modified` is the date of the file, `id` and
`path` are texts. `taken` is the local time at which a photo was taken. `label` is the label that
`sokkuri label` gave.
"""

PLACES = frozenset(["latitude", "longitude", "has_gps"])
"""The names that tell where a photo was taken."""


@dataclass(frozen=True, slots=True)
class FilterScope:
    """The names that a filter on a collection can use. tables : the optional tables that it has.
    withheld : names that may not be used, such as places on a server that shows no place."""

    tables: frozenset[str] = frozenset()
    withheld: frozenset[str] = frozenset()

    @classmethod
    def of(cls, catalog: Catalog, withheld: frozenset[str] = frozenset()) -> "FilterScope":
        """Return the scope of the collection of this catalog."""
        tables = (name for name in ("photos", "sidecars", "labels") if catalog.has_table(name))
        return cls(frozenset(tables), withheld)

    def expression(self, name: str) -> str:
        """Return the SQL expression for a name of `KINDS`. Raises UsageError if it is withheld, or
        if the collection does not know such data yet."""
        if name in self.withheld:
            raise UsageError(f"{name} cannot be used here: this server shows no places")
        if name in PLAIN:
            return PLAIN[name]
        if name == "label":
            return (
                f"(SELECT label FROM labels WHERE labels.content = {CONTENT})"  # noqa: S608
                if "labels" in self.tables
                else "NULL"
            )
        return self._of_photo(name)

    def _of_photo(self, name: str) -> str:
        if "photos" not in self.tables:
            raise UsageError(
                f"{name} is photo metadata, which was not read yet: run `sokkuri index --metadata`"
            )
        value = photo_value(_PHOTO[name], sidecars="sidecars" in self.tables)
        return f"({value} IS NOT NULL)" if name == "has_gps" else value


PLAIN_SCOPE = FilterScope()
"""The scope of a catalog with none of the tables that may be absent."""


def photo_value(column: str, *, sidecars: bool) -> str:
    """Return the SQL expression for a column of photo metadata: from the sidecars of an image, then
    from its file.

    sidecars : whether the catalog has their table.
    """
    own = f"(SELECT {column} FROM photos WHERE photos.digest = images.digest)"  # noqa: S608
    if not sidecars or column == "format":
        return own
    beside = (
        f"(SELECT {column} FROM sidecars WHERE sidecars.stem = {stem} LIMIT 1)"  # noqa: S608
        for stem in (NEAREST, SHARED)
    )
    return f"coalesce({', '.join(beside)}, {own})"
