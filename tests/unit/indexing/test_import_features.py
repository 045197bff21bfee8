"""Vectors are imported only if their manifest, if there is one, names this model."""

from pathlib import Path

import numpy as np
import pytest
from tiny_model import write_tiny_model

from sokkuri.api import Collection
from sokkuri.core.named_roots import make_roots
from sokkuri.indexing.export import MANIFEST
from sokkuri.indexing.import_features import exported_model, import_features
from sokkuri.store.filters import ANY
from sokkuri.store.live_rows import live_ids


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"model": "lite", "fingerprint": "ab"}', ("lite", "ab")),
        ('{"model": 1, "fingerprint": "ab"}', None),
        ('{"model": "lite"}', None),
        ("[" * 10**5, None),
        ("not JSON", None),
    ],
    ids=["an export", "a wrong type", "half", "nested too deeply", "text"],
)
def test_a_manifest_of_another_program_names_no_model(
    text: str, expected: tuple[str, str] | None, tmp_path: Path
) -> None:
    (tmp_path / MANIFEST).write_text(text)
    assert exported_model(tmp_path) == expected


def test_an_id_without_the_name_of_a_root_is_refused(tmp_path: Path) -> None:
    """No file could ever belong to it."""
    (tmp_path / "photos").mkdir()
    roots = make_roots([("nas", tmp_path / "photos")])
    model = str(write_tiny_model(tmp_path / "tiny.onnx", dimension=2))
    vectors = tmp_path / "vectors"
    vectors.mkdir()
    np.save(vectors / "0000.features.npy", np.eye(2, dtype=np.float32))
    np.save(vectors / "0000.object_ids.npy", np.array(["nas/a.jpg", "a.jpg"]))
    with Collection.create(roots, store=tmp_path / "store", model=model) as collection:
        first, *_, last = import_features(collection, vectors)
        assert (last.imported, last.refused) == (1, 1)
        assert "'a.jpg' begins with no name of a root" in first.notes[0]
        assert live_ids(collection.catalog, ANY) == {"nas/a.jpg"}
