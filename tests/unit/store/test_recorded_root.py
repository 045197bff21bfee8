"""The root of a collection: recorded, read again, replaced, extended."""

import json
from pathlib import Path

import pytest

from sokkuri.core.errors import CollectionError, DamagedError, UsageError
from sokkuri.core.locations import Address
from sokkuri.core.named_roots import Roots, make_roots
from sokkuri.store.catalog import Catalog
from sokkuri.store.migrations import NAMED_ROOTS, SCHEMA_VERSION
from sokkuri.store.recorded_root import next_root, read_root, save_root


@pytest.fixture
def two(tmp_path: Path) -> Roots:
    for name in ("Pictures", "nas"):
        (tmp_path / name).mkdir()
    return make_roots([("Pictures", tmp_path / "Pictures"), ("photos", tmp_path / "nas")])


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog.create(tmp_path / "catalog.sqlite")


def test_named_roots_are_recorded(two: Roots, catalog: Catalog, tmp_path: Path) -> None:
    """A sokkuri that does not know them reads versions up to its own, and refuses this one."""
    save_root(catalog, two, tmp_path)
    assert read_root(tmp_path, catalog) == two
    assert catalog.meta("schema") == str(NAMED_ROOTS + SCHEMA_VERSION)
    again = Catalog.open(catalog.where)
    assert read_root(tmp_path, again) == two
    added = make_roots([("usb", tmp_path / "usb")])
    save_root(again, added, tmp_path)  # by a command that began before the others were recorded
    assert read_root(tmp_path, catalog) == Roots((*two.folders, *added.folders))
    again.set_meta("schema", str(NAMED_ROOTS + SCHEMA_VERSION + 1))
    with pytest.raises(CollectionError, match=f"up to {SCHEMA_VERSION}"):
        Catalog.open(catalog.where)


def test_a_root_without_a_name_is_recorded_as_before(catalog: Catalog, tmp_path: Path) -> None:
    for root in (tmp_path / "photos", Address("s3://bucket/photos")):
        save_root(catalog, root, tmp_path / "store")
        assert catalog.meta("root") == str(root)
        assert read_root(tmp_path / "store", catalog) == root
    assert catalog.meta("schema") == str(SCHEMA_VERSION)


@pytest.mark.parametrize(
    "roots",
    [[], {}, 3, [["a"]], [["..", "/a"]], [["a", "b"]], [["a", "/a"], ["a", "/b"]], [[1, 2]]],
)
def test_impossible_roots_are_damage(roots: object, catalog: Catalog, tmp_path: Path) -> None:
    catalog.set_meta("roots", json.dumps(roots))
    with pytest.raises(DamagedError, match="impossible"):
        read_root(tmp_path, catalog)


def test_roots_are_added_to_named_roots_only(two: Roots, tmp_path: Path) -> None:
    pictures, nas, store = tmp_path / "Pictures", tmp_path / "nas", tmp_path / "store"
    usb = tmp_path / "usb"
    with pytest.raises(UsageError, match="usb is not a folder"):
        next_root(two, usb, store)
    usb.mkdir()
    assert next_root(two, usb, store) == Roots((*two.folders, ("usb", usb)))
    assert next_root(two, nas, store) == two, "it keeps its name"
    with pytest.raises(UsageError, match=r"photos is .*nas, which is still there"):
        next_root(two, make_roots([("photos", usb)]), store)
    nas.rename(tmp_path / "away")
    assert next_root(two, make_roots([("photos", usb)]), store) == Roots(
        (two.folders[0], ("photos", usb))
    )
    assert next_root(two, two, store) == two, "a folder that is away stays"
    with pytest.raises(UsageError, match="contains the other"):
        next_root(two, make_roots([("all", tmp_path)]), store)
    with pytest.raises(UsageError, match="is an address"):
        next_root(two, Address("s3://bucket"), store)
    with pytest.raises(UsageError, match="is the collection of one folder"):
        next_root(pictures, two, store)
    with pytest.raises(UsageError, match="belongs to"):
        next_root(pictures, usb, store)
    assert next_root(nas, usb, store) == usb, "the recorded folder is gone"
