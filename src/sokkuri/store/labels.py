"""Labels: what an image shows, as set by a person. Stored in the catalog by content.

Takes ids; returns a label for each id. Files with equal bytes have one label, so labels survive
moves, renames and a new index. The table is made when the first label is set. Its column `turn` is
a sequence number: the order of labelling.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sokkuri.core.errors import ConflictError, UsageError
from sokkuri.store.catalog import Catalog
from sokkuri.store.content import CONTENT, content_of
from sokkuri.store.images import LIVE, ids_in
from sokkuri.store.migrations import create_table

MAX_LENGTH = 200
"""The largest number of characters of a label."""

_OF_LIVE = f"FROM images CROSS JOIN labels ON content = {CONTENT} WHERE {LIVE}"
"""One look-up for each image; CROSS keeps SQLite from trying it the other way round."""


def clean_label(label: str) -> str:
    """Return the label without surrounding blanks.

    Raises UsageError unless it has 1 to 200 characters, all printable.
    """
    label = label.strip()
    if not 0 < len(label) <= MAX_LENGTH:
        raise UsageError(f"a label has 1 to {MAX_LENGTH} characters, not {len(label):,}")
    if not label.isprintable():
        raise UsageError(f"a label is printable text, unlike {label!r}")
    return label


def set_labels(
    catalog: Catalog,
    labels: Sequence[tuple[str, str | None]],
    expected: Mapping[str, str | None] | None = None,
) -> list[tuple[str, str | None]]:
    """Set the label of each (id, label); return (id, old label) in the same order.

    None removes a label. A content that has a label keeps its place in the order of labelling. To
    undo a call, set the labels that it returned. expected : labels that images should have by now,
    by id; an image may also have its new label already. Raises UnknownImageError, UsageError and
    ConflictError before any change.
    """
    new_labels = [None if label is None else clean_label(label) for _, label in labels]
    with catalog.writing():
        create_table(catalog, "labels")
        contents = [content_of(catalog, id_) for id_, _ in labels]
        old_rows = [
            catalog.fetch_one("SELECT label FROM labels WHERE content = ?", [content])
            for content in contents
        ]
        old_labels = [None if row is None else str(row[0]) for row in old_rows]
        for (id_, _), old, new in zip(labels, old_labels, new_labels, strict=True):
            if expected and old not in (expected.get(id_, old), new):
                raise ConflictError(f"{id_} has {_label_text(old)} by now: another page gave it")
        turn = catalog.fetch_one("SELECT coalesce(max(turn), 0) FROM labels")[0]
        for number, (label, content) in enumerate(zip(new_labels, contents, strict=True), 1):
            if label is None:
                catalog.execute("DELETE FROM labels WHERE content = ?", [content])
            else:
                catalog.execute(
                    "INSERT INTO labels VALUES (?, ?, ?)"
                    " ON CONFLICT (content) DO UPDATE SET label = excluded.label",
                    [content, label, turn + number],
                )
        count_label_change(catalog)
    return [(id_, old) for (id_, _), old in zip(labels, old_labels, strict=True)]


def _label_text(label: str | None) -> str:
    return "no label" if label is None else f"the label {label}"


def read_labels(catalog: Catalog) -> dict[str, str]:
    """Return the labels of the live images by id, in the order of labelling."""
    if not catalog.has_table("labels"):
        return {}
    return dict(catalog.iterate(f"SELECT id, label {_OF_LIVE} ORDER BY turn, key"))


def labels_by_id(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """Yield (id, label) of the labelled live images, ordered by id."""
    if catalog.has_table("labels"):
        yield from catalog.iterate(f"SELECT id, label {_OF_LIVE} ORDER BY id")


def find_labels(catalog: Catalog, ids: Iterable[str]) -> dict[str, str]:
    """Return the labels of these images by id, without those that have no label."""
    if not catalog.has_table("labels"):
        return {}
    labels: dict[str, str] = {}
    for condition in ids_in(ids):
        labels |= catalog.iterate(
            f"SELECT id, label FROM images CROSS JOIN labels ON content = {CONTENT}"  # noqa: S608
            f" WHERE {condition.sql}",
            condition.values,
        )
    return labels


def labelled_rows(catalog: Catalog) -> list[tuple[int, int, str]]:
    """Return (shard, row, label) of one live image for each labelled content.

    The contents are in the order of labelling.
    """
    if not catalog.has_table("labels"):
        return []
    rows = catalog.fetch_all(
        f"SELECT min(key), shard, row, label {_OF_LIVE} GROUP BY content ORDER BY turn"
    )
    return [(shard, row, label) for _, shard, row, label in rows]


def label_counts(catalog: Catalog) -> dict[str, int]:
    """Return how many live images have each label, the most frequent label first."""
    if not catalog.has_table("labels"):
        return {}
    return dict(
        catalog.iterate(f"SELECT label, count(*) {_OF_LIVE} GROUP BY label ORDER BY 2 DESC, label")
    )


def labels_revision(catalog: Catalog) -> str:
    """Return a text that changes with every change of labels."""
    return catalog.meta("labels_turn") or "0"


def all_labels(catalog: Catalog) -> list[tuple[bytes, str]]:
    """Return (content, label) of all labelled contents, in the order of labelling."""
    if not catalog.has_table("labels"):
        return []
    return catalog.fetch_all("SELECT content, label FROM labels ORDER BY turn")


def add_labels(catalog: Catalog, labels: Sequence[tuple[bytes, str]]) -> None:
    """Add labels of another collection to contents that have no label here.

    Call it inside a transaction.
    """
    if not labels:
        return
    create_table(catalog, "labels")
    turn = catalog.fetch_one("SELECT coalesce(max(turn), 0) FROM labels")[0]
    catalog.execute_many(
        "INSERT OR IGNORE INTO labels VALUES (?, ?, ?)",
        ((content, label, turn + number) for number, (content, label) in enumerate(labels, 1)),
    )
    count_label_change(catalog)


def count_label_change(catalog: Catalog) -> None:
    """Let `labels_revision` return another text. Call it inside the transaction of a change."""
    catalog.set_meta("labels_turn", str(int(labels_revision(catalog)) + 1))
