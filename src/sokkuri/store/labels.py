"""Labels: what a person says that an image shows. Kept in the catalog, by content.

Takes ids, CSV or folders; hands on a label for each id. The same bytes have one label, wherever
they lie, so it survives moves, renames and indexing anew. The table is made when the first label
is set; a collection without it has none. `turn` counts up: it is the order of labelling.
"""

import csv
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sokkuri.core.errors import StorageError, UsageError
from sokkuri.core.locations import Address
from sokkuri.images.scan import is_folder
from sokkuri.store.catalog import LIVE, Catalog, as_text
from sokkuri.store.collection import CollectionStore
from sokkuri.store.decisions import CONTENT, content_of
from sokkuri.store.filters import condition

MOST = 200
"""Characters of a label."""

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS labels"
    " (content BLOB PRIMARY KEY, label TEXT NOT NULL, turn INTEGER NOT NULL) WITHOUT ROWID"
)
_OF_LIVE = f"FROM images CROSS JOIN labels ON content = {CONTENT} WHERE {LIVE}"
"""One look-up for each image; CROSS keeps SQLite from trying it the other way round."""

_ENCODING = ("utf-8-sig", "surrogateescape")
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Labelled:
    """What a source said. labels : by id. unknown : what it names and the collection lacks."""

    labels: Mapping[str, str]
    unknown: tuple[str, ...] = ()


def cleaned(label: str) -> str:
    """The label without blanks around it. Raises UsageError unless it is of 1 to 200 characters,
    all of them printable."""
    label = label.strip()
    if not 0 < len(label) <= MOST:
        raise UsageError(f"a label has 1 to {MOST} characters, not {len(label):,}")
    if not label.isprintable():
        raise UsageError(f"a label is printable text, unlike {label!r}")
    return label


def set_labels(
    catalog: Catalog, labels: Sequence[tuple[str, str | None]]
) -> list[tuple[str, str | None]]:
    """Give images (id, label) their labels; None takes one away. What has a label already keeps
    its turn.

    Gives back (id, label before) in the same order: setting these undoes it. Raises
    UnknownImageError and UsageError before any change.
    """
    wanted = [(id_, None if label is None else cleaned(label)) for id_, label in labels]
    with catalog.writing():
        catalog.run(_SCHEMA)
        contents = [content_of(catalog, id_) for id_, _ in wanted]
        before = [
            catalog.one("SELECT label FROM labels WHERE content = ?", [content])
            for content in contents
        ]
        turn = catalog.one("SELECT coalesce(max(turn), 0) FROM labels")[0]
        for number, ((_, label), content) in enumerate(zip(wanted, contents, strict=True), 1):
            if label is None:
                catalog.run("DELETE FROM labels WHERE content = ?", [content])
            else:
                catalog.run(
                    "INSERT INTO labels VALUES (?, ?, ?)"
                    " ON CONFLICT (content) DO UPDATE SET label = excluded.label",
                    [content, label, turn + number],
                )
        _count_change(catalog)
    return [
        (id_, None if row is None else row[0]) for (id_, _), row in zip(wanted, before, strict=True)
    ]


def read_labels(catalog: Catalog) -> dict[str, str]:
    """The labels of the live images by id, in the order in which they were given."""
    if not catalog.has_table("labels"):
        return {}
    return dict(catalog.each(f"SELECT id, label {_OF_LIVE} ORDER BY turn, key"))


def labels_of(catalog: Catalog, ids: Sequence[str]) -> dict[str, str]:
    """The labels of those of a few images that have one."""
    if not catalog.has_table("labels"):
        return {}
    found = {}
    for id_ in ids:
        row = catalog.one(
            "SELECT label FROM images JOIN labels"  # noqa: S608
            f" ON content = {CONTENT} WHERE id = CAST(? AS TEXT)",
            [as_text(id_)],
        )
        if row is not None:
            found[id_] = row[0]
    return found


def placed_labels(catalog: Catalog) -> list[tuple[int, int, str]]:
    """(shard, row, label) of one live image for each labelled content, in the order in which they
    were labelled."""
    if not catalog.has_table("labels"):
        return []
    rows = catalog.all(
        f"SELECT min(key), shard, row, label {_OF_LIVE} GROUP BY content ORDER BY turn"
    )
    return [(shard, row, label) for _, shard, row, label in rows]


def label_counts(catalog: Catalog) -> dict[str, int]:
    """How many live images have each label, the most used first."""
    if not catalog.has_table("labels"):
        return {}
    return dict(
        catalog.each(f"SELECT label, count(*) {_OF_LIVE} GROUP BY label ORDER BY 2 DESC, label")
    )


def labels_turn(catalog: Catalog) -> str:
    """A text that changes whenever a label does."""
    return catalog.meta("labels_turn") or "0"


def said_labels(catalog: Catalog) -> list[tuple[bytes, str]]:
    """(content, label) of all that was labelled, in the order in which it was."""
    if not catalog.has_table("labels"):
        return []
    return catalog.all("SELECT content, label FROM labels ORDER BY turn")


def add_labels(catalog: Catalog, labels: Sequence[tuple[bytes, str]]) -> None:
    """Take over what was said elsewhere of contents that have no label here. Inside a transaction
    of the caller."""
    if not labels:
        return
    catalog.run(_SCHEMA)
    turn = catalog.one("SELECT coalesce(max(turn), 0) FROM labels")[0]
    catalog.run_many(
        "INSERT OR IGNORE INTO labels VALUES (?, ?, ?)",
        ((content, label, turn + number) for number, (content, label) in enumerate(labels, 1)),
    )
    _count_change(catalog)


def import_labels(collection: CollectionStore, sources: Sequence[Path]) -> Labelled:
    """Set what CSV files and folders say. Raises as `labels_from`, before any change."""
    found = labels_from(collection, sources)
    set_labels(collection.catalog, [*found.labels.items()])
    return found


def labels_from(collection: CollectionStore, sources: Sequence[Path]) -> Labelled:
    """The labels that sources give; later ones count for more.

    A file is CSV: an id or a path, and a label. In a folder of the collection, each image's label
    is the name of the folder that it lies in. Raises UsageError for what is neither, and for a
    line that makes no sense; StorageError.
    """
    labels: dict[str, str] = {}
    unknown: dict[str, None] = {}
    for source in sources:
        if source.is_file():
            found = _from_file(collection, source)
            labels |= found.labels
            unknown |= dict.fromkeys(found.unknown)
        else:
            labels |= _from_folder(collection, source)
    return Labelled(labels, tuple(unknown))


def export_labels(catalog: Catalog) -> Iterator[str]:
    """CSV, a line at a time, each with its CRLF: `id,label` first, then the live images that have
    a label, in id order. Texts stand as they are, quoted where CSV needs it."""
    yield _line("id", "label")
    if catalog.has_table("labels"):
        for id_, label in catalog.each(f"SELECT id, label {_OF_LIVE} ORDER BY id"):
            yield _line(id_, label)


def _line(*fields: str) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(fields)
    return out.getvalue()


def _from_folder(collection: CollectionStore, folder: Path) -> dict[str, str]:
    root = collection.root
    if not (folder.is_dir() or is_folder(root / str(folder))):
        raise UsageError(f"{folder} is neither a file nor a folder of {root}")
    below = condition(root, str(folder), None)
    assert below is not None
    images = collection.catalog.each(
        f"SELECT id, path FROM images WHERE {LIVE} AND {below.sql} ORDER BY key",  # noqa: S608
        below.values,
    )
    named = ((id_, PurePosixPath(path).parent.name) for id_, path in images)
    return {id_: cleaned(name) for id_, name in named if name}  # in the root itself: no name


def _from_file(collection: CollectionStore, path: Path) -> Labelled:
    known = _Known(collection)
    labels: dict[str, str] = {}
    unknown: dict[str, None] = {}
    for number, name, label in _lines(path):
        id_ = known.id(name)
        if id_ is None:
            unknown[name] = None
        elif labels.setdefault(id_, label) != label:
            raise UsageError(
                f"{path}, line {number}: {name!r} is {labels[id_]!r} further up, here {label!r}"
            )
    return Labelled(labels, tuple(unknown))


class _Known:
    """Which image a line means: by its id, by its path below the root, or by the whole path."""

    def __init__(self, collection: CollectionStore) -> None:
        self._root = collection.root
        images = collection.catalog.each(f"SELECT id, path FROM images WHERE {LIVE}")  # noqa: S608
        self._ids: set[str] = set()
        self._paths: dict[str, str] = {}  # where it is not the id
        for id_, path in images:
            self._ids.add(id_)
            if path != id_:
                self._paths[path] = id_

    def id(self, name: str) -> str | None:
        if name in self._ids:
            return name
        if isinstance(self._root, Address):
            below = self._root.below(name) or name
            return below if below in self._ids else self._paths.get(below)
        path = Path(os.path.normpath(name))
        if path.is_absolute():
            path = Path(os.path.relpath(path, self._root))
        below = path.as_posix()
        return below if below in self._ids else self._paths.get(below)


def _lines(path: Path) -> Iterator[tuple[int, str, str]]:
    """The number of the line, what it names, and its label; lines without a label are left out."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror or error}") from error
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = data.decode("utf-16", "replace") if wide else data.decode(*_ENCODING)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    columns = (0, 1)
    try:
        for count, fields in enumerate(reader):
            names = [field.strip().lower() for field in fields]
            if count == 0 and {"id", "label"} <= {*names}:
                columns = (names.index("id"), names.index("label"))
            elif any(names):
                if len(fields) <= max(columns):
                    raise UsageError("an id and a label should stand here")  # noqa: TRY301
                name, label = (fields[column] for column in columns)
                if label.strip():
                    yield reader.line_num, name, cleaned(label)
    except (csv.Error, UsageError) as error:
        raise UsageError(f"{path}, line {reader.line_num}: {error}") from None


def _delimiter(text: str) -> str:
    """What parts the first line: a comma, or what some spreadsheets write in its place."""
    first = text.lstrip("\r\n").splitlines()[:1]
    for delimiter in _DELIMITERS:
        if any(len(fields) > 1 for fields in csv.reader(first, delimiter=delimiter)):
            return delimiter
    return ","


def _count_change(catalog: Catalog) -> None:
    catalog.set_meta("labels_turn", str(int(labels_turn(catalog)) + 1))
