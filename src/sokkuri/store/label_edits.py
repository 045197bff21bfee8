"""Rename, merge and delete labels: one change of all images with a label, which can be undone.

Takes labels; returns how many contents changed. The catalog keeps the latest edits, so that an edit
can be undone later, by another process too.
"""

from dataclasses import dataclass

from sokkuri.core.errors import UsageError
from sokkuri.store.catalog import Catalog
from sokkuri.store.labels import clean_label, count_label_change
from sokkuri.store.migrations import create_table

MOST_KEPT = 20
"""How many edits can be undone."""

_IS_RESTORED = " AND label IS (SELECT label FROM labels WHERE labels.content = label_edits.content)"


@dataclass(frozen=True, slots=True)
class LabelEdit:
    """A change of all images with one label.

    edit : its number. label : the label before. to : the label after, None if it was deleted.
    changed : the number of contents whose label this call changed.
    """

    edit: int
    label: str
    to: str | None
    changed: int


def replace_label(catalog: Catalog, label: str, to: str | None) -> LabelEdit:
    """Give all images with a label the label `to`. None deletes the label.

    If other images have the label `to`, the labels are merged. Raises UsageError for text that is
    no label, for a label that no image has, and if nothing would change.
    """
    label, to = clean_label(label), None if to is None else clean_label(to)
    if label == to:
        raise UsageError(f"the label is {label} already")
    with catalog.writing():
        create_table(catalog, "labels")
        create_table(catalog, "label_edits")
        edit = int(catalog.meta("label_edit") or 0) + 1
        changed = catalog.execute(
            "INSERT INTO label_edits SELECT ?, content, label, turn, ? FROM labels WHERE label = ?",
            [edit, to, label],
        )
        if not changed:
            raise UsageError(f"no image has the label {label}")
        if to is None:
            catalog.execute("DELETE FROM labels WHERE label = ?", [label])
        else:
            catalog.execute("UPDATE labels SET label = ? WHERE label = ?", [to, label])
        catalog.execute("DELETE FROM label_edits WHERE edit <= ?", [edit - MOST_KEPT])
        catalog.set_meta("label_edit", str(edit))
        count_label_change(catalog)
    return LabelEdit(edit, label, to, changed)


def undo_label_edit(catalog: Catalog, edit: int | None = None) -> LabelEdit:
    """Take an edit back; None : the latest one. An image whose label changed since then keeps it.

    An edit whose images were changed by later edits can be undone after those. Raises UsageError if
    there is no such edit, or if it was undone before.
    """
    with catalog.writing():
        create_table(catalog, "labels")
        create_table(catalog, "label_edits")
        found = catalog.fetch_one(
            "SELECT edit, label, became FROM label_edits WHERE ?1 IS NULL OR edit = ?1"
            " ORDER BY edit DESC LIMIT 1",
            [edit],
        )
        if found is None:
            raise UsageError("no such change of labels is left to undo")
        number, label, to = found
        changed = catalog.execute(
            "INSERT OR REPLACE INTO labels SELECT content, label, turn FROM label_edits"
            " WHERE edit = ? AND became IS"
            " (SELECT label FROM labels WHERE labels.content = label_edits.content)",
            [number],
        )
        later = catalog.fetch_one("SELECT 1 FROM label_edits WHERE edit > ? LIMIT 1", [number])
        rest = _IS_RESTORED if later else ""  # those that a later edit changed may come back to it
        catalog.execute(f"DELETE FROM label_edits WHERE edit = ?{rest}", [number])  # noqa: S608
        count_label_change(catalog)
    return LabelEdit(number, label, to, changed)
