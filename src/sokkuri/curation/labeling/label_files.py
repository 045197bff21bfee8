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
from sokkuri.core.named_roots import path_of, split_path
from sokkuri.core.paths import other_spellings
from sokkuri.images.scan import is_folder
from sokkuri.store.catalog import Catalog
from sokkuri.store.collection import CollectionStore
from sokkuri.store.filters import build_condition
from sokkuri.store.images import holds_any, live_paths
from sokkuri.store.labels import clean_label, labels_by_id, set_labels

_ENCODING = ("utf-8-sig", "surrogateescape")
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class SourceLabels:
    """Labels from files and folders. labels : by image id. unknown : the names of no live image."""

    labels: Mapping[str, str]
    unknown: tuple[str, ...] = ()


def import_labels(collection: CollectionStore, sources: Sequence[Path]) -> SourceLabels:
    """Set the labels that `read_label_sources` returns. It raises before any change."""
    read = read_label_sources(collection, sources)
    set_labels(collection.catalog, [*read.labels.items()])
    return read


def read_label_sources(collection: CollectionStore, sources: Sequence[Path]) -> SourceLabels:
    """Return the labels of CSV files and folders; a later source overrides an earlier one.

    A line of a CSV file is an id or a path, and a label. An image in a folder gets the name of its
    own folder as label. Raises UsageError for a source that is neither a file nor a folder of the
    collection and for a bad line, StorageError for a file that cannot be read.
    """
    labels: dict[str, str] = {}
    unknown: dict[str, None] = {}
    for source in sources:
        if source.is_file():
            read = _read_file(collection, source)
            labels |= read.labels
            unknown |= dict.fromkeys(read.unknown)
        else:
            labels |= _labels_of_folders(collection, source)
    return SourceLabels(labels, tuple(unknown))


def export_labels(catalog: Catalog) -> Iterator[str]:
    """Yield lines of CSV, each with CRLF: `id,label`, then the labelled live images in id order.

    The text of ids and labels does not change; it is quoted where CSV needs quotes.
    """
    yield _csv_line("id", "label")
    for id_, label in labels_by_id(catalog):
        yield _csv_line(id_, label)


def _csv_line(*fields: str) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(fields)
    return out.getvalue()


def _labels_of_folders(collection: CollectionStore, folder: Path) -> dict[str, str]:
    """Return the name of its own folder as label, for each live image below a folder."""
    root = collection.root
    below = build_condition(root, str(folder), None)
    assert below is not None
    is_there = folder.is_dir() or is_folder(root / str(folder))
    if not (is_there or holds_any(collection.catalog, below)):
        raise UsageError(f"{folder} is neither a file nor a folder of {root}")
    images = live_paths(collection.catalog, below)
    names = ((id_, PurePosixPath(split_path(root, path)[1]).parent.name) for id_, path in images)
    # Images that are directly in the root get no label.
    return {id_: clean_label(name) for id_, name in names if name}


def _read_file(collection: CollectionStore, path: Path) -> SourceLabels:
    images = _ImageLookup(collection)
    labels: dict[str, str] = {}
    unknown: dict[str, None] = {}
    for line, name, label in _read_lines(path):
        id_ = images.find_id(name)
        if id_ is None:
            unknown[name] = None
        elif labels.setdefault(id_, label) != label:
            raise UsageError(
                f"{path}, line {line}: {name!r} has the label {label!r}, but an earlier line gives"
                f" it {labels[id_]!r}"
            )
    return SourceLabels(labels, tuple(unknown))


class _ImageLookup:
    """Live images by id, by path below the root, or by whole path."""

    def __init__(self, collection: CollectionStore) -> None:
        self._root = collection.root
        self._ids: set[str] = set()
        self._ids_by_path: dict[str, str] = {}  # of images whose path is not their id
        for id_, path in live_paths(collection.catalog):
            self._ids.add(id_)
            if path != id_:
                self._ids_by_path[path] = id_

    def find_id(self, name: str) -> str | None:
        """Return the id of the image of this name, in any Unicode form, or None."""
        found = map(self._find_id, (name, *other_spellings(name)))
        return next((id_ for id_ in found if id_ is not None), None)

    def _find_id(self, name: str) -> str | None:
        if name in self._ids:
            return name
        if isinstance(self._root, Address):
            relative = self._root.relative_path(name) or name
            return relative if relative in self._ids else self._ids_by_path.get(relative)
        path = Path(os.path.normpath(name))
        found = path_of(self._root, path) if path.is_absolute() else path.as_posix()
        return found if found in self._ids else self._ids_by_path.get(found or "")


def _read_lines(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield (line number, id or path, label) of each line that has a label."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror or error}") from error
    is_utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = data.decode("utf-16", "replace") if is_utf16 else data.decode(*_ENCODING)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    columns = (0, 1)
    try:
        for index, fields in enumerate(reader):
            names = [field.strip().lower() for field in fields]
            if index == 0 and {"id", "label"} <= {*names}:
                columns = (names.index("id"), names.index("label"))
            elif any(names):
                if len(fields) <= max(columns):
                    raise UsageError("the line needs an id and a label")  # noqa: TRY301
                name, label = (fields[column] for column in columns)
                if label.strip():
                    yield reader.line_num, name, clean_label(label)
    except (csv.Error, UsageError) as error:
        raise UsageError(f"{path}, line {reader.line_num}: {error}") from None


def _delimiter(text: str) -> str:
    """Return what separates the fields of the first line: a comma, semicolon or tab."""
    first_line = text.lstrip("\r\n").splitlines()[:1]
    for delimiter in _DELIMITERS:
        if any(len(fields) > 1 for fields in csv.reader(first_line, delimiter=delimiter)):
            return delimiter
    return ","
