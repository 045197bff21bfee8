"""Vectors are imported only if their manifest, if there is one, names this model."""

from pathlib import Path

import pytest

from sokkuri.indexing.export import MANIFEST
from sokkuri.indexing.import_features import exported_model


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
