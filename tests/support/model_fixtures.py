"""A user's folder of added models, and photos to index with them."""

from pathlib import Path

import pytest
from draw_images import save_drawing

COUNT = 5
"""The number of photos."""


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The model folder of a user without added models and without a cache."""
    monkeypatch.setenv("SOKKURI_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("SOKKURI_CACHE", str(tmp_path / "cache"))
    return tmp_path / "models"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of COUNT drawings."""
    for seed in range(COUNT):
        save_drawing(tmp_path / "photos" / f"{seed}.png", seed, 60, 60)
    return tmp_path / "photos"
