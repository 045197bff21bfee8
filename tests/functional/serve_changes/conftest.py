"""A home folder with compared images, and a server that may change it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from change_server import changing
from run_server import Server


@pytest.fixture
def home(compared_home: Path, tmp_path: Path) -> Path:
    """A home folder of this test, in which all images are compared."""
    return shutil.copytree(compared_home, tmp_path / "home")


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    """A server that allows changes in `home`, with a trash of its own."""
    with changing(home) as server:
        yield server
