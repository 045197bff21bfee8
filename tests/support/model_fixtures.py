"""A user's folder of added models."""

from pathlib import Path

import pytest


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The model folder of a user without added models and without a cache."""
    monkeypatch.setenv("SOKKURI_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("SOKKURI_CACHE", str(tmp_path / "cache"))
    return tmp_path / "models"
