"""Label files: read labels from CSV files and folder names, write labels as CSV.

Takes a collection and paths; returns a label for each image id, or CSV lines.
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
from sokkuri.store.catalog import Catalog
from sokkuri.store.collection import CollectionStore
from sokkuri.store.filters import condition
from sokkuri.store.images import live_paths
from sokkuri.store.labels import cleaned, labels_by_id, set_labels

_ENCODING = ("utf-8-sig", "surrogateescape")
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Labelled:
    """What a source said. labels : by id. unknown : what it names and the collection lacks."""

    labels: Mapping[str, str]
    unknown: tuple[str, ...] = ()


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
    for id_, label in labels_by_id(catalog):
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
    images = live_paths(collection.catalog, below)
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
        self._ids: set[str] = set()
        self._paths: dict[str, str] = {}  # where it is not the id
        for id_, path in live_paths(collection.catalog):
            self._ids.add(id_)
            if path != id_:
                self._paths[path] = id_

    def id(self, name: str) -> str | None:
        if name in self._ids:
            return name
        if isinstance(self._root, Address):
            below = self._root.relative_path(name) or name
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
