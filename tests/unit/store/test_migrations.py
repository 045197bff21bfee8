"""Migrations: an older store opens, a newer store is refused, and a failed migration is undone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from run_cli import sokkuri
from store_fixture import (
    BROKEN,
    DIFFERENT,
    IMAGES,
    LABELS,
    MISSING,
    MODELS,
    PREFERRED,
    REMOVED,
    unpack_store,
)  # fmt: skip

from sokkuri.api import Collection
from sokkuri.core.errors import CollectionError, DamagedError, StorageError
from sokkuri.search.searcher import Searcher
from sokkuri.store import catalog as catalog_module
from sokkuri.store import migrations
from sokkuri.store.catalog import Catalog
from sokkuri.store.content import content_of
from sokkuri.store.decisions import read_decisions
from sokkuri.store.images import count_images
from sokkuri.store.labels import read_labels
from sokkuri.store.migrations import MIGRATIONS, SCHEMA_VERSION, Migration, migrate
from sokkuri.store.photos import count_unknown, read_photos

VERSIONS = [1, 2]
"""Schema versions that have a store among the fixtures: all up to the newest."""

ADD_NOTE = Migration(SCHEMA_VERSION + 1, ("ALTER TABLE images ADD COLUMN note TEXT",))
FAILING = Migration(
    SCHEMA_VERSION + 1,
    ("ALTER TABLE images ADD COLUMN note TEXT", "UPDATE images SET no_such_column = 1"),
)


def catalog_path(photos: Path) -> Path:
    return photos / ".sokkuri" / "catalog.sqlite"


def has_note(catalog: Catalog) -> bool:
    return any(row[1] == "note" for row in catalog.fetch_all("PRAGMA table_info(images)"))


def test_every_version_has_a_store_among_the_fixtures() -> None:
    assert [*range(1, SCHEMA_VERSION + 1)] == VERSIONS
    assert [migration.version for migration in MIGRATIONS] == VERSIONS


@pytest.mark.parametrize("mode", ["ro", "rw"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_store_of_each_version_keeps_all_it_holds(
    version: int, mode: str, tmp_path: Path
) -> None:
    """Guarantee: labels, decisions, removed and failed images of an older store are all kept."""
    photos = unpack_store(version, tmp_path)
    with Collection.open(photos, "ro" if mode == "ro" else "rw") as collection:
        counts = count_images(collection.catalog)
        assert (counts.live, counts.failed, counts.removed, counts.missing) == (5, 1, 1, 1)
        assert read_labels(collection.catalog) == LABELS
        decisions = read_decisions(collection.catalog)
        first, second = sorted(content_of(collection.catalog, id_) for id_ in DIFFERENT)
        assert decisions.different == {(first, second)}
        assert decisions.kept == {content_of(collection.catalog, PREFERRED)}
        hits = Searcher(collection).search([IMAGES[0]], k=10)
        assert set(hits.ids) == set(IMAGES)
        assert not {REMOVED, MISSING, BROKEN} & set(hits.ids)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_store_of_each_version_is_indexed_further(version: int, tmp_path: Path) -> None:
    photos = unpack_store(version, tmp_path)
    (photos / "new.png").write_bytes((photos / IMAGES[0]).read_bytes())
    sokkuri("index", photos, "--metadata", SOKKURI_MODELS=str(tmp_path / MODELS))
    with Collection.open(photos) as collection:
        assert count_unknown(collection.catalog) == 0, "the files were read for what they tell"
        assert {photo.format for _, photo in read_photos(collection.catalog)} == {"png"}
        assert collection.catalog.meta("schema") == str(SCHEMA_VERSION)
        assert count_images(collection.catalog).live == 6


def test_a_store_of_a_newer_version_is_refused_in_one_line(tmp_path: Path) -> None:
    """Guarantee: a store of a newer version is refused, and the line names both versions."""
    photos = unpack_store(1, tmp_path)
    catalog = Catalog.open(catalog_path(photos))
    catalog.set_meta("schema", "99")
    catalog.close()
    for mode in ("ro", "rw"):
        with pytest.raises(CollectionError, match=rf"version 99.*up to {SCHEMA_VERSION}"):
            Catalog.open(catalog_path(photos), mode)
    run = sokkuri("status", "-C", photos, code=1)
    assert len(run.stderr.splitlines()) == 1
    assert "99" in run.stderr


def test_a_version_that_is_no_number_is_damage(tmp_path: Path) -> None:
    photos = unpack_store(1, tmp_path)
    catalog = Catalog.open(catalog_path(photos))
    catalog.set_meta("schema", "one")
    catalog.close()
    with pytest.raises(DamagedError, match="'one'"):
        Catalog.open(catalog_path(photos))


def use_migrations(monkeypatch: pytest.MonkeyPatch, *extra: Migration) -> None:
    """Let the program know more migrations than it has."""
    known = (*MIGRATIONS, *extra)
    monkeypatch.setattr(migrations, "SCHEMA_VERSION", known[-1].version)
    monkeypatch.setattr(catalog_module, "migrate", lambda database: migrate(database, known))


def test_only_an_open_for_writing_migrates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guarantee: a reader leaves the schema as it is."""
    path = catalog_path(unpack_store(1, tmp_path))
    use_migrations(monkeypatch, ADD_NOTE)
    reader = Catalog.open(path, "ro")
    assert not has_note(reader)
    assert reader.meta("schema") == "1"
    reader.close()
    writer = Catalog.open(path)
    assert has_note(writer)
    assert writer.meta("schema") == str(ADD_NOTE.version)
    writer.close()


def test_a_store_too_old_to_read_says_how_to_migrate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = catalog_path(unpack_store(1, tmp_path))
    use_migrations(monkeypatch, ADD_NOTE)
    monkeypatch.setattr(migrations, "OLDEST_READABLE", ADD_NOTE.version)
    with pytest.raises(CollectionError, match="run `sokkuri index`"):
        Catalog.open(path, "ro")


def test_a_migration_that_fails_leaves_the_store_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guarantee: a failed migration changes nothing."""
    path = catalog_path(unpack_store(1, tmp_path))
    with monkeypatch.context() as patch:
        use_migrations(patch, FAILING)
        with pytest.raises(StorageError, match="no_such_column"):
            Catalog.open(path)
    catalog = Catalog.open(path)
    assert catalog.meta("schema") == str(SCHEMA_VERSION)
    assert not has_note(catalog)
    assert read_labels(catalog) == LABELS
    catalog.close()


def test_a_migration_that_is_killed_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    """Guarantee: a killed migration changes nothing."""
    path = catalog_path(unpack_store(1, tmp_path))
    code = (
        "import os, sys; from pathlib import Path\n"
        "from sokkuri.store.catalog import Catalog\n"
        "from sokkuri.store.migrations import MIGRATIONS, Migration, migrate\n"
        "catalog = Catalog.open(Path(sys.argv[1]))\n"
        "catalog._connection.create_function('die', 0, lambda: os._exit(9))\n"
        "statements = ('ALTER TABLE images ADD COLUMN note TEXT', 'SELECT die()')\n"
        "migrate(catalog, (*MIGRATIONS, Migration(MIGRATIONS[-1].version + 1, statements)))\n"
    )
    run = subprocess.run([sys.executable, "-c", code, path], env={**os.environ}, check=False)
    assert run.returncode == 9
    catalog = Catalog.open(path)
    assert catalog.meta("schema") == str(SCHEMA_VERSION)
    assert not has_note(catalog)
    assert count_images(catalog).live == len(IMAGES)
    catalog.close()
